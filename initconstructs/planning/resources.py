"""What a pod costs: effective requests and limits as the scheduler counts them, what decides them, and the QoS class.

Source: PodRequests and PodLimits in k8s.io/component-helpers/resource/helpers.go; qos.go in kubernetes/pkg/apis/core.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from initconstructs.manifests.pod_template import child, is_mapping
from initconstructs.planning.pod import Container, Pod, Role
from initconstructs.planning.quantity import milli
from initconstructs.planning.release import Release

APPS = "app"
POD_LEVEL = "pod"
_COMPUTE = ("cpu", "memory")

Amounts = Mapping[str, int]
"""By resource: cpu in millicores, everything else in its own unit (bytes, pieces)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """What the pod needs while a stage runs, the sidecars before it included; the last phase is that of the apps."""

    name: str
    requests: Amounts


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """The pod's bill.

    `decided_by` names, per resource, the init stage that needs most, or `app` (apps and sidecars together), or `pod`
    (pod-level resources). `own` is what each container asks for. `idle` stays reserved, unused, once the apps run.
    """

    requests: Amounts
    limits: Amounts
    decided_by: Mapping[str, str]
    own: Mapping[str, Amounts]
    idle: Amounts
    phases: tuple[Phase, ...]
    unlimited: tuple[str, ...]
    qos: str


def effective_resources(pod: Pod, release: Release) -> Resources:
    """The bill of a pod on this release."""
    pod_level = _pod_level(pod) if release.pod_level_resources else {}
    wanted = [_Wanted.of(container) for container in pod.containers]
    overhead = _amounts(child(pod.spec, "overhead"))
    phases = _phases(wanted, "requests")
    requests, decided_by = _peak(phases)
    limits, _ = _peak(_phases(wanted, "limits"))
    steady = phases[-1].requests
    level_requests, level_limits = _pod_level_requests(pod_level, requests), dict(pod_level.get("limits", {}))
    requests, limits = {**requests, **level_requests}, {**limits, **level_limits}
    idle = {name: amount - steady.get(name, 0) for name, amount in requests.items() if name not in level_requests}
    return Resources(
        requests=_with_both(_rounded(_sum([requests, overhead]))),
        limits=_rounded({name: amount + overhead.get(name, 0) for name, amount in limits.items() if amount}),
        decided_by={**_with_apps(decided_by), **dict.fromkeys(level_requests, POD_LEVEL)},
        own={each.container.name: _rounded(each.requests) for each in wanted},
        idle=_rounded({name: amount for name, amount in idle.items() if amount > 0}),
        phases=tuple(Phase(name=phase.name, requests=_rounded(phase.requests)) for phase in phases),
        unlimited=_unlimited(wanted, level_limits),
        qos=_qos(wanted, pod_level, requests),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One container's requests (a limit without a request is one) and limits, in thousandths."""

    container: Container
    requests: dict[str, int]
    limits: dict[str, int]

    @classmethod
    def of(cls, container: Container) -> _Wanted:
        resources = child(container.raw, "resources")
        limits, requests = _amounts(child(resources, "limits")), _amounts(child(resources, "requests"))
        return cls(container, {**limits, **requests} if limits else requests, limits)

    def part(self, which: str) -> dict[str, int]:
        return self.requests if which == "requests" else self.limits


def _phases(wanted: list[_Wanted], which: str) -> list[Phase]:
    """What each stage needs together with the sidecars before it, and last the apps with all sidecars."""
    sidecars: dict[str, int] = {}
    phases: list[Phase] = []
    apps: list[dict[str, int]] = []
    for each in wanted:
        amounts, role = each.part(which), each.container.role
        if role is Role.APP:
            apps.append(amounts)
            continue
        need = _sum([sidecars, amounts]) if sidecars else amounts
        phases.append(Phase(name=each.container.name, requests=need))
        sidecars = need if role is Role.SIDECAR else sidecars
    return [*phases, Phase(name=APPS, requests=_sum([sidecars, *apps]))]


def _peak(phases: list[Phase]) -> tuple[dict[str, int], dict[str, str]]:
    """The most that any phase needs, per resource, and the phase that needs it; the apps where they need as much."""
    result = dict(phases[-1].requests)
    decided_by = dict.fromkeys(result, APPS)
    for phase in phases[:-1]:
        for name, amount in phase.requests.items():
            if amount > result.get(name, 0):
                result[name], decided_by[name] = amount, phase.name
    return result, decided_by


def _pod_level(pod: Pod) -> dict[str, dict[str, int]]:
    resources = child(pod.spec, "resources")
    parts = {part: _supported(_amounts(child(resources, part))) for part in ("requests", "limits")}
    return parts if is_mapping(pod.spec.get("resources")) else {}


def _supported(amounts: dict[str, int]) -> dict[str, int]:
    return {
        name: amount for name, amount in amounts.items() if name in ("cpu", "memory") or name.startswith("hugepages-")
    }


def _pod_level_requests(pod_level: Mapping[str, Mapping[str, int]], aggregate: Amounts) -> dict[str, int]:
    """The pod's own requests; a limit of cpu or memory without one takes the containers' sum, where there is one."""
    requests = dict(pod_level.get("requests", {}))
    for name, limit in pod_level.get("limits", {}).items():
        requests.setdefault(name, aggregate.get(name, limit) if name in _COMPUTE else limit)
    return requests


def _qos(wanted: list[_Wanted], pod_level: Mapping[str, Mapping[str, int]], requests: Mapping[str, int]) -> str:
    """Once the pod has `resources`, even empty ones, only they count; limits bring the containers' requests along."""
    if pod_level:
        limits = pod_level["limits"]
        return _class_of([(requests if limits else pod_level["requests"], limits)])
    return _class_of([(each.requests, each.limits) for each in wanted])


def _class_of(needs: list[tuple[Mapping[str, int], Mapping[str, int]]]) -> str:
    """Only cpu and memory above zero count, of every container whatever its role."""
    if not any(amounts.get(name, 0) > 0 for need in needs for amounts in need for name in _COMPUTE):
        return "BestEffort"
    complete = all(limits.get(name, 0) > 0 for _, limits in needs for name in _COMPUTE)
    if not complete:
        return "Burstable"
    equal = all(
        sum(requests.get(name, 0) for requests, _ in needs) == sum(limits.get(name, 0) for _, limits in needs)
        for name in _COMPUTE
    )
    return "Guaranteed" if equal else "Burstable"


def _unlimited(wanted: list[_Wanted], level_limits: Mapping[str, int]) -> tuple[str, ...]:
    needed = [name for name in _COMPUTE if name not in level_limits]
    return tuple(each.container.name for each in wanted if any(name not in each.limits for name in needed))


def _amounts(resources: Mapping[str, object]) -> dict[str, int]:
    return {str(name): milli(value) for name, value in resources.items()} if resources else {}


def _sum(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _rounded(amounts: Mapping[str, int]) -> dict[str, int]:
    """Thousandths to units, rounded up; cpu stays in thousandths."""
    return {name: amount if name == "cpu" else -(-amount // 1000) for name, amount in amounts.items()}


def _with_both(amounts: dict[str, int]) -> dict[str, int]:
    return {"cpu": 0, "memory": 0, **amounts}


def _with_apps(decided_by: dict[str, str]) -> dict[str, str]:
    return {"cpu": APPS, "memory": APPS, **decided_by}
