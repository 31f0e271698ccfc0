"""Real database servers for migrations: one of each for a module, with a new database for each test."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from initconstructs.presets import waiting
from tests.presets.conftest import Kubelet, Servers, Started, find, free_port

PASSWORD = "p:w$(X)/ @"
USER = "shop"


@dataclass
class Database:
    """A server of a module, and how to ask it."""

    scheme: str
    port: int
    client: list[str]
    create: list[str]
    clear: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new(self) -> str:
        """The URL of a new database."""
        name = f"shop{next(self.numbers)}"
        for statement in self.create:
            self.ask(statement.format(name))
        return f"{self.scheme}://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def empty(self, url: str) -> None:
        """Take everything out of the database again, which is quicker than a new one."""
        name = url.rpartition("/")[2]
        self.ask(self.clear.format(name), "" if name in self.clear.format(name) else url)

    def ask(self, question: str, url: str = "") -> str:
        """What the server's own client says, of the database of the URL."""
        name = url.rpartition("/")[2].partition("?")[0]
        words = [*self.client, *([name] if name else [])]
        found = subprocess.run(words, input=question, capture_output=True, text=True, check=False)
        return found.stdout.strip() or found.stderr


@pytest.fixture(scope="module")
def home() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="servers-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)
        made = Servers(Path(place))
        yield made
        made.stop()


def wait_for(wait: waiting.Wait, place: Path) -> None:
    place.mkdir()
    assert Kubelet(place).run(wait).code == 0


@pytest.fixture(scope="module")
def postgres(home: Servers, certificate: Path) -> Database:
    """A PostgreSQL with TLS that wants a password, by SCRAM-SHA-256."""
    initdb, program, psql = home.need("initdb", "postgres", "psql")
    port, data = free_port(), home.directory("postgres", "nobody") / "data"
    home.run([initdb, "-D", str(data), "--no-sync", "-A", "trust", "-U", "postgres"], user="nobody")
    ways = {"in_clear": "password", "by_md5": "md5", "all": "scram-sha-256"}
    rules = [f"host all {user} 127.0.0.1/32 {way}" for user, way in ways.items()]
    (data / "pg_hba.conf").write_text("\n".join(["local all postgres trust", *rules, ""]))
    for name, text in {"server.crt": "ca.crt", "server.key": "key.pem"}.items():
        (data / name).write_bytes((certificate / text).read_bytes())
        (data / name).chmod(0o600)
        home.run(["chown", "nobody", str(data / name)])
    options = ["fsync=off", f"unix_socket_directories={data}", "listen_addresses=127.0.0.1", "ssl=on"]
    home.start([program, "-D", str(data), "-p", str(port), *(f"-c{each}" for each in options)], user="nobody")
    wait_for(waiting.postgres("127.0.0.1", port=port, timeout=20), home.home / "wait-postgres")
    client = [psql, "-h", str(data), "-p", str(port), "-U", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1"]
    clear = f'DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION "{USER}"'
    made = Database("postgresql+psycopg", port, client, [f'CREATE DATABASE {{}} OWNER "{USER}"'], clear)
    made.ask(f"CREATE USER {USER} PASSWORD '{PASSWORD}'; CREATE USER in_clear PASSWORD '{PASSWORD}'")
    made.ask(f"SET password_encryption = 'md5'; CREATE USER by_md5 PASSWORD '{PASSWORD}'")
    return made


@pytest.fixture(scope="module")
def mariadb(home: Servers, certificate: Path) -> Database:
    """A MariaDB with TLS that wants a password, by its default plug-in."""
    install, program, client = home.need("mariadb-install-db", "mariadbd", "mariadb")
    port, place = free_port(), home.directory("mariadb")
    socket = f"--socket={place}/socket"
    make = [install, f"--datadir={place}/data", "--auth-root-authentication-method=normal", "--user=root"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    tls = [f"--ssl-cert={certificate}/ca.crt", f"--ssl-key={certificate}/key.pem"]
    where = [f"--datadir={place}/data", f"--port={port}", socket, "--bind-address=127.0.0.1"]
    home.start([program, "--no-defaults", "--user=root", "--innodb-flush-log-at-trx-commit=0", *where, *tls])
    wait_for(waiting.mysql("127.0.0.1", port=port, timeout=30), home.home / "wait-mariadb")
    words = [client, "--no-defaults", socket, "--user=root", "--batch", "--skip-column-names"]
    grant = f"GRANT ALL ON {{}}.* TO '{USER}'@'%'"
    clear = "DROP DATABASE {0}; CREATE DATABASE {0}"
    made = Database("mysql+pymysql", port, words, ["CREATE DATABASE {}", grant], clear)
    made.ask("DELETE FROM mysql.global_priv WHERE user = ''; FLUSH PRIVILEGES")
    made.ask(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")
    return made


def kill(copy: Started) -> None:
    """As the end of a container does: every process of it, at once."""
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getsid(int(each.name)) == copy.process.pid:
                os.kill(int(each.name), signal.SIGKILL)
    copy.process.communicate()


def until_seen(copy: Started, text: str) -> None:
    """Read what a copy says until it says the text."""
    for line in copy.process.stdout or ():
        if text in line:
            return
    pytest.fail(f"never said {text!r}")


__all__ = ["PASSWORD", "USER", "Database", "find", "home", "kill", "mariadb", "postgres", "until_seen"]
