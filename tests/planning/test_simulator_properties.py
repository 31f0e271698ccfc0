"""What holds for every pod and every scenario."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from pods import RUNS_ON, container, pod

from initconstructs.planning.init_progress import progress
from initconstructs.planning.pod import Role, read_pod
from initconstructs.planning.scenario import Event, Happening, Scenario
from initconstructs.planning.simulate import simulate
from initconstructs.planning.simulation import Simulation

COMMANDS = ["exit 0", "sleep 2; exit 0", "sleep 5; exit 0"]
PROBE = {"exec": {"command": ["true"]}, "initialDelaySeconds": 3, "periodSeconds": 1}

inits = st.lists(
    st.tuples(st.sampled_from(COMMANDS), st.booleans(), st.booleans()),  # command, sidecar, startup probe
    max_size=4,
)
codes = st.dictionaries(
    st.sampled_from(["i0", "i1", "i2", "i3", "main"]),
    st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=3).map(tuple),
)
events = st.lists(
    st.builds(
        Event,
        what=st.sampled_from(
            [Happening.SANDBOX_LOST, Happening.NODE_REBOOTED, Happening.KUBELET_RESTARTED, Happening.DELETED]
        ),
        at_s=st.floats(min_value=0, max_value=60),
    ),
    max_size=2,
)


def _simulated(stages, policy, exits, happenings) -> Simulation:
    built = [
        container(f"i{number}", RUNS_ON if sidecar else command)
        | ({"restartPolicy": "Always"} if sidecar else {})
        | ({"startupProbe": PROBE} if sidecar and probed else {})
        for number, (command, sidecar, probed) in enumerate(stages)
    ]
    manifest = pod(*built, policy=policy, apps=(container("main", "sleep 9; exit 0"),))
    names = {f"i{number}" for number in range(len(stages))} | {"main"}
    scenario = Scenario(exits={name: each for name, each in exits.items() if name in names}, events=happenings)
    outcome = simulate(manifest, scenario)
    assert outcome is not None
    return outcome.pod


scenarios = given(inits, st.sampled_from(["Always", "OnFailure", "Never"]), codes, events)


@settings(deadline=None, max_examples=150)
@scenarios
def test_a_stage_never_starts_before_all_gates_before_it(stages, policy, exits, happenings):
    simulation = _simulated(stages, policy, exits, happenings)
    names = [f"i{number}" for number in range(len(stages))] + ["main"]
    first_start = {
        name: min((r.started_s for r in simulation.history if r.container == name), default=None) for name in names
    }
    for place, name in enumerate(names):
        start = first_start[name]
        for before in range(place if start is not None else 0):
            _, sidecar, probed = stages[before]
            runs = [run for run in simulation.history if run.container == names[before] and run.started_s <= start]
            if not sidecar:
                assert any(run.code == 0 and run.ended_s <= start for run in runs)
            else:
                assert any(start - run.started_s >= (3 if probed else 0) for run in runs)


@settings(deadline=None, max_examples=150)
@scenarios
def test_restart_counts_never_fall_and_no_container_runs_twice_at_once(stages, policy, exits, happenings):
    simulation = _simulated(stages, policy, exits, happenings)
    for name, count in simulation.runs.items():
        runs = [run for run in simulation.history if run.container == name]
        assert len(runs) == count
        assert all(before.ended_s <= after.started_s for before, after in pairwise(runs))
        assert simulation.restarts[name] >= max(count - 1, 0)


@settings(deadline=None, max_examples=150)
@scenarios
def test_the_last_status_fits_the_phase(stages, policy, exits, happenings):
    simulation = _simulated(stages, policy, exits, happenings)
    last = simulation.statuses[-1]
    if simulation.phase == "Succeeded":
        assert last in ("Completed", "Init:Error", "Error")
    if simulation.phase == "Failed":
        assert last != "Running"
    assert [step.at_s for step in simulation.steps] == sorted(step.at_s for step in simulation.steps)


def test_without_records_the_first_init_container_starts():
    read = read_pod(pod(container("i0"), container("i1")))
    assert read is not None
    assert [each.role for each in read.init_containers] == [Role.INIT, Role.INIT]
    assert progress([], app_lives=False, may_restart=lambda _container, _code: True).initialized
