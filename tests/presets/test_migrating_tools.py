"""Real tools against real databases: copies that start together, one that is killed, and pods that ask the tool."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from initconstructs import SecretKey
from initconstructs.presets import migrating
from initconstructs.presets.migrating import Migration
from tests.presets import migrating_projects as projects
from tests.presets.conftest import Finished, Kubelet, Started, find
from tests.presets.migrating_databases import PASSWORD, Database, home, kill, mariadb, postgres, until_seen

__all__ = ["home", "mariadb", "postgres"]  # fixtures

IMAGE, URL = "ghcr.io/acme/shop:1.4.2", SecretKey("shop-db", "url")
NODE = Path(__file__).parents[1] / "node" / "node_modules" / ".bin"
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}:{NODE}"
SCHEMA = "SELECT id, total FROM orders"


@dataclass
class Shop:
    """A migration of a project that lies on this machine."""

    migration: Migration
    place: Path
    kubelet: Kubelet
    database: Database

    def start(self, url: str, *, sleep: float = 0.1, stage: object = None) -> Started:
        """A copy; `$(NAME)` and literal variables of the stage are as in its container."""
        literals = {name: each for name, each in self.migration.env.items() if isinstance(each, str)}
        names = dict.fromkeys((name for name, each in self.migration.env.items() if each == URL), self.own(url))
        env = {"PATH": PATH, "HOME": str(self.place), "SLEEP": str(sleep), "NODE_NO_WARNINGS": "1"} | literals | names
        wrap = ["sh", "-c", 'cd "$0" && exec "$@"', str(self.place)]
        return self.kubelet.start(stage or self.migration, wrap=wrap, **env)

    def own(self, url: str) -> str:
        """The URL as the tool wants it."""
        plain = url.replace("+psycopg", "").replace("+pymysql", "")
        if "alembic" in str(self.migration.args):
            return url
        if "sqitch" in str(self.migration.args):
            return f"db:{plain.replace('postgresql', 'pg')}"
        return f"{plain}?sslmode=disable" if "dbmate" in str(self.migration.args) else plain

    def is_there(self, url: str) -> bool:
        return self.database.ask(SCHEMA, url).split() in (["1|7"], ["1", "7"])


def of(name: str, kubelet: Kubelet, database: Database, place: Path, lock: object = "default") -> Shop:
    """The project of a tool, written into a directory, and its migration."""
    given = {} if lock == "default" else {"lock": lock}
    knex = {"program": find("knex") or ""}
    make, files, more = {
        "alembic": (migrating.alembic, projects.ALEMBIC, {}),
        "django": (migrating.django, projects.DJANGO, {}),
        "dbmate": (migrating.dbmate, projects.DBMATE, {}),
        "knex": (migrating.knex, projects.KNEX, knex),
        "sqitch": (migrating.sqitch, projects.SQITCH, {}),
    }[name]
    migration = make(image=IMAGE, database_url=URL, timeout=120, **more, **given)
    project = projects.written(files)(place / name)
    if knex["program"] and not (project / "node_modules").exists():  # as `npm install` in the project
        (project / "node_modules").symlink_to(Path(knex["program"]).resolve().parents[2])
    return Shop(migration, project, kubelet, database)


def race(shop: Shop, rounds: int, at_once: int = 4) -> list[list[Finished]]:
    """Four copies at once, in an empty database each time; several rounds side by side."""
    found = []
    urls = [shop.database.new() for _ in range(at_once)]
    for _ in range(rounds // at_once):
        for url in urls:
            shop.database.empty(url)
        copies = [[shop.start(url) for _ in range(4)] for url in urls]
        found += [[each.finish(100) for each in round_] for round_ in copies]
        assert all(shop.is_there(url) for url in urls), found
    return found


def check(rounds: list[list[Finished]], once: str = "") -> None:
    for copies in rounds:
        assert [each.code for each in copies] == [0] * 4, copies
        assert sum(each.out.count(once) for each in copies) == 1 or not once, copies
        assert PASSWORD not in "".join(each.out + each.err for each in copies)


@pytest.mark.parametrize("tool", ["alembic", "django"])
def test_four_copies_twenty_times_migrate_once(tool, kubelet, postgres, tmp_path):
    rounds = race(of(tool, kubelet, postgres, tmp_path), 20)
    assert len(rounds) == 20
    check(rounds, "ran one\n")
    check(rounds, "ran two\n")


def test_four_copies_of_dbmate_twenty_times(kubelet, servers, postgres, tmp_path):
    servers.need("dbmate")
    rounds = race(of("dbmate", kubelet, postgres, tmp_path), 20)
    check(rounds, "Applied: 1_one.sql")
    check(rounds, "Applied: 2_two.sql")


def test_four_copies_of_sqitch_wait_for_its_own_lock(kubelet, servers, postgres, tmp_path):
    servers.need("sqitch")
    rounds = race(of("sqitch", kubelet, postgres, tmp_path), 1, 1)
    check(rounds)
    assert ["Nothing to deploy" in each.out for each in rounds[0]].count(True) == 3


def test_four_copies_of_django_on_mariadb(kubelet, mariadb, tmp_path):
    rounds = race(of("django", kubelet, mariadb, tmp_path), 2, 2)
    check(rounds, "ran one\n")
    check(rounds, "ran two\n")


def test_without_a_lock_copies_do_meet(kubelet, postgres, tmp_path):
    shop = of("django", kubelet, postgres, tmp_path, lock=None)
    url = postgres.new()
    copies = [shop.start(url, sleep=5) for _ in range(4)]
    assert any(each.finish(60).code for each in copies)


@pytest.mark.parametrize("tool", ["alembic", "django", "knex"])
def test_after_a_copy_that_is_killed_half_way_the_next_one_migrates(tool, kubelet, servers, postgres, tmp_path):
    servers.need(tool if tool == "knex" else "python3")
    shop, url = of(tool, kubelet, postgres, tmp_path), postgres.new()
    killed = shop.start(url, sleep=60)
    until_seen(killed, "ran two")
    waiting_copy = shop.start(url)
    until_seen(waiting_copy, "another copy holds the lock")
    kill(killed)
    finished = waiting_copy.finish(30)
    assert (finished.code, shop.is_there(url)) == (0, True), finished
    assert shop.start(url).finish(30).code == 0  # and again


def test_the_lock_of_knex_alone_outlives_a_kill(kubelet, servers, postgres, tmp_path):
    servers.need("knex")
    shop, url = of("knex", kubelet, postgres, tmp_path, lock="tool"), postgres.new()
    killed = shop.start(url, sleep=60)
    until_seen(killed, "ran two")
    kill(killed)
    stuck = shop.start(url).finish(30)
    assert (stuck.code, "lock" in stuck.out + stuck.err) == (1, True), stuck
    held = of("knex", kubelet, postgres, tmp_path)
    assert held.start(url).finish(30).code == 0
    assert held.is_there(url)


@pytest.mark.parametrize("tool", ["alembic", "django", "dbmate", "knex", "sqitch"])
def test_a_pod_waits_until_the_tool_says_that_the_schema_is_there(tool, kubelet, servers, postgres, tmp_path):
    if tool in ("dbmate", "knex", "sqitch"):
        servers.need(tool)
    shop, url = of(tool, kubelet, postgres, tmp_path), postgres.new()
    pod = started_wait(shop, url, 60)
    time.sleep(1.5)
    assert pod.process.poll() is None
    assert shop.start(url).finish(60).code == 0
    finished = pod.finish(20)
    assert (finished.code, "exit code" in finished.out) == (0, True), finished
    assert started_wait(shop, url, 60).finish(20).code == 0


def test_a_pod_gives_up_at_the_deadline(kubelet, postgres, tmp_path):
    shop, url = of("django", kubelet, postgres, tmp_path), postgres.new()
    finished = started_wait(shop, url, 2).finish(20)
    assert (finished.code, "gave up" in finished.out) == (1, True), finished


def started_wait(shop: Shop, url: str, seconds: int) -> Started:
    """The waiting pod's stage."""
    stage = migrating.in_job(replace(shop.migration), timeout=seconds)
    (shop.kubelet.root / "initconstructs" / "scratch").mkdir(parents=True, exist_ok=True)
    return shop.start(url, stage=stage)
