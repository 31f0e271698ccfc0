"""Memcached tells its version, or asks for a login.

With SASL it takes the binary protocol only, in which it tells its version to anyone.
https://github.com/memcached/memcached/blob/master/doc/protocol.txt
https://github.com/memcached/memcached/wiki/BinaryProtocolRevamped
"""

from __future__ import annotations

import struct

from .wire import Attempt, NotYet, exactly, line, stranger

ASK = b"version\r\n" * 3  # as a server that takes the binary protocol only reads 24 bytes before it hangs up
REQUEST, RESPONSE, VERSION = 0x80, 0x81, 0x0B


def probe(attempt: Attempt) -> None:
    with attempt.connect() as connection:
        connection.sendall(ASK)
        try:
            answer = line(connection)
        except (NotYet, ConnectionError):  # it hangs up
            answer = b""
    if not answer:
        ask_in_binary(attempt)
    elif not answer.startswith((b"VERSION ", b"CLIENT_ERROR unauthenticated")):
        raise stranger(answer)


def ask_in_binary(attempt: Attempt) -> None:
    with attempt.connect() as connection:
        connection.sendall(struct.pack("!BB22x", REQUEST, VERSION))
        answer = exactly(connection, 24)
    if answer[:2] != bytes([RESPONSE, VERSION]) or answer[6:8] != b"\0\0":
        raise stranger(answer)
