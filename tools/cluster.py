"""A cluster's API server: how a kubeconfig says to reach it, and what it answers.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ and client-authentication.v1/ beside it.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

TIMEOUT = 60  # seconds; the API server ends a request itself after as many
TRIES = 3  # dry runs change nothing, so they may be sent again
LONGEST_PAUSE = 30.0

Section = Mapping[str, Any]


class UnusableError(Exception):
    """What the person who started the tool has to mend, in one line, without any credential."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the API server is, and who asks."""

    url: str
    tls: ssl.SSLContext | None = field(repr=False)
    token: str | None = field(repr=False)

    def connection(self) -> http.client.HTTPConnection:
        """A connection that opens with its first request."""
        address = urlsplit(self.url)
        assert address.hostname
        if self.tls is None:
            return http.client.HTTPConnection(address.hostname, address.port, timeout=TIMEOUT)
        return http.client.HTTPSConnection(address.hostname, address.port, timeout=TIMEOUT, context=self.tls)

    @property
    def headers(self) -> dict[str, str]:
        """The caller's credentials, where they are no certificate."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def load(path: Path, context: str | None = None) -> Server:
    """The server of a context, or of the current one."""
    try:
        return _Kubeconfig(path).server(context)
    except UnusableError as error:
        raise UnusableError(f"{path}: {error}") from None
    except OSError as error:
        raise UnusableError(f"{error.filename or path}: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise UnusableError(f"{path} is not a kubeconfig that can be read") from error


@dataclass(frozen=True)
class Answer:
    """What the server says to one request."""

    code: int
    body: Mapping[str, Any]
    warnings: list[str]

    @property
    def accepted(self) -> bool:
        """Whether the object would have been created."""
        return 200 <= self.code < 300

    @property
    def verdict(self) -> str:
        """In the corpus' words."""
        return "accept" if self.accepted else "reject"

    @property
    def message(self) -> str:
        """Why it was refused."""
        return "" if self.accepted else str(self.body.get("message", ""))


