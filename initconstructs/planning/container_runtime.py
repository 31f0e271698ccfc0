"""Starts, kills and stops the containers of a simulated pod, and lets their runs end and their probes answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from initconstructs.planning.behaviour import Attempt
from initconstructs.planning.clock import Clock
from initconstructs.planning.container_record import ContainerRecord
from initconstructs.planning.flow import NEVER
from initconstructs.planning.pod import Role

SANDBOX_S = 0.2
START_S = 0.3
SHORTEST_RUN_S = 0.2
NOTICED_AFTER_S = 0.5
SIDECAR_GRACE_S = 2.0


class ContainerRuntime:
    """Changes records as time goes by; the kubelet notices an exit a little later than it happens."""

    def __init__(self, clock: Clock, grace_s: int) -> None:
        self._clock = clock
        self._grace_s = grace_s

    def start(self, record: ContainerRecord) -> Attempt | None:
        """Start the container; None when its command or its postStart hook can't do so."""
        self._clock.spend(START_S)
        attempt = record.begin(self._clock.now)
        if attempt.reason == "StartError":
            self._fail_start(record, attempt.code, attempt.reason, "RunContainerError")
            return None
        hook = record.behaviour.post_start()
        if hook is not None:
            self._clock.spend(hook.after_s)
            if hook.code:
                end = record.behaviour.on_term(hook.after_s, self._grace_s)
                self._fail_start(record, end.code, end.reason, "PostStartHookError")
                return None
        if attempt.after_s < NEVER:
            ended_at = record.started_at + max(attempt.after_s, SHORTEST_RUN_S)
            self._end_at(record, Attempt(attempt.code, attempt.reason, ended_at))
        self._expect_probes(record)
        return attempt

    def _fail_start(self, record: ContainerRecord, code: int, reason: str, why: str) -> None:
        record.end(code, reason, self._clock.now)
        record.why_waiting = why
        self._clock.wake_at(self._clock.now + NOTICED_AFTER_S)

    def kill(self, record: ContainerRecord) -> float | None:
        """Stop a container that a probe has found sick; gives the end of the run before, which its back-off goes by."""
        before = record.ended_at
        end = record.behaviour.on_term(self._clock.now - record.started_at, self._grace_s)
        self._clock.spend(end.after_s)
        record.end(end.code, end.reason, self._clock.now)
        return before

    def stop_all(self, records: Sequence[ContainerRecord]) -> None:
        """Stop apps and plain init containers at once, then the sidecars one by one, the last first."""
        sidecars = [record for record in records if record.container.role is Role.SIDECAR]
        now = self._clock.now
        stopped = max(
            (self._stop(each, now) for each in records if each.container.role is not Role.SIDECAR), default=now
        )
        for record in reversed(sidecars):
            stopped = max(stopped, self._stop(record, stopped))

    def _stop(self, record: ContainerRecord, asked_at: float) -> float:
        """All share one grace period; a sidecar gets at least two seconds."""
        if not record.running:
            return asked_at
        left = max(self._grace_s - (asked_at - self._clock.now), SIDECAR_GRACE_S)
        end = record.behaviour.on_term(asked_at - record.started_at, left)
        self._end_at(record, Attempt(end.code, end.reason, asked_at + end.after_s))
        return asked_at + end.after_s

    def _end_at(self, record: ContainerRecord, end: Attempt) -> None:
        run = record.runs

        def change() -> None:
            if record.running and record.runs == run:
                record.end(end.code, end.reason, end.after_s)

        self._clock.at(end.after_s, change, wakes=False)
        self._clock.wake_at(end.after_s + NOTICED_AFTER_S)

    def _expect_probes(self, record: ContainerRecord) -> None:
        startup, liveness = record.behaviour.startup(), record.behaviour.liveness()
        self._during(record, startup.passes_at, record.set_started)
        self._during(record, startup.fails_at, record.set_unhealthy)
        self._during(record, startup.passes_at + liveness.fails_at, record.set_unhealthy)
        self._during(record, max(startup.passes_at, record.behaviour.ready_after_s()), record.set_ready)

    def _during(self, record: ContainerRecord, after_s: float, change: Callable[[], None]) -> None:
        """Let something happen so long after the start, if the container still is in the same run."""
        run = record.runs
        if after_s == 0:
            change()
        elif after_s < NEVER:
            self._clock.at(
                self._clock.now + after_s, lambda: change() if record.running and record.runs == run else None
            )
