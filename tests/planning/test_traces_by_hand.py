"""Recorded start-ups that somebody disturbed by hand.

Their manifests were not kept; the pods here are those that name and statuses tell of. The order of statuses is compared
from the creation of a pod to `until`, and so is which containers ran again.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pods import RUNS_ON, Manifest, container, pod, run, sidecar
from test_traces import traces

from initconstructs.planning.scenario import Event, Happening

RECORDED = {trace["name"]: trace for trace in traces.read_traces() if trace["manifest"] is None}

SLOW = (container("i1"), container("i2", "sleep 20; exit 0"), container("i3"))
QUICK = (container("i1"), container("i2"), container("i3"))
LONG = container("main", "sleep 40; exit 0")
CRASHES = container("main", "sleep 10; exit 1")
UNHEALTHY = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 3}
LOST = Happening.SANDBOX_LOST
REMOVED = Event(what=Happening.RECORDS_REMOVED, target="i1,i2,i3", at_s=15)
CONFIG = {"volumes": [{"name": "c", "configMap": {"name": "nosuch"}}]}
MOUNTS_IT = container("main", "sleep 3600", volumeMounts=[{"name": "c", "mountPath": "/c"}])


@dataclass(frozen=True)
class Disturbed:
    """A pod, what was done to it, and up to which status its recorded `episode` (of several) tells of that."""

    manifest: Manifest
    event: Event | None = None
    episode: int = 0
    until: str = ""


CASES = {
    "k1-onfailure-pause-in-main": Disturbed(
        pod(*QUICK, apps=(LONG,), policy="OnFailure"), Event(what=LOST, during="main"), episode=1
    ),
    "k1-never-pause-in-main": Disturbed(
        pod(*QUICK, apps=(LONG,), policy="Never"), Event(what=LOST, during="main"), episode=1
    ),
    "k2-always-pause-in-i2": Disturbed(pod(*SLOW), Event(what=LOST, during="i2"), until="Terminating"),
    "k2-never-pause-in-i2": Disturbed(
        pod(*SLOW, apps=(LONG,), policy="Never"), Event(what=LOST, during="i2"), episode=1
    ),
    "k3-always-pause-in-main-sidecar": Disturbed(
        pod(sidecar("sc"), container("i1"), apps=(container("main", "sleep 3600"),)),
        Event(what=LOST, at_s=20),
        episode=1,
        until="Error",
    ),
    "k4-onfailure-after-success-of-main": Disturbed(
        pod(
            container("i1"),
            apps=(container("m1", "sleep 4; exit 0"), container("m2", "sleep 60; exit 0")),
            policy="OnFailure",
        ),
        Event(what=LOST, at_s=20),
        episode=1,
    ),
    "l0-main-crashes-baseline": Disturbed(pod(*QUICK, apps=(CRASHES,)), until="Terminating"),
    "l4-i1-removed-while-i3-runs": Disturbed(
        pod(container("i1"), container("i2"), container("i3", "sleep 20; exit 0")),
        Event(what=Happening.RECORDS_REMOVED, target="i1", during="i3"),
        until="Terminating",
    ),
    "l5-never-all-inits-removed-main-fails": Disturbed(pod(*QUICK, apps=(CRASHES,), policy="Never"), REMOVED),
    "l6-two-mains-one-exits-inits-removed": Disturbed(
        pod(*QUICK, apps=(CRASHES, container("other", RUNS_ON))), REMOVED, until="Terminating"
    ),
    "q2-in-i2": Disturbed(pod(*SLOW), Event(what=Happening.KUBELET_RESTARTED, during="i2"), until="Error"),
    "q3-in-backoff": Disturbed(
        pod(container("i1"), container("i2", "sleep 1; exit 1")),
        Event(what=Happening.KUBELET_RESTARTED, at_s=9),
        until="Init:0/2 again",
    ),
    "s5b-startup-never-polnever": Disturbed(
        pod(sidecar("sc", startupProbe=UNHEALTHY), container("i1"), policy="Never")
    ),
    "e5b-cmvolume-missing-mounted-by-main": Disturbed(
        pod(container("i1"), container("i2"), apps=(MOUNTS_IT,), **CONFIG),
        Event(what=Happening.CONFIG_MAP_MISSING, target="nosuch"),
    ),
}

SEEN_OTHERWISE = {"k2-onfailure-pause-in-i2": "the second run of i1 was over before anybody looked"}


def test_every_disturbed_pod_is_covered():
    assert set(RECORDED) == set(CASES) | set(SEEN_OTHERWISE)


@pytest.mark.parametrize("name", CASES)
def test_the_statuses_are_those_of_the_disturbed_pod(name):
    case = CASES[name]
    seen = _told(list(_episodes(RECORDED[name]["statuses"]))[case.episode], case.until)
    simulation = run(case.manifest, *([case.event] if case.event else []))
    assert list(simulation.statuses)[: len(seen)] == seen
    if not case.until and not simulation.loops:
        assert len(simulation.statuses) == len(seen)


REBOOTED_LATER = {"k2-always-pause-in-i2", "q2-in-i2", "q3-in-backoff"}


@pytest.mark.parametrize("name", sorted(set(CASES) - REBOOTED_LATER))
def test_the_same_containers_run_again(name):
    case = CASES[name]
    simulation = run(case.manifest, *([case.event] if case.event else []))
    again = {container for container, runs in simulation.runs.items() if runs > 1}
    seen = {container for container, runs in RECORDED[name]["runs"].items() if runs["runs"] > 1}
    assert again == seen


def _episodes(statuses):
    starts = [index for index, status in enumerate(statuses) if status == "Pending"]
    return (statuses[start:end] for start, end in zip(starts, [*starts[1:], len(statuses)], strict=True))


def _told(statuses, until):
    """The statuses before the one that tells of something else: a deletion, or the next thing that was done."""
    if until.endswith(" again"):
        status = until.removesuffix(" again")
        return statuses[: statuses.index(status, statuses.index(status) + 1)]
    return statuses[: statuses.index(until)] if until else statuses
