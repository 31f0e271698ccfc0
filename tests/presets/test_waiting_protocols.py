"""Waits whose servers no package brings, against small servers written from the protocols' documents."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import textwrap
from collections.abc import Callable
from functools import partial

import pytest

from initconstructs.presets import waiting
from tests.presets.waiting_words import until_it_says

Reply = Callable[[bytes], bytes]


def replying(*replies: Reply) -> Callable[[socket.socket], None]:
    """Answer what the client says, one reply for each thing said."""

    def talk(connection: socket.socket) -> None:
        for reply in replies:
            connection.sendall(reply(connection.recv(65536)))

    return talk


def element(kind: int, name: str, value: bytes) -> bytes:
    return bytes([kind]) + name.encode() + b"\0" + value


def mongodb(request: bytes, *, primary: bool = True, secondary: bool = False, ok: float = 1.0) -> bytes:
    size, number, _, kind = struct.unpack("<iiii", request[:16])
    assert (size, kind) == (len(request), 2013)
    assert b"\x10hello\0" in request
    assert b"\x02$db\0\x06\0\0\0admin\0" in request
    fields = element(8, "isWritablePrimary", bytes([primary])) + element(8, "secondary", bytes([secondary]))
    fields += element(1, "ok", struct.pack("<d", ok))
    document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    return struct.pack("<iiiiIb", 21 + len(document), 7, number, 2013, 0, 0) + document


def kafka_frame(request: bytes, key: int, body: bytes) -> bytes:
    size, asked, _, number = struct.unpack("!ihhi", request[:12])
    assert (size, asked) == (len(request) - 4, key)
    return struct.pack("!ii", len(body) + 4, number) + body


def kafka_versions(request: bytes, *, error: int = 0) -> bytes:
    return kafka_frame(request, 18, struct.pack("!hi3h3h", error, 2, 3, 0, 13, 18, 0, 4))


def kafka_topic(request: bytes, *, leaders: tuple[int, ...] = (1, 2), error: int = 0) -> bytes:
    assert request.endswith(struct.pack("!ih6s", 1, 6, b"orders") + b"\0"), "asked for the topic, creating none"
    brokers = struct.pack("!ii", 1, 1) + kafka_text("kafka-0") + struct.pack("!i", 9092) + struct.pack("!h", -1)
    partitions = b"".join(struct.pack("!hii4i", 0, index, leader, 1, 1, 1, 1) for index, leader in enumerate(leaders))
    topic = struct.pack("!h", error) + kafka_text("orders") + b"\0" + struct.pack("!i", len(leaders)) + partitions
    body = struct.pack("!i", 0) + brokers + kafka_text("cluster") + struct.pack("!ii", 1, 1) + topic
    return kafka_frame(request, 3, body)


def kafka_text(text: str) -> bytes:
    return struct.pack("!h", len(text)) + text.encode()


def elasticsearch(request: bytes, *, health: str = "yellow") -> bytes:
    assert request.startswith(b"GET /_cluster/health HTTP/1.1")
    return http_answer("200 OK", json.dumps({"cluster_name": "logs", "status": health}))


def http_answer(status: str, body: str, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join([*head, "", body])).encode()


LOCKED = http_answer("401 Unauthorized", "{}", 'WWW-Authenticate: Basic realm="security" charset="UTF-8"')
PROXY = http_answer("401 Unauthorized", "{}", 'WWW-Authenticate: Basic realm="proxy"')

ask_mongodb = partial(waiting.mongodb, "127.0.0.1")
ask_kafka = partial(waiting.kafka, "127.0.0.1")
ask_topic = partial(waiting.kafka, "127.0.0.1", topic="orders")
ask_elasticsearch = partial(waiting.elasticsearch, "127.0.0.1")

SERVES = {
    "mongodb-primary": (ask_mongodb, [mongodb]),
    "mongodb-secondary": (ask_mongodb, [partial(mongodb, primary=False, secondary=True)]),
    "kafka": (ask_kafka, [kafka_versions]),
    "kafka-topic": (ask_topic, [kafka_versions, kafka_topic]),
    "elasticsearch": (ask_elasticsearch, [elasticsearch]),
    "elasticsearch-with-login": (ask_elasticsearch, [lambda _: LOCKED]),
}

DOES_NOT_SERVE = {
    "mongodb-neither": (ask_mongodb, [partial(mongodb, primary=False)], "neither primary nor secondary"),
    "mongodb-refusal": (ask_mongodb, [partial(mongodb, ok=0.0)], "refuses hello"),
    "kafka-error": (ask_kafka, [partial(kafka_versions, error=35)], "refuses with error 35"),
    "kafka-no-topic": (ask_topic, [kafka_versions, partial(kafka_topic, leaders=(), error=3)], "no such topic yet"),
    "kafka-no-leader": (ask_topic, [kafka_versions, partial(kafka_topic, leaders=(1, -1))], "1 of 2 partitions"),
    "elasticsearch-red": (ask_elasticsearch, [partial(elasticsearch, health="red")], "is red"),
    "elasticsearch-proxy": (ask_elasticsearch, [lambda _: PROXY], "status 401"),
    "elasticsearch-other-json": (ask_elasticsearch, [lambda _: http_answer("200 OK", "[]")], "another protocol"),
}


def refuse(kubelet, wait: waiting.Wait, seen: str) -> None:
    """Hold that it says so and does not pass."""
    started = kubelet.start(wait)
    until_it_says(started, seen)
    started.process.terminate()
    assert started.finish().code == 143


@pytest.mark.parametrize(("ask", "replies"), SERVES.values(), ids=SERVES)
def test_passes_a_server_that_serves(ask, replies, kubelet, fake):
    finished = kubelet.run(ask(port=fake(replying(*replies)).port, timeout=20))
    assert finished.code == 0, finished.out


@pytest.mark.parametrize(("ask", "replies", "seen"), DOES_NOT_SERVE.values(), ids=DOES_NOT_SERVE)
def test_says_why_a_server_does_not_pass(ask, replies, seen, kubelet, fake):
    refuse(kubelet, ask(port=fake(replying(*replies)).port), seen)


GRPC_SERVER = textwrap.dedent("""
    import sys
    from concurrent.futures import ThreadPoolExecutor
    import grpc

    STATUS = {b"": b"\\x08\\x01", b"\\n\\x06ledger": b"\\x08\\x02"}

    def check(request, context):
        if request not in STATUS:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return STATUS[request]

    class Health(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method == "/grpc.health.v1.Health/Check" and sys.argv[2] == "healthy":
                return grpc.unary_unary_rpc_method_handler(check)

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Health()])
    server.add_insecure_port("127.0.0.1:" + sys.argv[1])
    server.start()
    server.wait_for_termination()
