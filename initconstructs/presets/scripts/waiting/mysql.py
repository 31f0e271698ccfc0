"""MySQL or MariaDB greets and answers a login, if only to deny it.

The login is ended properly: the server blocks a host after too many broken ones (`max_connect_errors`).
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
"""

from __future__ import annotations

import socket
import struct

from .wire import Attempt, NotYet, exactly, stranger

# LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH; packets up to 16 MiB; utf8mb4; user "wait", no password
LOGIN = struct.pack("<IIB23x", 0x88201, 1 << 24, 45) + b"wait\0\0mysql_native_password\0"
NOT_NOW = (1040, 1053, 1203)  # too many connections, shutting down, too many connections of this user


def probe(attempt: Attempt) -> None:
    with attempt.connect() as connection:
        number, greeting = packet(connection)
        if greeting[:1] == b"\xff":
            raise NotYet(refusal(greeting)[1])
        if number != 0 or greeting[:1] != b"\x0a":
            raise stranger(greeting)
        send(connection, 1, LOGIN)
        for _ in range(4):
            number, answer = packet(connection)
            if answer[:1] in (b"\x00", b"\xff"):
                return check(answer)
            send(connection, number + 1, b"")  # the server asks to log in in another way: with no password either
    raise NotYet("does not end the login")


def check(answer: bytes) -> None:
    if answer[:1] == b"\xff":
        code, text = refusal(answer)
        if code in NOT_NOW:
            raise NotYet(text)


def refusal(answer: bytes) -> tuple[int, str]:
    code = int.from_bytes(answer[1:3], "little")
    return code, f"{answer[3:].decode('utf-8', 'replace')} ({code})"


def packet(connection: socket.socket) -> tuple[int, bytes]:
    head = exactly(connection, 4)
    size = int.from_bytes(head[:3], "little")
    if not 0 < size <= 65536:
        raise stranger(head)
    return head[3], exactly(connection, size)


def send(connection: socket.socket, number: int, body: bytes) -> None:
    connection.sendall(len(body).to_bytes(3, "little") + bytes([number & 255]) + body)
