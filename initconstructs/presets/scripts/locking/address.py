"""The database that a URL names: `postgresql+psycopg://user:password@db:5432/shop?sslmode=verify-full`."""

from __future__ import annotations

import re
import socket
import ssl
from queue import SimpleQueue
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit

CONNECT_SECONDS = 10
LONGEST_ANSWER = 1 << 24
FAMILIES = {
    **dict.fromkeys(("postgres", "postgresql", "postgis", "pgsql", "psql", "pg", "pgx", "pgx5"), "postgres"),
    **dict.fromkeys(("timescale", "timescalegis"), "postgres"),
    **dict.fromkeys(("mysql", "mysql2", "mysql-connector", "mysqlgis", "trilogy", "mariadb", "maria"), "mysql"),
}
# What drivers call the same: https://www.postgresql.org/docs/current/libpq-ssl.html,
# https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode
MODES = {
    **dict.fromkeys(("disable", "disabled", "false", "0"), "disable"),
    **dict.fromkeys(("allow", "prefer", "preferred"), "prefer"),
    **dict.fromkeys(("require", "required", "no-verify", "trust", "true", "1"), "require"),
    **dict.fromkeys(("verify-ca", "verify_ca"), "verify-ca"),
    **dict.fromkeys(("verify-full", "verify_full", "verify_identity"), "verify-full"),
}


class Refused(Exception):  # noqa: N818 -- what the server did
    """The server says no; the text is the server's."""


class Unreadable(Exception):  # noqa: N818 -- what the URL is
    """The URL is none that this understands. The text tells nothing of it: it may hold a password."""


class Address:
    """The parts of a URL; of a JDBC or Sqitch one too, with the login in its query."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(re.sub("^(jdbc|db):", "", url))
            if "," in parts.netloc.rpartition("@")[2]:
                raise Unreadable("names several hosts: name the one that takes writes")
            self.options = {re.sub("[-_]", "", key.lower()): each[-1] for key, each in parse_qs(parts.query).items()}
            scheme, self.port = parts.scheme.partition("+")[0], parts.port or int(self.options.get("port", 0))
        except ValueError:
            raise Unreadable("has a port that is no number; are special characters of the password encoded?") from None
        if scheme not in FAMILIES or not (parts.netloc or "host" in self.options):
            raise Unreadable("is no URL of PostgreSQL, MySQL or MariaDB")
        self.family = FAMILIES[scheme]
        self.user = unquote(parts.username or "") or self.options.get("user", "")
        self.password = unquote(parts.password or "") or self.options.get("password", "")
        self.host, self.socket = self.place(parts.netloc.rpartition("@")[2], parts.hostname or "")
        self.database = unquote(parts.path.lstrip("/")) or self.options.get("dbname", "")
        self.authority = self.first("sslrootcert", "sslca", "serversslcert")
        self.tls = "disable" if self.socket else self.trust()

    def first(self, *names: str) -> str | None:
        """The first of these options that is given."""
        return next((self.options[name] for name in names if name in self.options), None)

    def place(self, written: str, host: str) -> tuple[str, str]:
        """The host, and the path of the socket if it is one of this machine, as of a proxy beside the app."""
        if written.lower().startswith("%2f"):
            host = unquote(written.partition(":")[0])  # in capitals, too
        host = host or self.options.get("host", "localhost")
        if "," in host:
            raise Unreadable("names several hosts: name the one that takes writes")
        if self.family == "mysql":
            return host, self.first("unixsocket", "socket", "localsocket") or ""
        return host, f"{host}/.s.PGSQL.{self.port or 5432}" if host.startswith("/") else ""

    def trust(self) -> str:
        """Whether to use TLS, and what to verify: no less than the tool does, as far as the URL says."""
        if self.authority == "system":
            self.authority = None
            return "verify-full"
        mode = self.options.get("sslmode", "").lower()
        switch = self.first("ssl", "tls", "usessl")
        if mode and mode not in MODES:
            raise Unreadable(f"asks for sslmode {mode!r}, which this doesn't know")
        if not mode and switch is None:
            return "verify-ca" if self.authority else "prefer"
        found = MODES[mode] if mode else MODES.get(str(switch).lower(), "require")
        return "verify-ca" if found == "require" and self.authority else found

    def connect(self, port: int) -> socket.socket:
        """A connection that tells by itself, within a minute, when the other side is gone."""
        if self.socket:
            local = socket.socket(socket.AF_UNIX)
            local.settimeout(CONNECT_SECONDS)
            local.connect(self.socket)
            return local
        plain = connected(self.host, self.port or port)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}.items():
            if hasattr(socket, name):
                plain.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return plain

    def encrypted(self, plain: socket.socket) -> socket.socket:
        """The same over TLS; who it is is checked only by `verify-ca` and `verify-full`, as drivers do."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = self.tls == "verify-full"
        if not self.tls.startswith("verify-"):
            context.verify_mode = ssl.CERT_NONE
        elif self.authority:
            context.load_verify_locations(self.authority)
        else:
            context.load_default_certs()
        if "sslcert" in self.options:
            context.load_cert_chain(self.options["sslcert"], self.options.get("sslkey"))
        return context.wrap_socket(plain, server_hostname=self.host)

    def without_tls(self) -> None:
        """Raise where the URL demands TLS of a server that has none."""
        if self.tls != "prefer":
            raise Refused(f"the server speaks no TLS, and sslmode is {self.tls}")


def connected(host: str, port: int) -> socket.socket:
    """In a thread: where the resolver waits for an answer, no signal is heard, neither the deadline's nor the pod's."""
    found: SimpleQueue[socket.socket | Exception] = SimpleQueue()

    def connect() -> None:
        try:
            found.put(socket.create_connection((host, port), CONNECT_SECONDS))
        except Exception as error:
            found.put(error)

    Thread(target=connect, daemon=True).start()
    made = found.get()
    if isinstance(made, Exception):
        raise made
    return made


def exactly(connection: socket.socket, size: int) -> bytes:
    """The next `size` bytes, of which a stranger may promise any number."""
    if not 0 <= size <= LONGEST_ANSWER:
        raise Refused("the server speaks another protocol")
    found = bytearray()
    while len(found) < size:
        part = connection.recv(min(size - len(found), 1 << 16))
        if not part:
            raise ConnectionError("the server closed the connection")
        found += part
    return bytes(found)
