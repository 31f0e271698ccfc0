"""RabbitMQ, or another AMQP 0-9-1 broker, starts a connection.

https://www.rabbitmq.com/amqp-0-9-1-reference
"""

from __future__ import annotations

from .wire import Attempt, exactly, stranger

METHOD, CONNECTION_START = 1, b"\0\x0a\0\x0a"


def probe(attempt: Attempt) -> None:
    with attempt.connect() as connection:
        connection.sendall(b"AMQP\0\0\x09\x01")
        head = exactly(connection, 7)
        size = int.from_bytes(head[3:], "big")
        if head[0] != METHOD or not 4 < size <= 1 << 20:
            raise stranger(head)
        frame = exactly(connection, size + 1)
    if not frame.startswith(CONNECTION_START) or frame[-1:] != b"\xce":
        raise stranger(head + frame)
