"""How every wait behaves: deadline, pace, what it says, exit codes, and that every text reaches it unchanged."""

from __future__ import annotations

import ast
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import (
    ConfigMapKey,
    Container,
    DeploymentSpec,
    FieldRef,
    ModelError,
    PodSpec,
    Resources,
    SecretKey,
    Volume,
    render,
)
from initconstructs.planning.plan import plan
from initconstructs.presets import checking, waiting
from tests.presets.waiting_words import PROGRAM, program_module, until_it_says

COMMAND = [sys.executable, "-B", "-c", "from waiting.wait import start; start()"]


def redis_at(port: int, **options) -> waiting.Wait:
    return waiting.redis("127.0.0.1", port=port, **options)


def pong(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(b"+PONG\r\n")


def test_gives_up_at_the_deadline_and_names_what_is_missing(kubelet, fake, port):
    waits = [redis_at(fake(pong).port), redis_at(port), waiting.dns("no-such-host.invalid")]
    finished = kubelet.run(waiting.all_of(*waits, timeout=2))
    assert finished.code == 1
    assert 2 <= finished.seconds < 10
    assert finished.last.endswith(
        f"gave up after 2 s; redis 127.0.0.1:{port}: connection refused; "
        "dns no-such-host.invalid: the name does not resolve"
    )


def test_says_something_only_when_it_changes(kubelet, fake, port):
    started = kubelet.start(redis_at(port, timeout=20))
    first = until_it_says(started, "connection refused")
    time.sleep(2)
    fake(pong, port)
    lines = [each.split("s  ")[1] for each in (first + started.finish().out).splitlines()]
    place = f"redis 127.0.0.1:{port}"
    assert lines == [f"{place}: connection refused", f"{place}: answers", "all 1 answered"]


def test_a_server_that_hangs_is_noticed_once_it_answers_new_connections(kubelet, fake):
    hanging = []

    def talk(connection: socket.socket) -> None:
        hanging.append(connection)
        if len(hanging) < 3:
            time.sleep(60)
        pong(connection)

    finished = kubelet.run(redis_at(fake(talk).port, timeout=15))
    assert finished.code == 0
    assert finished.seconds >= 2  # the next try starts after a second, beside the one that hangs
    assert [each.split(": ")[-1] for each in finished.out.splitlines()[:-1]] == ["no answer in time", "answers"]


def test_a_server_that_takes_its_time_is_not_given_up(kubelet, fake):
    """The first connection is answered once there are more, which never are."""
    others = threading.Event()

    def talk(connection: socket.socket) -> None:
        if server.connections > 1:
            others.set()
            time.sleep(60)
        others.wait()
        pong(connection)

    server = fake(talk)
    assert kubelet.run(redis_at(server.port, timeout=15)).code == 0


def test_what_a_slow_answer_says_counts_for_more_than_that_it_is_slow(kubelet, fake):
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        time.sleep(1.5)
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    finished = kubelet.run(waiting.http(f"http://127.0.0.1:{fake(talk).port}/", timeout=5))
    said = [each.split(": ")[-1] for each in finished.out.splitlines()]
    assert (finished.code, said) == (1, ["no answer in time", "status 503", "status 503"])


def test_nothing_is_said_of_what_has_answered(kubelet, fake, port):
    """The first connection is answered beside later ones, which never are."""
    others = threading.Event()

    def talk(connection: socket.socket) -> None:
        if server.connections > 1:
            others.set()
            time.sleep(60)
        others.wait()
        pong(connection)

    server = fake(talk)
    finished = kubelet.run(waiting.all_of(redis_at(server.port), waiting.tcp("127.0.0.1", port), timeout=4))
    said = [each.split(": ")[-1] for each in finished.out.splitlines() if f"redis 127.0.0.1:{server.port}" in each]
    assert (finished.code, said) == (1, ["no answer in time", "answers"])


def test_asks_every_second_at_least_in_the_first_minute_and_every_five_later(monkeypatch):
    """Against a clock of its own, two copies of the program: they don't ask in step."""
    paces = [tries(monkeypatch), tries(monkeypatch)]
    for starts in paces:
        pauses = [(start, later - start) for start, later in pairwise(starts)]
        assert starts[0] == 0
        assert all(0.1 <= pause <= (1 if start < 60 else 5) for start, pause in pauses)
        assert sum(start < 60 for start in starts) < 140
        assert any(pause > 2 for _, pause in pauses)
    assert paces[0] != paces[1]


def tries(monkeypatch) -> list[float]:
    """When the program starts its tries of something that never answers, in three minutes."""
    clock = [0.0]
    starts = []

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        dependency.answered = clock[0] > 180

    program = program_module("wait", monkeypatch)
    monkeypatch.setattr(program, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    dependency = program.Dependency('{"wait": "tcp", "at": "db:1"}')
    waits = program.Waiting([dependency])
    monkeypatch.setattr(waits, "start_try", lambda *_: starts.append(clock[0]))
    waits.ask(dependency)
    return starts


@pytest.mark.parametrize("timeout", [60, 2**31 - 1])
def test_stops_at_once_when_the_pod_is_deleted(timeout, kubelet, port):
    started = kubelet.start(redis_at(port, timeout=timeout))
    until_it_says(started, "connection refused")
    started.process.send_signal(signal.SIGTERM)
    assert started.finish().code == 143


@pytest.mark.parametrize(
    "words",
    [[], ["5"], ["0", '{"wait": "tcp", "at": "db:1"}'], ["x", "{}"], ["5", "{}"], ["5", '{"wait": "x", "at": "y"}']],
)
def test_wrong_arguments_are_exit_code_2(words):
    finished = subprocess.run([*COMMAND, *words], cwd=str(PROGRAM / ".."), capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "usage: wait SECONDS" in finished.stderr


class TestSources:
    """Hosts, ports, URLs and headers that only the cluster knows."""

    def test_come_by_the_environment(self, kubelet, fake):
        wait = waiting.redis(ConfigMapKey("cache", "host"), port=ConfigMapKey("cache", "port"), timeout=20)
        assert dict(wait.env) == {"WAIT_1": ConfigMapKey("cache", "host"), "WAIT_2": ConfigMapKey("cache", "port")}
        assert wait.name == "wait-cache-host"
        server = fake(pong)
        finished = kubelet.run(wait, WAIT_1="127.0.0.1\n", WAIT_2=str(server.port))
        assert (finished.code, f"redis 127.0.0.1:{server.port}: answers" in finished.out) == (0, True)

    def test_are_named_once_for_all_waits_of_a_container(self):
        host = ConfigMapKey("shop", "host")
        wait = waiting.all_of(waiting.redis(host), waiting.tcp(FieldRef("status.hostIP"), 80), waiting.postgres(host))
        assert dict(wait.env) == {"WAIT_1": host, "WAIT_2": FieldRef("status.hostIP")}

    def test_are_never_part_of_any_text(self, kubelet):
        """As the program would take them for JSON, a shell for words, and Kubernetes for a variable."""
        wait = waiting.all_of(waiting.dns(ConfigMapKey("a", "b")), waiting.file("/there"), timeout=1)
        for value in ('x"}', "$(reboot)"):
            finished = kubelet.run(wait, WAIT_1=value)
            assert (finished.code, finished.err) in ((1, ""), (2, finished.err)), finished.out
            assert "file /there: answers" not in finished.out

    @pytest.mark.parametrize("host", [None, "", "db:5432", "http://db", "d b", "db..svc", "dé", f"{'d' * 40}b:5432"])
    @pytest.mark.parametrize("ask", [waiting.postgres, waiting.dns])
    def test_what_is_no_host_is_a_wrong_argument(self, ask, host, kubelet):
        finished = kubelet.run(ask(SecretKey("a", "b")), **({} if host is None else {"WAIT_1": host}))
        assert (finished.code, finished.out, "db" in finished.err) == (2, "", False)

    @pytest.mark.parametrize("port", ["", "0", "-1", "65536", "http", "²"])
    def test_what_is_no_port_is_a_wrong_argument(self, port, kubelet):
        finished = kubelet.run(waiting.postgres("db", port=ConfigMapKey("a", "b")), WAIT_1=port)
        assert (finished.code, finished.out) == (2, "")

    def test_of_a_secret_are_not_shown(self, kubelet, port):
        wait = waiting.tcp(SecretKey("db", "host"), port, timeout=1)
        finished = kubelet.run(wait, WAIT_1="localhost")
        assert (finished.code, f"tcp (secret):{port}: connection refused" in finished.last) == (1, True)
        assert "localhost" not in finished.out + finished.err

    def test_a_url_and_a_secret_header(self, kubelet, fake):
        said = []

        def talk(connection: socket.socket) -> None:
            said.append(connection.recv(4096))
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        wait = waiting.http(ConfigMapKey("a", "url"), headers={"X-Key": SecretKey("a", "key")}, timeout=20)
        url = f"http://127.0.0.1:{fake(talk).port}/x"
        assert kubelet.run(wait, WAIT_1=url, WAIT_2="top").code == 0
        assert b"\r\nX-Key: top\r\n" in said[0]
        assert "top" not in json.dumps(list(wait.args or ()))

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://db/",
            "db",
            "http://user:top@db/",
            "http://db:x/",
            "http://user:top/x@db/",
            "http://db/a top",
            "http://:1",
        ],
    )
    def test_what_is_no_url_is_a_wrong_argument(self, url, kubelet):
        finished = kubelet.run(waiting.http(SecretKey("a", "url")), WAIT_1=url)
        assert (finished.code, finished.out, "top" in finished.err) == (2, "", False)

    @pytest.mark.parametrize("value", ["Bearer a\ntop", "Bearer top€", "Bearer \x01top"])
    def test_what_is_no_header_is_a_wrong_argument(self, value, kubelet):
        wait = waiting.http("http://127.0.0.1:1/", headers={"Authorization": SecretKey("a", "key")})
        finished = kubelet.run(wait, WAIT_1=value)
        assert (finished.code, finished.out, "top" in finished.err) == (2, "", False)
        assert "the header Authorization is no printable ASCII text" in finished.err

    def test_the_host_of_a_secret_url_is_not_shown_either(self, kubelet, tls_server):
        port, authority = tls_server
        wait = waiting.http(SecretKey("a", "url"), tls=waiting.Tls(ca_file="/ca/ca.crt"), timeout=4)
        finished = kubelet.run(wait, WAIT_1=f"https://127.1:{port}/", mounts={"/ca": authority.parent})
        assert (finished.code, "not valid for '(secret)'" in finished.last) == (1, True), finished.out


def test_the_program_needs_no_newer_python_than_it_says():
    for each in PROGRAM.iterdir():
        if each.name.endswith(".py"):
            ast.parse(each.read_text(), feature_version=(3, 8))


def test_file_in_a_mounted_volume(kubelet, tmp_path):
    wait = waiting.file("/shared/ready", mounts=[Volume("shared").at("/shared")], timeout=20)
    (tmp_path / "shared").mkdir()
    started = kubelet.start(wait, mounts={"/shared": tmp_path / "shared"})
    until_it_says(started, "is not there")
    (tmp_path / "shared" / "ready").touch()
    assert started.finish().code == 0


def test_file_that_can_not_be_looked_at_says_why(kubelet, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    finished = kubelet.run(waiting.file("/shared/loop", timeout=1), mounts={"/shared": tmp_path})
    assert (finished.code, "symbolic links" in finished.last) == (1, True), finished.out


class TestAllOf:
    def test_has_one_deadline_and_takes_no_other(self):
        with pytest.raises(ModelError, match=r'all_of: Wait "wait-db" has its own timeout; give all_of'):
            waiting.all_of(waiting.postgres("db", timeout="1m"))

    @pytest.mark.parametrize("other", [checking.device("/dev/kvm"), waiting.command(["true"], image="a/b:1")])
    def test_takes_waits_only(self, other):
        with pytest.raises(ModelError, match="all_of"):
            waiting.all_of(waiting.tcp("db", 1), other)

    def test_needs_something_to_wait_for(self):
        with pytest.raises(ModelError, match="nothing to wait for"):
            waiting.all_of()

    def test_asks_for_everything_once_and_mounts_what_the_parts_mount(self):
        shared = Volume("shared").at("/shared")
        parts = [waiting.redis("cache"), waiting.redis("cache"), waiting.file("/shared/ready", mounts=[shared])]
        wait = waiting.all_of(waiting.all_of(*parts), waiting.redis("cache"))
        assert len(wait.args or ()) == 1 + 2
        assert [each.path for each in wait.mounts] == ["/initconstructs/waiting", "/shared"]


def test_takes_what_every_stage_takes():
    own = Resources(requests={"cpu": "5m"})
    wait = waiting.tcp("smtp", 25, name="mail", image="python:3.13", resources=own, timeout="90s", raw={"stdin": True})
    container = render(DeploymentSpec("app", containers=[Container("app", image="a:1")], stages=[wait]))[0]
    found = container["spec"]["template"]["spec"]["initContainers"][0]
    assert (found["name"], found["image"], found["resources"]) == ("mail", "python:3.13", {"requests": {"cpu": "5m"}})
    assert (found["args"][0], found["stdin"]) == ("90", True)
    assert found["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_a_plan_names_its_deadline():
    stages = [waiting.redis("cache", timeout="90s"), waiting.command(["true"], image="a:1", timeout="2m")]
    (pod, *_) = render(PodSpec("app", containers=[Container("app", image="a:1")], stages=stages))
    found = plan(pod)
    assert found is not None
    assert {each.name: each.worst_s for each in found.time.stages[:2]} == {"wait-cache": 90, "wait-true": 120}


def test_two_waits_fit_into_one_pod():
    waits = [waiting.tcp("a", 1), waiting.redis("b")]
    found = render(PodSpec("app", containers=[Container("app", image="a:1")], stages=waits))
    assert [each["kind"] for each in found] == ["Pod", "ConfigMap", "ConfigMap"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: waiting.tcp("", 1),
        lambda: waiting.tcp("db;reboot", 1),
        lambda: waiting.tcp("shop-postgresql-primary-headless-of-the-warehouse:5432", 1),
        lambda: waiting.tcp("db", 0),
        lambda: waiting.tcp("fe80::1%eth0", 1),
        lambda: waiting.postgres("db", timeout=0),
        lambda: waiting.postgres("db", timeout="soon"),
        lambda: waiting.postgres("db", user="a\0b"),
        lambda: waiting.dns("db", at_least=0),
        lambda: waiting.http("ftp://db/"),
        lambda: waiting.http("http://"),
        lambda: waiting.http("http://user:secret@db/"),
        lambda: waiting.http("http://db/a b"),
        lambda: waiting.http("http://db:x/"),
        lambda: waiting.http("http://db", status=99),
        lambda: waiting.http("http://db", tls=waiting.Tls()),
        lambda: waiting.http("http://db", headers={"Host": "a\r\nb"}),
        lambda: waiting.http("http://db", headers={"": "a"}),
        lambda: waiting.http("https://db", headers={"A": SecretKey("a", "b")}, tls=waiting.Tls(verify=False)),
        lambda: waiting.postgres("$(DB_HOST)"),
        lambda: waiting.postgres("db", port="5432"),
        lambda: waiting.job_complete("seed", namespace="a.b"),
        lambda: waiting.kafka("db", topic="a b"),
        lambda: waiting.file("relative"),
        lambda: waiting.grpc("db", 1, service="\udc80"),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError) as caught:
        wrong()
    assert "secret" not in str(caught.value)


HARD = st.sampled_from(
    ["$(HOME)", "$$(HOME)", "$$", "$(", "`id`", "'", '"', "\n", "\\", "é", "🐘", " ", "%s", "{}", "-n"]
)
TEXT = st.one_of(st.text(), st.lists(HARD | st.text(max_size=3)).map("".join), HARD.map(lambda part: part * 1024))


@given(TEXT)
def test_any_text_reaches_the_program_unchanged_or_is_refused(text):
    """As the kubelet expands it, as YAML carries it, and as the program reads it; no shell is ever between."""
    try:
        waits = [waiting.postgres("db", user=text, database=text), waiting.grpc("db", 1, service=text)]
        waits += [waiting.http("http://db", body=text)]
    except ModelError:
        assert "\0" in text or not text.isprintable()
        return
    container = render(PodSpec("app", containers=[Container("app", image="a:1")], stages=[waiting.all_of(*waits)]))
    found = container[0]["spec"]["initContainers"][0]
    assert found["command"][0] == "python3"
    specs = [json.loads(kubernetes_expands(word)) for word in found["args"][1:]]
    assert [specs[0]["user"], specs[0]["database"], specs[1]["service"], specs[2]["body"]] == [text] * 4


def kubernetes_expands(word: str, home: str = "/root") -> str:
    """The API's rule: `$$` is `$`, `$(NAME)` the variable if there is one, anything else stays."""
    found, at = "", 0
    while at < len(word):
        if word.startswith("$$", at):
            found, at = f"{found}$", at + 2
        elif word.startswith("$(HOME)", at):
            found, at = f"{found}{home}", at + 7
        else:
            found, at = found + word[at], at + 1
    return found
