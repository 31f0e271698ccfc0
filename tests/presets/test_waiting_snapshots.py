"""What each wait looks like in the manifest; the program's own text is left out, its files are listed."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

import pytest

from initconstructs import Container, DeploymentSpec, render
from initconstructs.presets import waiting

WAITS = {
    "all-of": lambda: waiting.all_of(waiting.postgres("db"), waiting.redis("cache"), waiting.rollout("registry")),
    "command": lambda: waiting.command(["pg_isready", "-h", "$(HOST)"], image="docker.io/library/postgres:17.6"),
    "condition": lambda: waiting.condition("certificates", "shop-tls", api_version="cert-manager.io/v1"),
    "dns": lambda: waiting.dns("kafka-headless", at_least=3),
    "elasticsearch": lambda: waiting.elasticsearch("search", status="green"),
    "field": lambda: waiting.field(
        "persistentvolumeclaims", "data", api_version="v1", path="status.phase", value="Bound"
    ),
    "file": lambda: waiting.file("/shared/ready"),
    "grpc": lambda: waiting.grpc("ledger", 50051, service="acme.Ledger"),
    "http": lambda: waiting.http("https://api/healthz", body="$(UP)", tls=waiting.Tls(ca_file="/ca/ca.crt")),
    "job-complete": lambda: waiting.job_complete("seed"),
    "kafka": lambda: waiting.kafka("kafka", topic="orders"),
    "memcached": lambda: waiting.memcached("cache"),
    "mongodb": lambda: waiting.mongodb("mongo-0.mongo"),
    "mysql": lambda: waiting.mysql("db"),
    "nats": lambda: waiting.nats("nats"),
    "pod-ready": lambda: waiting.pod_ready("kafka-0"),
    "pods-ready": lambda: waiting.pods_ready({"app": "kafka"}, at_least=3),
    "postgres": lambda: waiting.postgres("db"),
    "rabbitmq": lambda: waiting.rabbitmq("broker"),
    "redis": lambda: waiting.redis("cache"),
    "rollout": lambda: waiting.rollout("schema-registry"),
    "service-endpoints": lambda: waiting.service_endpoints("db"),
    "tcp": lambda: waiting.tcp("smtp", 25),
}


@pytest.mark.parametrize("make", WAITS.values(), ids=WAITS)
def test_manifest(make, yaml_snapshot):
    app = Container("app", image="example.org/app:1")
    workload, *company = render(DeploymentSpec("app", namespace="shop", containers=[app], stages=[make()]))
    stage = workload["spec"]["template"]["spec"]["initContainers"][0]
    files = {
        each["metadata"]["name"].rpartition("-")[0]: sorted(each.pop("data")) for each in company if "data" in each
    }
    assert [stage, {"files": files}, *(each for each in company if each["kind"] != "ConfigMap")] == yaml_snapshot


def test_every_public_wait_has_a_snapshot_and_a_docstring():
    public = {name.replace("_", "-") for name in waiting.__all__ if inspect.isfunction(getattr(waiting, name))}
    assert public == WAITS.keys()
    for name in public:
        text = inspect.getdoc(getattr(waiting, name.replace("-", "_"))) or ""
        assert f"waiting.{name.replace('-', '_')}(" in text, f"{name} shows no example"
        assert "Sources:" in text or name == "all-of", f"{name} names no source"


def test_the_reference_is_what_the_code_says():
    root = Path(__file__).parents[2]
    spec = importlib.util.spec_from_file_location("presets_doc", root / "tools" / "presets_doc.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert (root / "docs" / "presets.md").read_text() == tool.document(), "run python tools/presets_doc.py"
