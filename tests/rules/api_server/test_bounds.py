from __future__ import annotations

import pytest

from initconstructs.rules.api_server.bounds import at_most_all, int_or_percent, is_zero, not_negative


def test_counts_are_not_negative() -> None:
    (problem,) = not_negative({"replicas": -1, "minReadySeconds": 0}, "spec", "replicas", "minReadySeconds", "absent")
    assert (problem.rule.id, problem.path) == ("not-negative", "spec.replicas")


@pytest.mark.parametrize("value", [0, 3, "0%", "250%"])
def test_an_amount_is_a_count_or_a_percentage(value: int | str) -> None:
    assert list(int_or_percent(value, "p")) == []


@pytest.mark.parametrize("value", [-1, "3", "-5%", "12.5%", "%", ""])
def test_an_amount_is_nothing_else(value: int | str) -> None:
    assert [cause.path for cause in int_or_percent(value, "p")] == ["p"]


@pytest.mark.parametrize(("value", "fine"), [("100%", True), ("101%", False), ("9" * 50 + "%", False), (500, True)])
def test_a_share_is_at_most_everything(value: int | str, fine: bool) -> None:
    assert (list(at_most_all(value, "p")) == []) is fine


@pytest.mark.parametrize(
    ("value", "zero"), [(0, True), ("0%", True), ("00%", True), ("x", True), (1, False), ("1%", False)]
)
def test_what_is_no_amount_counts_as_nothing(value: int | str, zero: bool) -> None:
    assert is_zero(value) is zero
