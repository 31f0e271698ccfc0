"""Which init containers the kubelet starts, restarts or kills next.

Source: computeInitContainerActions in kubernetes/pkg/kubelet/kuberuntime/kuberuntime_container.go. The kubelet looks at
the init containers from the last to the first: the first one from the end that has a record tells how far the pod is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from initconstructs.planning.pod import Container, Role


class InitRecord(Protocol):
    """What the container runtime knows of an init container."""

    @property
    def container(self) -> Container:
        """Its manifest."""
        ...

    @property
    def exists(self) -> bool:
        """Whether the runtime has a record of it at all."""
        ...

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        ...

    @property
    def code(self) -> int | None:
        """The exit code of its last run; None while it runs."""
        ...

    @property
    def started(self) -> bool:
        """Whether it runs and its startup probe, if any, has passed."""
        ...

    @property
    def unhealthy(self) -> bool:
        """Whether its startup or liveness probe has failed."""
        ...


@dataclass(slots=True)
class Progress:
    """What to do next; `start` and `kill` are positions in initContainers."""

    initialized: bool = False
    failed: bool = False
    start: list[int] = field(default_factory=list)
    kill: list[int] = field(default_factory=list)


def progress(
    records: Sequence[InitRecord], *, app_lives: bool, may_restart: Callable[[Container, int], bool]
) -> Progress:
    """The next step; `app_lives`: some app container is created or runs, so the pod has been initialized before."""
    step = Progress(initialized=app_lives or not records)
    passed = step.initialized
    for index in range(len(records) - 1, -1, -1):
        record = records[index]
        if record.container.role is Role.SIDECAR:
            passed = _sidecar(step, records, index, passed) or passed
        elif record.exists and not passed:
            _plain(step, records, index, may_restart)
            passed = True
        if step.failed:
            return Progress(failed=True)
    if not passed:
        step.start.append(0)
    step.start.sort()
    return step


def _sidecar(step: Progress, records: Sequence[InitRecord], index: int, passed: bool) -> bool:
    """Handle a sidecar; True when its record tells how far the pod is."""
    record = records[index]
    if not record.exists:
        if passed:
            step.start.append(index)
        return False
    if record.unhealthy:
        step.kill.append(index)
    if record.unhealthy or not record.running:
        step.start.append(index)
    elif record.started and not passed:
        _advance(step, records, index)
    return True


def _plain(
    step: Progress, records: Sequence[InitRecord], index: int, may_restart: Callable[[Container, int], bool]
) -> None:
    record = records[index]
    if record.code is None:
        return
    if record.code == 0:
        _advance(step, records, index)
    elif may_restart(record.container, record.code):
        step.start.append(index)
    else:
        step.failed = True


def _advance(step: Progress, records: Sequence[InitRecord], index: int) -> None:
    if index == len(records) - 1:
        step.initialized = True
    else:
        step.start.append(index + 1)
