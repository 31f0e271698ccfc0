"""A simulator of the Job controller: which pods it makes, one after the other, and how the Job ends.

Followed for one index of one Job; pods side by side (parallelism) each go the same way.
Source: kubernetes/pkg/controller/job (job_controller.go, pod_failure_policy.go, backoff_utils.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from initconstructs.manifests.pod_template import child, entries
from initconstructs.planning.kubelet import simulate_pod
from initconstructs.planning.pod import Pod, seconds, whole
from initconstructs.planning.pod_status import SUCCEEDED
from initconstructs.planning.release import Release
from initconstructs.planning.scenario import Event, Happening, Scenario
from initconstructs.planning.simulation import Simulation

FIRST_WAIT_S = 10.0
LONGEST_WAIT_S = 600.0
MOST_PODS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class JobPod:
    """A pod of the Job, and when it was made."""

    created_s: float
    simulation: Simulation


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSimulation:
    """`condition` is Complete, Failed, or empty when the Job goes on; `reason` is the API's word for a failure."""

    pods: tuple[JobPod, ...]
    condition: str
    reason: str


def simulate_job(job_spec: Mapping[str, object], pod: Pod, scenario: Scenario, release: Release) -> JobSimulation:
    """Let the controller make pods until the Job is complete or has failed."""
    return _JobController(job_spec, pod, scenario, release).run()


class _JobController:
    def __init__(self, job_spec: Mapping[str, object], pod: Pod, scenario: Scenario, release: Release) -> None:
        self._policy = [rule for _, rule in entries(child(job_spec, "podFailurePolicy"), "rules", "")]
        self._backoff_limit = whole(job_spec.get("backoffLimit"), 6)
        self._deadline_s = seconds(job_spec.get("activeDeadlineSeconds"))
        self._pod = pod
        self._scenario = scenario
        self._release = release
        self._pods: list[JobPod] = []
        self._failures = 0

    def run(self) -> JobSimulation:
        now = 0.0
        while len(self._pods) < MOST_PODS:
            simulation = self._next_pod(now)
            now += simulation.ended_s
            if end := self._end_after(simulation, now):
                return JobSimulation(pods=tuple(self._pods), condition=end[0], reason=end[1])
            now += min(FIRST_WAIT_S * 2 ** (len(self._pods) - 1), LONGEST_WAIT_S)
        return JobSimulation(pods=tuple(self._pods), condition="", reason="")

    def _next_pod(self, now: float) -> Simulation:
        scenario = replace(self._scenario, used=self._used(), restart_limit=self._restart_limit())
        if self._deadline_s is not None:
            deadline = Event(what=Happening.DELETED, at_s=max(self._deadline_s - now, 0.0))
            scenario = replace(scenario, events=(*scenario.events, deadline))
        simulation = simulate_pod(self._pod, scenario, self._release)
        self._pods.append(JobPod(created_s=round(now, 1), simulation=simulation))
        return simulation

    def _used(self) -> dict[str, int]:
        return {
            container.name: sum(each.simulation.runs[container.name] for each in self._pods)
            for container in self._pod.containers
        }

    def _restart_limit(self) -> int | None:
        """Under OnFailure restarts count against the limit while the pod still is there; a limit of 0 allows none."""
        return max(self._backoff_limit, 1) if self._pod.restart_policy == "OnFailure" else None

    def _end_after(self, simulation: Simulation, now: float) -> tuple[str, str] | None:
        """How the Job ends with this pod; None when it makes another."""
        if simulation.phase == SUCCEEDED:
            return "Complete", ""
        if self._deadline_s is not None and now >= self._deadline_s:
            return "Failed", "DeadlineExceeded"
        if simulation.loops:
            return "", ""
        if simulation.reason == "BackoffLimitExceeded":
            return "Failed", simulation.reason
        action = self._action(simulation)
        if action == "FailJob":
            return "Failed", "PodFailurePolicy"
        self._failures += action != "Ignore"
        return ("Failed", "BackoffLimitExceeded") if self._failures > self._backoff_limit else None

    def _action(self, simulation: Simulation) -> str:
        """What the first rule of podFailurePolicy that speaks of this failure does; Count when none does."""
        return next((str(rule.get("action")) for rule in self._policy if _matches(rule, simulation)), "Count")


def _matches(rule: Mapping[str, object], simulation: Simulation) -> bool:
    exit_codes = child(rule, "onExitCodes")
    values = exit_codes.get("values")
    if not isinstance(values, list):
        return False
    name = exit_codes.get("containerName")
    failed = {
        codes[-1]
        for container, codes in simulation.exit_codes.items()
        if codes and codes[-1] and name in (None, container)
    }
    among = failed.intersection(values)
    return bool(among) if exit_codes.get("operator") == "In" else bool(failed - among)
