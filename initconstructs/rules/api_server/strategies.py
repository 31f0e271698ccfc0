"""How Deployments, DaemonSets and StatefulSets replace and order their pods, and what they keep.

Source: kubernetes/pkg/apis/apps/validation/validation.go and apps/v1/defaults.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.bounds import at_most_all, int_or_percent, is_zero
from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, rule

_NONE: Node = {}


@rule(
    "deployment-strategy",
    fix="Use RollingUpdate with maxUnavailable and maxSurge as counts or percentages, not both 0, or a bare Recreate.",
)
def deployment_strategy(strategy: Node) -> Causes:
    """A Deployment's strategy can replace its pods.

    What: the type is RollingUpdate or Recreate, the latter without rollingUpdate; maxUnavailable and maxSurge are
    counts or percentages, not both 0, and at most 100 % are unavailable.
    Why: with neither a spare pod nor one that may be missing, no pod could ever be replaced.
    Example: `rollingUpdate: {maxUnavailable: 0, maxSurge: 0}` is refused.
    Fix: allow one of them; both are 25% by default.
    Source: ValidateDeploymentStrategy in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    path, kind = "spec.strategy", strategy.get("type") or "RollingUpdate"
    if kind == "Recreate":
        if "rollingUpdate" in strategy:
            yield forbidden(f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
    elif kind == "RollingUpdate":
        yield from _rolling_deployment(strategy.get("rollingUpdate") or _NONE, f"{path}.rollingUpdate")
    else:
        yield not_supported(path, strategy, ["Recreate", "RollingUpdate"])


def _rolling_deployment(rolling: Node, path: str) -> Causes:
    unavailable, surge = rolling.get("maxUnavailable", "25%"), rolling.get("maxSurge", "25%")
    yield from int_or_percent(unavailable, f"{path}.maxUnavailable")
    yield from int_or_percent(surge, f"{path}.maxSurge")
    if is_zero(unavailable) and is_zero(surge):
        yield invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    yield from at_most_all(unavailable, f"{path}.maxUnavailable")


@rule(
    "daemonset-update-strategy",
    fix="Use OnDelete, or RollingUpdate with exactly one of maxUnavailable (1 by default) and maxSurge above 0.",
)
def daemonset_update_strategy(strategy: Node) -> Causes:
    """A DaemonSet's strategy can replace its pods.

    What: the type is RollingUpdate or OnDelete; maxUnavailable and maxSurge are counts or percentages of at most 100 %,
    and exactly one of them is above 0.
    Why: a node's old pod goes first or its new pod comes first, never both.
    Example: `rollingUpdate: {maxSurge: 1}` is refused, because maxUnavailable stays at its default of 1.
    Fix: write `maxUnavailable: 0` beside maxSurge.
    Source: ValidateDaemonSetUpdateStrategy in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    path, kind = "spec.updateStrategy", strategy.get("type") or "RollingUpdate"
    if kind == "RollingUpdate":
        yield from _rolling_daemonset(strategy.get("rollingUpdate") or _NONE, f"{path}.rollingUpdate")
    elif kind != "OnDelete":
        yield not_supported(path, strategy, ["RollingUpdate", "OnDelete"])


def _rolling_daemonset(rolling: Node, path: str) -> Causes:
    amounts = {"maxUnavailable": rolling.get("maxUnavailable", 1), "maxSurge": rolling.get("maxSurge", 0)}
    for field, amount in amounts.items():
        yield from int_or_percent(amount, f"{path}.{field}")
    for field, amount in amounts.items():
        yield from at_most_all(amount, f"{path}.{field}")
    unavailable, surge = amounts.values()
    if not is_zero(unavailable) and not is_zero(surge):
        yield invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    if is_zero(unavailable) and is_zero(surge):
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


@rule("statefulset-update-strategy", fix="Use RollingUpdate, with a partition of 0 or more, or a bare OnDelete.")
def statefulset_update_strategy(strategy: Node) -> Causes:
    """A StatefulSet's strategy can replace its pods.

    What: the type is RollingUpdate or OnDelete, the latter without rollingUpdate; the partition is not negative;
    maxUnavailable, where its gate is on, is a count or percentage above 0 and at most 100 %.
    Why: a strategy that replaces nothing would leave the set half updated for ever.
    Example: `updateStrategy: {type: Recreate}` is refused.
    Fix: use RollingUpdate or OnDelete.
    Source: ValidateStatefulSetSpec in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    path, kind = "spec.updateStrategy", strategy.get("type") or "RollingUpdate"
    rolling = strategy.get("rollingUpdate")
    if kind == "OnDelete":
        if rolling is not None:
            yield invalid(f"{path}.rollingUpdate", rolling, "only allowed for updateStrategy 'RollingUpdate'")
    elif kind == "RollingUpdate":
        yield from _rolling_statefulset(rolling or _NONE, f"{path}.rollingUpdate")
    else:
        yield invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")


def _rolling_statefulset(rolling: Node, path: str) -> Causes:
    if rolling.get("partition", 0) < 0:
        yield invalid(f"{path}.partition", rolling["partition"], "must be greater than or equal to 0")
    if "maxUnavailable" in rolling:
        unavailable = rolling["maxUnavailable"]
        yield from int_or_percent(unavailable, f"{path}.maxUnavailable")
        if is_zero(unavailable):
            yield invalid(f"{path}.maxUnavailable", unavailable, "cannot be 0")
        yield from at_most_all(unavailable, f"{path}.maxUnavailable")


@rule("statefulset-pod-management", fix="Use OrderedReady or Parallel.")
def statefulset_pod_management(policy: str) -> Causes:
    """A StatefulSet starts its pods in order or all at once.

    What: podManagementPolicy is OrderedReady, the default, or Parallel.
    Why: the controller knows no other way.
    Example: `podManagementPolicy: Serial` is refused.
    Fix: use OrderedReady.
    Source: ValidateStatefulSetSpec in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    if policy not in {"OrderedReady", "Parallel"}:
        yield invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")


@rule("statefulset-claim-retention", fix="Use Retain or Delete, capitalised.")
def statefulset_claim_retention(policy: Node) -> Causes:
    """A StatefulSet keeps or deletes its claims.

    What: whenDeleted and whenScaled are Retain, the default, or Delete.
    Why: the controller knows no other way.
    Example: `whenScaled: delete` is refused.
    Fix: write it capitalised.
    Source: ValidatePersistentVolumeClaimRetentionPolicy in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    for field in ("whenDeleted", "whenScaled"):
        value = policy.get(field) or "Retain"
        if value not in {"Retain", "Delete"}:
            yield not_supported(f"spec.persistentVolumeClaimRetentionPolicy.{field}", value, ["Retain", "Delete"])


RULES = (
    deployment_strategy.rule,
    daemonset_update_strategy.rule,
    statefulset_update_strategy.rule,
    statefulset_pod_management.rule,
    statefulset_claim_retention.rule,
)
