from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.strategies import (
    daemonset_update_strategy,
    deployment_strategy,
    statefulset_claim_retention,
    statefulset_pod_management,
    statefulset_update_strategy,
)


def rolling(**amounts: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": amounts}


@pytest.mark.parametrize(
    "strategy",
    [{}, {"type": "Recreate"}, rolling(), rolling(maxUnavailable=0), rolling(maxSurge="500%"), rolling(maxSurge=0)],
)
def test_a_deployment_that_can_replace_its_pods_is_fine(strategy: dict[str, Any]) -> None:
    assert list(deployment_strategy(strategy)) == []


@pytest.mark.parametrize(
    ("strategy", "paths"),
    [
        ({"type": "Roll"}, [""]),
        ({"type": "Recreate", "rollingUpdate": {}}, [".rollingUpdate"]),
        (rolling(maxUnavailable=0, maxSurge="0%"), [".rollingUpdate.maxUnavailable"]),
        (rolling(maxUnavailable="101%"), [".rollingUpdate.maxUnavailable"]),
        (rolling(maxUnavailable="1", maxSurge=-1), [".rollingUpdate.maxUnavailable", ".rollingUpdate.maxSurge"]),
    ],
)
def test_a_deployment_that_can_not_replace_its_pods_is_refused(strategy: dict[str, Any], paths: list[str]) -> None:
    problems = list(deployment_strategy(strategy))
    assert {problem.rule.id for problem in problems} == {"deployment-strategy"}
    assert [problem.path for problem in problems] == [f"spec.strategy{path}" for path in paths]


@pytest.mark.parametrize("strategy", [{}, {"type": "OnDelete"}, rolling(), rolling(maxUnavailable=0, maxSurge=1)])
def test_a_daemonset_replaces_pods_in_one_way(strategy: dict[str, Any]) -> None:
    assert list(daemonset_update_strategy(strategy)) == []


@pytest.mark.parametrize(
    ("strategy", "paths"),
    [
        ({"type": "Recreate"}, [""]),
        (rolling(maxSurge=1), [".rollingUpdate.maxSurge"]),
        (rolling(maxUnavailable=0), [".rollingUpdate.maxUnavailable"]),
        (rolling(maxUnavailable=0, maxSurge="200%"), [".rollingUpdate.maxSurge"]),
        (rolling(maxUnavailable="x"), [".rollingUpdate.maxUnavailable", ".rollingUpdate.maxUnavailable"]),
    ],
)
def test_a_daemonset_that_can_not_replace_its_pods_is_refused(strategy: dict[str, Any], paths: list[str]) -> None:
    problems = list(daemonset_update_strategy(strategy))
    assert {problem.rule.id for problem in problems} == {"daemonset-update-strategy"}
    assert [problem.path for problem in problems] == [f"spec.updateStrategy{path}" for path in paths]


@pytest.mark.parametrize("strategy", [{}, {"type": "OnDelete"}, rolling(partition=99), rolling(maxUnavailable="50%")])
def test_a_statefulset_may_wait_or_roll(strategy: dict[str, Any]) -> None:
    assert list(statefulset_update_strategy(strategy)) == []


@pytest.mark.parametrize(
    ("strategy", "path"),
    [
        ({"type": "Recreate"}, ""),
        ({"type": "OnDelete", "rollingUpdate": {}}, ".rollingUpdate"),
        (rolling(partition=-1), ".rollingUpdate.partition"),
        (rolling(maxUnavailable=0), ".rollingUpdate.maxUnavailable"),
        (rolling(maxUnavailable="101%"), ".rollingUpdate.maxUnavailable"),
    ],
)
def test_a_statefulset_that_can_not_replace_its_pods_is_refused(strategy: dict[str, Any], path: str) -> None:
    (problem,) = statefulset_update_strategy(strategy)
    assert (problem.rule.id, problem.path) == ("statefulset-update-strategy", f"spec.updateStrategy{path}")


def test_a_statefulset_starts_pods_in_order_or_all_at_once() -> None:
    assert [list(statefulset_pod_management(policy)) for policy in ("OrderedReady", "Parallel")] == [[], []]
    (problem,) = statefulset_pod_management("Serial")
    assert (problem.rule.id, problem.path) == ("statefulset-pod-management", "spec.podManagementPolicy")


def test_a_statefulset_keeps_or_deletes_its_claims() -> None:
    assert list(statefulset_claim_retention({"whenDeleted": "Delete"})) == []
    (problem,) = statefulset_claim_retention({"whenScaled": "delete"})
    assert problem.rule.id == "statefulset-claim-retention"
    assert problem.path == "spec.persistentVolumeClaimRetentionPolicy.whenScaled"
