"""Real servers that the waits are held against."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.presets.conftest import free_port


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


def locked_memcached(servers, port: int) -> None:
    (program,) = servers.need("memcached")
    logins = servers.directory("memcached") / "logins"
    logins.write_text("user:x\n")
    servers.start([program, "-l", "127.0.0.1", "-p", str(port), "-u", "nobody", "-Y", str(logins)])


def sasl_memcached(servers, port: int) -> None:
    """Takes the binary protocol only."""
    (program,) = servers.need("memcached")
    home = servers.directory("memcached")
    (home / "memcached.conf").write_text("mech_list: plain\n")
    servers.start([program, "-l", "127.0.0.1", "-p", str(port), "-u", "nobody", "-S"], SASL_CONF_PATH=str(home))


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


def rabbitmq(servers, port: int, configuration: str = "") -> None:
    """Takes up to ten seconds to start."""
    servers.need("rabbitmq-server")
    home = servers.directory("rabbitmq", "rabbitmq")
    (home / "rabbitmq.conf").write_text(configuration)
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
        RABBITMQ_CONFIG_FILE=f"{home}/rabbitmq.conf",
    )
