"""The status of a pod as its API object has it: container states, phase, conditions.

Source: getPhase in kubernetes/pkg/kubelet/kubelet_pods.go, GeneratePodInitializedCondition in pkg/kubelet/status.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from initconstructs.planning.pod import Container, Pod, Role, restarts_on_exit
from initconstructs.planning.release import Release

PENDING, RUNNING, SUCCEEDED, FAILED = "Pending", "Running", "Succeeded", "Failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerStatus:
    """One entry of containerStatuses or initContainerStatuses.

    Exactly one of waiting (a reason), running, and terminated (an exit code and its reason) holds. `last_code` is the
    exit code of the run before, None when there was none.
    """

    container: Container
    waiting: str = ""
    running: bool = False
    code: int | None = None
    reason: str = ""
    last_code: int | None = None
    started: bool = False
    ready: bool = False
    restarts: int = 0

    @property
    def terminated(self) -> bool:
        """Whether it has ended and isn't waiting to start again."""
        return self.code is not None

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, even when it now waits to start again."""
        return self.terminated or (bool(self.waiting) and self.last_code is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class PodStatus:
    """What `kubectl get pod` has to go by."""

    init: tuple[ContainerStatus, ...]
    apps: tuple[ContainerStatus, ...]
    phase: str
    reason: str = ""
    initialized: bool = False
    deleted: bool = False


def phase_of(pod: Pod, statuses: Iterable[ContainerStatus], release: Release) -> str:
    """The phase of a pod that is not being ended from outside."""
    statuses = tuple(statuses)
    plain = [status for status in statuses if status.container.role is Role.INIT]
    if any(_failed_for_good(status, pod, release) for status in plain):
        return FAILED
    if any(not status.has_ended for status in plain):
        return PENDING
    sidecars = [status for status in statuses if status.container.role is Role.SIDECAR]
    apps = [status for status in statuses if status.container.role is Role.APP]
    has_initialized = any(status.running or status.terminated for status in apps)
    if not has_initialized and any(_not_started(status) for status in sidecars):
        return PENDING
    return _phase_once_initialized(pod, sidecars, apps, release)


def _phase_once_initialized(
    pod: Pod, sidecars: list[ContainerStatus], apps: list[ContainerStatus], release: Release
) -> str:
    if any(status.waiting and status.last_code is None for status in (*sidecars, *apps)):
        return PENDING
    if any(status.running for status in (*sidecars, *apps)):
        return RUNNING
    codes = [status.code if status.code is not None else status.last_code or 0 for status in apps]
    if any(restarts_on_exit(status.container, pod, code, release) for status, code in zip(apps, codes, strict=True)):
        return RUNNING
    return FAILED if any(codes) else SUCCEEDED


def end_phase(pod: Pod, statuses: Iterable[ContainerStatus]) -> str:
    """The phase of a pod that has been ended: it succeeded only when every container had begun and all apps did."""
    statuses = tuple(statuses)
    apps = [status for status in statuses if status.container.role is Role.APP]
    return SUCCEEDED if pod.apps and all(status.code == 0 for status in apps) else FAILED


def is_initialized(statuses: Iterable[ContainerStatus]) -> bool:
    """The condition Initialized: it stays true once an app container has started."""
    statuses = tuple(statuses)
    if any(status.container.role is Role.APP and (status.running or status.terminated) for status in statuses):
        return True
    return all(
        status.started if status.container.role is Role.SIDECAR else status.code == 0
        for status in statuses
        if status.container.is_init
    )


def _failed_for_good(status: ContainerStatus, pod: Pod, release: Release) -> bool:
    return bool(status.code) and not restarts_on_exit(status.container, pod, status.code or 0, release)


def _not_started(status: ContainerStatus) -> bool:
    if status.running:
        return not status.started
    return bool(status.waiting) and status.last_code is None
