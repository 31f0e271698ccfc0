"""Sidecars as process 1 of a container: the real programs, the rendered words, their probes and their end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initconstructs import Container, DeploymentSpec, ModelError, SecretKey, Settings, Sidecar, render
from initconstructs.presets import sidecars, waiting
from tests.presets.conftest import expanded, free_port, moved

PASSWORD = "canary-7f3a"


class Running:
    """A sidecar whose program runs as process 1, as in a container."""

    def __init__(self, sidecar: Sidecar, words: list[str], env: dict[str, str], log: Path) -> None:
        self.sidecar, self.log = sidecar, log
        made = ["/usr/bin/unshare", "-rpf", "--kill-child", *words]
        with log.open("wb") as out:
            self.process = subprocess.Popen(made, env=env, stdout=out, stderr=subprocess.STDOUT)

    def probe(self) -> bool:
        """What the kubelet's startup probe would say."""
        asked = self.sidecar.startup_probe.handler
        return self.get(asked.port, asked.path) is not None

    def get(self, port: int, path: str) -> str | None:
        with (
            suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer,
        ):
            return answer.read().decode()
        return None

    def signal(self, number: int) -> None:
        """To process 1, once it has a handler: the kernel keeps from it what it has none for."""
        (child,) = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        until(lambda: caught(child) & 1 << number - 1 != 0)
        os.kill(int(child), number)


