"""Logins by caching_sha2_password, MySQL's default, against a small server written from the protocol's document.

PyMySQL logs in to it too, so that the server is known to be right.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from pathlib import Path
from urllib.parse import quote

import pymysql
import pytest

from initconstructs import SecretKey
from initconstructs.presets import migrating
from tests.presets.migrating_databases import PASSWORD

NONCE = b"abcdefghijklmnopqrst"
ABILITIES = 0xFFFFFFFF & ~(1 << 24) & ~(1 << 5)  # all but the newer ends of lists, and compression
TLS = 1 << 11
OK, FAST, FULL = b"\0\0\0\2\0\0\0", b"\1\3", b"\1\4"


class Server:
    """One connection. `plugin` is how it wants logins; `cached` is whether it knows the password's hash already."""

    def __init__(self, certificate: Path, *, cached: bool, tls: bool, plugin: str = "caching_sha2_password") -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate / "ca.crt", certificate / "key.pem")
        self.cached, self.plugin = cached, plugin
        self.abilities = ABILITIES if tls else ABILITIES & ~TLS

    def talk(self, connection: socket.socket) -> None:
        self.connection, self.number = connection, 0
        try:
            self.serve()
        finally:
            self.connection.close()

    def serve(self) -> None:
        low, high = self.abilities & 0xFFFF, self.abilities >> 16
        head = b"\x0a8.4.0\0" + struct.pack("<I", 1) + NONCE[:8] + b"\0"
        head += struct.pack("<HBHHB10x", low, 255, 2, high, 21) + NONCE[8:] + b"\0"
        self.send(head + self.plugin.encode() + b"\0")
        answer = self.receive()
        if len(answer) == 32:
            self.connection = self.context.wrap_socket(self.connection, server_side=True)
            answer = self.receive()
        self.send(OK if self.knows(answer) else b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied")
        while self.receive():
            self.number = 1
            for packet in [b"\1", b"\3def" + b"\0" * 4 + b"\x0c" + b"\0" * 12, END, b"\x011", END]:
                self.send(packet)

    def knows(self, answer: bytes) -> bool:
        user, rest = answer[32:].split(b"\0", 1)
        proof = rest[1 : 1 + rest[0]]
        stored = hashlib.sha256(hashlib.sha256(PASSWORD.encode()).digest()).digest()
        mask = hashlib.sha256(stored + NONCE).digest()
        once = bytes(one ^ other for one, other in zip(proof, mask, strict=True))
        right = user == b"shop" and hashlib.sha256(once).digest() == stored
        if not right or self.cached:
            self.send(FAST)
            return right
        self.send(FULL)
        return self.receive() == PASSWORD.encode() + b"\0"

    def send(self, body: bytes) -> None:
        self.connection.sendall(struct.pack("<I", len(body) | self.number << 24) + body)
        self.number += 1

    def receive(self) -> bytes:
        head = self.exactly(4)
        self.number = head[3] + 1
        return self.exactly(int.from_bytes(head[:3], "little"))

    def exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self.connection.recv(size - len(found))
            if not part:
                raise ConnectionError
            found += part
        return found


END = b"\xfe\0\0\2\0"
URL = f"mysql+pymysql://shop:{quote(PASSWORD, safe='')}@127.0.0.1:{{}}/shop"


def migrate(kubelet, port: int, url: str = URL, timeout: int = 4):
    words = ["/bin/sh", "-c", "exit 0"]
    stage = migrating.command(words, image="a/b:1", database_url=SecretKey("db", "url"), timeout=timeout)
    return kubelet.run(stage, DATABASE_URL=url.format(port))


@pytest.mark.parametrize("cached", [True, False])
def test_logs_in_as_mysql_asks(cached, fake, kubelet, certificate):
    port = fake(lambda connection: Server(certificate, cached=cached, tls=True).talk(connection)).port
    finished = migrate(kubelet, port, timeout=15)
    assert (finished.code, "holds the lock" in finished.out) == (0, True), finished
    login = {"host": "127.0.0.1", "port": port, "user": "shop", "password": PASSWORD}
    tls = {"ssl_ca": str(certificate / "ca.crt"), "ssl_verify_cert": True}
    pymysql.connect(**login, **tls, autocommit=None, charset="utf8mb4").close()


def test_a_wrong_password_is_refused(fake, kubelet, certificate):
    port = fake(lambda connection: Server(certificate, cached=True, tls=True).talk(connection)).port
    finished = migrate(kubelet, port, URL.replace("p%3A", "x"))
    assert (finished.code, "Access denied" in finished.last) == (124, True)


def test_sends_no_password_without_tls(fake, kubelet, certificate):
    port = fake(lambda connection: Server(certificate, cached=False, tls=False).talk(connection)).port
    finished = migrate(kubelet, port)
    assert (finished.code, "a login by caching_sha2_password needs TLS" in finished.last) == (124, True)
    demanded = migrate(kubelet, port, f"{URL}?ssl-mode=REQUIRED")
    assert (demanded.code, "the server speaks no TLS, and sslmode is require" in demanded.last) == (124, True)


def test_names_a_login_that_it_can_not(fake, kubelet, certificate):
    server = {"cached": True, "tls": True, "plugin": "client_ed25519"}
    port = fake(lambda connection: Server(certificate, **server).talk(connection)).port
    assert "a login by client_ed25519, which this can't" in migrate(kubelet, port).last
