"""How long the start-up takes at best and at worst, by what the manifest itself says.

The end is reached when all app containers have started and passed their startup probes. Pulling images and finding a
node come on top; nothing in a manifest bounds them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from initconstructs.manifests.pod_template import child
from initconstructs.planning.commands import read_argv, read_command
from initconstructs.planning.flow import NEVER
from initconstructs.planning.pod import Container, Pod, Role, seconds, texts, whole

APP_S, INIT_S, SIDECAR_S = 0.6, 1.0, 0.1
"""What the kubelet itself needs on a quiet node, measured: for the app, for each further init container and sidecar."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StageTime:
    """Seconds that a stage itself takes until its gate opens; `worst_s` None: nothing bounds it; `bound` tells what."""

    name: str
    best_s: float
    worst_s: float | None
    bound: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """A deadline around the whole start-up; `strikes`: the worst case doesn't keep it."""

    field: str
    seconds: int
    strikes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Time:
    """The whole start-up: `worst_s` is None when a stage is unbounded; `deadline` is the one that strikes first."""

    stages: tuple[StageTime, ...]
    best_s: float
    worst_s: float | None
    unbounded: tuple[str, ...]
    deadline: Deadline | None


def timing(manifest: Mapping[str, object], pod: Pod) -> Time:
    """Add up the stages; app containers start side by side."""
    times = tuple(_stage_time(container) for container in pod.containers)
    best = _total([time.best_s for time in times], pod)
    worst = _total([NEVER if time.worst_s is None else time.worst_s for time in times], pod)
    worst_s = None if worst == NEVER else round(worst, 1)
    return Time(
        stages=times,
        best_s=round(best, 1),
        worst_s=worst_s,
        unbounded=tuple(time.name for time in times if time.worst_s is None),
        deadline=_deadline(manifest, pod, worst),
    )


def _total(times: list[float], pod: Pod) -> float:
    inits = pod.init_containers
    kubelet = APP_S + sum(INIT_S if container.role is Role.INIT else SIDECAR_S for container in inits)
    return kubelet + sum(times[: len(inits)]) + max(times[len(inits) :], default=0.0)


def _stage_time(container: Container) -> StageTime:
    if container.role is Role.INIT:
        return _init_time(container)
    hook = (
        texts(child(container.raw["lifecycle"], "postStart", "exec").get("command"))
        if "lifecycle" in container.raw
        else ()
    )
    hooked = read_argv(hook) if hook else None
    best, worst = (hooked.best_s, hooked.worst_s) if hooked else (0.0, 0.0)
    bound = "postStart" if hooked else ""
    probe = container.probe("startupProbe")
    if probe:
        best += probe.initial_delay_s
        worst += probe.gives_up_after_s
        bound = f"startup probe: {probe.failure_threshold} tries {probe.period_s} s apart"
    return _time(container, best, worst, bound)


def _init_time(container: Container) -> StageTime:
    reading = read_command(container)
    best = reading.best_s if reading.best_s < NEVER else 0.0
    return _time(container, best, reading.worst_s, reading.bound)


def _time(container: Container, best: float, worst: float, bound: str) -> StageTime:
    bounded = math.isfinite(worst)
    return StageTime(
        name=container.name,
        best_s=round(best, 1),
        worst_s=round(worst, 1) if bounded else None,
        bound=bound if bounded else "",
    )


def _deadline(manifest: Mapping[str, object], pod: Pod, worst: float) -> Deadline | None:
    """The shortest deadline that counts the start-up; a Deployment has one of 600 s by default."""
    spec = child(manifest, "spec")
    kind = manifest.get("kind")
    found: list[tuple[int, str]] = []
    if kind == "Deployment":
        found.append((whole(spec.get("progressDeadlineSeconds"), 600), "progressDeadlineSeconds"))
    job = spec if kind == "Job" else child(spec, "jobTemplate", "spec")
    for limit in (
        seconds(job.get("activeDeadlineSeconds")) if kind in ("Job", "CronJob") else None,
        pod.active_deadline_s,
    ):
        if limit is not None:
            found.append((limit, "activeDeadlineSeconds"))
    if not found:
        return None
    limit, field = min(found)
    return Deadline(field=field, seconds=limit, strikes=worst > limit)
