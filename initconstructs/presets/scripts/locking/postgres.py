"""As much of a PostgreSQL client as a lock and plain SQL need.

https://www.postgresql.org/docs/current/protocol.html; RFC 5802 and RFC 7677 for SCRAM-SHA-256
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stringprep as tables
import struct
from base64 import b64decode, b64encode
from unicodedata import normalize

from .address import Address, Refused, exactly

PROTOCOL, SSL_REQUEST = 3 << 16, 80877103
OK, CLEARTEXT, MD5, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 10, 11, 12
MOST_ITERATIONS = 10_000_000  # some seconds
KEY = 0x696E6974636F6E73  # "initcons"; the same for everyone, as the database itself is what is locked
# A session that holds the lock is idle, and must be left so. Asking again and again, and not waiting inside the server,
# leaves no open snapshot, for which CREATE INDEX CONCURRENTLY would wait in vain.
# The server, too, looks whether the other side is there: one whose node died would keep the lock for two hours else.
PREPARE = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; "
    "SELECT set_config('idle_session_timeout', '0', false) WHERE current_setting('server_version_num')::int >= 140000"
)
LOCK = f"SELECT pg_try_advisory_lock({KEY})"


class Session:
    """A session, open as long as this object's socket. `idle` is whether no transaction is open."""

    def __init__(self, address: Address) -> None:
        self.user, self.password = address.user or "postgres", address.password
        self.idle = True
        self.connection = address.connect(5432)
        if address.tls != "disable":
            self.connection.sendall(struct.pack("!ii", 8, SSL_REQUEST))
            if self.connection.recv(1) == b"S":
                self.connection = address.encrypted(self.connection)
            else:
                address.without_tls()
        words = {"user": self.user, "database": address.database or self.user, "application_name": "initconstructs"}
        words["client_encoding"] = "UTF8"  # whatever the database's own is
        words.update({key: address.options[key] for key in ("options",) if key in address.options})
        self.log_in(words)
        self.ask(PREPARE)

    def log_in(self, words: dict[str, str]) -> None:
        text = b"".join(f"{key}\0{value}\0".encode() for key, value in words.items())
        body = struct.pack("!i", PROTOCOL) + text + b"\0"
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

    def take(self) -> bool:
        """Take the lock unless another session holds it."""
        return self.ask(LOCK) == "t"

    def ask(self, question: str) -> str:
        """The first field of the last row of the last answer; '' for NULL."""
        self.send(b"Q", question.encode() + b"\0")
        found = ""
        while True:
            kind, answer = self.receive()
            if kind == b"D" and len(answer) > 2:  # a row may have no field
                (size,) = struct.unpack_from("!i", answer, 2)
                found = answer[6 : 6 + max(size, 0)].decode("utf-8", "replace")
            elif kind == b"G":
                self.send(b"f", b"COPY FROM STDIN is not possible here\0")
            elif kind == b"Z":
                self.idle = answer == b"I"
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
        kind, size = struct.unpack("!ci", exactly(self.connection, 5))
        answer = exactly(self.connection, size - 4)
        if kind == b"E":
            fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in answer.split(b"\0") if part}
            raise Refused(fields.get(b"M", "the server refuses"))
        return kind, answer


class Scram:
    """The client's side of SCRAM-SHA-256, without channel binding."""

    def __init__(self, password: str) -> None:
        self.password = prepared(password).encode()
        self.nonce = b64encode(os.urandom(18)).decode()
        self.bare = f"n=,r={self.nonce}"
        self.expected = b""

    def first(self) -> bytes:
        return f"n,,{self.bare}".encode()

    def proof(self, challenge: bytes) -> bytes:
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        if not fields["r"].startswith(self.nonce):
            raise Refused("the server answers another login")
        if int(fields["i"]) > MOST_ITERATIONS:
            raise Refused("the server asks for more work than a login is worth")
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


def prepared(password: str) -> str:
    """As SASLprep (RFC 4013) writes it, as the server does; what that forbids stays as it is."""
    if password.isascii():
        return password
    spaced = [" " if tables.in_table_c12(each) else each for each in password]
    text = normalize("NFKC", "".join(each for each in spaced if not tables.in_table_b1(each)))
    leftward = [tables.in_table_d1(each) for each in text]
    mixed = any(leftward) and (any(map(tables.in_table_d2, text)) or not (leftward[0] and leftward[-1]))
    return password if mixed or any(map(forbidden, text)) else text or password


def forbidden(letter: str) -> bool:
    t = tables
    kinds = (t.in_table_c3, t.in_table_c4, t.in_table_c5, t.in_table_c6, t.in_table_c7, t.in_table_c8, t.in_table_c9)
    return t.in_table_a1(letter) or t.in_table_c21_c22(letter) or any(kind(letter) for kind in kinds)


def digest(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()