""")


def grpc_server(servers, port: int, *, health: str = "healthy") -> None:
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import grpc"], capture_output=True, check=False).returncode:
        servers.need("python3-grpcio")
    servers.start([python, "-c", GRPC_SERVER, str(port), health])


def test_grpc_passes_a_server_that_serves_and_names_the_state_of_one_that_does_not(kubelet, servers, port):
    started = kubelet.start(waiting.grpc("127.0.0.1", port, timeout=120))
    grpc_server(servers, port)
    assert started.finish(130).code == 0
    refuse(kubelet, waiting.grpc("127.0.0.1", port, service="ledger"), ": NOT_SERVING\n")
    refuse(kubelet, waiting.grpc("127.0.0.1", port, service="x" * 300), "gives no health status")


def test_grpc_without_the_health_service_does_not_pass(kubelet, servers, port):
    grpc_server(servers, port, health="none")
    assert kubelet.start(waiting.tcp("127.0.0.1", port, timeout=120)).finish(130).code == 0
    refuse(kubelet, waiting.grpc("127.0.0.1", port), "gives no health status")


def everything(port: int) -> waiting.Wait:
    """A wait for every protocol, all at the same port."""
    host = "127.0.0.1"
    by_port = [waiting.postgres, waiting.mysql, waiting.redis, waiting.mongodb, waiting.rabbitmq]
    by_port += [waiting.nats, waiting.memcached, waiting.elasticsearch]
    waits = [each(host, port=port) for each in by_port]
    topic = waiting.kafka(host, port=port, topic="orders")
    others = [waiting.kafka(host, port=port), topic, waiting.grpc(host, port), waiting.http(f"http://{host}:{port}")]
    return waiting.all_of(*waits, *others, timeout=1)


def greeting(*said: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        for each in said:
            connection.sendall(each)
        while connection.recv(4096):
            pass

    return talk


def web_server(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def echo(connection: socket.socket) -> None:
    while data := connection.recv(4096):
        connection.sendall(data)


def hang_up(connection: socket.socket) -> None:
    connection.close()


STRANGERS = {
    "ssh": greeting(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    "smtp": greeting(b"220 mail.example.org ESMTP\r\n"),
    "web-server": web_server,
    "echo": echo,
    "silent": greeting(),
    "hangs-up": hang_up,
    "zeros": greeting(b"\0" * 4096),
    "ones": greeting(b"\xff" * 4096),
    "tls-alert": greeting(b"\x15\x03\x01\x00\x02\x02\x46"),
}


HUGE = {
    "kafka": (waiting.kafka, struct.pack("!ii", 1 << 25, 18)),
    "mongodb": (waiting.mongodb, struct.pack("<iiii", 1 << 25, 1, 1, 2013)),
}


@pytest.mark.parametrize(("ask", "head"), HUGE.values(), ids=HUGE)
def test_a_huge_answer_is_not_read(ask, head, kubelet, fake):
    refuse(kubelet, ask("127.0.0.1", port=fake(greeting(head)).port), "answers in another protocol")


@pytest.mark.parametrize("talk", STRANGERS.values(), ids=STRANGERS)
def test_no_protocol_takes_a_stranger_for_its_server(talk, kubelet, fake):
    finished = kubelet.run(everything(fake(talk).port))
    assert finished.code == 1, finished.out
    assert finished.last.count("127.0.0.1") == 12, finished.out
    assert finished.seconds >= 1
