"""PodDisruptionBudget.

Source: kubernetes/pkg/apis/policy/validation/validation.go; metadata is checked last, by the generic registry alone.
"""

from __future__ import annotations

from initconstructs.rules.api_server.bounds import at_most_all, int_or_percent
from initconstructs.rules.api_server.cause import invalid, not_supported
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import path_segment
from initconstructs.rules.api_server.object_meta import object_meta
from initconstructs.rules.api_server.selector import label_selector
from initconstructs.rules.api_server.target import Target

_NONE: Node = {}


@rule("disruption-budget", fix="Give minAvailable or maxUnavailable, as a count or a percentage of at most 100%.")
def disruption_budget(spec: Node) -> Causes:
    """A disruption budget is one amount.

    What: minAvailable and maxUnavailable exclude each other; each is a count of at least 0 or a percentage of at most
    100 %.
    Why: together they could contradict each other.
    Example: `minAvailable: "50"` is refused, because a text has to be a percentage.
    Fix: `minAvailable: 50%`.
    Source: ValidatePodDisruptionBudgetSpec in kubernetes/pkg/apis/policy/validation/validation.go.
    """
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        if field in spec:
            yield from int_or_percent(spec[field], f"spec.{field}")
            yield from at_most_all(spec[field], f"spec.{field}")


@rule("disruption-eviction-policy", fix="Use IfHealthyBudget or AlwaysAllow.")
def eviction_policy(policy: str) -> Causes:
    """A budget says what happens to unhealthy pods.

    What: unhealthyPodEvictionPolicy is IfHealthyBudget, the default, or AlwaysAllow.
    Why: the eviction API knows no other way.
    Example: `unhealthyPodEvictionPolicy: Always` is refused.
    Fix: `AlwaysAllow` keeps a broken pod from blocking a node's drain.
    Source: ValidatePodDisruptionBudgetSpec in kubernetes/pkg/apis/policy/validation/validation.go.
    """
    if policy not in {"AlwaysAllow", "IfHealthyBudget"}:
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, ["AlwaysAllow", "IfHealthyBudget"])


def check_budget(manifest: Node, _target: Target) -> Problems:
    """A PodDisruptionBudget, as its registry walks it."""
    wrong = list(_spec(manifest.get("spec") or _NONE))
    yield from wrong or object_meta(manifest, path_segment, generic=True)


def _spec(spec: Node) -> Problems:
    yield from disruption_budget(spec)
    yield from label_selector(spec.get("selector") or _NONE, "spec.selector")
    if "unhealthyPodEvictionPolicy" in spec:
        yield from eviction_policy(spec["unhealthyPodEvictionPolicy"])


RULES = (disruption_budget.rule, eviction_policy.rule)
