from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from initconstructs.rules.api_server.target import target
from initconstructs.rules.api_server.workload import (
    check_daemonset,
    check_deployment,
    check_replicaset,
    check_statefulset,
)

CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
ALL = pytest.mark.parametrize(
    "check", [check_deployment, check_replicaset, check_daemonset, check_statefulset], ids=lambda check: check.__name__
)


def workload(spec: dict[str, Any] | None = None, **pod: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [_container()], **pod}}
    return {
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **(spec or {})},
    }


def _container(**fields: Any) -> dict[str, Any]:
    return {"name": "app", "image": "nginx:1.27", **fields}


def found(check: Callable[..., Any], manifest: dict[str, Any], kubernetes: str = "1.36") -> list[tuple[str, str]]:
    return [(problem.rule.id, problem.path) for problem in check(manifest, target(kubernetes))]


@ALL
def test_a_plain_workload_is_fine(check: Callable[..., Any]) -> None:
    assert found(check, workload()) == []


@ALL
def test_the_template_carries_the_selected_labels(check: Callable[..., Any]) -> None:
    selector = {"selector": {"matchLabels": {"app": "api"}}}
    assert found(check, workload(selector)) == [("selector-matches-template", "spec.template.metadata.labels")]


@ALL
def test_an_empty_selector_is_refused(check: Callable[..., Any]) -> None:
    assert found(check, workload({"selector": {}})) == [("workload-selector", "spec.selector")]


@pytest.mark.parametrize("check", [check_deployment, check_replicaset, check_statefulset])
def test_a_missing_selector_is_refused_twice(check: Callable[..., Any]) -> None:
    manifest = workload()
    del manifest["spec"]["selector"]
    assert found(check, manifest) == [
        ("workload-selector", "spec.selector"),
        ("selector-matches-template", "spec.template.metadata.labels"),
    ]


def test_a_daemonset_without_selector_selects_nothing() -> None:
    manifest = workload()
    del manifest["spec"]["selector"]
    assert found(check_daemonset, manifest) == [("selector-matches-template", "spec.template.metadata.labels")]


def test_an_unreadable_selector_hides_the_template() -> None:
    manifest = workload({"selector": {"matchLabels": {"a b": "x"}}}, restartPolicy="Never")
    assert found(check_deployment, manifest) == [
        ("label-selector", "spec.selector.matchLabels"),
        ("workload-selector", "spec.selector"),
    ]


@ALL
def test_the_pods_of_a_workload_run_for_ever(check: Callable[..., Any]) -> None:
    assert found(check, workload(restartPolicy="OnFailure", activeDeadlineSeconds=60)) == [
        ("long-running-template", "spec.template.spec.restartPolicy"),
        ("long-running-template", "spec.template.spec.activeDeadlineSeconds"),
    ]


@ALL
@pytest.mark.parametrize("field", ["minReadySeconds"])
def test_counts_are_not_negative(check: Callable[..., Any], field: str) -> None:
    assert found(check, workload({field: -1})) == [("not-negative", f"spec.{field}")]


def test_a_statefulset_may_keep_a_negative_number_of_revisions() -> None:
    assert found(check_statefulset, workload({"revisionHistoryLimit": -1})) == []
    assert found(check_daemonset, workload({"revisionHistoryLimit": -1})) == [
        ("not-negative", "spec.revisionHistoryLimit")
    ]


def test_progress_takes_longer_than_readiness() -> None:
    assert found(check_deployment, workload({"minReadySeconds": 599})) == []
    late = [("progress-deadline", "spec.progressDeadlineSeconds")]
    assert found(check_deployment, workload({"minReadySeconds": 600})) == late
    assert found(check_deployment, workload({"progressDeadlineSeconds": 5, "minReadySeconds": 5})) == late


