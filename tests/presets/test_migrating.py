"""Migrations under a lock of a real PostgreSQL: copies that start together, one that is killed, a lost session."""

from __future__ import annotations

import os
import signal
import subprocess
import textwrap
import time
from pathlib import Path

import pytest

from initconstructs import ModelError, SecretKey
from initconstructs.presets import migrating, waiting

PASSWORD = "p:w$(X)/"
# A migration that two copies must not run at once: it reads, thinks, and writes.
MIGRATION = textwrap.dedent("""
    set -eu
    mkdir "$1/running" || { echo "two at once" >> "$1/errors"; exit 9; }
    trap 'rmdir "$1/running"' EXIT
    test -e "$1/schema" || { sleep 0.2; echo migrated >> "$1/schema"; }
""")


@pytest.fixture
def database(servers, port, kubelet) -> str:
    """The URL of a PostgreSQL that wants a password, by SCRAM-SHA-256."""
    initdb, postgres = servers.need("initdb", "postgres")
    home = servers.directory("postgres", "nobody") / "data"
    secret = servers.directory("password") / "text"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    make = [initdb, "-D", str(home), "--no-sync", "-A", "scram-sha-256", "-U", "postgres", f"--pwfile={secret}"]
    servers.run(make, user="nobody")
    where = ["-p", str(port), "-c", f"unix_socket_directories={home}", "-c", "listen_addresses=127.0.0.1"]
    servers.start([postgres, "-D", str(home), *where, "-c", "fsync=off"], user="nobody")
    assert kubelet.run(waiting.postgres("127.0.0.1", port=port, timeout=20)).code == 0
    return f"postgresql+psycopg://postgres:p%3Aw%24%28X%29%2F@127.0.0.1:{port}/postgres"


def migrate(place: Path, script: str = MIGRATION, **options):
    words = ["/bin/sh", "-c", script, "sh", str(place)]
    return migrating.command(words, image="a/b:1", database_url=SecretKey("db", "url"), **options)


def test_four_copies_at_once_twenty_times(kubelet, database, tmp_path):
    stage = migrate(tmp_path)
    for _ in range(20):
        (tmp_path / "schema").unlink(missing_ok=True)
        copies = [kubelet.start(stage, DATABASE_URL=database, PATH="/usr/bin:/bin") for _ in range(4)]
        finished = [each.finish(60) for each in copies]
        assert [each.code for each in finished] == [0] * 4, finished
        assert (tmp_path / "schema").read_text() == "migrated\n"
    assert not (tmp_path / "errors").exists()


def test_without_the_lock_the_copies_would_meet(tmp_path):
    copies = [subprocess.Popen(["/bin/sh", "-c", MIGRATION, "sh", str(tmp_path)]) for _ in range(4)]
    assert 9 in [each.wait() for each in copies]


def test_a_copy_that_is_killed_leaves_the_lock_to_the_next(kubelet, database, tmp_path):
    slow = migrate(tmp_path, 'touch "$1/begun"; sleep 30')
    killed = kubelet.start(slow, DATABASE_URL=database, PATH="/usr/bin:/bin")
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    waiting_copy = kubelet.start(migrate(tmp_path), DATABASE_URL=database, PATH="/usr/bin:/bin")
    time.sleep(1)
    assert waiting_copy.process.poll() is None
    killed.process.send_signal(signal.SIGKILL)
    finished = waiting_copy.finish()
    assert (finished.code, "another copy holds the lock" in finished.out) == (0, True)
    os.killpg(killed.process.pid, signal.SIGKILL)  # what the end of the container does to the tool
    killed.finish()


def test_the_tool_is_stopped_when_the_session_is_lost(kubelet, database, tmp_path):
    started = kubelet.start(
        migrate(tmp_path, 'touch "$1/begun"; exec sleep 30'), DATABASE_URL=database, PATH="/usr/bin:/bin"
    )
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    # One that takes no lock ends every other session of the database.
    ended = subprocess.run(
        [
            "psql",
            database.replace("+psycopg", ""),
            "-Atc",
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'initconstructs'",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "1\n"
    finished = started.finish(5)
    assert (finished.code, "the lock was lost: terminating connection" in finished.last) == (125, True)


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_exit_code_is_the_tools(script, code, kubelet, database, tmp_path):
    assert kubelet.run(migrate(tmp_path, script), DATABASE_URL=database, PATH="/usr/bin:/bin").code == code


def test_gives_up_at_the_deadline(kubelet, database, tmp_path, port):
    slow = kubelet.run(migrate(tmp_path, "exec sleep 30", timeout=1), DATABASE_URL=database, PATH="/usr/bin:/bin")
    assert (slow.code, slow.seconds < 2) == (124, True)
    wrong = kubelet.run(migrate(tmp_path, timeout=2), DATABASE_URL=database.replace("p%3A", "x"), PATH="/usr/bin:/bin")
    assert (wrong.code, "password authentication failed" in wrong.last) == (124, True)
    assert PASSWORD not in wrong.out


def test_stops_the_tool_when_the_pod_is_deleted(kubelet, database, tmp_path):
    started = kubelet.start(
        migrate(tmp_path, 'touch "$1/begun"; exec sleep 30'), DATABASE_URL=database, PATH="/usr/bin:/bin"
    )
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    started.process.send_signal(signal.SIGTERM)
    assert started.finish(3).code == 143


def test_wrong_arguments_and_missing_tools(kubelet, database):
    missing = migrating.command(["nonesuch"], image="a/b:1", database_url=SecretKey("db", "url"))
    assert kubelet.run(missing, DATABASE_URL=database).code == 127
    assert kubelet.run(missing).code == 2


@pytest.mark.parametrize("words", ["alembic upgrade", [], ["a\0b"], ["\ud800"]])
def test_refuses_what_can_never_be_right(words):
    with pytest.raises(ModelError):
        migrating.command(words, image="a:1", database_url="postgresql://db/")
