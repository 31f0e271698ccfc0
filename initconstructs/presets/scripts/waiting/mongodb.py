"""MongoDB answers `hello` as a primary, a secondary or a router; not while a replica set has no place for it.

https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
https://www.mongodb.com/docs/manual/reference/command/hello/
"""

from __future__ import annotations

import struct

from .wire import LONGEST_ANSWER, Attempt, NotYet, exactly, stranger

OP_MSG = 2013
HELLO = b"\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0"
OK = b"\x01ok\0" + struct.pack("<d", 1)
SERVES = (b"\x08isWritablePrimary\0\x01", b"\x08secondary\0\x01")


def probe(attempt: Attempt) -> None:
    document = struct.pack("<i", len(HELLO) + 5) + HELLO + b"\0"
    body = struct.pack("<Ib", 0, 0) + document
    with attempt.connect() as connection:
        connection.sendall(struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body)
        head = exactly(connection, 16)
        size, _, answers, kind = struct.unpack("<iiii", head)
        if (answers, kind) != (1, OP_MSG) or not 26 <= size <= LONGEST_ANSWER:
            raise stranger(head)
        answer = exactly(connection, size - 16)
    if OK not in answer:
        raise NotYet("refuses hello")
    if not any(each in answer for each in SERVES):
        raise NotYet("is neither primary nor secondary")