def test_strategies_are_checked_where_they_stand() -> None:
    assert found(check_deployment, workload({"strategy": {"type": "x"}})) == [("deployment-strategy", "spec.strategy")]
    strategy = {"updateStrategy": {"type": "x"}}
    assert found(check_daemonset, workload(strategy)) == [("daemonset-update-strategy", "spec.updateStrategy")]
    assert found(check_statefulset, workload({"podManagementPolicy": "Serial"})) == [
        ("statefulset-pod-management", "spec.podManagementPolicy")
    ]
    assert found(check_statefulset, workload(strategy)) == [("statefulset-update-strategy", "spec.updateStrategy")]


def test_a_statefulset_names_its_service_from_1_33() -> None:
    manifest = workload({"serviceName": "db.shop"})
    assert found(check_statefulset, manifest) == [("statefulset-service-name", "spec.serviceName")]
    assert found(check_statefulset, manifest, "1.32") == []
    assert found(check_statefulset, workload({"serviceName": ""})) == []


def test_the_name_of_a_statefulset_is_a_label() -> None:
    manifest = workload() | {"metadata": {"name": "my.db"}}
    assert found(check_statefulset, manifest) == [("object-name", "metadata.name")]
    assert found(check_deployment, manifest) == []


def test_claims_are_volumes_of_the_template() -> None:
    mounts = [{"name": "data", "mountPath": "/data"}]
    manifest = workload({"volumeClaimTemplates": [CLAIM]}, containers=[_container(volumeMounts=mounts)])
    assert found(check_statefulset, manifest) == []
    assert found(check_statefulset, workload(containers=[_container(volumeMounts=mounts)])) != []


def test_a_claim_replaces_the_volume_of_its_name_and_comes_first() -> None:
    volumes = [{"name": "data", "hostPath": {}}, {"name": "wrong", "hostPath": {}}]
    problems = found(check_statefulset, workload({"volumeClaimTemplates": [CLAIM]}, volumes=volumes))
    assert [path for _, path in problems] == ["spec.template.spec.volumes[1].hostPath.path"]


def test_claim_templates_are_checked_from_1_34() -> None:
    manifest = workload({"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]})
    assert found(check_statefulset, manifest) == [
        ("claim-access-mode", "spec.volumeClaimTemplates[0].spec.accessModes"),
        ("claim-storage", "spec.volumeClaimTemplates[0].spec.resources[storage]"),
    ]
    assert found(check_statefulset, manifest, "1.33") == []


def test_claim_templates_are_checked_before_all_that_follows_them() -> None:
    manifest = workload({"volumeClaimTemplates": [{"metadata": {"name": "data"}}], "replicas": -1}, containers=[])
    assert [path for _, path in found(check_statefulset, manifest)] == [
        "spec.volumeClaimTemplates[0].spec.accessModes",
        "spec.volumeClaimTemplates[0].spec.resources[storage]",
        "spec.replicas",
        "spec.template.spec.containers",
    ]


def test_a_stateful_template_is_checked_from_1_34() -> None:
    manifest = workload(containers=[])
    assert [path for _, path in found(check_statefulset, manifest)] == ["spec.template.spec.containers"]
    assert found(check_statefulset, manifest, "1.33") == []


def test_a_stateful_template_had_its_metadata_checked_before() -> None:
    manifest, cost = workload(), "controller.kubernetes.io/pod-deletion-cost"
    manifest["spec"]["template"]["metadata"] = {
        "labels": {"app": "web", "x": "-"},
        "annotations": {"a b": "", cost: "much"},
    }
    assert [path for _, path in found(check_statefulset, manifest, "1.33")] == [
        "spec.template.labels",
        "spec.template.annotations",
        f"spec.template.annotations[{cost}]",
    ]


def test_a_set_decides_the_host_names_of_its_pods() -> None:
    assert found(check_statefulset, workload(hostname="Not_A_Name", subdomain="Nor This")) == []


@ALL
@pytest.mark.parametrize("manifest", [{}, {"spec": {}}, {"metadata": {}, "spec": {"template": {}}}])
def test_what_is_missing_is_no_reason_to_crash(check: Callable[..., Any], manifest: dict[str, Any]) -> None:
    assert found(check, manifest)[0] == ("object-name", "metadata.name")
