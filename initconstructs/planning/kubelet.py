"""A simulator of the kubelet's start-up of one pod, as a state machine over time.

It repeats the kubelet's own round: publish the pod's status, look what is to be done, do it, wait for the next change.
A container that starts is seen running before its end is seen. Instants are nominal: a real kubelet adds up to half of
each wait, and notices an exit within about a second.
Source: syncPod and computePodActions in kubernetes/pkg/kubelet (kubelet.go, kuberuntime/kuberuntime_manager.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from initconstructs.planning.behaviour import Behaviour
from initconstructs.planning.clock import Clock
from initconstructs.planning.container_record import ContainerRecord
from initconstructs.planning.container_runtime import SANDBOX_S, ContainerRuntime
from initconstructs.planning.flow import NEVER
from initconstructs.planning.init_progress import progress
from initconstructs.planning.obstacles import volume_obstacle
from initconstructs.planning.pod import Container, Pod, Role, restarts_all, restarts_on_exit
from initconstructs.planning.pod_status import FAILED, SUCCEEDED
from initconstructs.planning.release import Release
from initconstructs.planning.scenario import Event, Happening, Scenario
from initconstructs.planning.simulation import Simulation
from initconstructs.planning.start_gate import StartGate
from initconstructs.planning.watch import Watch

SEEN_AFTER_S = 0.1

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
        self._clock = Clock()
        self._gate = StartGate(pod, scenario.events, self._clock)
        self._runtime = ContainerRuntime(self._clock, pod.grace_s)
        self._watch = Watch(pod, release)
        self._has_sandbox = False
        self._ending = self._deleted = self._over = False
        self._end_reason = ""

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
        if not self._ending and self._watch.phase in (SUCCEEDED, FAILED):
            self._end()
        if self._ending:
            self._finish()
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

    def _finish(self) -> None:
        if not any(record.running for record in self._records):
            self._over = True
            self._watch.publish_end(self._records, self._now, deleted=self._deleted, why=self._end_reason)

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
        killed_since = {record.name: self._runtime.kill(record) for record in to_kill}
        return self._start_all(to_start, killed_since) or bool(to_kill)

    def _restarts(self, container: Container, code: int) -> bool:
        return restarts_on_exit(container, self._pod, code, self._release)

    def _app_starts(self, record: ContainerRecord) -> bool:
        if record.running:
            return record.unhealthy and self._pod.restart_policy != "Never"
        return not record.exists or self._restarts(record.container, record.code if record.code is not None else 137)

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
        attempt = self._runtime.start(record)
        if attempt is None:
            return False
        self._expect_during(record, attempt.after_s)
        return True

    def _expect_during(self, record: ContainerRecord, after_s: float) -> None:
        """Events that are to happen in the middle of the container's first run."""
        if record.runs > 1:
            return
        for event in self._scenario.events:
            if event.during == record.name:
                middle = after_s / 2 if after_s < NEVER else 5.0
                self._clock.at(self._now + middle, partial(self._happen, event))

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
        ended = record.exists and record.code is not None
        return ended and restarts_all(record.container, record.code or 0, self._release)

    def _clear_restarting_all(self) -> None:
        for record in self._records:
            record.why_waiting = ""

    # The end of the pod

    def _end(self, reason: str = "") -> None:
        """Stop everything; nothing starts any more."""
        if self._ending:
            return
        self._ending = True
        self._end_reason = reason
        self._runtime.stop_all(self._records)
        self._clock.wake_at(self._now)

    def _publish(self) -> None:
        self._watch.publish(self._records, self._now, ending=self._ending, deleted=self._deleted)
        limit = self._scenario.restart_limit
        if limit is not None and not self._ending and sum(record.restarts for record in self._records) >= limit:
            self._deleted = True
            self._end("BackoffLimitExceeded")

    def _result(self) -> Simulation:
        return Simulation(
            steps=tuple(self._watch.steps),
            runs={record.name: record.runs for record in self._records},
            exit_codes={
                record.name: tuple(run.code for run in record.history if run.code is not None)
                for record in self._records
            },
            restarts={record.name: record.restarts for record in self._records},
            waits={record.name: tuple(record.waits) for record in self._records},
            history=tuple(run for record in self._records for run in record.history),
            phase=self._watch.phase,
            reason=self._end_reason,
            loops=any(record.gave_up for record in self._records) or (self._over and not self._ending),
            ended_s=round(self._now, 1),
        )
