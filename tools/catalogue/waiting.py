"""Waits."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.environment import ConfigMapKey
from initconstructs.model.stages import Step
from initconstructs.presets import waiting

WRITTEN = "a small server written from the protocol's document, also over TLS"
API = "a server that lists and watches as the Kubernetes API does, and checks the rights"


def _all_of() -> Step:
    return waiting.all_of(waiting.postgres("db"), waiting.redis("cache"), waiting.rollout("registry"))


ENTRIES = {
    "all_of": Entry(step=_all_of(), proven="all of the others"),
    "tcp": Entry(step=waiting.tcp("smtp", 25), proven="any of the others"),
    "dns": Entry(step=waiting.dns("kafka-headless", at_least=3), proven="dnsmasq"),
    "http": Entry(
        step=waiting.http("https://api/healthz", body="$(UP)", tls=waiting.Tls(ca_file="/ca/ca.crt")),
        proven="nginx, and a TLS server",
    ),
    "postgres": Entry(step=waiting.postgres("db"), proven="PostgreSQL, also while it starts up"),
    "mysql": Entry(step=waiting.mysql(ConfigMapKey("db", "host")), proven="MariaDB"),
    "redis": Entry(step=waiting.redis("cache"), proven="Redis, also while it loads, with a password, and over TLS"),
    "mongodb": Entry(step=waiting.mongodb("mongo-0.mongo"), proven=WRITTEN),
    "rabbitmq": Entry(step=waiting.rabbitmq("broker"), proven="RabbitMQ, also over TLS"),
    "kafka": Entry(step=waiting.kafka("kafka", topic="orders"), proven=WRITTEN),
    "nats": Entry(step=waiting.nats("nats"), proven="nats-server, also with a login"),
    "memcached": Entry(step=waiting.memcached("cache"), proven="memcached, also with a login and with SASL"),
    "elasticsearch": Entry(
        step=waiting.elasticsearch("search", status="green"),
        proven="a small server that answers as documented, also over TLS",
    ),
    "grpc": Entry(
        step=waiting.grpc("ledger", 50051, service="acme.Ledger"), proven="gRPC's own Python server, also over TLS"
    ),
    "file": Entry(step=waiting.file("/shared/ready"), proven="a file"),
    "command": Entry(
        step=waiting.command(["pg_isready", "-h", "$(HOST)"], image="docker.io/library/postgres:17.6"),
        proven="the script under dash and busybox, with nothing else on PATH",
    ),
    "job_complete": Entry(step=waiting.job_complete("seed"), proven=API),
    "rollout": Entry(step=waiting.rollout("schema-registry", namespace="kafka"), proven=API),
    "pod_ready": Entry(step=waiting.pod_ready("kafka-0"), proven=API),
    "pods_ready": Entry(step=waiting.pods_ready({"app": "kafka"}, at_least=3), proven=API),
    "service_endpoints": Entry(step=waiting.service_endpoints("db"), proven=API),
    "condition": Entry(
        step=waiting.condition("certificates", "shop-tls", api_version="cert-manager.io/v1"), proven=API
    ),
    "field": Entry(
        step=waiting.field("persistentvolumeclaims", "data", api_version="v1", path="status.phase", value="Bound"),
        proven=API,
    ),
}
