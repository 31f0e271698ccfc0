"""Simulate the start-up of any workload: its pod under the kubelet and, for a Job, what the Job controller does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from initconstructs.manifests.pod_template import child
from initconstructs.planning.job_controller import JobSimulation, simulate_job
from initconstructs.planning.kubelet import simulate_pod
from initconstructs.planning.pod import Pod, read_pod
from initconstructs.planning.release import DEFAULT, Release
from initconstructs.planning.scenario import Scenario
from initconstructs.planning.simulation import Simulation

_JOB_SPECS: Mapping[str, tuple[str, ...]] = {"Job": ("spec",), "CronJob": ("spec", "jobTemplate", "spec")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The first pod's start-up; `job` for Jobs and CronJobs."""

    pod: Simulation
    job: JobSimulation | None = None


class UnknownContainer(ValueError):  # noqa: N818 - named for what is wrong with the scenario
    """The scenario names a container that the pod doesn't have."""


def simulate(manifest: Mapping[str, object], scenario: Scenario, *, kubernetes: str = DEFAULT) -> Outcome | None:
    """What becomes of a workload's pod in this scenario; None for a manifest that runs no pod."""
    pod = read_pod(manifest)
    if pod is None:
        return None
    _check_names(pod, scenario)
    release = Release.parse(kubernetes)
    path = _JOB_SPECS.get(pod.kind)
    if path is None:
        return Outcome(pod=simulate_pod(pod, scenario, release))
    job = simulate_job(child(manifest, *path), pod, scenario, release)
    return Outcome(pod=job.pods[0].simulation, job=job)


def _check_names(pod: Pod, scenario: Scenario) -> None:
    names = [container.name for container in pod.containers]
    for wanted in (*scenario.exits, *(event.during for event in scenario.events if event.during)):
        if wanted not in names:
            raise UnknownContainer(f"no container {wanted!r}; the pod has {', '.join(names)}")
