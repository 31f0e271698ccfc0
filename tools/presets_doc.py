"""Write docs/presets.md from the presets themselves: what each asks, its image, user, privileges and resources.

    python tools/presets_doc.py

A test fails when the page is not what this would write.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

from initconstructs.model.environment import SecretKey
from initconstructs.model.stages import PolicyRule, Stage
from initconstructs.presets import images, migrating, waiting

PAGE = Path(__file__).parents[1] / "docs" / "presets.md"

EXAMPLES: dict[str, Callable[[], waiting.Wait]] = {
    "tcp": lambda: waiting.tcp("smtp", 25),
    "dns": lambda: waiting.dns("kafka-headless", at_least=3),
    "http": lambda: waiting.http("http://api:8080/healthz"),
    "postgres": lambda: waiting.postgres("db"),
    "mysql": lambda: waiting.mysql("db"),
    "redis": lambda: waiting.redis("cache"),
    "mongodb": lambda: waiting.mongodb("mongo-0.mongo"),
    "rabbitmq": lambda: waiting.rabbitmq("broker"),
    "kafka": lambda: waiting.kafka("kafka", topic="orders"),
    "nats": lambda: waiting.nats("nats"),
    "memcached": lambda: waiting.memcached("cache"),
    "elasticsearch": lambda: waiting.elasticsearch("search"),
    "grpc": lambda: waiting.grpc("ledger", 50051),
    "file": lambda: waiting.file("/shared/ready"),
    "job_complete": lambda: waiting.job_complete("seed"),
    "rollout": lambda: waiting.rollout("schema-registry"),
    "pod_ready": lambda: waiting.pod_ready("kafka-0"),
    "pods_ready": lambda: waiting.pods_ready({"app": "kafka"}),
    "service_endpoints": lambda: waiting.service_endpoints("db"),
    "condition": lambda: waiting.condition("certificates", "tls", api_version="cert-manager.io/v1"),
    "field": lambda: waiting.field(
        "persistentvolumeclaims", "data", api_version="v1", path="status.phase", value="Bound"
    ),
}

PROVEN = {
    "mongodb": "a small server written from the protocol's document",
    "kafka": "a small server written from the protocol's document",
    "elasticsearch": "a small server that answers as documented",
    "grpc": "gRPC's own Python server",
    "dns": "dnsmasq",
    "http": "nginx, and a TLS server",
    "postgres": "PostgreSQL, also while it starts up",
    "mysql": "MariaDB",
    "redis": "Redis, also while it loads and with a password",
    "rabbitmq": "RabbitMQ",
    "nats": "nats-server, also with a login",
    "memcached": "memcached",
    "tcp": "any of the others",
    "file": "a file",
}
"""What the tests hold each wait against; the others ask an HTTP server that lists and watches as the API does."""

API = "a server that lists and watches as the Kubernetes API does, and checks the rights"


def document() -> str:
    """The page."""
    return "\n".join(["# Presets", "", *_waiting(), "", *_migrating(), "", *_images()]) + "\n"


def _waiting() -> Iterator[str]:
    yield "## waiting"
    yield ""
    yield inspect.cleandoc(waiting.__doc__ or "")
    yield ""
    yield "| function | waits until | may, in the Kubernetes API | script, bytes | proven against |"
    yield "|---|---|---|---|---|"
    for name, make in EXAMPLES.items():
        wait = make()
        rights = "; ".join(map(_right, wait.permissions)) or "nothing"
        yield f"| `{name}` | {_summary(name)} | {rights} | {_size(wait)} | {PROVEN.get(name, API)} |"
    command = waiting.command(["pg_isready"], image="docker.io/library/postgres:17.6")
    yield (
        f"| `command` | {_summary('command')} | nothing | {_size(command)} | "
        "the script under dash and busybox, with nothing else on PATH |"
    )
    yield ""
    yield "All but `command`: " + _privileges([make() for make in EXAMPLES.values()]) + "."


def _summary(name: str) -> str:
    text = inspect.getdoc(getattr(waiting, name)) or ""
    first = text.split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")
    return first.removeprefix("Wait until ").replace("|", "\\|")


def _right(rule: PolicyRule) -> str:
    what = ", ".join(f"{each}.{group}" if group else each for each in rule.resources for group in rule.api_groups)
    which = "of this name" if rule.resource_names else "of the namespace"
    return f"{' and '.join(rule.verbs)} {what} {which}"


def _size(wait: Stage) -> int:
    return sum(len(text.encode()) for text in _files(wait))


def _files(wait: Stage) -> list[str]:
    return list(getattr(getattr(wait.mounts[0].volume, "source"), "files").values())  # noqa: B009 -- a union of sources


def _privileges(waits: list[waiting.Wait]) -> str:
    """What holds for every wait, read from the stages."""
    found = {
        (each.profile, each.security.run_as_user, each.security.read_only_root_filesystem)
        for each in waits
        if each.security
    }
    ((profile, user, read_only),) = found
    root = "a read-only root file system" if read_only else "a writable root file system"
    (image,) = {each.image for each in waits}
    return f'Pod Security "{profile}", user {user}, {root}, image `{image}`'


def _migrating() -> Iterator[str]:
    image, url = "ghcr.io/acme/shop:1.4.2", SecretKey("shop-db", "url")
    stages = {
        "alembic": migrating.alembic(image=image, database_url=url),
        "django": migrating.django(image=image, database_url=url),
        "command": migrating.command(["./migrate", "up"], image=image, database_url=url),
    }
    yield "## migrating"
    yield ""
    yield inspect.cleandoc(migrating.__doc__ or "")
    yield ""
    yield "| function | what it does | runs | Pod Security | script, bytes |"
    yield "|---|---|---|---|---|"
    for name, stage in stages.items():
        words = " ".join((stage.args or ())[2:])
        text = inspect.getdoc(getattr(migrating, name)) or ""
        summary = text.split("\n\n")[0].replace("\n", " ").rstrip(".")
        yield f"| `{name}` | {summary} | `{words}` | {stage.profile} | {_size(stage)} |"
    yield ""
    yield "Proven against a real PostgreSQL, with a script that breaks when two copies run it at once: four copies,"
    yield "twenty times; a copy that is killed; a session that the server ends."


def _images() -> Iterator[str]:
    yield "## Images"
    yield ""
    yield inspect.cleandoc(images.__doc__ or "")
    yield ""
    yield "| name | image |"
    yield "|---|---|"
    for name, image in vars(images).items():
        if name.isupper():
            yield f"| `{name}` | `{image}` |"


if __name__ == "__main__":
    PAGE.write_text(document())
