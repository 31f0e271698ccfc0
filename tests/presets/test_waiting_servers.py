"""Each wait against the real server: there at once, there later, never, another protocol, cut off half-way."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from initconstructs.presets import waiting


def redis(servers, port: int) -> None:
    (program,) = servers.need("redis-server")
    home = servers.directory("redis")
    servers.start([program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home), "--save", ""])


def locked_redis(servers, port: int) -> None:
    (program,) = servers.need("redis-server")
    servers.start([program, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", "x", "--save", ""])


def memcached(servers, port: int) -> None:
    (program,) = servers.need("memcached")
    servers.start([program, "-l", "127.0.0.1", "-p", str(port), "-u", "nobody"])


def nats(servers, port: int) -> None:
    (program,) = servers.need("nats-server")
    servers.start([program, "-a", "127.0.0.1", "-p", str(port)])


def locked_nats(servers, port: int) -> None:
    (program,) = servers.need("nats-server")
    servers.start([program, "-a", "127.0.0.1", "-p", str(port), "--user", "u", "--pass", "p"])


def nginx(servers, port: int) -> None:
    (program,) = servers.need("nginx")
    home = servers.directory("nginx")
    (home / "nginx.conf").write_text(
        f"pid {home}/pid; error_log stderr; daemon off; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p;\n"
        f" fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;\n"
        f' server {{ listen 127.0.0.1:{port}; location / {{ return 200 "status UP"; }}\n'
        f"  location /moved {{ return 302 /; }} location /broken {{ return 503; }} }} }}\n"
    )
    servers.start([program, "-p", str(home), "-c", str(home / "nginx.conf")])


def postgres(servers, port: int) -> Path:
    initdb, program = servers.need("initdb", "postgres")
    home = servers.directory("postgres", "nobody") / "data"
    if not home.exists():
        as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        make = [initdb, "-D", str(home), "--no-sync", "-A", "scram-sha-256", "-U", "postgres", "--pwfile=/etc/hostname"]
        subprocess.run([*as_user, *make], check=True, stdout=subprocess.DEVNULL)
    settings = ["-c", "fsync=off", "-c", f"unix_socket_directories={home}", "-c", "listen_addresses=127.0.0.1"]
    servers.start([program, "-D", str(home), "-p", str(port), *settings], user="nobody")
    return home


def mariadb(servers, port: int) -> None:
    install, program = servers.need("mariadb-install-db", "mariadbd")
    home = servers.directory("mariadb")
    make = [install, f"--datadir={home}/data", "--auth-root-authentication-method=normal", "--user=root"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    where = [f"--datadir={home}/data", f"--port={port}", f"--socket={home}/socket", "--bind-address=127.0.0.1"]
    servers.start([program, "--no-defaults", "--user=root", *where])


def rabbitmq(servers, port: int) -> None:
    servers.need("rabbitmq-server")
    home = servers.directory("rabbitmq", "rabbitmq")
    servers.start(
        ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
        user="rabbitmq",
        HOME=str(home),
        RABBITMQ_NODENAME=f"t{port}@localhost",
        RABBITMQ_NODE_PORT=str(port),
        RABBITMQ_DIST_PORT=str(free_port()),
        ERL_EPMD_PORT=str(free_port()),
        RABBITMQ_MNESIA_BASE=f"{home}/mnesia",
        RABBITMQ_LOG_BASE=f"{home}/log",
        RABBITMQ_ENABLED_PLUGINS_FILE=f"{home}/plugins",
        RABBITMQ_CONFIG_FILE=f"{home}/none",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def http(host: str, *, port: int, **options) -> waiting.Wait:
    return waiting.http(f"http://{host}:{port}/", body="UP", **options)


REAL = {
    "http": (http, nginx),
    "memcached": (waiting.memcached, memcached),
    "mysql": (waiting.mysql, mariadb),
    "nats": (waiting.nats, nats),
    "nats-with-login": (waiting.nats, locked_nats),
    "postgres": (waiting.postgres, postgres),
    "rabbitmq": (waiting.rabbitmq, rabbitmq),
    "redis": (waiting.redis, redis),
    "redis-with-login": (waiting.redis, locked_redis),
}
both = pytest.mark.parametrize(("ask", "launch"), REAL.values(), ids=REAL)


@both
def test_passes_when_the_server_comes_later_and_again_when_it_is_there(ask, launch, kubelet, servers, port):
    wait = ask("127.0.0.1", port=port, timeout=30)
    started = kubelet.start(wait)
    time.sleep(0.7)
    assert started.process.poll() is None
    launch(servers, port)
    late = started.finish(35)
    assert (late.code, late.last.split("s  ")[1]) == (0, "all 1 answered"), late.out
    assert "connection refused" in late.out

    again = kubelet.run(wait)
    assert again.code == 0
    assert again.seconds < 2
    assert len(again.out.splitlines()) == 2, again.out


@both
def test_is_not_fooled_by_an_answer_that_breaks_off(ask, launch, kubelet, servers, fake):
    port = free_port()
    launch(servers, port)
    assert kubelet.run(ask("127.0.0.1", port=port, timeout=30)).code == 0

    def cut_off(client: socket.socket) -> None:
        """Let one byte of the server's answer through."""
        with socket.create_connection(("127.0.0.1", port)) as server:
            threading.Thread(target=relay, args=(client, server), daemon=True).start()
            client.sendall(server.recv(1))

    dying = kubelet.run(ask("127.0.0.1", port=fake(cut_off).port, timeout=1))
    assert dying.code == 1
    assert 1 <= dying.seconds < 1.8


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
    assert kubelet.run(waiting.postgres("127.0.0.1", port=port, timeout=20)).code == 0
    servers.stop()
    (home / "standby.signal").touch()
    with (home / "postgresql.conf").open("a") as settings:
        settings.write("hot_standby = off\n")
    postgres(servers, port)

    blocked = kubelet.run(waiting.postgres("127.0.0.1", port=port, timeout=3))
    assert blocked.code == 1
    assert "(57P03)" in blocked.last

    started = kubelet.start(waiting.postgres("127.0.0.1", port=port, timeout=20))
    promote = [pg_ctl, "promote", "-D", str(home)]
    subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *promote], check=True)
    assert started.finish().code == 0


def test_redis_that_loads_its_data_does_not_pass(kubelet, servers, port):
    (program,) = servers.need("redis-server")
    home = servers.directory("redis")
    (home / "appendonly.aof").write_bytes(b"".join(setting(number) for number in range(200_000)))
    slow = ["--key-load-delay", "20", "--loading-process-events-interval-bytes", "1024", "--save", ""]
    servers.start([program, "--port", str(port), "--dir", str(home), "--appendonly", "yes", *slow])
    loading = kubelet.run(waiting.redis("127.0.0.1", port=port, timeout=2))
    assert (loading.code, "LOADING" in loading.last) == (1, True), loading.out


def setting(number: int) -> bytes:
    words = [b"SET", b"key%d" % number, b"value"]
    return b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def test_five_dependencies_in_one_container(kubelet, servers):
    ports = {name: free_port() for name in ("redis", "nats", "memcached", "postgres", "http")}
    launches = {"redis": redis, "nats": nats, "memcached": memcached, "postgres": postgres, "http": nginx}
    waits = [REAL[name][0]("127.0.0.1", port=port) for name, port in ports.items()]
    started = kubelet.start(waiting.all_of(*waits, timeout=20))
    for name, launch in launches.items():
        launch(servers, ports[name])
    finished = started.finish()
    assert (finished.code, finished.last.split("s  ")[1]) == (0, "all 5 answered"), finished.out
