"""Which containers run again after a failure, by policy and by Kubernetes minor."""

from __future__ import annotations

import pytest
from pods import container, pod, run

INITS = ("i1", "i2", "i3")


def _three_stages(policy, failing, codes):
    inits = [container(name) for name in INITS]
    return run(pod(*inits, policy=policy, apps=(container("main", "sleep 5; exit 0"),)), **{failing: codes})


@pytest.mark.parametrize("policy", ["Always", "OnFailure"])
@pytest.mark.parametrize("failing", INITS)
def test_only_the_failing_stage_runs_again(policy, failing):
    simulation = _three_stages(policy, failing, (1, 1, 0))
    assert {name: simulation.runs[name] for name in INITS} == {**dict.fromkeys(INITS, 1), failing: 3}
    assert simulation.waits[failing] == (0.0, 10.0)


@pytest.mark.parametrize("failing", INITS)
def test_never_means_that_nothing_runs_again(failing):
    simulation = _three_stages("Never", failing, (1, 0))
    assert simulation.phase == "Failed"
    assert simulation.statuses[-1] == "Init:Error"
    assert simulation.runs[failing] == 1
    assert simulation.runs["main"] == 0


def test_the_waits_double_up_to_five_minutes():
    simulation = _three_stages("Always", "i1", (1,))
    assert simulation.backoffs_s == (0, 10, 20, 40, 80, 160, 300)
    assert simulation.loops
    assert simulation.phase == "Pending"


def test_the_wait_is_forgotten_when_a_container_ran_for_ten_minutes():
    crashing = container("main", "sleep 599; exit 1")
    assert set(run(pod(apps=(crashing,))).waits["main"][:3]) == {0.0, 10.0, 20.0}
    stable = container("main", "sleep 601; exit 1")
    assert run(pod(apps=(stable,))).runs["main"] == 1, "a run that long counts as running on"


def test_a_container_policy_overrides_that_of_the_pod_from_1_35():
    manifest = pod(container("i1", "sleep 1; exit 1", restartPolicy="OnFailure"), policy="Never")
    assert run(manifest, i1=(1, 0)).runs["i1"] == 2
    assert run(manifest, kubernetes="1.34", i1=(1, 0)).runs["i1"] == 1


def test_a_rule_restarts_on_its_exit_codes_only():
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    manifest = pod(container("i1", restartPolicy="Never", restartPolicyRules=[rule]), policy="Never")
    simulation = run(manifest, i1=(42, 42, 3))
    assert simulation.exit_codes["i1"] == (42, 42, 3)
    assert simulation.phase == "Failed"


def test_restart_all_containers_begins_again_with_the_first_stage_at_once():
    rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [77]}}
    app = container("main", "sleep 3; exit 77", restartPolicy="Never", restartPolicyRules=[rule])
    simulation = run(pod(container("i1"), apps=(app,), policy="Never"), main=(77, 0))
    assert simulation.runs == {"i1": 2, "main": 2}
    assert "Init:RestartingAllContainers" in simulation.statuses
    assert simulation.backoffs_s == (0, 0)
    assert simulation.phase == "Succeeded"


def test_restart_all_containers_may_follow_success_too():
    rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [0]}}
    app = container("main", "sleep 3", restartPolicy="Never", restartPolicyRules=[rule])
    simulation = run(pod(container("i1"), apps=(app,), policy="Never"), main=(0, 5))
    assert simulation.runs == {"i1": 2, "main": 2}
    assert "Init:RestartingAllContainers" in simulation.statuses
    assert simulation.phase == "Failed"


def test_restart_all_containers_is_not_known_before_1_36():
    rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [77]}}
    init = container("i2", "exit 77", restartPolicy="Never", restartPolicyRules=[rule])
    assert run(pod(container("i1"), init), kubernetes="1.35").runs["i1"] == 1


def test_an_app_that_succeeds_runs_again_only_under_always():
    app = (container("main", "sleep 2; exit 0"),)
    assert run(pod(apps=app)).loops
    assert run(pod(apps=app, policy="OnFailure")).phase == "Succeeded"


def test_a_killed_container_shows_its_reason():
    simulation = run(pod(container("i1"), policy="Never"), i1=("oom",))
    assert simulation.statuses[-1] == "Init:OOMKilled"
    assert simulation.exit_codes["i1"] == (137,)


@pytest.mark.parametrize(
    ("command", "limits", "shows"),
    [
        ("work", {"memory": "24Mi"}, "Init:OOMKilled"),
        ("work", {}, "Init:Error"),
        ("exit 137", {"memory": "24Mi"}, "Init:Error"),
    ],
    ids=["limited", "unlimited", "says so itself"],
)
def test_137_of_a_container_with_a_memory_limit_is_a_kill_for_memory(command, limits, shows):
    init = container("i1", command, resources={"limits": limits})
    assert run(pod(init, policy="Never"), i1=(137,)).statuses[-1] == shows


def test_a_command_that_cannot_start_shows_start_error_once_it_is_final():
    never = run(pod(container("i1"), policy="Never"), i1=("start-error",))
    always = run(pod(container("i1")), i1=("start-error",))
    assert never.statuses[-1] == "Init:StartError"
    assert always.statuses[2:5] == ("Init:RunContainerError", "Init:CrashLoopBackOff", "Init:RunContainerError")
