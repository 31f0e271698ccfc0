"""The pod is found in every workload kind, with the paths of the API server."""

from __future__ import annotations

import pytest

from initconstructs.manifests.pod_template import pod_template, workloads

SPEC: dict[str, object] = {"initContainers": [{"name": "wait"}], "containers": [{"name": "app"}]}


@pytest.mark.parametrize(
    ("api_version", "kind", "path"),
    [
        ("v1", "ReplicationController", "spec.template.spec"),
        ("apps/v1", "Deployment", "spec.template.spec"),
        ("apps/v1", "StatefulSet", "spec.template.spec"),
        ("apps/v1", "DaemonSet", "spec.template.spec"),
        ("apps/v1", "ReplicaSet", "spec.template.spec"),
        ("batch/v1", "Job", "spec.template.spec"),
    ],
)
def test_the_pod_of_a_workload(api_version: str, kind: str, path: str) -> None:
    template = pod_template({"apiVersion": api_version, "kind": kind, "spec": {"template": {"spec": SPEC}}})
    assert template is not None
    assert (template.spec, template.spec_path) == (SPEC, path)
    assert [path for path, _ in template.all_containers()] == [f"{path}.initContainers[0]", f"{path}.containers[0]"]


def test_the_pod_itself() -> None:
    template = pod_template({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": SPEC})
    assert template is not None
    assert (template.path, template.spec_path, template.metadata_path) == ("", "spec", "metadata")
    assert template.metadata == {"name": "a"}


def test_the_pod_of_a_cron_job() -> None:
    job = {"spec": {"template": {"spec": SPEC}}}
    template = pod_template({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": job}})
    assert template is not None
    assert template.metadata_path == "spec.jobTemplate.spec.template.metadata"


@pytest.mark.parametrize(
    "manifest",
    [
        {"apiVersion": "v1", "kind": "Service", "spec": {}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": None},
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": [1]}},
        {"apiVersion": "example.com/v1", "kind": "Deployment", "spec": {"template": {"spec": SPEC}}},
        {},
    ],
)
def test_what_runs_no_pod_has_none(manifest: dict[str, object]) -> None:
    assert pod_template(manifest) is None
    assert list(workloads([manifest])) == []


def test_what_is_no_container_is_passed_over() -> None:
    template = pod_template({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [None, {"name": "b"}, 3]}})
    assert template is not None
    assert list(template.app_containers()) == [("spec.containers[1]", {"name": "b"})]
