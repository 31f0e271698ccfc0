"""As much of a PostgreSQL client as a lock needs: log in, ask one question, notice that the session is lost.

https://www.postgresql.org/docs/current/protocol.html; RFC 5802 and RFC 7677 for SCRAM-SHA-256
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import ssl
import struct
from base64 import b64decode, b64encode
from urllib.parse import parse_qs, unquote, urlsplit

PROTOCOL, SSL_REQUEST = 3 << 16, 80877103
OK, CLEARTEXT, MD5, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 10, 11, 12
CONNECT_SECONDS = 10


class Refused(Exception):  # noqa: N818 -- what the server did
    """The server says no; the text is the server's."""


class Session:
    """A session of the database that a URL names, open as long as this object's socket."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.user, self.password = unquote(parts.username or "postgres"), unquote(parts.password or "")
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        host = parts.hostname or options.get("host", "localhost")
        plain = socket.create_connection((host, parts.port or 5432), CONNECT_SECONDS)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.connection = encrypted(plain, host, options)
        database = unquote(parts.path.lstrip("/")) or self.user
        self.log_in(database)

    def log_in(self, database: str) -> None:
        words = (b"user", self.user.encode(), b"database", database.encode(), b"application_name", b"initconstructs")
        body = struct.pack("!i", PROTOCOL) + b"".join(word + b"\0" for word in words) + b"\0"
        self.connection.sendall(struct.pack("!i", len(body) + 4) + body)
        scram = Scram(self.password)
        while True:
            kind, answer = self.receive()
            if kind == b"R":
                self.authenticate(scram, answer)
            elif kind == b"Z":
                return

    def authenticate(self, scram: Scram, answer: bytes) -> None:
        (method,) = struct.unpack_from("!i", answer)
        rest = answer[4:]
        if method == CLEARTEXT:
            self.send(b"p", self.password.encode() + b"\0")
        elif method == MD5:
            inner = hashlib.md5((self.password + self.user).encode()).hexdigest()  # noqa: S324 -- the protocol's
            outer = hashlib.md5(inner.encode() + rest).hexdigest()  # noqa: S324
            self.send(b"p", f"md5{outer}\0".encode())
        elif method == SASL:
            first = scram.first()
            self.send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
        elif method == SASL_CONTINUE:
            self.send(b"p", scram.proof(rest))
        elif method == SASL_FINAL:
            scram.verify(rest)
        elif method != OK:
            raise Refused(f"the server wants a login of kind {method}, which this can't")

    def ask(self, question: str) -> str:
        """The first field of the last row."""
        self.send(b"Q", question.encode() + b"\0")
        found = ""
        while True:
            kind, answer = self.receive()
            if kind == b"D":
                (size,) = struct.unpack_from("!i", answer, 2)
                found = answer[6 : 6 + size].decode()
            elif kind == b"Z":
                return found

    def lost(self) -> str:
        """Block until the session is lost, and say how."""
        self.connection.settimeout(None)
        try:
            while True:
                self.receive()
        except (OSError, Refused) as error:
            return str(error)

    def send(self, kind: bytes, body: bytes) -> None:
        self.connection.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def receive(self) -> tuple[bytes, bytes]:
        kind, size = struct.unpack("!ci", self.exactly(5))
        answer = self.exactly(size - 4)
        if kind == b"E":
            fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in answer.split(b"\0") if part}
            raise Refused(fields.get(b"M", "the server refuses"))
        return kind, answer

    def exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self.connection.recv(size - len(found))
            if not part:
                raise ConnectionError("the server closed the connection")
            found += part
        return found


def encrypted(plain: socket.socket, host: str, options: dict[str, str]) -> socket.socket:
    """The connection as `sslmode` wants it: https://www.postgresql.org/docs/current/libpq-ssl.html"""
    mode = options.get("sslmode", "prefer")
    if mode in ("disable", "allow"):
        return plain
    plain.sendall(struct.pack("!ii", 8, SSL_REQUEST))
    if plain.recv(1) != b"S":
        if mode == "prefer":
            return plain
        raise Refused(f"the server speaks no TLS, and sslmode is {mode}")
    context = ssl.create_default_context(cafile=options.get("sslrootcert"))
    context.check_hostname = mode == "verify-full"
    if not mode.startswith("verify-"):
        context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host)


class Scram:
    """The client's side of SCRAM-SHA-256, without channel binding."""

    def __init__(self, password: str) -> None:
        self.password = password.encode()
        self.nonce = b64encode(os.urandom(18)).decode()
        self.bare = f"n=,r={self.nonce}"
        self.expected = b""

    def first(self) -> bytes:
        return f"n,,{self.bare}".encode()

    def proof(self, challenge: bytes) -> bytes:
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        if not fields["r"].startswith(self.nonce):
            raise Refused("the server answers another login")
        salted = hashlib.pbkdf2_hmac("sha256", self.password, b64decode(fields["s"]), int(fields["i"]))
        final = f"c=biws,r={fields['r']}"
        signed = f"{self.bare},{challenge.decode()},{final}".encode()
        key = digest(salted, b"Client Key")
        signature = digest(hashlib.sha256(key).digest(), signed)
        self.expected = digest(digest(salted, b"Server Key"), signed)
        proof = bytes(left ^ right for left, right in zip(key, signature))  # noqa: B905 -- Python 3.8 has no strict
        return f"{final},p={b64encode(proof).decode()}".encode()

    def verify(self, final: bytes) -> None:
        if not hmac.compare_digest(b"v=" + b64encode(self.expected), final):
            raise Refused("the server does not know the password itself")


def digest(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()
