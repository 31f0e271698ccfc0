"""The lock around any command, on a real PostgreSQL and a real MariaDB: copies, deadlines, lost sessions, logins."""

from __future__ import annotations

import signal
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from initconstructs import SecretKey
from initconstructs.presets import migrating
from tests.presets.conftest import Kubelet, Started
from tests.presets.migrating_databases import PASSWORD, USER, Database, home, kill, mariadb, postgres, until_seen

__all__ = ["home", "mariadb", "postgres"]  # fixtures

# A migration that two copies must not run at once: it reads, thinks, and writes.
MIGRATION = textwrap.dedent("""
    set -eu
    mkdir "$1/running" || { echo "two at once" >> "$1/errors"; exit 9; }
    trap 'rmdir "$1/running"' EXIT
    test -e "$1/schema" || { sleep "${2:-0.2}"; echo migrated >> "$1/schema"; }
""")
SLOW = 'touch "$1/begun"; exec sleep 30'


@pytest.fixture(params=["postgres", "mariadb"])
def database(request) -> Database:
    return request.getfixturevalue(request.param)


def migrate(place: Path, script: str = MIGRATION, **options):
    words = ["/bin/sh", "-c", script, "sh", str(place)]
    return migrating.command(words, image="a/b:1", database_url=SecretKey("db", "url"), **options)


@pytest.fixture
def begun(kubelet: Kubelet, tmp_path: Path) -> Iterator[Callable[[str], Started]]:
    """Starts a copy whose command runs."""
    copies = []

    def start(url: str) -> Started:
        copies.append(kubelet.start(migrate(tmp_path, SLOW), DATABASE_URL=url, PATH="/usr/bin:/bin"))
        while not (tmp_path / "begun").exists():
            time.sleep(0.05)
        return copies[-1]

    yield start
    for copy in copies:
        kill(copy)


@pytest.mark.parametrize(("database", "times"), [("postgres", 1), ("mariadb", 4)], indirect=["database"])
def test_four_copies_at_once(times, kubelet, database, tmp_path):
    """Five times side by side, in a database each. Real tools do it twenty times on PostgreSQL, too."""
    urls = [database.new() for _ in range(5)]
    for turn in range(times):
        places = {tmp_path / f"{turn}-{number}": url for number, url in enumerate(urls)}
        copies = [start(kubelet, place, url) for place, url in places.items() for _ in range(4)]
        finished = [each.finish(60) for each in copies]
        assert [each.code for each in finished] == [0] * 20, finished
        assert [(place / "schema").read_text() for place in places] == ["migrated\n"] * 5


def start(kubelet: Kubelet, place: Path, url: str) -> Started:
    place.mkdir(exist_ok=True)
    return kubelet.start(migrate(place), DATABASE_URL=url, PATH="/usr/bin:/bin")


def test_without_the_lock_the_copies_would_meet(tmp_path):
    copies = [subprocess.Popen(["/bin/sh", "-c", MIGRATION, "sh", str(tmp_path), "2"]) for _ in range(4)]
    assert 9 in [each.wait() for each in copies]


def test_a_copy_that_is_killed_leaves_the_lock_to_the_next(begun, kubelet, database, tmp_path):
    """Only the holder of the lock here; in a container its end is the tool's end too."""
    url = database.new()
    killed = begun(url)
    waiting_copy = kubelet.start(migrate(tmp_path), DATABASE_URL=url, PATH="/usr/bin:/bin")
    until_seen(waiting_copy, "another copy holds the lock")
    assert waiting_copy.process.poll() is None
    killed.process.send_signal(signal.SIGKILL)
    assert waiting_copy.finish().code == 0


def test_databases_of_one_server_have_locks_of_their_own(begun, kubelet, database, tmp_path):
    begun(database.new())
    assert kubelet.run(migrate(tmp_path, "exit 0"), DATABASE_URL=database.new()).code == 0


SESSIONS = {
    "postgresql+psycopg": "SELECT pid FROM pg_stat_activity WHERE datname = '{}'",
    "mysql+pymysql": "SELECT id FROM information_schema.processlist WHERE db = '{}'",
}
ENDS = {"postgresql+psycopg": "SELECT pg_terminate_backend({})", "mysql+pymysql": "KILL {}"}


def test_the_tool_is_stopped_when_the_session_is_lost(begun, database):
    """An administrator ends it, say, or the server is started again."""
    url = database.new()
    started = begun(url)
    session = database.ask(SESSIONS[database.scheme].format(url.rpartition("/")[2]))
    database.ask(ENDS[database.scheme].format(session))
    finished = started.finish()
    assert (finished.code, "stopped: the lock was lost: " in finished.last) == (125, True), finished


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_exit_code_is_the_tools(script, code, kubelet, database, tmp_path):
    assert kubelet.run(migrate(tmp_path, script), DATABASE_URL=database.new(), PATH="/usr/bin:/bin").code == code


