"""Servers that the clouds' presets are held against, and what the tests ask of them."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from initconstructs import Stage
from tests.presets.conftest import Finished, Kubelet, QuietServer, Servers


@dataclass
class Request:
    """What a client asked for."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Reply:
    """An answer; `sends` is how much of the body really comes, `stalls` the seconds before the rest of it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sends: int | None = None
    stalls: float = 0


Behaviour = Callable[[Request], Reply]


def answer(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {name.replace("_", "-"): text for name, text in headers.items()})


@dataclass
class Cloud:
    """A server on this machine that answers as it is told, and remembers what it was asked."""

    url: str
    requests: list[Request]

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


@contextmanager
def cloud(behave: Behaviour) -> Iterator[Cloud]:
    requests: list[Request] = []
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Request(self.command, parts.path, query, self.headers, body)
            requests.append(asked)
            self.reply(behave(asked))

        def reply(self, found: Reply) -> None:
            self.send_response(found.status)
            for name, text in {"Content-Length": str(len(found.body)), **found.headers}.items():
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD":
                sent = len(found.body) if found.sends is None else found.sends
                self.wfile.write(found.body[:sent])
                self.wfile.flush()
                ended.wait(found.stalls)
                self.close_connection = sent < len(found.body)

        do_GET = do_PUT = do_POST = do_HEAD = handle_any  # noqa: N815 -- as the base class calls them

        def log_message(self, *_: object) -> None:
            pass

    server = QuietServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield Cloud(f"http://127.0.0.1:{server.server_port}", requests)
    finally:
        ended.set()
        server.shutdown()
        server.server_close()


def files(directory: Path) -> dict[str, bytes]:
    """What an app would see below a directory: the programs' own records begin with a dot."""
    found = {str(each.relative_to(directory)): each for each in directory.rglob("*") if each.is_file()}
    return {name: each.read_bytes() for name, each in sorted(found.items()) if not name.startswith(".")}


def data(kubelet: Kubelet) -> dict[str, bytes]:
    return files(kubelet.root / "data")


def kubelet_reads(text: str) -> dict[str, str]:
    """What the kubelet of 1.35 takes from an environment file, written after its documentation.

    https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-via-file/
    """
    found: dict[str, str] = {}
    rest = text
    while rest.strip():
        name, _, rest = rest.lstrip().partition("='")
        value, closed, rest = rest.partition("'")
        assert closed, "an open quote"
        assert rest.startswith("\n"), "something behind the quote"
        found[name] = value
    return found


def canary_free(stage: Stage, done: Finished, *secrets: str) -> None:
    """No secret is in what the manifest, the log or an error says."""
    for secret in secrets:
        assert secret not in f"{stage!r}{done.out}{done.err}"


def small_disk(servers: Servers, place: Path) -> list[str]:
    """What starts a program with a disk of 64 KiB at `place`; it tells last what is left there."""
    servers.need("unshare", "mount")
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        servers.lack("this machine gives no namespaces, so none with a small disk")
    place.mkdir(parents=True)
    script = 'mount -t tmpfs -o size=64k none "$0"; "$@"; code=$?; echo left: $(ls -A "$0"); exit $code'
    return [*alone, "sh", "-c", script, str(place)]


def soon(happened: Callable[[], bool], within: float = 30) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + within
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)
