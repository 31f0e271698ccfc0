"""Runs what a preset renders, as a container would, against servers that the tests start."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import pytest

from initconstructs import Container, DeploymentSpec, Settings, Stage, render

Manifest = dict


def expanded(word: str, variables: Mapping[str, str]) -> str:
    """What Kubernetes makes of `$(NAME)` and `$$` in a command, an argument or a variable."""
    pattern = re.compile(r"\$\$|\$\(([^)]*)\)", re.DOTALL)

    def replace(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else variables.get(found[1], found[0])

    return pattern.sub(replace, word)


@dataclass
class Started:
    """A started program and the clock since then."""

    process: subprocess.Popen[str]
    since: float

    def finish(self, within: float = 20) -> Finished:
        out, err = self.process.communicate(timeout=within)
        return Finished(self.process.returncode, out, err, time.monotonic() - self.since)


@dataclass
class Finished:
    code: int
    out: str
    err: str
    seconds: float

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]


@dataclass
class Kubelet:
    """Starts the container of a stage: mounts, working directory, arguments and variables as Kubernetes gives them."""

    root: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self,
        stage: Stage,
        *,
        mounts: Mapping[str, Path] | None = None,
        python: str = sys.executable,
        wrap: Sequence[str] = (),
        **env: str,
    ) -> Started:
        container, places = self.place(stage, dict(mounts or {}))
        words = [expanded(word, env) for word in [*container["command"], *container.get("args", [])]]
        words = [*wrap, *(python if word == "python3" else moved(word, places) for word in words)]
        cwd = moved(container["workingDir"], places) if "workingDir" in container else str(self.root)
        since = time.monotonic()
        process = subprocess.Popen(
            words, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self.started.append(process)
        return Started(process, since)

    def stop(self) -> None:
        """End what a failing test left behind."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def run(self, stage: Stage, **given: Any) -> Finished:
        return self.start(stage, **given).finish()

    def place(self, stage: Stage, mounts: dict[str, Path]) -> tuple[Manifest, dict[str, str]]:
        """The container, and where its mounts are on this machine."""
        app = Container("app", image="example.org/app:1")
        spec = DeploymentSpec("app", namespace="shop", containers=[app], stages=[stage])
        found = render(spec, settings=Settings(profile=stage.profile))
        pod = found[0]["spec"]["template"]["spec"]
        data = {each["metadata"]["name"]: each["data"] for each in found if each["kind"] == "ConfigMap"}
        volumes = {each["name"]: each for each in pod.get("volumes", ())}
        container = pod["initContainers"][0]
        for mount in container.get("volumeMounts", ()):
            config_map = volumes[mount["name"]].get("configMap", {}).get("name")
            if config_map in data:
                mounts[mount["mountPath"]] = self.files(mount["mountPath"], data[config_map])
            elif "emptyDir" in volumes[mount["name"]] and mount["mountPath"] not in mounts:
                mounts[mount["mountPath"]] = self.files(mount["mountPath"], {})
        places = {path: str(place) for path, place in mounts.items()}
        return container, places | {"/initconstructs": str(self.root / "initconstructs")}

    def files(self, path: str, data: Mapping[str, str]) -> Path:
        home = self.root / path.lstrip("/")
        home.mkdir(parents=True, exist_ok=True)
        for name, text in data.items():
            if not (home / name).exists():  # copies that run already read it
                (home / name).write_text(text, "utf-8")
        return home


def moved(word: str, places: Mapping[str, str]) -> str:
    """The word with every path below a mount where it is on this machine."""
    paths = "|".join(re.escape(path) for path in sorted(places, key=len, reverse=True))
    return re.sub(rf'(?<![\w.-])({paths})(?=/|"|$)', lambda found: places[found[1]], word)


@pytest.fixture
def kubelet(tmp_path: Path) -> Iterator[Kubelet]:
    made = Kubelet(tmp_path / "container")
    made.root.mkdir()
    yield made
    made.stop()


@pytest.fixture
def port() -> int:
    """A port that nobody uses."""
    return free_port()


