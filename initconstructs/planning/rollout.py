"""How many pods a workload runs, how many at once while it rolls out, and what all of them request.

Source: ResolveFenceposts in kubernetes/pkg/controller/deployment/util: surge is rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from initconstructs.manifests.pod_template import child
from initconstructs.planning.pod import whole
from initconstructs.planning.resources import Amounts

PER_NODE = "per node"
PER_RUN = "per run"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """`pods` at rest and `peak_pods` while rolling out, old and new together; `unit` says what they are counted per."""

    pods: int
    peak_pods: int
    unit: str
    total: Amounts
    peak: Amounts


def rollout(manifest: Mapping[str, object], requests: Amounts) -> Rollout:
    """The pods of a workload and their requests; terminating pods still hold theirs and come on top."""
    pods, peak, unit = _counts(str(manifest.get("kind")), child(manifest, "spec"))
    return Rollout(
        pods=pods,
        peak_pods=peak,
        unit=unit,
        total={name: amount * pods for name, amount in requests.items()},
        peak={name: amount * peak for name, amount in requests.items()},
    )


def _counts(kind: str, spec: Mapping[str, object]) -> tuple[int, int, str]:
    replicas = whole(spec.get("replicas"), 1)
    if kind == "Deployment":
        return replicas, replicas + _surge(spec, replicas), ""
    if kind == "DaemonSet":
        surge = child(spec, "updateStrategy", "rollingUpdate").get("maxSurge", 0)
        return 1, 1 + min(_share_rounded_up(surge, 1), 1), PER_NODE
    if kind == "Job":
        return *_parallel(spec), ""
    if kind == "CronJob":
        return *_parallel(child(spec, "jobTemplate", "spec")), PER_RUN
    return (1, 1, "") if kind == "Pod" else (replicas, replicas, "")


def _parallel(spec: Mapping[str, object]) -> tuple[int, int]:
    parallelism = whole(spec.get("parallelism"), 1)
    pods = min(parallelism, whole(spec.get("completions"), parallelism))
    return pods, pods


def _surge(spec: Mapping[str, object], replicas: int) -> int:
    if child(spec, "strategy").get("type") == "Recreate":
        return 0
    return _share_rounded_up(child(spec, "strategy", "rollingUpdate").get("maxSurge", "25%"), replicas)


def _share_rounded_up(value: object, of: int) -> int:
    text = str(value)
    if text.endswith("%") and text[:-1].isdecimal():
        return math.ceil(int(text[:-1]) * of / 100)
    return whole(value, 0)
