"""How many pods of a workload start at once."""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.manifests.pod_template import child

_FOREVER = ("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController")


def pods_at_once(manifest: Mapping[str, object]) -> str:
    """`3 pods` that start together, in words; '' where it is one after another.

    A StatefulSet starts its pods in turn unless its `podManagementPolicy` is Parallel:
    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-management-policies
    """
    kind, spec = manifest.get("kind"), child(manifest, "spec")
    if kind == "CronJob":
        kind, spec = "Job", child(spec, "jobTemplate", "spec")
    if kind == "DaemonSet":
        return "the pods of every node"
    if kind == "Job":
        number = min(_count(spec, "parallelism"), _count(spec, "completions", 1 << 31))
    else:
        number = _count(spec, "replicas") if kind in _FOREVER and not _in_turn(manifest) else 1
    return f"{number} pods" if number > 1 else ""


def autoscaled(manifest: Mapping[str, object], other: Mapping[str, object]) -> str:
    """`up to 10 pods`, in words, where the other manifest is an autoscaler of this one; else ''.

    https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/,
    https://keda.sh/docs/latest/reference/scaledobject-spec/
    """
    most = {"HorizontalPodAutoscaler": ("maxReplicas", 1), "ScaledObject": ("maxReplicaCount", 100)}
    if other.get("kind") not in most or _in_turn(manifest):
        return ""
    spec, (key, default) = child(other, "spec"), most[str(other["kind"])]
    target = child(spec, "scaleTargetRef")
    about = (target.get("kind", "Deployment"), target.get("name"), _namespace(other))
    number = _count(spec, key, default)
    if about != (manifest.get("kind"), child(manifest, "metadata").get("name"), _namespace(manifest)) or number < 2:
        return ""
    return f"up to {number} pods"


def _in_turn(manifest: Mapping[str, object]) -> bool:
    parallel = child(manifest, "spec").get("podManagementPolicy") == "Parallel"
    return manifest.get("kind") == "StatefulSet" and not parallel


def _count(spec: Mapping[str, object], key: str, default: int = 1) -> int:
    number = spec.get(key)
    return number if isinstance(number, int) and not isinstance(number, bool) else default


def _namespace(manifest: Mapping[str, object]) -> object:
    return child(manifest, "metadata").get("namespace") or ""
