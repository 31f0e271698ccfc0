"""Every hazard is found where it is, and not where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from initconstructs.manifests.yaml_in import load_yaml
from initconstructs.rules import startup

EXAMPLES: dict[str, Any] = load_yaml(Path(__file__).with_name("startup-examples.yaml").read_bytes())[0].manifest


def cases(side: str) -> list[Any]:
    return [
        pytest.param(rule, spec, id=f"{rule}-{'abcdefghij'[number]}")
        for rule, examples in EXAMPLES.items()
        for number, spec in enumerate(examples[side])
    ]


def found(pod: dict[str, Any], *, kind: str = "Deployment", **spec: object) -> set[str]:
    group = "batch/v1" if kind == "Job" else "apps/v1"
    manifest = {"apiVersion": group, "kind": kind, "spec": {"replicas": 3, **spec, "template": {"spec": pod}}}
    return {problem.rule.id for problem in startup.check(manifest)}


@pytest.mark.parametrize(("rule", "pod"), cases("bad"))
def test_a_hazard_is_found(rule: str, pod: dict[str, Any]) -> None:
    assert rule in found(pod)


@pytest.mark.parametrize(("rule", "pod"), cases("good"))
def test_what_only_looks_like_a_hazard_is_left_alone(rule: str, pod: dict[str, Any]) -> None:
    assert rule not in found(pod)


def test_every_rule_has_examples_of_both() -> None:
    assert list(EXAMPLES) == [rule.id for rule in startup.RULES]
    assert all(examples["bad"] and examples["good"] for examples in EXAMPLES.values())


@pytest.mark.parametrize(
    ("kind", "spec", "races"),
    [
        ("Deployment", {"replicas": 1}, False),
        ("DaemonSet", {}, True),
        ("StatefulSet", {"replicas": 3}, False),
        ("StatefulSet", {"replicas": 3, "podManagementPolicy": "Parallel"}, True),
    ],
)
def test_a_migration_races_only_between_pods_that_start_together(
    kind: str, spec: dict[str, object], races: bool
) -> None:
    pod = EXAMPLES["unlocked-migration"]["bad"][0]
    assert ("unlocked-migration" in found(pod, kind=kind, **spec)) == races


def test_the_deadline_of_a_job_bounds_its_waits() -> None:
    pod = EXAMPLES["unbounded-wait"]["bad"][0]
    assert "unbounded-wait" in found(pod, kind="Job")
    assert "unbounded-wait" not in found(pod, kind="Job", activeDeadlineSeconds=60)


@pytest.mark.parametrize("annotation", ["sidecar.istio.io/inject", "linkerd.io/inject"])
def test_an_injected_proxy_comes_too_late_for_an_init_container(annotation: str) -> None:
    pod = {"initContainers": [{"name": "w", "image": "a:1", "command": ["curl", "http://x"]}]}
    value = {"sidecar.istio.io/inject": "true", "linkerd.io/inject": "enabled"}[annotation]
    template = {"metadata": {"annotations": {annotation: value}}, "spec": pod}
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": template}}
    assert "network-before-mesh" in {problem.rule.id for problem in startup.check(manifest)}
