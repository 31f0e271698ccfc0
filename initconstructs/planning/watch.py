"""What the API server and kubectl show of a simulated pod: its phase, and the lines of `kubectl get pod --watch`."""

from __future__ import annotations

from collections.abc import Sequence

from initconstructs.planning.container_record import ContainerRecord
from initconstructs.planning.kubectl_status import columns
from initconstructs.planning.pod import Pod, Role
from initconstructs.planning.pod_status import (
    FAILED,
    PENDING,
    RUNNING,
    SUCCEEDED,
    ContainerStatus,
    PodStatus,
    end_phase,
    is_initialized,
    phase_of,
)
from initconstructs.planning.release import Release
from initconstructs.planning.simulation import Step


class Watch:
    """Publishes the pod's status and keeps each line that differs from the one before."""

    def __init__(self, pod: Pod, release: Release) -> None:
        self._pod = pod
        self._release = release
        counted = sum(container.role is not Role.INIT for container in pod.containers)
        self._default_waiting = "PodInitializing" if pod.init_containers else "ContainerCreating"
        self.steps = [Step(0.0, PENDING, f"0/{counted}", 0)]
        self.phase = PENDING

    def publish(self, records: Sequence[ContainerRecord], now: float, *, ending: bool, deleted: bool) -> None:
        """Publish while the pod lives, or while its containers are being stopped."""
        statuses = self._statuses(records)
        self.phase = self._phase_while_ending() if ending else phase_of(self._pod, statuses, self._release)
        self._show(statuses, now, deleted=deleted, reason="")

    def publish_end(self, records: Sequence[ContainerRecord], now: float, *, deleted: bool, why: str) -> None:
        """Publish for the last time, when no container runs any more; `why` is what ended the pod from outside."""
        statuses = self._statuses(records)
        phase = phase_of(self._pod, statuses, self._release)
        if why:
            phase = FAILED
        elif phase not in (SUCCEEDED, FAILED):
            phase = end_phase(self._pod, statuses)
        self.phase = phase
        self._show(statuses, now, deleted=deleted, reason=why)

    def _statuses(self, records: Sequence[ContainerRecord]) -> list[ContainerStatus]:
        return [record.status(self._pod, self._release, default_waiting=self._default_waiting) for record in records]

    def _phase_while_ending(self) -> str:
        """A terminal phase is published only when no container runs any more."""
        return RUNNING if self.phase in (SUCCEEDED, FAILED) else self.phase

    def _show(self, statuses: Sequence[ContainerStatus], now: float, *, deleted: bool, reason: str) -> None:
        line = columns(
            PodStatus(
                init=tuple(status for status in statuses if status.container.is_init),
                apps=tuple(status for status in statuses if not status.container.is_init),
                phase=self.phase,
                reason=reason,
                initialized=is_initialized(statuses),
                deleted=deleted,
            ),
            self._release,
        )
        last = self.steps[-1]
        if (last.status, last.ready, last.restarts) != (line.status, line.ready, line.restarts):
            self.steps.append(Step(round(now, 1), line.status, line.ready, line.restarts))
