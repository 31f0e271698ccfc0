"""A gRPC server says through the health service that it serves.

https://github.com/grpc/grpc/blob/master/doc/health-checking.md
https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, RFC 9113 and RFC 7541 for the bytes
"""

from __future__ import annotations

import socket
import struct

from .wire import Attempt, NotYet, exactly, stranger

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
STATUS = {0: "UNKNOWN", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


def probe(attempt: Attempt) -> None:
    with attempt.connect(alpn="h2") as connection:
        service = attempt.spec["service"].encode()
        message = b"\x0a" + length(service) + service if service else b""
        connection.sendall(
            PREFACE
            + frame(SETTINGS, 0, 0, b"")
            + frame(HEADERS, END_HEADERS, 1, headers(attempt))
            + frame(DATA, END_STREAM, 1, struct.pack("!bi", 0, len(message)) + message)
        )
        check(answer(connection))


def headers(attempt: Attempt) -> bytes:
    """The request's headers, each literal and unindexed but for the method and the scheme."""
    return b"".join(
        [
            b"\x83",  # :method POST
            b"\x87" if attempt.spec.get("tls") else b"\x86",  # :scheme
            b"\x04" + literal("/grpc.health.v1.Health/Check"),
            b"\x01" + literal(attempt.spec["at"]),  # :authority
            b"\x0f\x10" + literal("application/grpc"),  # content-type
            b"\x00" + literal("te") + literal("trailers"),
        ]
    )


def literal(value: str) -> bytes:
    """A string of HPACK, whose length has a prefix of 7 bits."""
    size = len(value)
    return (bytes([size]) if size < 127 else b"\x7f" + varint(size - 127)) + value.encode()


def length(value: bytes) -> bytes:
    return varint(len(value))


def varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + struct.pack("!BBi", kind, flags, stream) + body


def answer(connection: socket.socket) -> bytes:
    """The message that comes back on the stream."""
    body, first = b"", True
    while True:
        head = exactly(connection, 9)
        size = int.from_bytes(head[:3], "big")
        kind, flags = head[3], head[4]
        if (first and kind != SETTINGS) or size > 16384:
            raise stranger(head)
        first = False
        part = exactly(connection, size)
        if kind == SETTINGS and not flags & ACK:
            connection.sendall(frame(SETTINGS, ACK, 0, b""))
        if kind == DATA:
            body += part
        if kind in (RESET, GOAWAY) or (kind in (DATA, HEADERS) and flags & END_STREAM) or len(body) >= 7:
            return body


def check(body: bytes) -> None:
    if len(body) < 5:
        raise NotYet("gives no health status: it has no health service, or not this one in it")
    status = body[6] if body[5:6] == b"\x08" else 0
    if status != 1:
        raise NotYet(STATUS.get(status, f"status {status}"))
