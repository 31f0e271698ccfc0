"""Whether a container may start now: its back-off, and what of its needs is missing.

Source: doBackOff and startContainer in kubernetes/pkg/kubelet/kuberuntime, EnsureImageExists in pkg/kubelet/images.
"""

from __future__ import annotations

from collections.abc import Sequence

from initconstructs.planning.backoff import MAX_S, Backoff
from initconstructs.planning.clock import Clock
from initconstructs.planning.container_record import ContainerRecord
from initconstructs.planning.obstacles import PULL_FAILED, PULL_WAITS, obstacle
from initconstructs.planning.pod import Pod
from initconstructs.planning.scenario import Event

CRASH_LOOP = "CrashLoopBackOff"
RESYNC_S = 75.0
RETRY_S = 12.0


class StartGate:
    """Lets containers start, or notes why not and when to look again."""

    def __init__(self, pod: Pod, events: Sequence[Event], clock: Clock) -> None:
        self._pod = pod
        self._events = events
        self._clock = clock
        self._crashes = Backoff()
        self._pulls = Backoff()
        self._settled: set[str] = set()  # images whose wait has been at its longest: the rest repeats

    def forget(self) -> None:
        """A restart of the kubelet forgets all waits."""
        self._crashes.forget()
        self._pulls.forget()

    def opens(self, record: ContainerRecord, ended_at: float | None) -> bool:
        """Whether the container may start; `ended_at` is the end of the run that its back-off goes by."""
        record.gave_up = record.gave_up or record.runs_endlessly
        if record.gave_up or self._backs_off(record, ended_at) or self._is_held_up(record):
            return False
        if ended_at is not None:
            self._crashes.next(record.name, ended_at, self._clock.now)
        return True

    def wait_s(self, record: ContainerRecord, ended_at: float | None) -> float:
        """The wait that the back-off demands after the last run; none when a probe's kill is followed by the start."""
        if ended_at is None or ended_at != record.ended_at:
            return 0.0
        return round(self._crashes.until(record.name, ended_at) - ended_at, 1)

    def _backs_off(self, record: ContainerRecord, ended_at: float | None) -> bool:
        if ended_at is None:
            return False
        now, ready_at = self._clock.now, self._crashes.until(record.name, ended_at)
        if now >= ready_at:
            return False
        record.why_waiting = CRASH_LOOP
        record.gave_up = record.loops
        self._clock.wake_at(now + RESYNC_S if record.loops else min(ready_at, now + RESYNC_S))
        return True

    def _is_held_up(self, record: ContainerRecord) -> bool:
        reason = obstacle(record.container, self._pod, self._events, self._clock.now)
        if reason == PULL_FAILED:
            reason = self._pull(record)
        elif reason and reason != record.why_waiting:
            self._clock.wake_at(self._clock.now + RETRY_S)
        record.why_waiting = reason or record.why_waiting
        return bool(reason)

    def _pull(self, record: ContainerRecord) -> str:
        """A pull that fails; before its wait is over it isn't even tried."""
        now, image = self._clock.now, record.container.image
        entry = self._pulls.entries.get(image)
        record.gave_up = image in self._settled and record.why_waiting == PULL_WAITS
        if not record.gave_up:
            self._clock.wake_at(now + RETRY_S)
        if entry and (image in self._settled or now < entry.set_at + entry.wait_s):
            return PULL_WAITS
        if entry and entry.wait_s >= MAX_S:
            self._settled.add(image)
        self._pulls.next(image, now, now)
        return PULL_FAILED
