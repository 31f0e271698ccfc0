"""Each wait against the real server: there at once, there later, never, another protocol, cut off half-way."""

from __future__ import annotations

import socket
import subprocess
import threading

import pytest

from initconstructs.presets import waiting
from tests.presets.waiting_servers import (
    free_port,
    locked_memcached,
    locked_nats,
    locked_redis,
    mariadb,
    memcached,
    nats,
    nginx,
    postgres,
    rabbitmq,
    redis,
    sasl_memcached,
)
from tests.presets.waiting_words import until_it_says


def http(host: str, *, port: int, **options) -> waiting.Wait:
    return waiting.http(f"http://{host}:{port}/", body="UP", **options)


REAL = {
    "http": (http, nginx),
    "memcached": (waiting.memcached, memcached),
    "memcached-with-login": (waiting.memcached, locked_memcached),
    "memcached-with-sasl": (waiting.memcached, sasl_memcached),
    "mysql": (waiting.mysql, mariadb),
    "nats": (waiting.nats, nats),
    "nats-with-login": (waiting.nats, locked_nats),
    "postgres": (waiting.postgres, postgres),
    "rabbitmq": (waiting.rabbitmq, rabbitmq),
    "redis": (waiting.redis, redis),
    "redis-with-login": (waiting.redis, locked_redis),
}


@pytest.mark.parametrize(("ask", "launch"), REAL.values(), ids=REAL)
def test_passes_late_and_again_and_is_not_fooled_by_an_answer_that_breaks_off(
    ask, launch, *, kubelet, servers, fake, port
):
    wait = ask("127.0.0.1", port=port, timeout=120)
    started = kubelet.start(wait)
    until_it_says(started, "connection refused")
    launch(servers, port)
    late = started.finish(130)
    assert (late.code, late.last.split("s  ")[1]) == (0, "all 1 answered"), late.out

    again = kubelet.run(wait)
    assert again.code == 0
    assert len(again.out.splitlines()) == 2, again.out

    def cut_off(client: socket.socket) -> None:
        """Let one byte of the server's answer through."""
        with socket.create_connection(("127.0.0.1", port)) as server:
            threading.Thread(target=relay, args=(client, server), daemon=True).start()
            client.sendall(server.recv(1))

    dying = kubelet.run(ask("127.0.0.1", port=fake(cut_off).port, timeout=1))
    assert dying.code == 1


def relay(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(4096):
            target.sendall(data)
    except OSError:
        pass


def test_postgres_that_accepts_connections_but_is_starting_up_does_not_pass(kubelet, servers, port):
    """A standby that allows no queries answers every session as a starting server does: SQLSTATE 57P03."""
    (pg_ctl,) = servers.need("pg_ctl")
    home = postgres(servers, port)
    assert kubelet.start(waiting.postgres("127.0.0.1", port=port, timeout=120)).finish(130).code == 0
    servers.stop()
    (home / "standby.signal").touch()
    with (home / "postgresql.conf").open("a") as settings:
        settings.write("hot_standby = off\n")
    postgres(servers, port)

    started = kubelet.start(waiting.postgres("127.0.0.1", port=port, timeout=120))
    until_it_says(started, "(57P03)")
    blocked = kubelet.run(waiting.postgres("127.0.0.1", port=port, timeout=3))
    assert (blocked.code, "(57P03)" in blocked.last) == (1, True), blocked.out

    promote = [pg_ctl, "promote", "-D", str(home)]
    subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *promote], check=True)
    assert started.finish(130).code == 0


def test_redis_that_loads_its_data_does_not_pass(kubelet, servers, port):
    (program,) = servers.need("redis-server")
    home = servers.directory("redis")
    (home / "appendonly.aof").write_bytes(b"".join(setting(number) for number in range(200_000)))
    slow = ["--key-load-delay", "20", "--loading-process-events-interval-bytes", "1024", "--save", ""]
    started = kubelet.start(waiting.redis("127.0.0.1", port=port, timeout=120))
    until_it_says(started, "connection refused")
    servers.start([program, "--port", str(port), "--dir", str(home), "--appendonly", "yes", *slow])
    until_it_says(started, "LOADING")
    finished = started.finish(130)
    assert (finished.code, "answers" in finished.out) == (0, True), finished.out


def setting(number: int) -> bytes:
    words = [b"SET", b"key%d" % number, b"value"]
    return b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def test_five_dependencies_in_one_container(kubelet, servers):
    ports = {name: free_port() for name in ("redis", "nats", "memcached", "postgres", "http")}
    launches = {"redis": redis, "nats": nats, "memcached": memcached, "postgres": postgres, "http": nginx}
    waits = [REAL[name][0]("127.0.0.1", port=port) for name, port in ports.items()]
    started = kubelet.start(waiting.all_of(*waits, timeout=120))
    for name, launch in launches.items():
        launch(servers, ports[name])
    finished = started.finish(130)
    assert (finished.code, finished.last.split("s  ")[1]) == (0, "all 5 answered"), finished.out
