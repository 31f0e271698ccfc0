from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.autoscaling import check_autoscaler, check_autoscaler_v1
from initconstructs.rules.api_server.target import target

DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
UTILIZATION = {"type": "Utilization", "averageUtilization": 80}
AVERAGE = {"type": "AverageValue", "averageValue": "100m"}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": UTILIZATION}}
CONTAINER = {
    "type": "ContainerResource",
    "containerResource": {"name": "memory", "container": "app", "target": AVERAGE},
}
PODS = {"type": "Pods", "pods": {"metric": {"name": "qps"}, "target": AVERAGE}}
INGRESS = {"kind": "Ingress", "name": "main"}
OBJECT = {"type": "Object", "object": {"metric": {"name": "rps"}, "describedObject": INGRESS, "target": AVERAGE}}
EXTERNAL = {"type": "External", "external": {"metric": {"name": "queue"}, "target": AVERAGE}}
ALL = (CPU, CONTAINER, PODS, OBJECT, EXTERNAL)


def found(kubernetes: str = "1.36", check: Any = check_autoscaler, **spec: Any) -> list[tuple[str, str]]:
    whole = {"scaleTargetRef": DEPLOYMENT, "maxReplicas": 10, **spec}
    manifest = {"metadata": {"name": "web"}, "spec": whole}
    return [(problem.rule.id, problem.path) for problem in check(manifest, target(kubernetes))]


def metric(base: dict[str, Any], **change: Any) -> list[tuple[str, str]]:
    """The problems of a metric with its source changed."""
    field = next(field for field in base if field != "type")
    changed = base | {field: base[field] | change}
    return [(rule, path.removeprefix(f"spec.metrics[0].{field}.")) for rule, path in found(metrics=[changed])]


def behavior(**rules: Any) -> list[tuple[str, str]]:
    return found(behavior={"scaleUp": rules})


def policy(**change: Any) -> list[tuple[str, str]]:
    return behavior(policies=[{"type": "Pods", "value": 4, "periodSeconds": 60} | change])


def test_metrics_of_every_type_are_fine() -> None:
    assert found(metrics=ALL, minReplicas=2) == found() == []


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        ({"minReplicas": 11}, ["maxReplicas"]),
        ({"maxReplicas": 0}, ["maxReplicas", "maxReplicas"]),
        ({"maxReplicas": -1}, ["maxReplicas", "maxReplicas"]),
        ({"minReplicas": 0, "metrics": [EXTERNAL]}, ["minReplicas"]),
    ],
)
def test_there_is_room_to_scale(spec: dict[str, int], paths: list[str]) -> None:
    assert found(**spec) == [("autoscaler-replicas", f"spec.{path}") for path in paths]


def test_the_words_for_too_few_replicas_changed_in_1_36() -> None:
    spec = {"scaleTargetRef": DEPLOYMENT, "maxReplicas": 0}
    manifest = {"metadata": {"name": "web"}, "spec": spec}
    reasons = {
        kubernetes: next(check_autoscaler(manifest, target(kubernetes))).reason for kubernetes in ("1.35", "1.36")
    }
    assert reasons == {"1.35": "FieldValueInvalid", "1.36": "FieldValueRequired"}


def test_scaling_to_zero_needs_a_metric_from_outside() -> None:
    assert ("autoscaler-scale-to-zero", "spec.metrics") in found(minReplicas=0, metrics=[CPU])
    assert ("autoscaler-scale-to-zero", "spec.metrics") not in found(minReplicas=0, metrics=[CPU, OBJECT])


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "a/b"}, "kind"),
        ({"name": ""}, "name"),
        ({"apiVersion": ""}, "apiVersion"),
        ({"apiVersion": "v1"}, "apiVersion"),
        ({"apiVersion": "a/b/c"}, "apiVersion"),
    ],
)
def test_the_target_is_named_with_its_group(change: dict[str, str], path: str) -> None:
    reference = DEPLOYMENT | change
    assert found(scaleTargetRef=reference) == [("autoscaler-reference", f"spec.scaleTargetRef.{path}")]


def test_the_group_counts_from_1_34_and_not_for_replication_controllers() -> None:
    assert found("1.33", scaleTargetRef=INGRESS) == []
    assert found(scaleTargetRef={"kind": "ReplicationController", "name": "web"}) == []


