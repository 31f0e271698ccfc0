"""Redis answers PING, if only to ask for a password; not while it loads its data.

https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

from .wire import Attempt, NotYet, line, stranger

SERVES = (b"+PONG", b"-NOAUTH", b"-NOPERM", b"-ERR operation not permitted")


def probe(attempt: Attempt) -> None:
    with attempt.connect() as connection:
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        answer = line(connection)
    if answer.startswith(SERVES):
        return
    if not answer.startswith(b"-") or not answer[1:2].isupper():
        raise stranger(answer)
    raise NotYet(answer[1:].decode("utf-8", "replace"))
