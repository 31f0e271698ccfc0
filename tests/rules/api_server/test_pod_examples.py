"""Every rule about pods refuses its wrong example, in the right place, and accepts its right one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from initconstructs.rules import api_server
from initconstructs.rules.api_server import (
    affinity,
    containers,
    dns,
    env,
    field_refs,
    handlers,
    init_containers,
    match_label_keys,
    mounts,
    network_volumes,
    pod,
    pod_annotations,
    pod_resources,
    pod_security,
    ports,
    probes,
    resources,
    restart_rules,
    scheduling,
    security_context,
    volume_files,
    volume_sources,
    volumes,
    windows,
)

EXAMPLES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "pod-examples.yaml").read_text())
MODULES = (
    affinity,
    containers,
    dns,
    env,
    field_refs,
    handlers,
    init_containers,
    match_label_keys,
    mounts,
    network_volumes,
    pod,
    pod_annotations,
    pod_resources,
    pod_security,
    ports,
    probes,
    resources,
    restart_rules,
    scheduling,
    security_context,
    volume_files,
    volume_sources,
    volumes,
    windows,
)


def a_pod(
    annotations: dict[str, str] | None = None,
    metadata: dict[str, Any] | None = None,
    container: dict[str, Any] | None = None,
    init: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    whole: dict[str, Any] = {"containers": [{"name": "app", "image": "nginx:1.27", **(container or {})}], **spec}
    if init is not None:
        whole["initContainers"] = [{"name": "init", "image": "busybox:1.36", **init}]
    named = {"name": "web", "annotations": annotations or {}, **(metadata or {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": whole}


def test_every_rule_about_pods_has_an_example() -> None:
    assert sorted(EXAMPLES) == sorted(rule.id for module in MODULES for rule in module.RULES)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_refuses_what_is_wrong_where_it_is_wrong(rule: str) -> None:
    problems = api_server.check(a_pod(**EXAMPLES[rule]["wrong"]))
    assert (rule, EXAMPLES[rule]["at"]) in [(problem.rule.id, problem.path) for problem in problems]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_accepts_what_is_right(rule: str) -> None:
    assert api_server.check(a_pod(**EXAMPLES[rule]["right"])) == []
