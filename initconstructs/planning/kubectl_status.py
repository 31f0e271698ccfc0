"""The STATUS, READY and RESTARTS columns of `kubectl get pods`, computed from a pod's status as the API server does.

Source: printPod in kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from initconstructs.planning.pod import Role
from initconstructs.planning.pod_status import FAILED, SUCCEEDED, ContainerStatus, PodStatus
from initconstructs.planning.release import Release

_NOT_YET = "PodInitializing"


@dataclass(frozen=True, slots=True)
class Columns:
    """One line of `kubectl get pods`."""

    status: str
    ready: str
    restarts: int


def columns(pod: PodStatus, release: Release) -> Columns:
    """What kubectl prints of this pod."""
    init_status = _init_status(pod)
    status = init_status or pod.reason or pod.phase
    restarts = _restarts_until_stop(pod)
    if not init_status or pod.initialized:
        status = _app_status(status, pod, release)
        restarts = sum(each.restarts for each in (*pod.apps, *_sidecars(pod)))
    if pod.deleted and not (release.shows_end_while_terminating and pod.phase in (SUCCEEDED, FAILED)):
        status = "Terminating"
    return Columns(status, _ready(pod), restarts)


def _init_status(pod: PodStatus) -> str:
    """`Init:...` of the first init container that holds the start-up back; empty when none does."""
    for index, status in enumerate(pod.init):
        if _is_passed(status):
            continue
        if status.terminated:
            return f"Init:{status.reason or f'ExitCode:{status.code}'}"
        if status.waiting and status.waiting != _NOT_YET:
            return f"Init:{status.waiting}"
        return f"Init:{index}/{len(pod.init)}"
    return ""


def _is_passed(status: ContainerStatus) -> bool:
    return status.code == 0 or (status.container.role is Role.SIDECAR and status.started)


def _restarts_until_stop(pod: PodStatus) -> int:
    restarts = 0
    for status in pod.init:
        restarts += status.restarts
        if not _is_passed(status):
            break
    return restarts


def _app_status(status: str, pod: PodStatus, release: Release) -> str:
    """The first app container that waits or has ended gives its reason to the pod."""
    reasons = [app.waiting or app.reason or f"ExitCode:{app.code}" for app in pod.apps if app.waiting or app.terminated]
    status = reasons[0] if reasons else status
    if status != "Completed":
        return status
    running = any(app.running and app.ready for app in pod.apps)
    if running and all(each.ready for each in (*pod.apps, *_sidecars(pod))):
        return "Running"
    failed = [app.reason for app in pod.apps if app.terminated and app.code]
    if failed and release.shows_failure_beside_completed:
        return failed[0]
    return "NotReady" if running else status


def _sidecars(pod: PodStatus) -> tuple[ContainerStatus, ...]:
    return tuple(status for status in pod.init if status.container.role is Role.SIDECAR)


def _ready(pod: PodStatus) -> str:
    counted = (*pod.apps, *_sidecars(pod))
    return f"{sum(status.ready for status in counted)}/{len(counted)}"
