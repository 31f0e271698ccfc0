"""The lock against URLs of every kind, and against servers that are none, or mean no good."""

from __future__ import annotations

import itertools
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from initconstructs import SecretKey
from initconstructs.presets import migrating
from initconstructs.presets.scripts.locking.address import Address, Unreadable
from tests.presets.migrating_databases import Database, home, postgres

__all__ = ["home", "postgres"]  # fixtures


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("postgres://u:p@[fd00::1]:6432/shop", "fd00::1", 6432, ""),
        ("postgres://u:p@[fd00::1]/shop", "fd00::1", 0, ""),
        ("postgresql://%2Fcloudsql%2FA:1/shop", "/cloudsql/A", 1, "/cloudsql/A/.s.PGSQL.1"),
        ("postgresql+psycopg://u@/shop?host=/cloudsql/A:b:c", "/cloudsql/A:b:c", 0, "/cloudsql/A:b:c/.s.PGSQL.5432"),
        ("postgres:///shop?host=db&port=6432", "db", 6432, ""),
        ("postgresql:///?host=db&dbname=shop", "db", 0, ""),
        ("timescale://db/shop", "db", 0, ""),
        ("trilogy://db/shop", "db", 0, ""),
        ("mysql+pymysql://u:p@/shop?unix_socket=/cloudsql/a", "localhost", 0, "/cloudsql/a"),
    ],
)
def test_finds_the_server_of_a_url(url, host, port, path):
    found = Address(url)
    assert (found.host, found.port, found.socket, found.database) == (host, port, path, "shop")


@pytest.mark.parametrize(
    ("query", "tls"),
    [
        ("", "prefer"),
        ("?ssl=true", "require"),
        ("?ssl=false", "disable"),
        ("?sslmode=allow", "prefer"),
        ("?sslmode=no-verify", "require"),
        ("?useSSL=1", "require"),
        ("?tls=skip-verify", "require"),
        ('?ssl={"rejectUnauthorized":true}', "require"),
        ("?sslmode=require&sslrootcert=/ca.crt", "verify-ca"),
        ("?ssl=true&ssl_ca=/ca.crt", "verify-ca"),
        ("?sslrootcert=/ca.crt", "verify-ca"),
        ("?sslrootcert=system", "verify-full"),
        ("?sslmode=disable&ssl=true", "disable"),
    ],
)
def test_trusts_no_more_than_the_url_says(query, tls):
    assert Address(f"postgres://db/shop{query}").tls == tls


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:s3cret@a,b/shop",
        "postgres://u:s3cret@a:1,b:2/shop",
        "postgres://u:s3cret@/shop?host=a,b",
        "postgres://u:s3cret@db/shop?port=s3cret",
        "postgres://u:s3cret@db/shop?sslmode=maybe",
        "postgres:///shop",
    ],
)
def test_says_of_a_url_that_it_can_not_use_why(url):
    with pytest.raises(Unreadable) as error:
        Address(url)
    assert "s3cret" not in str(error.value)


def test_goes_through_a_socket_of_the_pod(kubelet, postgres: Database):
    directory = postgres.client[postgres.client.index("-h") + 1]
    name = postgres.new().rpartition("/")[2]
    url = f"postgresql://postgres@/{name}?host={directory}&port={postgres.port}&sslmode=verify-full"
    assert migrate(kubelet, ["/bin/true"], url).code == 0


def test_shows_the_certificate_that_the_url_names(certificate: Path):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate / "ca.crt", certificate / "key.pem")
    server.load_verify_locations(certificate / "ca.crt")
    server.verify_mode = ssl.CERT_REQUIRED
    authority, key = certificate / "ca.crt", certificate / "key.pem"
    query = f"sslmode=verify-full&sslrootcert={authority}&sslcert={authority}&sslkey={key}"
    near, far = socket.socketpair()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(server.wrap_socket, far, server_side=True)
        connection = Address(f"postgres://localhost/shop?{query}").encrypted(near)
        with connection, asked.result(10) as answering:
            assert answering.getpeercert()


def migrate(kubelet, words: list[str], url: str, timeout: int = 20):
    stage = migrating.command(words, image="a/b:1", database_url=SecretKey("db", "url"), timeout=timeout)
    return kubelet.run(stage, DATABASE_URL=url)


def hangs_up(connection: socket.socket) -> None:
    connection.recv(100)


