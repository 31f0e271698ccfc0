"""PostgreSQL answers a start-up packet: anything but "starting up", "shutting down" and "too many clients".

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct

from .wire import Attempt, NotYet, exactly, stranger

PROTOCOL = 3 << 16
NOT_NOW = ("57P", "53")  # operator intervention (57P03: cannot connect now), insufficient resources


def probe(attempt: Attempt) -> None:
    words = (b"user", attempt.spec["user"].encode(), b"database", attempt.spec["database"].encode())
    body = struct.pack("!i", PROTOCOL) + b"".join(word + b"\0" for word in words) + b"\0"
    with attempt.connect() as connection:
        connection.sendall(struct.pack("!i", len(body) + 4) + body)
        head = exactly(connection, 5)
        kind, size = struct.unpack("!ci", head)
        if kind not in (b"R", b"E") or not 8 <= size <= 65536:
            raise stranger(head)
        answer = exactly(connection, size - 4)
        if kind == b"E":
            check(answer)
        else:
            connection.sendall(b"X\0\0\0\4")  # Terminate, so that the server logs no broken connection


def check(answer: bytes) -> None:
    fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in answer.split(b"\0") if part}
    code = fields.get(b"C", "")
    if len(code) != 5:
        raise stranger(answer)
    if code.startswith(NOT_NOW):
        raise NotYet(f"{fields.get(b'M', 'refuses')} ({code})")