def caught(process: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


@pytest.fixture
def start(kubelet, servers, tmp_path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def run(sidecar: Sidecar, program: str, **env: str) -> Running:
        (binary,) = servers.need(program)
        container, places = kubelet.place(sidecar, {})
        words = [binary, *(moved(expanded(word, env), places) for word in container["args"])]
        running = Running(sidecar, words, env, tmp_path / "log")
        started.append(running)
        until(lambda: running.probe() or running.process.poll() is not None)
        assert running.process.poll() is None, running.log.read_text()
        return running

    yield run
    for each in started:
        each.process.kill()
        each.process.wait()


def postgres(servers, port: int) -> None:
    initdb, server = servers.need("initdb", "postgres")
    home = servers.directory("postgres", "nobody") / "data"
    secret = servers.directory("password") / "text"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    make = [initdb, "-D", str(home), "--no-sync", "-A", "scram-sha-256", "-U", "postgres", f"--pwfile={secret}"]
    servers.run(make, user="nobody")
    where = ["-p", str(port), "-c", f"unix_socket_directories={home}", "-c", "listen_addresses=127.0.0.1"]
    servers.start([server, "-D", str(home), *where, "-c", "fsync=off"], user="nobody")


def test_the_metrics_of_postgresql(start, servers, port, kubelet):
    own = free_port()
    sidecar = sidecars.postgres_exporter(data_source=SecretKey("db", "url"), port=own)
    url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable"
    running = start(sidecar, "prometheus-postgres-exporter", DATA_SOURCE_NAME=url)
    assert "\npg_up 0\n" in running.get(own, "/metrics")
    postgres(servers, port)
    assert kubelet.run(waiting.postgres("127.0.0.1", port=port, timeout=20)).code == 0
    until(lambda: "\npg_up 1\n" in running.get(own, "/metrics"))
    running.signal(signal.SIGTERM)
    running.process.wait(30)
    assert PASSWORD not in running.log.read_text()


def test_the_metrics_of_redis(start, servers, port):
    (server,) = servers.need("redis-server")
    own = free_port()
    sidecar = sidecars.redis_exporter(f"redis://127.0.0.1:{port}", password=SecretKey("cache", "password"), port=own)
    running = start(sidecar, "prometheus-redis-exporter", REDIS_ADDR=sidecar.env["REDIS_ADDR"], REDIS_PASSWORD=PASSWORD)
    assert "\nredis_up 0\n" in running.get(own, "/metrics")
    servers.start([server, "--port", str(port), "--save", "", "--requirepass", PASSWORD])
    until(lambda: "\nredis_up 1\n" in running.get(own, "/metrics"))
    running.signal(signal.SIGTERM)
    running.process.wait(30)
    assert PASSWORD not in running.log.read_text()


LISTEN = """\
listen db
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
    bind 127.0.0.1:{port}
    server db 127.0.0.1:{behind}"""


@pytest.fixture
def proxy(start, fake, port) -> tuple[Running, int]:
    """HAProxy before a server that echoes."""
    behind = fake(lambda connection: connection.sendall(connection.recv(100)))
    config = LISTEN.format(port=port, behind=behind.port)
    running = start(sidecars.haproxy(config, health_port=free_port()), "haproxy", INITCONSTRUCTS_POD_IP="127.0.0.1")
    return running, port


def test_a_proxy_that_serves_once_its_probe_passes(proxy):
    _, port = proxy
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"


def test_a_proxy_lets_open_connections_end_when_its_image_is_asked_to_stop(proxy):
    running, port = proxy
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        running.signal(signal.SIGUSR1)
        time.sleep(0.5)
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"
    assert running.process.wait(30) == 0


def test_a_proxy_ends_at_once_by_sigterm(proxy):
    running, port = proxy
    with socket.create_connection(("127.0.0.1", port), 5):
        running.signal(signal.SIGTERM)
        running.process.wait(30)


def test_a_proxy_that_is_killed_starts_again(proxy, start):
    killed, port = proxy
    killed.process.kill()
    until(lambda: not killed.probe())
    start(killed.sidecar, "haproxy", INITCONSTRUCTS_POD_IP="127.0.0.1")
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"


def test_a_bad_configuration_ends_the_proxy_with_the_reason(servers, kubelet):
    (haproxy,) = servers.need("haproxy")
    container, places = kubelet.place(sidecars.haproxy("listen db\n  nonesuch"), {})
    words = [haproxy, *(moved(word, places) for word in container["args"])]
    finished = subprocess.run(
        words, env={"INITCONSTRUCTS_POD_IP": "127.0.0.1"}, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, "unknown keyword 'nonesuch'" in finished.stderr) == (1, True)


def test_a_proxy_that_can_resolve_no_name_does_not_start(servers, kubelet):
    """Which is why it says that it needs the network."""
    (haproxy,) = servers.need("haproxy")
    container, places = kubelet.place(
        sidecars.haproxy(LISTEN.format(port=1, behind=2).replace("127.0.0.1:2", "a.invalid:2")), {}
    )
    words = [haproxy, "-c", *(moved(word, places) for word in container["args"] if word not in ("-W", "-db"))]
    finished = subprocess.run(
        words, env={"INITCONSTRUCTS_POD_IP": "127.0.0.1"}, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, "could not resolve address 'a.invalid'" in finished.stderr) == (1, True)


CUT_OFF = {
    "haproxy": (sidecars.haproxy(""), True),
    "cloud_sql_proxy": (sidecars.cloud_sql_proxy("a:b:c"), True),
    "fluent_bit": (sidecars.fluent_bit(""), False),
    "postgres_exporter": (sidecars.postgres_exporter(data_source=SecretKey("db", "url")), False),
    "redis_exporter": (sidecars.redis_exporter(), False),
}


@pytest.mark.parametrize(("sidecar", "refused"), CUT_OFF.values(), ids=CUT_OFF)
def test_behind_a_classic_mesh_proxy_only_what_asks_others_while_it_starts_is_refused(sidecar, refused):
    spec = DeploymentSpec("app", containers=[Container("app", image="a:1")], stages=[sidecar])
    with pytest.raises(ModelError, match="needs the network") if refused else nullcontext():
        render(spec, settings=Settings(mesh="istio"))
    assert render(spec, settings=Settings(mesh="istio-native"))


def test_the_startup_probe_gives_up_after_the_time_that_was_said():
    probe = sidecars.fluent_bit("", startup="2m").startup_probe
    assert (probe.period, probe.failure_threshold) == (1, 120)
    assert sidecars.fluent_bit("").healthy.gate == "healthy"


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=60) | st.sampled_from(["$(id)", "a\0", "\ud800", "x" * 4096, "redis://u:p@h", "a:b:c"]))
def test_any_text_is_kept_or_refused(text):
    for make in (
        lambda: next(iter(sidecars.fluent_bit(text).mounts[0].volume.source.files.values())),
        lambda: sidecars.haproxy(text).mounts[0].volume.source.files["haproxy.cfg"].removesuffix("\n"),
        lambda: sidecars.redis_exporter(text).env["REDIS_ADDR"].replace("$$", "$"),
        lambda: sidecars.postgres_exporter(data_source=text).env["DATA_SOURCE_NAME"].replace("$$", "$"),
        lambda: sidecars.cloud_sql_proxy(text).args[-1],
    ):
        try:
            kept = make()
        except ModelError:
            continue
        assert kept == text


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: sidecars.fluent_bit(3),
        lambda: sidecars.haproxy("x", health_port=0),
        lambda: sidecars.postgres_exporter(data_source="x", port=70000),
        lambda: sidecars.redis_exporter("redis://user:secret@cache"),
        lambda: sidecars.redis_exporter(""),
        lambda: sidecars.redis_exporter(password="secret"),
        lambda: sidecars.postgres_exporter(data_source="postgresql://exporter:secret@localhost/shop"),
        lambda: sidecars.postgres_exporter(data_source="host=localhost password=secret"),
        lambda: sidecars.postgres_exporter(data_source="host=localhost sslkey=/k sslpassword=secret"),
        lambda: sidecars.cloud_sql_proxy("shop"),
        lambda: sidecars.cloud_sql_proxy("a:b:c --debug"),
        lambda: sidecars.fluent_bit("x", startup=0),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError) as refused:
        wrong()
    assert "secret" not in str(refused.value)