def free_port() -> int:
    """Below those that the system gives to connections: none takes it before its server does."""
    while True:
        port = random.SystemRandom().randrange(15000, 32768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


Talk = Callable[[socket.socket], None]


@dataclass
class Fake:
    """A TCP server that treats each connection as it is told."""

    talk: Talk
    port: int

    def __post_init__(self) -> None:
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.talk(connection)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def fake() -> Iterator[Callable[..., Fake]]:
    """Start servers that talk as given; `answering` says something fixed once the client has spoken."""
    started: list[Fake] = []

    def start(talk: Talk, port: int | None = None) -> Fake:
        started.append(Fake(talk, port or free_port()))
        return started[-1]

    yield start
    for each in started:
        each.close()


class Servers:
    """Real servers of this machine, each in a directory of its own, stopped with the test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.running: list[subprocess.Popen[bytes]] = []

    def need(self, *programs: str) -> list[str]:
        """The paths of programs, or a skip that says which is missing; in CI that is a failure."""
        places = [find(each) for each in programs]
        missing = [name for name, place in zip(programs, places, strict=True) if place is None]
        if missing:
            self.lack(f"not installed: {', '.join(missing)} (see .ci/packages.txt)")
        return [place for place in places if place is not None]

    def lack(self, reason: str) -> NoReturn:
        """A skip for what this machine does not have or allow; in CI it is a failure."""
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    def directory(self, name: str, user: str | None = None) -> Path:
        made = self.home / name
        made.mkdir(parents=True, exist_ok=True)
        if user and os.getuid() == 0:
            subprocess.run(["chown", user, made], check=True)
        return made

    def start(self, words: list[str], *, user: str | None = None, **env: str) -> subprocess.Popen[bytes]:
        words = as_user(user, words)
        with (self.home / "log").open("ab") as log:
            process = subprocess.Popen(
                words, env=os.environ | env, cwd=self.home, stdout=log, stderr=log, start_new_session=True
            )
        self.running.append(process)
        return process

    def run(self, words: list[str], *, user: str | None = None) -> None:
        subprocess.run(as_user(user, words), check=True, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        for process in self.running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def as_user(user: str | None, words: list[str]) -> list[str]:
    if user is None or os.getuid() != 0:
        return words
    return ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", *words]


def find(program: str) -> str | None:
    places = [str(Path(sys.executable).parent), *os.environ["PATH"].split(":"), "/usr/sbin", "/usr/lib/rabbitmq/bin"]
    places += [str(each) for each in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    places.append(str(Path(__file__).parents[1] / "node" / "node_modules" / ".bin"))
    found = [Path(place) / program for place in places if (Path(place) / program).is_file()]
    return str(found[-1]) if found else None


@pytest.fixture
def servers() -> Iterator[Servers]:
    """In a directory of their own: pytest makes the parent of its own directories private at each of its starts."""
    with tempfile.TemporaryDirectory(prefix="servers-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        made = Servers(Path(home))
        yield made
        made.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `ca.crt`, which is also the certificate of "localhost" and 127.0.0.1, and its `key.pem`."""
    home = tmp_path_factory.mktemp("certificate")
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    make += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*make, "-keyout", home / "key.pem", "-out", home / "ca.crt"], check=True, capture_output=True)
    return home


class QuietHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


@dataclass
class Https:
    """Serves a handler over TLS."""

    certificate: Path
    Handler: type[QuietHandler] = QuietHandler

    @contextmanager
    def serve(self, handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
        """The port of a server that runs meanwhile."""
        server = QuietServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate / "ca.crt", self.certificate / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port
        server.shutdown()
        server.socket.close()


@pytest.fixture
def https(certificate: Path) -> Https:
    return Https(certificate)


@pytest.fixture
def tls_server(https: Https) -> Iterator[tuple[int, Path]]:
    """An HTTPS server: its port, and its authority's certificate."""
    with https.serve(QuietHandler) as port:
        yield port, https.certificate / "ca.crt"
