from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.disruption import check_budget
from initconstructs.rules.api_server.target import target


def found(name: str = "web", **spec: Any) -> list[tuple[str, str]]:
    manifest = {"metadata": {"name": name}, "spec": spec}
    return [(problem.rule.id, problem.path) for problem in check_budget(manifest, target("1.36"))]


@pytest.mark.parametrize("spec", [{}, {"minAvailable": 0}, {"maxUnavailable": "100%"}, {"selector": {}}])
def test_a_budget_of_one_amount_is_fine(spec: dict[str, Any]) -> None:
    assert found(**spec) == []


@pytest.mark.parametrize("value", [-1, "50", "101%", "half"])
@pytest.mark.parametrize("field", ["minAvailable", "maxUnavailable"])
def test_an_amount_is_a_count_or_a_share(field: str, value: int | str) -> None:
    assert found(**{field: value}) == [("disruption-budget", f"spec.{field}")]


def test_the_amounts_exclude_each_other() -> None:
    assert found(minAvailable=1, maxUnavailable=1) == [("disruption-budget", "spec")]


def test_unhealthy_pods_are_evicted_or_not() -> None:
    assert found(unhealthyPodEvictionPolicy="AlwaysAllow") == []
    assert found(unhealthyPodEvictionPolicy="Always") == [
        ("disruption-eviction-policy", "spec.unhealthyPodEvictionPolicy")
    ]


def test_the_selector_is_checked() -> None:
    assert found(selector={"matchLabels": {"a b": ""}}) == [("label-selector", "spec.selector.matchLabels")]


def test_the_metadata_is_looked_at_last() -> None:
    assert found("a/b") == [("object-name", "metadata.name")]
    assert found("a/b", minAvailable=-1) == [("disruption-budget", "spec.minAvailable")]
    assert found("My Budget") == []
