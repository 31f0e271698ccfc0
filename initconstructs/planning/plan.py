"""Everything that can be said of a workload's start-up from its manifest, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from initconstructs.manifests.pod_template import child
from initconstructs.planning.handoffs import Handoff, handoffs
from initconstructs.planning.pod import Pod, read_pod
from initconstructs.planning.release import DEFAULT, Release
from initconstructs.planning.resources import Resources, effective_resources
from initconstructs.planning.rollout import Rollout, rollout
from initconstructs.planning.stages import Stage, stages
from initconstructs.planning.timing import Time, timing


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The start-up of one workload; `manifest` and `pod` are what it was computed from."""

    kind: str
    namespace: str | None
    name: str
    kubernetes: str
    stages: tuple[Stage, ...]
    resources: Resources
    rollout: Rollout
    time: Time
    handoffs: tuple[Handoff, ...]
    pod: Pod
    manifest: Mapping[str, object]

    @property
    def title(self) -> str:
        """`Deployment shop/api`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def plan(manifest: Mapping[str, object], *, kubernetes: str = DEFAULT) -> Plan | None:
    """The plan of a workload; None for a manifest that runs no pod, a ValueError for a minor that nobody knows."""
    release = Release.parse(kubernetes)
    pod = read_pod(manifest)
    if pod is None:
        return None
    metadata = child(manifest, "metadata")
    namespace = metadata.get("namespace")
    resources = effective_resources(pod, release)
    return Plan(
        kind=pod.kind,
        namespace=str(namespace) if namespace else None,
        name=str(metadata.get("name") or metadata.get("generateName") or ""),
        kubernetes=str(release),
        stages=stages(pod, release),
        resources=resources,
        rollout=rollout(manifest, resources.requests),
        time=timing(manifest, pod),
        handoffs=handoffs(pod),
        pod=pod,
        manifest=manifest,
    )


def plans(manifests: Iterable[Mapping[str, object]], *, kubernetes: str = DEFAULT) -> list[Plan]:
    """The plans of all workloads among the manifests, in their order; a ValueError as for `plan`, even if none runs."""
    Release.parse(kubernetes)
    found = (plan(manifest, kubernetes=kubernetes) for manifest in manifests)
    return [each for each in found if each is not None]
