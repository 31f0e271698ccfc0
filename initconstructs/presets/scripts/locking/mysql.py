"""As much of a MySQL or MariaDB client as a lock and plain SQL need.

https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html,
https://mariadb.com/docs/server/reference/clientserver-protocol
"""

from __future__ import annotations

import hashlib
import struct

from .address import LONGEST_ANSWER, Address, Refused, exactly

LONG_PASSWORD, WITH_DATABASE, PROTOCOL_41, TLS = 1, 8, 1 << 9, 1 << 11
TRANSACTIONS, SECURE, MULTI_STATEMENTS, MULTI_RESULTS, PLUGINS = 1 << 13, 1 << 15, 1 << 16, 1 << 17, 1 << 19
UTF8MB4, MORE_RESULTS = 45, 8
OK, MORE, LOCAL_FILE, EOF, ERROR = 0, 1, 0xFB, 0xFE, 0xFF
FULL_LOGIN = 4
# A lock's name is one for the whole server, has 64 characters at most, and belongs to the session. Others' sessions are
# ended after `wait_timeout` seconds without a question; one that holds the lock asks none.
# https://dev.mysql.com/doc/refman/8.4/en/locking-functions.html#function_get-lock
PREPARE = "SET SESSION wait_timeout = 31536000"
LOCK = "SELECT GET_LOCK(CONCAT('initconstructs ', SHA1(IFNULL(DATABASE(), ''))), 0)"


class Session:
    """A session, open as long as this object's socket."""

    idle = False  # nobody can tell by it who ended a transaction: each DDL statement does

    def __init__(self, address: Address) -> None:
        self.password, self.encrypted, self.sequence = address.password.encode(), bool(address.socket), 0
        self.connection = address.connect(3306)
        flags, nonce, plugin = greeting(self.receive())
        own = LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE | MULTI_STATEMENTS | MULTI_RESULTS | PLUGINS
        own |= WITH_DATABASE if address.database else 0
        if address.tls != "disable":
            if flags & TLS:
                own |= TLS
                self.send(struct.pack("<IIB23x", own, 1 << 24, UTF8MB4))
                self.connection, self.encrypted = address.encrypted(self.connection), True
            else:
                address.without_tls()
        proof = self.proof(plugin, nonce)
        names = [address.user or "root", *([address.database] if address.database else []), plugin]
        user, *rest = (name.encode() + b"\0" for name in names)
        head = struct.pack("<IIB23x", own, 1 << 24, UTF8MB4)
        self.send(head + user + bytes([len(proof)]) + proof + b"".join(rest))
        self.log_in(plugin)
        self.ask(PREPARE)

    def log_in(self, plugin: str) -> None:
        while (answer := self.receive())[0] != OK:
            if answer[0] == EOF:
                name, _, nonce = answer[1:].partition(b"\0")
                plugin = name.decode()
                self.send(self.proof(plugin, nonce))
            elif answer[:2] == bytes([MORE, FULL_LOGIN]):
                if not self.encrypted:
                    raise Refused(f"a login by {plugin} needs TLS: let the server have it, and drop sslmode=disable")
                self.send(self.password + b"\0")

    def proof(self, plugin: str, nonce: bytes) -> bytes:
        """That the password is known."""
        nonce = nonce.rstrip(b"\0")[:20]
        if not self.password:
            return b""
        if plugin == "mysql_native_password":
            once = sha1(self.password)
            return mixed(once, sha1(nonce + sha1(once)))
        if plugin == "caching_sha2_password":
            once = sha256(self.password)
            return mixed(once, sha256(sha256(once) + nonce))
        raise Refused(f"the server wants a login by {plugin}, which this can't")

    def take(self) -> bool:
        """Take the lock unless another session holds it."""
        return self.ask(LOCK) == "1"

    def ask(self, question: str) -> str:
        """The first field of the last row of the last answer."""
        self.sequence = 0
        self.send(b"\3" + question.encode())
        found, more = "", True
        while more:
            found, more = self.answer()
        return found

    def answer(self) -> tuple[str, bool]:
        """The first field of the last row, and whether another answer follows."""
        head = self.receive()
        if head[0] == OK:
            _, rest = length(head[1:])
            _, rest = length(rest)
            return "", bool(struct.unpack_from("<H", rest)[0] & MORE_RESULTS)
        if head[0] == LOCAL_FILE:
            self.send(b"")
            raise Refused("LOAD DATA LOCAL is not possible here")
        _columns, _ = self.until_end()
        rows, status = self.until_end()
        return field(rows) if rows else "", bool(status & MORE_RESULTS)

    def until_end(self) -> tuple[bytes, int]:
        """The last packet of a list, and the status at its end."""
        found = b""
        while (packet := self.receive())[0] != EOF or len(packet) > 8:
            found = packet
        return found, struct.unpack_from("<H", packet, 3)[0]

    def lost(self) -> str:
        """Block until the session is lost, and say how."""
        self.connection.settimeout(None)
        try:
            while True:
                self.receive()
        except (OSError, Refused) as error:
            return str(error)

    def send(self, body: bytes) -> None:
        for start in range(0, len(body) + 1, 0xFFFFFF):
            part = body[start : start + 0xFFFFFF]
            self.connection.sendall(struct.pack("<I", len(part) | self.sequence << 24) + part)
            self.sequence = self.sequence + 1 & 0xFF

    def receive(self) -> bytes:
        found, size = b"", 0xFFFFFF
        while size == 0xFFFFFF and len(found) < LONGEST_ANSWER:
            (head,) = struct.unpack("<I", exactly(self.connection, 4))
            size, self.sequence = head & 0xFFFFFF, (head >> 24) + 1 & 0xFF
            found += exactly(self.connection, size)
        if found[:1] == bytes([ERROR]):
            text = found[9:] if found[3:4] == b"#" else found[3:]
            raise Refused(text.decode("utf-8", "replace"))
        return found


def greeting(packet: bytes) -> tuple[int, bytes, str]:
    """The server's abilities, its nonce, and how it wants logins."""
    if packet[0] != 10:
        raise Refused("the server speaks another protocol")
    rest = packet[packet.index(b"\0") + 1 :]
    low, high = struct.unpack_from("<H", rest, 13)[0], struct.unpack_from("<H", rest, 18)[0]
    plugin = rest[31 + max(13, rest[20] - 8) :].partition(b"\0")[0].decode()
    return low | high << 16, rest[4:12] + rest[31:43], plugin or "mysql_native_password"


def length(text: bytes) -> tuple[int, bytes]:
    """A length-encoded number, and what follows it."""
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(text[0], 0)
    return (int.from_bytes(text[1 : 1 + size], "little"), text[1 + size :]) if size else (text[0], text[1:])


def field(row: bytes) -> str:
    """The first field of a row, '' for NULL."""
    if row[0] == LOCAL_FILE:
        return ""
    size, rest = length(row)
    return rest[:size].decode("utf-8", "replace")


def mixed(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right))  # noqa: B905 -- Python 3.8 has no strict


def sha1(text: bytes) -> bytes:
    return hashlib.sha1(text).digest()  # noqa: S324 -- the protocol's


def sha256(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