def speaks_http(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def promises_two_gigabytes(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(b"NR" + struct.pack("!i", 0x7FFFFFFF))
    time.sleep(30)


def never_ends_the_login(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(b"N")
    while True:
        connection.sendall(b"N" + struct.pack("!i", 5) + b"\0")


def trickles(connection: socket.socket) -> None:
    for _ in itertools.repeat(None, 300):
        connection.sendall(b"\xff")
        time.sleep(0.1)


def sends_an_empty_packet(connection: socket.socket) -> None:
    connection.sendall(b"\0\0\0\0")


@pytest.mark.parametrize("scheme", ["postgres", "mysql"])
@pytest.mark.parametrize(
    "talk",
    [hangs_up, speaks_http, promises_two_gigabytes, never_ends_the_login, trickles, sends_an_empty_packet],
    ids=lambda talk: talk.__name__,
)
def test_a_stranger_is_asked_until_the_deadline_and_no_longer(scheme, talk, fake, kubelet):
    def quietly(connection: socket.socket) -> None:
        with suppress(OSError):
            talk(connection)

    finished = migrate(kubelet, ["/bin/true"], f"{scheme}://u:p@127.0.0.1:{fake(quietly).port}/shop", timeout=1)
    assert (finished.code, finished.err) == (124, ""), finished
    assert "gave up" in finished.last


# A name server that never answers, for half a minute at a time; as process 1, the script takes it along.
SILENCE = """
    ip link set lo up && printf 'nameserver 127.0.0.1\\noptions timeout:30 attempts:1\\n' > "$1" || exit 77
    mount --bind "$1" /etc/resolv.conf || exit 77
    "$2" -c 'import socket as s, time; n = s.socket(type=s.SOCK_DGRAM); n.bind(("127.0.0.1", 53)); time.sleep(60)' &
    shift 2; "$@"; exit "$?"
"""


def test_the_deadline_comes_while_the_resolver_waits(kubelet, servers, tmp_path: Path):
    if subprocess.run(["unshare", "-rmnpf", "true"], capture_output=True, check=False).returncode:
        servers.lack("this machine gives no namespaces, so no name server can stand in for its own")
    wrap = ["unshare", "-rmnpf", "bash", "-c", SILENCE, "sh", str(tmp_path / "resolv.conf"), sys.executable]
    stage = migrating.command(["/bin/true"], image="a/b:1", database_url=SecretKey("db", "url"), timeout=3)
    url = "postgres://u:p@db.example.org/shop"
    finished = kubelet.start(stage, wrap=wrap, DATABASE_URL=url, PATH="/usr/sbin:/usr/bin:/sbin:/bin").finish(20)
    assert (finished.code, "gave up" in finished.last) == (124, True), finished


def test_a_server_without_such_a_lock_is_asked_in_peace(fake, kubelet):
    ready = b"Z" + struct.pack("!i", 5) + b"I"
    refusal = b"Mno such function\0\0"

    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"R" + struct.pack("!ii", 8, 0) + ready)
        connection.recv(1000)
        connection.sendall(ready)
        connection.recv(1000)
        connection.sendall(b"E" + struct.pack("!i", len(refusal) + 4) + refusal)

    server = fake(talk)
    finished = migrate(kubelet, ["/bin/true"], f"postgres://u@127.0.0.1:{server.port}/shop?sslmode=disable", timeout=3)
    assert finished.code == 124
    assert finished.out.count("no such function") <= 2, finished.out


def test_says_of_a_tool_that_can_not_be_run_why(kubelet, postgres: Database, tmp_path: Path):
    tool = tmp_path / "tool"
    tool.write_text("no program")
    tool.chmod(0o644)
    finished = migrate(kubelet, [str(tool)], postgres.new())
    assert (finished.code, "Permission denied" in finished.last, finished.err) == (126, True, "")


def test_nothing_more_is_run_once_the_pod_is_stopped(kubelet, postgres: Database, tmp_path: Path):
    """What runs first ends well when it is asked to stop, as many tools do."""
    first = tmp_path / "knex"
    first.write_text(
        "#!/bin/sh\n"
        f'[ "$3" = migrate:unlock ] || {{ touch {tmp_path}/migrated; exit 0; }}\n'
        f"trap 'exit 0' TERM; touch {tmp_path}/begun\n"
        "while true; do sleep 0.05; done\n"
    )
    first.chmod(0o755)
    stage = migrating.knex(image="a/b:1", database_url=SecretKey("db", "url"), program=str(first))
    copy = kubelet.start(stage, DATABASE_URL=postgres.new(), PATH="/usr/bin:/bin")
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    copy.process.send_signal(signal.SIGTERM)
    assert (copy.finish().code, (tmp_path / "migrated").exists()) == (143, False)
