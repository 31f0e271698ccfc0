"""Caches before traffic: a real Redis, nginx's kin, and a budget that is kept."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import ConfigMapFiles, ModelError, SecretKey, Volume
from initconstructs.presets import warming
from tests.presets.conftest import expanded
from tests.presets.fetching_clouds import Reply, canary_free, cloud, data, soon

CANARY = "canary-5f2c1e"
DUMP = Volume("dump", ConfigMapFiles("dump"))


def last(done) -> str:
    return done.last.split("s  ", 1)[1]


class Redis:
    """The server, and what redis-cli sees of it."""

    def __init__(self, servers, port: int) -> None:
        self.servers, self.port, self.password = servers, port, ""
        self.server, self.cli = servers.need("redis-server", "redis-cli")

    def start(self, *settings: str, tls: Path | None = None) -> Redis:
        home = self.servers.directory("redis")
        port = ["--port", str(self.port)]
        if tls:
            files = ["--tls-cert-file", f"{tls}/ca.crt", "--tls-key-file", f"{tls}/key.pem", "--tls-auth-clients", "no"]
            port = ["--port", "0", "--tls-port", str(self.port), *files]
        self.trust = ["--tls", "--cacert", f"{tls}/ca.crt"] if tls else []
        quiet = ["--save", "", "--bind", "127.0.0.1", "--dir", str(home)]
        self.process = self.servers.start([self.server, *port, *quiet, *settings])
        return self

    def ask(self, *words: str) -> str:
        login = ["--no-auth-warning", "-a", self.password] if self.password else []
        where = [self.cli, "-h", "127.0.0.1", "-p", str(self.port), *self.trust, *login]
        return subprocess.run([*where, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def redis(servers, port) -> Redis:
    return Redis(servers, port)


@pytest.fixture
def dump(tmp_path) -> Path:
    home = tmp_path / "dump"
    home.mkdir()
    return home


def load(redis, **options):
    given = {"file": "/dump/cache", "mounts": [DUMP.at("/dump")], "required": True, "budget": 15} | options
    return warming.redis("127.0.0.1", redis.port, **given)


def test_loads_lines_and_protocol_from_a_file_once_the_server_is_there(kubelet, redis, dump):
    (dump / "cache").write_bytes(
        b'SET a 1\nSET b "two words"\n*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$4\r\n\r\n\x00x\r\nRPUSH l x y z\n'
    )
    started = kubelet.start(load(redis), mounts={"/dump": dump})
    assert "connection refused" in started.process.stdout.readline()
    redis.start()
    done = started.finish()
    assert (done.code, last(done)) == (0, "loaded: 4 commands were taken"), done.out
    assert [redis.ask("GET", each) for each in "ab"] == ["1", "two words"]
    assert (redis.ask("STRLEN", "c"), redis.ask("LLEN", "l")) == ("4", "3")


def test_loads_a_hundred_thousand_commands_whose_answers_are_large(kubelet, redis, dump):
    redis.start()
    with (dump / "cache").open("w") as file:
        for number in range(50_000):
            file.write(f"SET key:{number} {'v' * 50}\nGET key:{number}\n")
        file.write("LRANGE nothing 0 -1")
    done = kubelet.run(load(redis, budget=20), mounts={"/dump": dump})
    assert (done.code, last(done)) == (0, "loaded: 100001 commands were taken"), done.out
    assert redis.ask("DBSIZE") == "50000"


def test_loads_what_a_command_prints_with_its_password_and_marks_it(kubelet, redis):
    redis.password = CANARY
    redis.start("--requirepass", CANARY)
    code = "import os; print('SET who', os.environ['WHO'])"
    options = {"file": None, "mounts": [], "command": [sys.executable, "-c", code], "image": "example.org/app:1"}
    options |= {"env": {"WHO": "$(X)"}, "password": SecretKey("cache", "password"), "marker": "warm:1", "expires": "1h"}
    stage = load(redis, **options, database=3)
    done = kubelet.run(stage, REDIS_PASSWORD=f"{CANARY}\n", WHO="me")
    assert (done.code, last(done)) == (0, "loaded: 1 commands were taken"), done.out + done.err
    assert redis.ask("-n", "3", "GET", "who") == "me"
    assert 3500 < int(redis.ask("-n", "3", "TTL", "warm:1")) <= 3600
    again = kubelet.run(stage, REDIS_PASSWORD=CANARY, WHO="other")
    assert (again.code, last(again)) == (0, "the marker warm:1 is there: loaded already")
    assert expanded(stage.env["WHO"], {"X": "no"}) == "$(X)"
    canary_free(stage, done, CANARY)


def test_over_tls_and_only_to_a_server_that_is_trusted(kubelet, redis, dump, certificate):
    redis.start(tls=certificate)
    (dump / "cache").write_text("SET a 1\n")
    ca = [DUMP.at("/dump"), Volume("ca", ConfigMapFiles("ca")).at("/ca")]
    mounts = {"/dump": dump, "/ca": certificate}
    done = kubelet.run(load(redis, ca_file="/ca/ca.crt", mounts=ca), mounts=mounts)
    assert (done.code, redis.ask("GET", "a")) == (0, "1"), done.out
    stranger = kubelet.run(load(redis, tls=True), mounts=mounts)
    assert (stranger.code, "its certificate is not trusted" in last(stranger)) == (1, True), stranger.out


@pytest.mark.parametrize(
    ("settings", "text", "options", "why"),
    [
        ([], "SET a 1\nINCR\nSET b 2\n", {}, "answer 2: ERR wrong number of arguments for 'incr' command"),
        (["--requirepass", "x"], "SET a 1\n", {}, "NOAUTH Authentication required."),
        ([], "QUIT\nSET a 1\n", {}, "after 1 answers: closed the connection"),
        ([], None, {}, "no such file or directory: /"),
        ([], "", {"file": None, "command": ["/nonesuch"], "image": "a:1"}, "/nonesuch: no such file or directory"),
        ([], "", {"file": None, "command": ["sh", "-c", "exit 3"], "image": "a:1"}, "sh: exit code 3"),
    ],
    ids=["command", "login", "quit", "file", "program", "program-fails"],
)
def test_a_refusal_is_final_and_said(  # noqa: PLR0917
    kubelet, redis, dump, settings, text, options, why
):
    redis.start(*settings)
    if text is not None:
        (dump / "cache").write_text(text)
    required, optional = [load(redis, **options, required=each) for each in (True, False)]
    done = kubelet.run(required, mounts={"/dump": dump}, PATH=os.environ["PATH"])
    assert (done.code, last(done).startswith(why)) == (1, True), done.out
    cold = kubelet.run(optional, mounts={"/dump": dump}, PATH=os.environ["PATH"])
    assert (cold.code, last(cold).startswith(f"goes on without it: {why}")) == (0, True), cold.out


def test_a_server_that_never_answers_spends_the_budget(kubelet, redis, dump, fake):
    (dump / "cache").write_text("SET a 1\n")
    with socket.create_server(("127.0.0.1", redis.port)):
        done = kubelet.run(load(redis, budget=1), mounts={"/dump": dump})
        cold = kubelet.run(load(redis, budget=1, required=False), mounts={"/dump": dump})
    assert (done.code, last(done)) == (124, "gave up after 1 s: nothing was heard yet")
    assert (cold.code, last(cold)) == (0, "goes on without it: gave up after 1 s: nothing was heard yet")


def test_a_run_that_is_killed_is_repeated_by_the_next(kubelet, redis, dump):
    redis.start()
    (dump / "cache").write_text("".join(f"SET key:{number} {number}\n" for number in range(60_000)))
    stage = load(redis, marker="warm", budget=20)
    for number in range(6):
        started = kubelet.start(stage, mounts={"/dump": dump})
        time.sleep(0.08 + number * 0.02)
        started.process.kill()
        started.finish()
        assert redis.ask("EXISTS", "warm") == "0" or redis.ask("DBSIZE") == "60001"
    done = kubelet.run(stage, mounts={"/dump": dump})
    assert (done.code, redis.ask("DBSIZE")) == (0, "60001"), done.out


def test_stops_when_the_pod_is_deleted(kubelet, redis, tmp_path):
    redis.start()
    command = ["/bin/sh", "-c", f": >{tmp_path}/begun; exec sleep 5"]
    started = kubelet.start(load(redis, file=None, mounts=[], command=command, image="a:1"), PATH=os.environ["PATH"])
    soon((tmp_path / "begun").exists)
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(20) == 143


def test_prefetches_what_it_can_and_keeps_the_older_file_where_it_can_not(kubelet):
    replies = {"/rates": Reply(200, b"1.1"), "/prices": Reply(200, b"9.9")}
    with cloud(lambda request: replies[request.path]) as server:
        files = {"rates.json": f"{server.url}/rates", "eu/prices": f"{server.url}/prices"}
        stage = warming.http(files, headers={"X-Key": SecretKey("a", "b")}, budget=15)
        done = kubelet.run(stage, HEADER_0=CANARY)
        assert (done.code, last(done)) == (0, "fetched 2 files"), done.out
        assert server.requests[0].headers["X-Key"] == CANARY
        replies |= {"/rates": Reply(404), "/prices": Reply(200, b"8.8")}
        again = kubelet.run(stage, HEADER_0=CANARY)
        strict = kubelet.run(warming.http(files, required=True, budget=15))
    assert data(kubelet) == {"rates.json": b"1.1", "eu/prices": b"8.8"}
    why = f"1 of 2 files failed; rates.json: {server.url}/rates: status 404"
    assert (again.code, last(again)) == (0, f"goes on without it: {why}")
    assert (strict.code, last(strict)) == (1, why)
    canary_free(stage, done, CANARY)


def test_servers_that_are_away_or_silent_do_not_keep_the_other_files_away(kubelet, port, fake):
    silent = fake(lambda _: time.sleep(60))
    away = {f"away/{each}": f"http://127.0.0.1:{port}/x" for each in range(20)}
    with cloud(lambda _: Reply(200, b"1.1")) as server:
        files = {"silent": f"http://127.0.0.1:{silent.port}/", **away, "rates.json": f"{server.url}/rates"}
        done = kubelet.run(warming.http(files, budget=8))
    assert (done.code, data(kubelet)) == (0, {"rates.json": b"1.1"}), done.out
    assert last(done).startswith("goes on without it: gave up after 8 s")


def test_a_prefetch_that_stalls_spends_its_budget_and_writes_nothing(kubelet):
    with cloud(lambda _: Reply(200, b"half", sends=2, stalls=60)) as server:
        done = kubelet.run(warming.http({"a": f"{server.url}/a"}, budget=2))
    assert (done.code, last(done).startswith("goes on without it: ")) == (0, True), done.out
    assert data(kubelet) == {}


def test_an_image_is_pulled_by_running_a_command_in_it_that_ends_at_once(kubelet):
    stage = warming.image("ghcr.io/acme/worker:1.4.2", command=[sys.executable, "-c", "print('$(X)')"])
    assert (stage.image, kubelet.run(stage).last) == ("ghcr.io/acme/worker:1.4.2", "$(X)")
    assert warming.image("ghcr.io/acme/worker:1.4.2").command == ("true",)


@given(st.text(max_size=40) | st.sampled_from(["$(REDIS_PASSWORD)", "a'b\n\"", "`id`", "x" * 4096]))
def test_any_text_reaches_the_program_as_it_is_or_is_refused(text):
    for name, value in {"host": text, "username": text, "marker": text, "command": ["a", text]}.items():
        source = {"command": ["a"], "image": "a:1", "password": SecretKey("a", "b")}
        try:
            stage = warming.redis(**({"host": "cache", **source, name: value}))
        except ModelError:
            continue
        assert json.loads(expanded(stage.args[1], {"REDIS_PASSWORD": "no"}))[name] == value


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"file": "/a", "command": ["b"], "image": "c"},
        {"command": ["b"]},
        {"file": "relative"},
        {"file": "/a", "port": 0},
        {"file": "/a", "username": "x"},
        {"file": "/a", "expires": "1h"},
        {"file": "/a", "budget": 0},
        {"file": "/a", "password": "literal"},
    ],
)
def test_what_can_never_be_right_is_refused(given):
    with pytest.raises(ModelError):
        warming.redis("cache", **given)


BELOW = {"x": "https://a.example/x", "x/y": "https://a.example/y"}


@pytest.mark.parametrize("files", [{}, {"../x": "https://a.example/b"}, {"x": "http://a.example/b"}, {"x": 1}, BELOW])
def test_files_that_can_never_be_right_are_refused(files):
    with pytest.raises(ModelError):
        warming.http(files)