def test_a_described_object_may_be_of_the_core_group() -> None:
    assert metric(OBJECT, describedObject=INGRESS | {"apiVersion": "a/b/c"}) == [
        ("autoscaler-reference", "describedObject.apiVersion")
    ]
    assert metric(OBJECT, describedObject=INGRESS | {"apiVersion": "v1"}) == []


def test_a_metric_has_a_type_and_its_source() -> None:
    assert found(metrics=[{"type": "Resource"}]) == [("autoscaler-metric", "spec.metrics[0].resource")]
    assert found(metrics=[CPU | PODS]) == [("autoscaler-metric", "spec.metrics[0].resource")]
    assert [path for _, path in found(metrics=[CPU | {"type": ""}])] == ["spec.metrics[0].type"] * 3
    assert found(metrics=[CPU | {"type": "Cpu"}]) == [
        ("autoscaler-metric-type", "spec.metrics[0].type"),
        ("autoscaler-metric", "spec.metrics[0].type"),
    ]


@pytest.mark.parametrize(
    ("base", "change", "path"),
    [
        (CPU, {"name": ""}, "name"),
        (CONTAINER, {"name": ""}, "name"),
        (CONTAINER, {"container": ""}, "container"),
        (CONTAINER, {"container": "My App"}, "container"),
        (PODS, {"metric": {"name": ""}}, "metric.name"),
        (PODS, {"metric": {"name": "a/b"}}, "metric.name"),
        (EXTERNAL, {"metric": {}}, "metric.name"),
    ],
)
def test_a_metric_has_a_name(base: dict[str, Any], change: dict[str, Any], path: str) -> None:
    assert metric(base, **change) == [("autoscaler-metric-name", path)]


def test_the_resource_of_a_container_is_one_that_containers_have() -> None:
    assert {path for _, path in metric(CONTAINER, name="gpu")} == {"name"}
    assert metric(CPU, name="anything goes") == metric(CONTAINER, name="example.com/gpu") == []


@pytest.mark.parametrize(
    ("base", "change", "path"),
    [
        (CPU, {"type": "Utilization"}, "averageUtilization"),
        (CPU, UTILIZATION | AVERAGE, "averageValue"),
        (CPU, UTILIZATION | {"averageUtilization": 0}, "averageUtilization"),
        (CPU, UTILIZATION | {"type": "Percent"}, "type"),
        (PODS, {"type": "Value", "value": "1"}, "averageValue"),
        (PODS, {"type": "AverageValue", "averageValue": "0"}, "averageValue"),
        (OBJECT, {"type": "Value"}, "averageValue"),
        (OBJECT, {"type": "Value", "value": "-1"}, "value"),
        (EXTERNAL, {"type": "Value"}, "averageValue"),
        (EXTERNAL, AVERAGE | {"value": "1"}, "value"),
    ],
)
def test_a_metric_has_a_target(base: dict[str, Any], change: dict[str, Any], path: str) -> None:
    assert metric(base, target=change) == [("autoscaler-target", f"target.{path}")]


def test_a_missing_target_type_is_missing_and_wrong() -> None:
    assert [path for _, path in metric(CPU, target={"averageUtilization": 80})] == ["target.type"] * 2


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ({"stabilizationWindowSeconds": -1}, "stabilizationWindowSeconds"),
        ({"stabilizationWindowSeconds": 3601}, "stabilizationWindowSeconds"),
        ({"selectPolicy": "Average"}, "selectPolicy"),
        ({"policies": []}, "policies"),
        ({"tolerance": "-100m"}, "tolerance"),
    ],
)
def test_scaling_has_a_speed(rules: dict[str, Any], path: str) -> None:
    assert behavior(**rules) == [("autoscaler-behavior", f"spec.behavior.scaleUp.{path}")]
    assert behavior() == behavior(tolerance="0") == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"type": "Nodes"}, "type"),
        ({"value": 0}, "value"),
        ({"periodSeconds": 0}, "periodSeconds"),
        ({"periodSeconds": 1801}, "periodSeconds"),
    ],
)
def test_a_policy_is_an_amount_in_a_time(change: dict[str, Any], path: str) -> None:
    assert policy(**change) == [("autoscaler-behavior", f"spec.behavior.scaleUp.policies[0].{path}")]
    assert policy() == []


def test_version_1_is_checked_as_the_version_2_that_it_means() -> None:
    assert found(check=check_autoscaler_v1, targetCPUUtilizationPercentage=80) == []
    assert found(check=check_autoscaler_v1, targetCPUUtilizationPercentage=0) == [
        ("autoscaler-target", "spec.metrics[0].resource.target.averageUtilization")
    ]
