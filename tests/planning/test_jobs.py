"""What the Job controller makes of failing init containers."""

from __future__ import annotations

import pytest
from pods import container, job, outcome

FAILS = container("i1", "sleep 1; exit 1")


def _job(*init, policy="Never", codes=None, **spec):
    found = outcome(job(*init, policy=policy, **spec), **({"i1": codes} if codes else {})).job
    assert found is not None
    return found


def test_under_never_each_failure_is_a_pod():
    found = _job(FAILS, backoffLimit=2)
    assert (found.condition, found.reason) == ("Failed", "BackoffLimitExceeded")
    assert len(found.pods) == 3
    first, second, third = (pod.created_s for pod in found.pods)
    assert 10 <= second - first < 15
    assert 20 <= third - second < 25


def test_exit_codes_go_on_from_pod_to_pod():
    found = _job(container("i1"), codes=(1, 1, 0))
    assert [pod.simulation.phase for pod in found.pods] == ["Failed", "Failed", "Succeeded"]
    assert found.condition == "Complete"


def test_under_on_failure_restarts_of_init_containers_count():
    found = _job(FAILS, policy="OnFailure", backoffLimit=2)
    assert (found.condition, found.reason) == ("Failed", "BackoffLimitExceeded")
    assert [pod.simulation.runs["i1"] for pod in found.pods] == [3]
    assert "Terminating" in found.pods[0].simulation.statuses


@pytest.mark.parametrize(
    ("action", "pods", "condition"), [("FailJob", 1, "Failed"), ("Ignore", 4, "Complete"), ("Count", 2, "Failed")]
)
def test_pod_failure_policy_sees_exit_codes_of_init_containers(action, pods, condition):
    rule = {"action": action, "onExitCodes": {"containerName": "i1", "operator": "In", "values": [42]}}
    spec = {"backoffLimit": 1, "podFailurePolicy": {"rules": [rule]}}
    found = _job(container("i1"), codes=(42, 42, 42, 0), **spec)
    assert (len(found.pods), found.condition) == (pods, condition)


def test_the_deadline_of_a_job_counts_init_time():
    found = _job(container("i1", "sleep 100"), activeDeadlineSeconds=10)
    assert (found.condition, found.reason) == ("Failed", "DeadlineExceeded")
    assert found.pods[0].simulation.statuses == ("Pending", "Init:0/1", "Terminating", "Init:Error")
