"""The Pod, and the pod template inside every workload."""

from __future__ import annotations

from initconstructs.rules.api_server.check import Node, Problems
from initconstructs.rules.api_server.target import Target
from initconstructs.rules.rule import Rule

RULES: tuple[Rule, ...] = ()


def check(pod: Node, target: Target) -> Problems:
    """A Pod, as validation.ValidatePodCreate walks it."""
    yield from pod_spec(pod.get("spec") or {}, "spec", target)


def template(template: Node, path: str, target: Target) -> Problems:
    """A pod template; `path` is where it stands, such as `spec.template`."""
    yield from pod_spec(template.get("spec") or {}, f"{path}.spec", target)


def pod_spec(spec: Node, path: str, target: Target) -> Problems:
    """A pod's spec, wherever it stands."""
    yield from ()
