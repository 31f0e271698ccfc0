"""A simulator of the kubelet's start-up of one pod, as a state machine over time.

It repeats the kubelet's own round: publish the pod's status, look what is to be done, do it, wait for the next change.
A container that starts is seen running before its end is seen. Instants are nominal: a real kubelet adds up to half of
each wait, and notices an exit within about a second.
Source: syncPod and computePodActions in kubernetes/pkg/kubelet (kubelet.go, kuberuntime/kuberuntime_manager.go).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from initconstructs.planning.behaviour import Behaviour
from initconstructs.planning.clock import Clock
from initconstructs.planning.container_record import ContainerRecord
from initconstructs.planning.flow import NEVER
from initconstructs.planning.init_progress import progress
from initconstructs.planning.kubectl_status import columns
from initconstructs.planning.obstacles import volume_obstacle
from initconstructs.planning.pod import Container, Pod, Role, restarts_all, restarts_on_exit
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
from initconstructs.planning.scenario import Event, Happening, Scenario
from initconstructs.planning.simulation import Simulation, Step
from initconstructs.planning.start_gate import StartGate

SEEN_AFTER_S = 0.1
SANDBOX_S = 0.2
START_S = 0.3
SHORTEST_RUN_S = 0.2
NOTICED_AFTER_S = 0.5
SIDECAR_GRACE_S = 2.0

RESTARTING_ALL = "RestartingAllContainers"


def simulate_pod(pod: Pod, scenario: Scenario, release: Release) -> Simulation:
    """Run the pod from its creation until nothing changes, or only repeats."""
    return _Kubelet(pod, scenario, release).run()


class _Kubelet:
    def __init__(self, pod: Pod, scenario: Scenario, release: Release) -> None:
        self._pod = pod
        self._scenario = scenario
        self._release = release
        self._records = [
            ContainerRecord(container=container, behaviour=Behaviour(container, pod, scenario))
            for container in pod.containers
        ]
        self._inits = [record for record in self._records if record.container.is_init]
        self._apps = [record for record in self._records if not record.container.is_init]
        self._default_waiting = "PodInitializing" if self._inits else "ContainerCreating"
        self._clock = Clock()
        self._gate = StartGate(pod, scenario.events, self._clock)
        self._steps = [Step(0.0, PENDING, f"0/{len(self._apps) + self._sidecar_count}", 0)]
        self._has_sandbox = False
        self._ending = self._deleted = self._over = False
        self._end_reason = ""
        self._phase = PENDING

    @property
    def _sidecar_count(self) -> int:
        return sum(record.container.role is Role.SIDECAR for record in self._inits)

    @property
    def _now(self) -> float:
        return self._clock.now

    def run(self) -> Simulation:
        self._clock.wake_at(SEEN_AFTER_S)
        for event in self._scenario.events:
            self._expect(event)
        if self._pod.active_deadline_s is not None:
            self._clock.at(float(self._pod.active_deadline_s), lambda: self._end("DeadlineExceeded"))
        limit = self._scenario.until_s if self._scenario.until_s is not None else NEVER
        while not self._over and self._clock.advance(limit):
            self._sync()
        return self._result()

    # Events

    def _expect(self, event: Event) -> None:
        if not event.during:
            self._clock.at(event.at_s, partial(self._happen, event))
        if event.until_s is not None:
            self._clock.wake_at(event.until_s)

    def _happen(self, event: Event) -> None:
        if event.what is Happening.SANDBOX_LOST:
            self._lose_sandbox()
        elif event.what is Happening.NODE_REBOOTED:
            self._forget_waits()
            self._lose_sandbox()
        elif event.what is Happening.KUBELET_RESTARTED:
            self._forget_waits()
        elif event.what is Happening.SPEC_EDITED:
            self._gate.forget()
        elif event.what is Happening.RECORDS_REMOVED:
            self._remove_records(event)
        elif event.what is Happening.DELETED:
            self._deleted = True
            self._end()

    def _forget_waits(self) -> None:
        self._gate.forget()
        for record in self._records:
            record.why_waiting = ""

    def _remove_records(self, event: Event) -> None:
        for record in self._records:
            if event.concerns(record.name):
                if record.running:
                    record.end(137, "Error", self._now)
                record.forget()

    def _lose_sandbox(self) -> None:
        """Source: computePodActions, the branch that creates a sandbox."""
        if not self._has_sandbox or self._ending:
            return
        begun = any(record.exists for record in self._records)
        again = (self._pod.restart_policy != "Never" or not begun) and not self._nothing_left_to_run()
        for record in self._records:
            if record.running:
                code = record.behaviour.on_term(self._now - record.started_at, self._pod.grace_s).code
                if again and record.container.is_init:
                    record.interrupt(code, self._now)
                else:
                    record.end(code, "Error" if code else "Completed", self._now)
        if not again:
            self._end()
            return
        for record in self._inits:
            record.forget()
        self._has_sandbox = False

    def _nothing_left_to_run(self) -> bool:
        return self._pod.restart_policy == "OnFailure" and all(record.code == 0 for record in self._apps)

    # The kubelet's round

    def _sync(self) -> None:
        self._publish()
        if not self._ending and self._phase in (SUCCEEDED, FAILED):
            self._end()
        if self._ending:
            if not any(record.running for record in self._records):
                self._over = True
                self._publish()
            return
        if self._restart_all():
            self._publish()
            self._clear_restarting_all()
        if self._over or not self._prepare_sandbox():
            return
        for _ in range(10 * len(self._records)):
            if not self._act():
                return
            self._publish()

    def _prepare_sandbox(self) -> bool:
        if self._has_sandbox:
            return True
        if volume_obstacle(self._pod, self._scenario.events, self._now):
            return False
        self._has_sandbox = True
        self._clock.spend(SANDBOX_S)
        return True

    def _act(self) -> bool:
        """Do what is to be done now; True when something has started."""
        if self._ending:
            return False
        step = progress(self._inits, app_lives=any(record.running for record in self._apps), may_restart=self._restarts)
        if step.failed:
            self._end()
            return False
        to_start = [self._inits[index] for index in step.start]
        to_kill = [self._inits[index] for index in step.kill]
        if step.initialized:
            kept = [record for record in self._apps if record.running and not record.unhealthy]
            sick = [record for record in self._apps if record.running and record.unhealthy]
            apps = [record for record in self._apps if self._app_starts(record)]
            if not kept and not apps:
                self._end()
                return False
            to_kill += sick
            to_start += apps
        killed_since = {record.name: self._kill(record) for record in to_kill}
        return self._start_all(to_start, killed_since) or bool(to_kill)

    def _restarts(self, container: Container, code: int) -> bool:
        return restarts_on_exit(container, self._pod, code, self._release)

    def _app_starts(self, record: ContainerRecord) -> bool:
        if record.running:
            return record.unhealthy and self._pod.restart_policy != "Never"
        return not record.exists or self._restarts(record.container, record.code if record.code is not None else 137)

    def _kill(self, record: ContainerRecord) -> float | None:
        """Stop a container that a probe has found sick; gives the end of the run before, which its back-off goes by."""
        before = record.ended_at
        end = record.behaviour.on_term(self._now - record.started_at, self._pod.grace_s)
        self._clock.spend(end.after_s)
        record.end(end.code, end.reason, self._now)
        return before

    def _start_all(self, records: Sequence[ContainerRecord], killed_since: dict[str, float | None]) -> bool:
        started = False
        for record in records:
            ended_at = killed_since.get(record.name, record.ended_at)
            begun = self._start(record, ended_at)
            started = started or begun
            if not begun and record.container.role is Role.INIT:
                break
        return started

    def _start(self, record: ContainerRecord, ended_at: float | None) -> bool:
        wait = self._gate.wait_s(record, ended_at)
        if not self._gate.opens(record, ended_at):
            return False
        if record.runs:
            record.waits.append(wait)
        self._clock.spend(START_S)
        return self._begin(record)

    def _begin(self, record: ContainerRecord) -> bool:
        attempt = record.begin(self._now)
        if attempt.reason == "StartError":
            record.end(attempt.code, attempt.reason, self._now)
            record.why_waiting = "RunContainerError"
            self._clock.wake_at(self._now + NOTICED_AFTER_S)
            return False
        run = record.runs
        if attempt.after_s < NEVER:
            ended_at = self._now + max(attempt.after_s, SHORTEST_RUN_S)
            self._exit_at(record, run, attempt.code, attempt.reason, ended_at)
        self._begin_probes(record, run)
        self._begin_events(record, attempt.after_s)
        return True

    def _begin_probes(self, record: ContainerRecord, run: int) -> None:
        startup, liveness = record.behaviour.startup(), record.behaviour.liveness()
        self._on_run(record, run, startup.passes_at, self._set_started)
        self._on_run(record, run, startup.fails_at, self._set_unhealthy)
        self._on_run(record, run, startup.passes_at + liveness.fails_at, self._set_unhealthy)
        self._on_run(record, run, max(startup.passes_at, record.behaviour.ready_after_s()), self._set_ready)

    def _on_run(
        self, record: ContainerRecord, run: int, after_s: float, change: Callable[[ContainerRecord], None]
    ) -> None:
        """Let something happen so long after the start, if the container still is in the same run."""
        if after_s == 0:
            change(record)
        elif after_s < NEVER:
            self._clock.at(
                self._now + after_s, lambda: change(record) if record.running and record.runs == run else None
            )

    def _set_started(self, record: ContainerRecord) -> None:
        record.started = True

    def _set_ready(self, record: ContainerRecord) -> None:
        record.ready = record.container.role is not Role.INIT

    def _set_unhealthy(self, record: ContainerRecord) -> None:
        record.unhealthy = True

    def _begin_events(self, record: ContainerRecord, after_s: float) -> None:
        if record.runs > 1:
            return
        for event in self._scenario.events:
            if event.during == record.name:
                middle = after_s / 2 if after_s < NEVER else 5.0
                self._clock.at(self._now + middle, partial(self._happen, event))

    def _exit_at(self, record: ContainerRecord, run: int, code: int, reason: str, ended_at: float) -> None:
        """The container ends then, and the kubelet notices a little later."""

        def end() -> None:
            if record.running and record.runs == run:
                record.end(code, reason, ended_at)

        self._clock.at(ended_at, end, wakes=False)
        self._clock.wake_at(ended_at + NOTICED_AFTER_S)

    # RestartAllContainers

    def _restart_all(self) -> bool:
        """Remove every container, at once and without a wait, when a rule asks for it."""
        if not any(self._asks_for_all(record) for record in self._records):
            return False
        if any(record.runs_endlessly for record in self._records if self._asks_for_all(record)):
            self._over = True
            return False
        for record in self._records:
            if record.running:
                record.end(137, "Error", self._now)
            if record.exists:
                record.why_waiting = RESTARTING_ALL
                record.last_code, record.code = record.code, None
            record.forget()
        return True

    def _asks_for_all(self, record: ContainerRecord) -> bool:
        return record.exists and bool(record.code) and restarts_all(record.container, record.code or 0, self._release)

    def _clear_restarting_all(self) -> None:
        for record in self._records:
            record.why_waiting = ""

    # The end of the pod

    def _end(self, reason: str = "") -> None:
        """Stop the app and plain init containers, then the sidecars in reverse order; nothing starts any more."""
        if self._ending:
            return
        self._ending = True
        self._end_reason = reason
        sidecars = [record for record in self._inits if record.container.role is Role.SIDECAR]
        others = [record for record in self._records if record.container.role is not Role.SIDECAR]
        stopped = max([self._stop(record, self._now) for record in others], default=self._now)
        for record in reversed(sidecars):
            stopped = max(stopped, self._stop(record, stopped))
        self._clock.wake_at(self._now)

    def _stop(self, record: ContainerRecord, asked_at: float) -> float:
        if not record.running:
            return asked_at
        left = max(self._pod.grace_s - (asked_at - self._now), SIDECAR_GRACE_S)
        end = record.behaviour.on_term(asked_at - record.started_at, left)
        stopped, run = asked_at + end.after_s, record.runs
        self._exit_at(record, run, end.code, end.reason, stopped)
        return stopped

    # What the API and kubectl show

    def _publish(self) -> None:
        statuses = [
            record.status(self._pod, self._release, default_waiting=self._default_waiting) for record in self._records
        ]
        self._phase = self._phase_now(statuses)
        self._show(statuses)
        limit = self._scenario.restart_limit
        if limit is not None and not self._ending and sum(record.restarts for record in self._records) >= limit:
            self._deleted = True
            self._end("BackoffLimitExceeded")

    def _phase_now(self, statuses: Sequence[ContainerStatus]) -> str:
        if self._over and self._ending:
            phase = phase_of(self._pod, statuses, self._release)
            if self._end_reason or phase not in (SUCCEEDED, FAILED):
                return FAILED if self._end_reason else end_phase(self._pod, statuses)
            return phase
        if self._ending:
            return self._phase if self._phase not in (SUCCEEDED, FAILED) else RUNNING
        return phase_of(self._pod, statuses, self._release)

    def _show(self, statuses: Sequence[ContainerStatus]) -> None:
        line = columns(
            PodStatus(
                init=tuple(status for status in statuses if status.container.is_init),
                apps=tuple(status for status in statuses if not status.container.is_init),
                phase=self._phase,
                reason=self._end_reason if self._over else "",
                initialized=is_initialized(statuses),
                deleted=self._deleted,
            ),
            self._release,
        )
        step = Step(round(self._now, 1), line.status, line.ready, line.restarts)
        last = self._steps[-1]
        if (last.status, last.ready, last.restarts) != (step.status, step.ready, step.restarts):
            self._steps.append(step)

    def _result(self) -> Simulation:
        return Simulation(
            steps=tuple(self._steps),
            runs={record.name: record.runs for record in self._records},
            exit_codes={
                record.name: tuple(run.code for run in record.history if run.code is not None)
                for record in self._records
            },
            restarts={record.name: record.restarts for record in self._records},
            waits={record.name: tuple(record.waits) for record in self._records},
            history=tuple(run for record in self._records for run in record.history),
            phase=self._phase,
            reason=self._end_reason,
            loops=any(record.gave_up for record in self._records) or (self._over and not self._ending),
            ended_s=round(self._now, 1),
        )
