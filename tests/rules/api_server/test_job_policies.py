from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.rules.api_server.job_policies import pod_failure_policy, pod_replacement_policy, success_policy

POD = {"containers": [{"name": "app"}], "initContainers": [{"name": "wait"}]}
CODES = {"operator": "In", "values": [1, 42]}


def failures(*rules: dict[str, Any], status_default: bool = True, **job: Any) -> list[str]:
    problems = list(pod_failure_policy({"podFailurePolicy": {"rules": rules}, **job}, POD, "p", status_default))
    assert {problem.rule.id for problem in problems} <= {"job-failure-policy"}
    return [problem.path for problem in problems]


def condition(**fields: Any) -> dict[str, Any]:
    return {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", **fields}]}


def exit_codes(**fields: Any) -> dict[str, Any]:
    return {"action": "FailJob", "onExitCodes": {**CODES, **fields}}


@pytest.mark.parametrize(
    "rule",
    [
        condition(),
        condition(status="Unknown"),
        exit_codes(),
        exit_codes(operator="NotIn", values=[0]),
        exit_codes(containerName="wait"),
        exit_codes(values=[-1, 2]),
    ],
)
def test_a_rule_that_can_be_decided_is_fine(rule: dict[str, Any]) -> None:
    assert failures(rule) == []


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        (exit_codes() | {"action": ""}, ".action"),
        (exit_codes() | {"action": "Retry"}, ".action"),
        (exit_codes() | {"action": "FailIndex"}, ".action"),
        (exit_codes() | condition(), ""),
        ({"action": "Ignore"}, ""),
        (exit_codes(operator=""), ".onExitCodes.operator"),
        (exit_codes(operator="Eq"), ".onExitCodes.operator"),
        (exit_codes(containerName="nope"), ".onExitCodes.containerName"),
        (exit_codes(values=[]), ".onExitCodes.values"),
        (exit_codes(values=list(range(1, 257))), ".onExitCodes.values"),
        (exit_codes(values=[0]), ".onExitCodes.values[0]"),
        (exit_codes(values=[1, 1]), ".onExitCodes.values[1]"),
        (exit_codes(values=[42, 1]), ".onExitCodes.values"),
        (condition(type="a b"), ".onPodConditions[0].type"),
        (condition(status="Yes"), ".onPodConditions[0].status"),
    ],
)
def test_a_rule_that_can_not_be_decided_is_refused(rule: dict[str, Any], path: str) -> None:
    assert failures(rule) == [f"p.rules[0]{path}"]


def test_an_index_fails_only_where_it_has_a_limit() -> None:
    assert failures(exit_codes() | {"action": "FailIndex"}, backoffLimitPerIndex=1) == []


def test_a_condition_needs_a_status_where_there_is_no_default() -> None:
    assert failures(condition(), status_default=False) == ["p.rules[0].onPodConditions[0].status"]


def test_there_are_twenty_rules_and_conditions_at_most() -> None:
    assert failures(*[exit_codes()] * 21) == ["p.rules"]
    assert failures(condition() | {"onPodConditions": [{"type": "Ready"}] * 21}) == ["p.rules[0].onPodConditions"]


def successes(*rules: dict[str, Any], completions: int | None = 5) -> list[tuple[str, str]]:
    job = {"completionMode": "Indexed", "successPolicy": {"rules": rules}}
    problems = list(success_policy(job, completions, "p"))
    assert {problem.rule.id for problem in problems} <= {"job-success-policy"}
    return [(problem.path.removeprefix("p.rules"), problem.message) for problem in problems]


@pytest.mark.parametrize(
    "rule",
    [{"succeededIndexes": "0,2-4"}, {"succeededCount": 5}, {"succeededIndexes": "1,3", "succeededCount": 2}],
)
def test_a_success_that_can_be_reached_is_fine(rule: dict[str, Any]) -> None:
    assert successes(rule) == []


@pytest.mark.parametrize(
    ("indexes", "error"),
    [
        ("a-b", 'cannot convert string to integer for index: "a"'),
        ("0,", 'cannot convert string to integer for index: ""'),
        ("1-2-3", "at most two parts separated by '-'"),
        ("5", 'too large index: "5"'),
        ("3-1", "non-increasing order, previous: 3, current: 1"),
        ("2,2", "non-increasing order, previous: 2, current: 2"),
    ],
)
def test_indexes_ascend_below_completions(indexes: str, error: str) -> None:
    ((path, message),) = successes({"succeededIndexes": indexes})
    assert path == "[0].succeededIndexes"
    assert message.endswith(error)


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({}, "[0]"),
        ({"succeededCount": -1}, "[0].succeededCount"),
        ({"succeededCount": 6}, "[0].succeededCount"),
        ({"succeededCount": 2, "succeededIndexes": "0"}, "[0].succeededCount"),
        ({"succeededIndexes": "0" * 65537}, "[0].succeededIndexes"),
    ],
)
def test_a_success_that_can_not_be_reached_is_refused(rule: dict[str, Any], path: str) -> None:
    assert successes(rule)[0][0] == path


def test_a_success_policy_has_one_to_twenty_rules() -> None:
    assert [path for path, _ in successes()] == [""]
    assert [path for path, _ in successes(*[{"succeededCount": 1}] * 21)] == [""]


@given(st.text("0123456789-,+ a", max_size=20), st.integers(0, 9))
def test_any_list_of_indexes_is_judged(indexes: str, completions: int) -> None:
    for _, message in successes({"succeededIndexes": indexes}, completions=completions):
        assert "error parsing succeededIndexes" in message


def test_replacement_fits_the_failure_policy() -> None:
    for job in ({}, {"podFailurePolicy": {}}):
        assert list(pod_replacement_policy({"podReplacementPolicy": "Failed", **job}, "p")) == []
    assert list(pod_replacement_policy({"podReplacementPolicy": "TerminatingOrFailed"}, "p")) == []
    job = {"podReplacementPolicy": "TerminatingOrFailed", "podFailurePolicy": {}}
    (problem,) = pod_replacement_policy(job, "p")
    assert (problem.rule.id, problem.path) == ("job-replacement-policy", "p")
