"""Memcached tells its version, or asks for a login.

https://github.com/memcached/memcached/blob/master/doc/protocol.txt
"""

from __future__ import annotations

from .wire import Attempt, line, stranger


def probe(attempt: Attempt) -> None:
    with attempt.connect() as connection:
        connection.sendall(b"version\r\n")
        answer = line(connection)
    if not answer.startswith((b"VERSION ", b"CLIENT_ERROR unauthenticated")):
        raise stranger(answer)
