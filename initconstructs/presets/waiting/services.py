"""Waits for databases, caches and brokers, each in its own protocol."""

from __future__ import annotations

import re
from typing import Literal

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.errors import wrong
from initconstructs.presets.text import check_text
from initconstructs.presets.waiting.address import Host, Port, at, label
from initconstructs.presets.waiting.tls import Tls, tls_spec
from initconstructs.presets.waiting.wait import Wait, WaitOptions, named, wait


@ends_at_the_author
def postgres(
    host: Host, *, port: Port = 5432, database: str = "postgres", user: str = "postgres", **options: Unpack[WaitOptions]
) -> Wait:
    """Wait until PostgreSQL accepts sessions: what `pg_isready` asks, with its own client not needed.

        waiting.postgres("db", port=5432)

    A start-up packet is sent and no password. A request to authenticate passes, and so does any refusal that only a
    working server gives (an unknown user, TLS demanded). "The database system is starting up", shutting down, and too
    many clients don't. `user` and `database` matter only for what the server logs, and to a pooler that routes by them.

    Sources: https://www.postgresql.org/docs/current/protocol-flow.html
    https://www.postgresql.org/docs/current/app-pg-isready.html
    """
    place = at("postgres", host, port)
    names = {"database": check_text("postgres: database", database), "user": check_text("postgres: user", user)}
    return wait(named(label(host)), [{"wait": "postgres", "at": place} | names], options)


@ends_at_the_author
def redis(host: Host, *, port: Port = 6379, tls: Tls | None = None, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until Redis, Valkey or a compatible server answers PING.

        waiting.redis("cache")

    A demand for a password passes. Loading the data set, a replica without its master, and protected mode don't.

    Sources: https://redis.io/docs/latest/commands/ping/
    """
    return wait(named(label(host)), [{"wait": "redis", "at": at("redis", host, port)} | tls_spec(tls)], options)


@ends_at_the_author
def mysql(host: Host, *, port: Port = 3306, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until MySQL or MariaDB answers a login.

        waiting.mysql("db")

    It logs in as "wait" without a password and takes "access denied" for an answer, so the server logs one denied login
    for each pod. Too many connections, shutting down, and a host that is blocked or not allowed don't pass.

    Sources: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
    """
    return wait(named(label(host)), [{"wait": "mysql", "at": at("mysql", host, port)}], options)


@ends_at_the_author
def mongodb(host: Host, *, port: Port = 27017, tls: Tls | None = None, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until a MongoDB server (3.6.21 or newer) is a primary, a secondary or a router.

        waiting.mongodb("mongo-0.mongo")

    A member that starts up, recovers, or is in no replica set yet does not pass.

    Sources: https://www.mongodb.com/docs/manual/reference/command/hello/
    """
    return wait(named(label(host)), [{"wait": "mongodb", "at": at("mongodb", host, port)} | tls_spec(tls)], options)


@ends_at_the_author
def rabbitmq(host: Host, *, port: Port = 5672, tls: Tls | None = None, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until RabbitMQ, or another AMQP 0-9-1 broker, starts a connection.

        waiting.rabbitmq("broker")

    Sources: https://www.rabbitmq.com/amqp-0-9-1-reference
    """
    return wait(named(label(host)), [{"wait": "rabbitmq", "at": at("rabbitmq", host, port)} | tls_spec(tls)], options)


@ends_at_the_author
def kafka(
    host: Host, *, port: Port = 9092, topic: str | None = None, tls: Tls | None = None, **options: Unpack[WaitOptions]
) -> Wait:
    """Wait until a Kafka broker answers, and all partitions of `topic` have a leader.

        waiting.kafka("kafka-bootstrap", topic="orders")

    Without a topic, brokers that demand SASL answer too; with one, the listener must take requests without a login.
    Asking for a topic never creates it.

    Sources: https://kafka.apache.org/protocol.html
    """
    spec: dict[str, object] = {"wait": "kafka", "at": at("kafka", host, port)}
    if topic is not None:
        spec["topic"] = _topic(topic)
    return wait(named(label(host)), [spec | tls_spec(tls)], options)


def _topic(topic: object) -> str:
    if not isinstance(topic, str) or not re.fullmatch(r"(?!\.\.?\Z)[-._a-zA-Z0-9]{1,249}", topic):
        rule = "must be a topic: 1 to 249 of letters, digits, '.', '_' and '-'"
        raise wrong("kafka: topic", topic, rule, "correct it")
    return topic


@ends_at_the_author
def nats(host: Host, *, port: Port = 4222, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until a NATS server introduces itself; one in lame duck mode does not pass.

        waiting.nats("nats")

    It does so before TLS and before any login. Where it starts with TLS (`handshake_first`), take `tcp`.

    Sources: https://docs.nats.io/reference/reference-protocols/nats-protocol
    """
    return wait(named(label(host)), [{"wait": "nats", "at": at("nats", host, port)}], options)


@ends_at_the_author
def memcached(host: Host, *, port: Port = 11211, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until memcached tells its version, or asks for a login.

        waiting.memcached("cache")

    One with SASL, which takes the binary protocol only, passes too.

    Sources: https://github.com/memcached/memcached/blob/master/doc/protocol.txt
    """
    return wait(named(label(host)), [{"wait": "memcached", "at": at("memcached", host, port)}], options)


@ends_at_the_author
def elasticsearch(
    host: Host,
    *,
    port: Port = 9200,
    status: Literal["red", "yellow", "green"] = "yellow",
    tls: Tls | None = None,
    **options: Unpack[WaitOptions],
) -> Wait:
    """Wait until an Elasticsearch or OpenSearch cluster is at least `status`.

        waiting.elasticsearch("search", status="green", tls=Tls(ca_file="/ca/ca.crt"), mounts=[...])

    A server that asks for a login passes: it serves, and tells its health to nobody it does not know.

    Sources: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-health
    """
    checks.choice("elasticsearch: status", status, ("red", "yellow", "green"))
    spec = {"wait": "elasticsearch", "at": at("elasticsearch", host, port), "status": status}
    return wait(named(label(host)), [spec | tls_spec(tls)], options)


@ends_at_the_author
def grpc(host: Host, port: Port, *, service: str = "", tls: Tls | None = None, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until a gRPC server says that it, or one `service` of it, is SERVING.

        waiting.grpc("ledger", 50051, service="acme.Ledger")

    The server must have the standard health service.

    Sources: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
    """
    place = {"wait": "grpc", "at": at("grpc", host, port), "service": check_text("grpc: service", service)}
    return wait(named(label(host)), [place | tls_spec(tls)], options)
