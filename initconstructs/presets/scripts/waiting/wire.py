"""What the probes share: one attempt, how it reaches a server, and how it says no."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

CONNECT_SECONDS = 1.0
LONGEST_ANSWER = 1 << 20  # ten tries may hang at once, in 64 MiB


class NotYet(Exception):  # noqa: N818 -- a state, not an error
    """The dependency is not ready; the text says what was seen."""


class Never(Exception):  # noqa: N818
    """It will not become ready by itself."""


class Attempt:
    """One try: what is asked (`spec`), the seconds to wait for an answer, a way to tell what is seen meanwhile.

    `memory` is what the tries of the same dependency leave to the next.
    """

    def __init__(
        self, spec: dict[str, Any], patience: float, see: Callable[[str], None], memory: dict[str, Any]
    ) -> None:
        self.spec = spec
        self.patience = patience
        self.see = see
        self.memory = memory

    def connect(self, alpn: str | None = None) -> socket.socket:
        """A connection to the place that is asked."""
        spec = self.spec
        host, _, port = spec["at"].rpartition(":")
        context = tls_context(spec.get("ca_file"), spec.get("verify", True), alpn) if spec.get("tls") else None
        return connected(host.strip("[]"), int(port), self.patience, context)


def connected(host: str, port: int, patience: float, context: ssl.SSLContext | None) -> socket.socket:
    """A connection whose every read and write gives up when the patience is over."""
    plain = socket.create_connection((host, port), min(patience, CONNECT_SECONDS))
    plain.settimeout(patience)
    if context is None:
        return plain
    try:
        return context.wrap_socket(plain, server_hostname=host.rstrip("."))  # no certificate has the dot of a full name
    except BaseException:
        plain.close()
        raise


@lru_cache(maxsize=16)
def tls_context(ca_file: str | None, verify: bool = True, alpn: str | None = None) -> ssl.SSLContext:
    """Trusts the image's authorities, or those in `ca_file`; without `verify`, anyone. One takes a megabyte."""
    import ssl  # noqa: PLC0415 -- much of the program's memory, so only for those who need it

    try:
        context = ssl.create_default_context(cafile=ca_file)
    except FileNotFoundError:
        raise NotYet(f"{ca_file} is not there") from None
    # Python 3.13 and newer refuse certificates that clusters have and nobody else refuses, without key identifiers say
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols([alpn])
    return context


def exactly(connection: socket.socket, size: int) -> bytes:
    """The next `size` bytes."""
    found = bytearray()
    while len(found) < size:
        part = connection.recv(min(size - len(found), 65536))
        if not part:
            raise NotYet(f"closed the connection {'half-way' if found else 'without an answer'}")
        found += part
    return bytes(found)


def line(connection: socket.socket, longest: int = 65536) -> bytes:
    """The next line, without its end."""
    found = b""
    while not found.endswith(b"\n"):
        if len(found) >= longest:
            raise stranger(found)
        found += exactly(connection, 1)
    return found.rstrip(b"\r\n")


def stranger(answer: bytes) -> NotYet:
    """What to raise for an answer in another protocol."""
    return NotYet(f"answers in another protocol: {json.dumps(answer[:40].decode('latin-1'))}")