def test_gives_up_at_the_deadline(kubelet, database, tmp_path):
    url = database.new()
    slow = kubelet.run(migrate(tmp_path, SLOW, timeout=1), DATABASE_URL=url, PATH="/usr/bin:/bin")
    assert slow.code == 124
    wrong = kubelet.run(migrate(tmp_path, timeout=5), DATABASE_URL=url.replace("p%3A", "x"), PATH="/usr/bin:/bin")
    assert (wrong.code, "gave up" in wrong.last and USER_REFUSED[database.scheme] in wrong.last) == (124, True), wrong
    assert PASSWORD not in wrong.out


USER_REFUSED = {"postgresql+psycopg": "password authentication failed", "mysql+pymysql": "Access denied for user"}


def test_stops_the_tool_when_the_pod_is_deleted(begun, database):
    started = begun(database.new())
    started.process.send_signal(signal.SIGTERM)
    assert started.finish().code == 143


@pytest.mark.parametrize(
    "query",
    [
        "?sslmode=disable",
        "?sslmode=require",
        "?ssl-mode=REQUIRED",
        "?sslmode=verify-full&sslrootcert={ca}",
        "?ssl_ca={ca}",
        "?sslMode=VERIFY_CA&serverSslCert={ca}",
    ],
)
def test_reaches_the_server_as_the_url_wants_it(query, kubelet, database, certificate, tmp_path):
    url = database.new() + query.format(ca=certificate / "ca.crt")
    assert kubelet.run(migrate(tmp_path, "exit 0"), DATABASE_URL=url).code == 0


@pytest.mark.parametrize("user", ["in_clear", "by_md5", USER])
def test_logs_in_as_postgresql_asks(user, kubelet, postgres, tmp_path):
    url = postgres.new().replace(f"//{USER}:", f"//{user}:")
    assert kubelet.run(migrate(tmp_path, "exit 0"), DATABASE_URL=url).code == 0
    wrong = kubelet.run(migrate(tmp_path, timeout=5), DATABASE_URL=url.replace("p%3A", "x"))
    assert (wrong.code, "password authentication failed" in wrong.out) == (124, True)


@pytest.mark.parametrize("password", ["µ²\u00b4", "a\u00a0b", "ﬁ\u00ad", "א2²", "²\u0007", "😀²", "\u00ad"], ids=ascii)
def test_logs_in_with_letters_that_may_be_written_in_two_ways(password, kubelet, postgres, tmp_path):
    """PostgreSQL keeps a password as SASLprep writes it, and as it is where that forbids it."""
    postgres.ask(f"DROP ROLE IF EXISTS letters; CREATE ROLE letters LOGIN PASSWORD '{password}'")
    login = f"//letters:{quote(password)}@"
    url = postgres.new().replace(f"//{USER}:{quote(PASSWORD, safe='')}@", login)
    finished = kubelet.run(migrate(tmp_path, "exit 0", timeout=15), DATABASE_URL=url)
    assert finished.code == 0, finished


def test_trusts_no_server_that_it_is_told_to_verify(kubelet, database, tmp_path):
    finished = kubelet.run(migrate(tmp_path, timeout=5), DATABASE_URL=f"{database.new()}?sslmode=verify-full")
    assert (finished.code, "certificate verify failed" in finished.out) == (124, True)


@pytest.mark.parametrize("prefix", ["jdbc:", "db:"])
def test_understands_urls_with_the_login_in_the_query(prefix, kubelet, database, tmp_path):
    head, _, rest = database.new().partition("://")
    login, _, place = rest.rpartition("@")
    user, _, password = login.partition(":")
    url = f"{prefix}{head.partition('+')[0]}://{place}?user={user}&password={password}"
    assert kubelet.run(migrate(tmp_path, "exit 0"), DATABASE_URL=url).code == 0


@pytest.mark.parametrize(
    "url",
    ["", "shop.db", "sqlite:///shop.db", "postgres://u:s3/cret@db/shop", "mysql://u:s3cret@h1,h2:3306/x?sslmode=maybe"],
)
def test_tells_nothing_of_a_url_that_it_does_not_understand(url, kubelet, tmp_path):
    finished = kubelet.run(migrate(tmp_path), DATABASE_URL=url)
    assert (finished.code, finished.err.startswith("DATABASE_URL ")) == (2, True), finished
    assert not any(part in finished.err + finished.out for part in ("s3", "cret"))


def test_wrong_arguments_and_missing_tools(kubelet, postgres):
    missing = migrating.command(["nonesuch"], image="a/b:1", database_url=SecretKey("db", "url"))
    assert kubelet.run(missing, DATABASE_URL=postgres.new()).code == 127
    assert kubelet.run(missing).code == 2