class Client:
    """Asks a server, with one connection for each thread."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._prefix = urlsplit(server.url).path
        self._own = threading.local()

    def request(self, method: str, path: str, body: object = None, accept: str = "application/json") -> Answer:
        """The server's answer, after some patience; raises UnusableError when there is none or it isn't ours to ask."""
        failure = "it stays too busy (429)"
        for _ in range(TRIES):
            try:
                answer, pause = self._once(method, path, body, accept)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._connection().close()
                failure = str(error) or type(error).__name__
                continue
            if answer.code != 429:
                return _allowed(answer, self._server.url)
            time.sleep(pause)
        raise UnusableError(f"{self._server.url} can't be asked: {failure}")

    def close(self) -> None:
        """Close the connection of this thread."""
        self._connection().close()

    def _once(self, method: str, path: str, body: object, accept: str) -> tuple[Answer, float]:
        connection = self._connection()
        headers = {**self._server.headers, "Accept": accept, "Content-Type": "application/json"}
        connection.request(method, self._prefix + path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        data = json.loads(response.read())
        if not isinstance(data, dict):
            raise ValueError(f"its answer to {method} {path} is no object")
        pause = min(float(response.getheader("Retry-After") or 1), LONGEST_PAUSE)
        return Answer(response.status, data, warnings(response.msg.get_all("Warning") or [])), pause

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._server.connection()
        connection: http.client.HTTPConnection = self._own.connection
        return connection


def _allowed(answer: Answer, url: str) -> Answer:
    """A refusal of the caller is no verdict on the object."""
    if answer.code == 401:
        raise UnusableError(f"{url} doesn't accept these credentials (401 Unauthorized)")
    if answer.code == 403 and re.search(r"cannot \w+ (resource|path)", answer.message):
        raise UnusableError(f"{url}: {answer.message}")
    return answer


def warnings(headers: Iterable[str]) -> list[str]:
    """The texts of Warning headers: `299 - "text"`, quotes and backslashes escaped (RFC 7234, 5.5)."""
    quoted = [text for header in headers for text in re.findall(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"', header)]
    return [re.sub(r"\\(.)", r"\1", text).encode("latin-1").decode("utf-8", "replace") for text in quoted]


class _Kubeconfig:
    def __init__(self, path: Path) -> None:
        self._folder = path.parent  # what relative paths are relative to
        self._config: Section = yaml.safe_load(path.read_text(encoding="utf-8")) or {}

    def server(self, context: str | None) -> Server:
        name = context or self._config.get("current-context")
        if not name:
            raise UnusableError("there is no current-context; give --context")
        chosen = self._named("context", name)
        cluster = self._named("cluster", chosen.get("cluster"))
        user = self._named("user", chosen["user"]) if chosen.get("user") else {}
        _refuse(cluster, "proxy-url", "tls-server-name")
        _refuse(user, "auth-provider", "username")
        if user.get("exec"):
            user = _from_plugin(user["exec"], self._folder)
        url = str(cluster["server"]).rstrip("/") if cluster.get("server") else ""
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise UnusableError(f'cluster "{chosen["cluster"]}" has no http(s) address of a server')
        tls = self._tls(cluster, user) if url.startswith("https:") else None
        return Server(url=url, tls=tls, token=self._token(user))

    def _named(self, kind: str, name: object) -> Section:
        entries = {entry["name"]: entry.get(kind) or {} for entry in self._config.get(f"{kind}s") or []}
        if name not in entries:
            raise UnusableError(f'there is no {kind} "{name}" (there is: {", ".join(sorted(entries)) or "none"})')
        section: Section = entries[name]
        return section

    def _token(self, user: Section) -> str | None:
        token = str(user.get("token") or "")
        if user.get("tokenFile"):
            token = (self._folder / str(user["tokenFile"])).read_text(encoding="utf-8").strip()
        if not (token.isascii() and token.isprintable()):  # http.client would put it into its error's message
            raise UnusableError("the token holds characters that can't be sent")
        return token or None

    def _pem(self, section: Section, key: str) -> bytes | None:
        if data := section.get(f"{key}-data"):
            return base64.b64decode(data, validate=True)
        return (self._folder / section[key]).read_bytes() if section.get(key) else None

    def _tls(self, cluster: Section, user: Section) -> ssl.SSLContext:
        authority = self._pem(cluster, "certificate-authority")
        tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
        tls.verify_flags &= ~ssl.VERIFY_X509_STRICT  # clusters' own authorities often lack key identifiers
        if cluster.get("insecure-skip-tls-verify"):
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        certificate, key = self._pem(user, "client-certificate"), self._pem(user, "client-key")
        if certificate and key:
            with tempfile.NamedTemporaryFile() as both:  # ssl reads only files; this one is the caller's alone
                both.write(certificate + b"\n" + key)
                both.flush()
                tls.load_cert_chain(both.name)
        return tls


def _refuse(section: Section, *keys: str) -> None:
    for key in keys:
        if section.get(key):
            raise UnusableError(f'"{key}" is not supported; use a token, a client certificate or an exec plug-in')


def _from_plugin(plugin: Section, folder: Path) -> Section:
    """Run a credential plug-in as kubectl does, and say what it answers in the words of a user section."""
    _refuse(plugin, "provideClusterInfo")
    name = str(plugin["command"])
    command = str(folder / name) if "/" in name else name
    info = {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": False}}
    env = {variable["name"]: variable["value"] for variable in plugin.get("env") or []}
    try:
        run = subprocess.run(  # noqa: S603 - the kubeconfig is the caller's own and says what to run
            [command, *(plugin.get("args") or [])],
            env={**os.environ, **env, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
        )
        status = json.loads(run.stdout)["status"]
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError, TypeError) as error:
        raise UnusableError(f'the exec plug-in "{name}" gave no credential ({type(error).__name__})') from None
    pem = {"client-certificate": "clientCertificateData", "client-key": "clientKeyData"}
    data = {f"{ours}-data": base64.b64encode(status[its].encode()) for ours, its in pem.items() if status.get(its)}
    return {"token": status.get("token"), **data}
