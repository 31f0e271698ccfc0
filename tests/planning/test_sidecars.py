"""Sidecars: what gates the next stage, and what becomes of them."""

from __future__ import annotations

import pytest
from pods import RUNS_ON, container, job, outcome, pod, run, sidecar

NEVER_PASSES = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 3}


def test_a_sidecar_that_crashes_at_once_gates_nothing():
    simulation = run(pod(sidecar("sc", "exit 1"), container("i1")))
    assert simulation.runs["main"] == 1
    assert simulation.statuses[-2:] == ("Init:Error", "Init:CrashLoopBackOff")
    assert simulation.phase == "Running"


def test_a_sidecar_that_ends_well_is_started_again_without_a_trace_in_status():
    simulation = run(pod(sidecar("sc", "exit 0"), container("i1")))
    assert simulation.statuses == ("Pending", "Init:0/2", "Init:1/2", "PodInitializing", "Running")
    assert simulation.runs["sc"] == 8


@pytest.mark.parametrize("policy", ["Always", "Never"])
def test_a_startup_probe_that_never_passes_holds_the_next_stage_back_for_ever(policy):
    simulation = run(pod(sidecar("sc", startupProbe=NEVER_PASSES), container("i1"), policy=policy))
    assert simulation.runs["i1"] == 0
    assert simulation.runs["sc"] > 5
    assert simulation.phase == "Pending"


def test_a_startup_probe_gates_until_its_file_is_there():
    probe = {"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 30}
    simulation = run(pod(sidecar("sc", f"sleep 8; touch /tmp/up; {RUNS_ON}", startupProbe=probe), container("i1")))
    started = {each.container: each.started_s for each in simulation.history}
    assert started["i1"] >= started["sc"] + 8
    assert simulation.runs["sc"] == 1


def test_readiness_and_liveness_gate_nothing():
    probes = {"readinessProbe": NEVER_PASSES, "livenessProbe": NEVER_PASSES}
    assert run(pod(sidecar("sc", **probes), container("i1"))).runs["main"] == 1


def test_a_failed_liveness_probe_restarts_the_sidecar_alone():
    simulation = run(pod(sidecar("sc", livenessProbe=NEVER_PASSES), container("i1")))
    assert simulation.runs["sc"] > 2
    assert simulation.runs["i1"] == simulation.runs["main"] == 1


def test_a_sidecar_does_not_keep_a_job_alive():
    found = outcome(job(sidecar("sc"), app="sleep 6; exit 0"))
    assert found.job is not None
    assert found.job.condition == "Complete"
    ended = {each.container: each.ended_s for each in found.pod.history}
    assert ended["main"] < ended["sc"]


def test_sidecars_end_in_reverse_order_after_the_app():
    simulation = run(pod(sidecar("a"), sidecar("b"), apps=(container("main", "sleep 3; exit 0"),), policy="Never"))
    ended = sorted(simulation.history, key=lambda each: each.ended_s)
    assert [each.container for each in ended] == ["main", "b", "a"]


def test_a_failed_stage_under_never_takes_the_sidecar_down():
    simulation = run(pod(sidecar("sc"), container("i1"), policy="Never"), i1=(1,))
    assert simulation.phase == "Failed"
    assert simulation.statuses[-1] == "Init:Error"
    assert all(each.ended_s < float("inf") for each in simulation.history)


def _with_hook(command: str):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", command]}}}
    return run(pod(sidecar("sc", "sleep 3600", lifecycle=hook), container("i1")))


def test_a_post_start_hook_delays_the_next_stage():
    simulation = _with_hook("sleep 7")
    started = {each.container: each.started_s for each in simulation.history}
    assert started["i1"] >= started["sc"] + 7


def test_a_post_start_hook_that_fails_kills_the_sidecar():
    simulation = _with_hook("exit 1")
    assert simulation.statuses[2:4] == ("Init:PostStartHookError", "Init:CrashLoopBackOff")
    assert simulation.runs["i1"] == 0
