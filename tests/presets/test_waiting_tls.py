"""Waits for servers that speak TLS: the right certificate passes, any other does not, unless nobody asks for one."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from initconstructs import SecretKey
from initconstructs.presets import waiting
from tests.presets.conftest import free_port
from tests.presets.test_waiting_protocols import elasticsearch, kafka_versions, mongodb, replying
from tests.presets.waiting_servers import rabbitmq, redis
from tests.presets.waiting_words import program_module, until_it_says

TRUSTED = waiting.Tls(ca_file="/ca/ca.crt")
Launch = Callable[..., None]

GRPC = textwrap.dedent("""
    import sys
    from concurrent.futures import ThreadPoolExecutor
    import grpc

    class Health(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method == "/grpc.health.v1.Health/Check":
                return grpc.unary_unary_rpc_method_handler(lambda request, context: b"\\x08\\x01")

    key, certificate = (open(name, "rb").read() for name in sys.argv[2:])
    server = grpc.server(ThreadPoolExecutor(2), handlers=[Health()])
    server.add_secure_port("127.0.0.1:" + sys.argv[1], grpc.ssl_server_credentials([(key, certificate)]))
    server.start()
    server.wait_for_termination()
""")


def tls_redis(servers, fake, certificate: Path, port: int) -> None:
    (program,) = servers.need("redis-server")
    files = ["--tls-cert-file", f"{certificate}/ca.crt", "--tls-key-file", f"{certificate}/key.pem"]
    files += ["--tls-ca-cert-file", f"{certificate}/ca.crt", "--tls-auth-clients", "no"]
    addresses = ["--bind", "127.0.0.1", "127.0.0.2"]
    servers.start([program, "--tls-port", str(port), "--port", "0", "--save", "", *addresses, *files])


def tls_rabbitmq(servers, fake, certificate: Path, port: int) -> None:
    home = servers.directory("tls")
    for name in ("ca.crt", "key.pem"):
        shutil.copy(certificate / name, home / name)
        (home / name).chmod(0o644)
    options = {"cacertfile": home / "ca.crt", "certfile": home / "ca.crt", "keyfile": home / "key.pem"}
    lines = [f"ssl_options.{name} = {path}" for name, path in options.items()]
    lines += ["ssl_options.verify = verify_none", "listeners.tcp = none", f"listeners.ssl.1 = 127.0.0.1:{port}"]
    rabbitmq(servers, free_port(), "\n".join([*lines, ""]))


def tls_grpc(servers, fake, certificate: Path, port: int) -> None:
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import grpc"], capture_output=True, check=False).returncode:
        servers.need("python3-grpcio")
    servers.start([python, "-c", GRPC, str(port), f"{certificate}/key.pem", f"{certificate}/ca.crt"])


def wrapped(*replies: Callable[[bytes], bytes]) -> Launch:
    """The small server of the protocol, behind TLS."""

    def launch(servers, fake, certificate: Path, port: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "ca.crt", certificate / "key.pem")

        def talk(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                replying(*replies)(secured)

        fake(talk, port)

    return launch


def grpc(host: str, *, port: int, **options) -> waiting.Wait:
    return waiting.grpc(host, port, **options)


SERVERS = {
    "redis": (waiting.redis, tls_redis),
    "rabbitmq": (waiting.rabbitmq, tls_rabbitmq),
    "grpc": (grpc, tls_grpc),
    "mongodb": (waiting.mongodb, wrapped(mongodb)),
    "kafka": (waiting.kafka, wrapped(kafka_versions)),
    "elasticsearch": (waiting.elasticsearch, wrapped(elasticsearch)),
}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory) -> Path:
    """A directory with the certificate of an authority that signed nothing here."""
    home = tmp_path_factory.mktemp("stranger")
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-subj", "/CN=stranger", "-days", "2", "-keyout", home / "key.pem", "-out", home / "ca.crt"]
    subprocess.run(make, check=True, capture_output=True)
    return home


@pytest.mark.parametrize(("ask", "launch"), SERVERS.values(), ids=SERVERS)
def test_only_a_certificate_that_is_trusted_passes(ask, launch, *, kubelet, servers, fake, certificate, stranger, port):
    at = partial(ask, "localhost", port=port)
    started = kubelet.start(at(tls=TRUSTED, timeout=120), mounts={"/ca": certificate})
    launch(servers, fake, certificate, port)
    late = started.finish(130)
    assert late.code == 0, late.out

    without_tls = kubelet.start(at(timeout=3))
    refusals = [
        kubelet.start(at(tls=TRUSTED, timeout=8), mounts={"/ca": stranger}),
        kubelet.start(at(tls=waiting.Tls(), timeout=8)),
    ]
    for each in refusals:
        until_it_says(each, "certificate verify failed")
    assert kubelet.run(at(tls=waiting.Tls(verify=False), timeout=20)).code == 0
    assert [each.finish().code for each in (*refusals, without_tls)] == [1, 1, 1]


def test_a_certificate_for_another_host_does_not_pass(kubelet, servers, fake, certificate, port):
    tls_redis(servers, fake, certificate, port)
    assert (
        kubelet.run(waiting.redis("127.0.0.1", port=port, tls=TRUSTED, timeout=20), mounts={"/ca": certificate}).code
        == 0
    )
    wait = waiting.redis("127.0.0.2", port=port, tls=TRUSTED, timeout=4)
    refused = kubelet.run(wait, mounts={"/ca": certificate})
    assert (refused.code, "127.0.0.2" in refused.last) == (1, True), refused.out

    secret = waiting.redis(SecretKey("cache", "host"), port=port, tls=TRUSTED, timeout=4)
    hidden = kubelet.run(secret, mounts={"/ca": certificate}, WAIT_1="127.0.0.2")
    assert (hidden.code, "certificate verify failed" in hidden.last, "127.0.0.2" in hidden.out) == (1, True, False)


def test_a_server_without_tls_does_not_pass_for_one_with_it(kubelet, servers, port):
    redis(servers, port)
    assert kubelet.run(waiting.redis("127.0.0.1", port=port, timeout=20)).code == 0
    for tls in (waiting.Tls(), waiting.Tls(verify=False)):
        assert kubelet.run(waiting.redis("127.0.0.1", port=port, tls=tls, timeout=1)).code == 1


@pytest.fixture(scope="module")
def old_authority(tmp_path_factory) -> Path:
    """A directory with an authority and a server's certificate that name no keys, as those of old clusters."""
    home = tmp_path_factory.mktemp("old")
    (home / "none.cnf").write_text(
        "[req]\ndistinguished_name=name\n[name]\n[ca]\nbasicConstraints=critical,CA:TRUE\n[leaf]\n"
        "subjectAltName=DNS:localhost\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
    )
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", "none.cnf"]
    sign = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "none.cnf", "-extensions", "leaf"]
    for words in (
        ["req", "-x509", *key, "-extensions", "ca", "-subj", "/CN=kubernetes", "-keyout", "ca.key", "-out", "ca.crt"],
        ["req", "-new", *key, "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "request"],
        ["x509", "-req", "-in", "request", *sign, "-days", "2", "-out", "server.crt"],
    ):
        subprocess.run(["openssl", *words], cwd=home, check=True, capture_output=True)
    return home


@pytest.mark.parametrize("host", ["localhost", "localhost."])
def test_what_other_clients_accept_passes(host, *, fake, old_authority, monkeypatch):
    """Certificates that Python 3.13 and newer refuse unless told otherwise, and full names with their last dot."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(old_authority / "server.crt", old_authority / "key.pem")

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)

    port = fake(talk).port
    strict, connect = ssl.create_default_context, socket.create_connection

    def as_newer(**options) -> ssl.SSLContext:
        made = strict(**options)
        made.verify_flags |= ssl.VERIFY_X509_STRICT
        return made

    monkeypatch.setattr(ssl, "create_default_context", as_newer)
    monkeypatch.setattr(socket, "create_connection", lambda _, timeout: connect(("127.0.0.1", port), timeout))
    wire = program_module("wire", monkeypatch)
    wire.connected(host, port, 20, wire.tls_context(str(old_authority / "ca.crt"))).close()
