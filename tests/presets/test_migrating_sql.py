"""Plain SQL files against a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from initconstructs import SecretKey
from initconstructs.presets import migrating
from initconstructs.presets.migrating import Migration
from tests.presets.conftest import Finished, Kubelet, Started
from tests.presets.migrating_databases import PASSWORD, Database, home, kill, mariadb, postgres
from tests.presets.migrating_projects import SQL, written

__all__ = ["home", "mariadb", "postgres"]  # fixtures

NAMES = "SELECT name FROM initconstructs_migrations ORDER BY name"


@pytest.fixture(params=["postgres", "mariadb"])
def database(request) -> Database:
    return request.getfixturevalue(request.param)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return written(SQL)(tmp_path / "migrations")


def stage(files: Path, **options) -> Migration:
    return migrating.sql(str(files), database_url=SecretKey("db", "url"), **options)


def run(kubelet: Kubelet, files: Path, url: str) -> Finished:
    return kubelet.run(stage(files), DATABASE_URL=url)


def wait(kubelet: Kubelet, files: Path, url: str, seconds: int) -> Started:
    (kubelet.root / "initconstructs" / "scratch").mkdir(parents=True, exist_ok=True)
    pod = migrating.in_job(stage(files), timeout=seconds)
    return kubelet.start(pod, DATABASE_URL=url, PATH="/usr/bin:/bin")


def test_four_copies_run_each_file_once(kubelet, database, files):
    """Five times side by side."""
    urls = [database.new() for _ in range(5)]
    copies = [[kubelet.start(stage(files), DATABASE_URL=url) for _ in range(4)] for url in urls]
    for url, copies_of_one in zip(urls, copies, strict=True):
        finished = [each.finish(60) for each in copies_of_one]
        assert [each.code for each in finished] == [0] * 4, finished
        assert sum(each.out.count("002-two.sql: done") for each in finished) == 1
        assert database.ask("SELECT id, total FROM orders", url).split() in (["1|7"], ["1", "7"])
        assert not any(PASSWORD in each.out for each in finished)


def test_a_second_run_finds_nothing_to_do_and_a_third_the_new_file(kubelet, database, files):
    url = database.new()
    assert run(kubelet, files, url).out.count(": done") == 2
    assert run(kubelet, files, url).out.count(": done") == 0
    (files / "003-three.sql").write_text("UPDATE orders SET total = 8; UPDATE orders SET total = total + 1")
    assert run(kubelet, files, url).out.count(": done") == 1
    assert database.ask("SELECT total FROM orders", url) == "9"
    assert database.ask(NAMES, url).split() == ["001-one.sql", "002-two.sql", "003-three.sql"]


def test_a_file_that_fails_has_not_run_and_what_came_before_has(kubelet, postgres, files):
    url = postgres.new()
    (files / "002-two.sql").write_text("ALTER TABLE orders ADD total int; SELECT 1/0;")
    finished = run(kubelet, files, url)
    assert (finished.code, "002-two.sql: division by zero" in finished.last) == (1, True)
    assert postgres.ask(NAMES, url) == "001-one.sql"
    written(SQL)(files)
    assert run(kubelet, files, url).code == 0


def test_killed_half_way_a_file_has_not_run(kubelet, postgres, files):
    url = postgres.new()
    (files / "002-two.sql").write_text(f"{SQL['002-two.sql']} SELECT pg_sleep(3);")
    killed = kubelet.start(stage(files), DATABASE_URL=url)
    while "pg_sleep" not in postgres.ask("SELECT query FROM pg_stat_activity WHERE usename = 'shop'", url):
        time.sleep(0.05)
    kill(killed)
    assert postgres.ask(NAMES, url) == "001-one.sql"
    written(SQL)(files)
    assert run(kubelet, files, url).code == 0
    assert postgres.ask("SELECT total FROM orders", url) == "7"


def test_a_file_that_changed_after_it_ran_is_refused(kubelet, database, files):
    url = database.new()
    run(kubelet, files, url)
    (files / "001-one.sql").write_text("CREATE TABLE other (id int)")
    finished = run(kubelet, files, url)
    assert (finished.code, "001-one.sql: has changed since it ran" in finished.last) == (1, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CREATE TABLE a (id int); COMMIT;", "ends its own transaction"),
        ("COPY orders FROM STDIN;", "COPY FROM STDIN is not possible here"),
        ("CREATE INDEX CONCURRENTLY i ON orders (id);", "cannot be executed from a pipeline"),
        ("SELECT; SELECT 'a'; SELECT nothing", 'column "nothing" does not exist'),
    ],
)
def test_says_what_a_file_can_not_do(text, said, kubelet, postgres, files):
    (files / "002-two.sql").write_text(text)
    finished = run(kubelet, files, postgres.new())
    assert (finished.code, said in finished.last or "transaction block" in finished.last) == (1, True), finished


def test_text_arrives_as_it_was_written_whatever_the_databases_encoding(kubelet, postgres, files):
    url = f"{postgres.new()}_latin"
    name = url.rpartition("/")[2]
    postgres.ask(f"CREATE DATABASE {name} OWNER shop ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    (files / "002-two.sql").write_text(
        "\ufeffALTER TABLE orders ADD name text; INSERT INTO orders VALUES (1, 'é')", "utf-8"
    )
    assert run(kubelet, files, url).code == 0
    assert postgres.ask("SELECT encode(convert_to(name, 'LATIN1'), 'hex') FROM orders", url) == "e9"


def test_reads_over_an_answer_that_is_no_text(kubelet, mariadb, files):
    (files / "002-two.sql").write_text("SELECT UNHEX('FF')")
    assert run(kubelet, files, mariadb.new()).code == 0


def test_reads_no_file_of_its_own_machine_for_a_server(kubelet, mariadb, files):
    (files / "002-two.sql").write_text("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE orders")
    finished = run(kubelet, files, mariadb.new())
    assert finished.code == 1, finished


def test_gives_up_at_the_deadline(kubelet, postgres, files):
    (files / "002-two.sql").write_text("SELECT pg_sleep(20)")
    finished = kubelet.run(stage(files, timeout=2), DATABASE_URL=postgres.new())
    assert (finished.code, "gave up" in finished.last, finished.seconds < 10) == (124, True, True)


def test_a_pod_waits_until_all_files_have_run(kubelet, database, files):
    url = database.new()
    pod = wait(kubelet, files, url, 60)
    time.sleep(1)
    assert pod.process.poll() is None
    assert run(kubelet, files, url).code == 0
    assert pod.finish(60).code == 0
    (files / "003-three.sql").write_text("SELECT 1")
    (files / "002-two.sql").rename(files / "002-two")
    (files / "003-three.sql").rename(files / "003-three")
    assert wait(kubelet, files, url, 15).finish().code == 0  # an older pod, which knows fewer files
    (files / "002-two").rename(files / "002-two.sql")
    (files / "003-three").rename(files / "003-three.sql")
    late = wait(kubelet, files, url, 5).finish()
    assert (late.code, "1 of 3 files have not run, the first is 003-three.sql" in late.out) == (1, True)


def test_names_a_file_that_it_can_not_read(kubelet, postgres, files):
    (files / "002-two.sql").write_bytes(b"SELECT '\xe9'")
    finished = run(kubelet, files, postgres.new())
    assert (finished.code, finished.err.startswith("002-two.sql: 'utf-8' codec can't decode")) == (2, True), finished
    (files / "002-two.sql").unlink()
    (files / "002-two.sql").mkdir()
    finished = run(kubelet, files, postgres.new())
    assert (finished.code, finished.err.startswith("002-two.sql: [Errno 21] Is a directory")) == (2, True), finished


@pytest.mark.parametrize("names", [[], ["a b.sql"], ["$(id).sql"]])
def test_refuses_what_it_can_not_name(names, kubelet, postgres, tmp_path):
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    assert run(kubelet, tmp_path, postgres.new()).code == 2
