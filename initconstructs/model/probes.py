"""Probes and lifecycle hooks: what the kubelet asks or runs in a container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from initconstructs.model import checks
from initconstructs.model.checks import Duration, Words
from initconstructs.model.errors import wrong
from initconstructs.model.frozen import frozen

Port: TypeAlias = int | str
"""A port number, or the name of a container port."""


def _port(place: str, value: Port) -> None:
    if isinstance(value, str):
        checks.port_name(place, value)
    else:
        checks.port_number(place, value)


@frozen
class HttpGet:
    """An HTTP request that counts as passed from status 200 to 399."""

    path: str = field(default="/", kw_only=False)
    port: Port
    scheme: Literal["HTTP", "HTTPS"] | None = None
    headers: Mapping[str, str] | None = None
    host: str | None = None

    def __post_init__(self) -> None:
        checks.text("HttpGet.path", self.path, 'write "/healthz", say')
        _port("HttpGet.port", self.port)
        if self.scheme is not None:
            checks.choice("HttpGet.scheme", self.scheme, ("HTTP", "HTTPS"))
        if self.headers is not None:
            object.__setattr__(self, "headers", checks.strings("HttpGet.headers", self.headers))


@frozen
class TcpSocket:
    """A TCP connection that opens. It says nothing of what listens there."""

    port: Port = field(kw_only=False)
    host: str | None = None

    def __post_init__(self) -> None:
        _port("TcpSocket.port", self.port)


@frozen
class Exec:
    """A command in the container that exits 0."""

    command: Words = field(kw_only=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "command", checks.words("Exec.command", self.command, _AS_WORDS))


@frozen
class Grpc:
    """The gRPC health service answering SERVING."""

    port: int = field(kw_only=False)
    service: str | None = None

    def __post_init__(self) -> None:
        checks.port_number("Grpc.port", self.port)


@frozen
class Sleep:
    """A pause, for a preStop hook."""

    duration: Duration = field(kw_only=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "duration", checks.seconds("Sleep.duration", self.duration))


_AS_WORDS = 'write ["sh", "-c", "..."] or one string a word'

Handler: TypeAlias = HttpGet | TcpSocket | Exec | Grpc
Hook: TypeAlias = HttpGet | Exec | Sleep


@frozen
class Probe:
    """A handler and how often it is asked: `Probe(HttpGet("/healthz", port=8080), period="5s", failure_threshold=30)`.

    What is left out is the API server's default: period 10 s, timeout 1 s, success threshold 1, failure threshold 3.
    """

    handler: Handler = field(kw_only=False)
    initial_delay: Duration | None = None
    period: Duration | None = None
    timeout: Duration | None = None
    success_threshold: int | None = None
    failure_threshold: int | None = None
    termination_grace_period: Duration | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.handler, (HttpGet, TcpSocket, Exec, Grpc)):
            raise wrong("Probe.handler", self.handler, "must be HttpGet, TcpSocket, Exec or Grpc", "wrap it in one")
        for name, least in _SPANS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, checks.seconds(f"Probe.{name}", value, least))
        for name in ("success_threshold", "failure_threshold"):
            value = getattr(self, name)
            if value is not None:
                checks.number(f"Probe.{name}", value, 1)


_SPANS = {"initial_delay": 0, "period": 1, "timeout": 1, "termination_grace_period": 1}
