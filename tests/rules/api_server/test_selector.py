from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.rules.api_server.selector import is_empty, label_selector, labels, matches

KEYS = st.sampled_from(["a", "b"])
VALUES = st.sampled_from(["", "x", "y"])
LABELS = st.dictionaries(KEYS, VALUES)


def paths(selector: dict[str, object]) -> list[str]:
    return [problem.path for problem in label_selector(selector, "spec.selector")]


@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"matchLabels": {"app": "web", "example.com/tier": ""}},
        {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", ""]}]},
        {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
        {"matchExpressions": [{"key": "app", "operator": "Exists", "values": []}]},
    ],
)
def test_a_selector_that_labels_can_match_is_fine(selector: dict[str, object]) -> None:
    assert paths(selector) == []


@pytest.mark.parametrize(
    ("selector", "path"),
    [
        ({"matchLabels": {"a b": "x"}}, "matchLabels"),
        ({"matchLabels": {"a": "x y"}}, "matchLabels"),
        ({"matchExpressions": [{"key": "a", "operator": "In"}]}, "matchExpressions[0].values"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]}, "matchExpressions[0].values"),
        ({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}, "matchExpressions[0].operator"),
        ({"matchExpressions": [{"key": "-", "operator": "Exists"}]}, "matchExpressions[0].key"),
        (
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "-"]}]},
            "matchExpressions[0].values[1]",
        ),
    ],
)
def test_what_no_label_can_match_is_refused_where_it_stands(selector: dict[str, object], path: str) -> None:
    assert paths(selector) == [f"spec.selector.{path}"]


def test_labels_are_reported_on_the_whole_map() -> None:
    (problem,) = labels({"app": "-x"}, "metadata.labels")
    assert (problem.rule.id, problem.path) == ("labels", "metadata.labels")
    assert problem.message.startswith('Invalid value: "-x": a valid label must be')


def test_no_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not matches(None, {"a": "x"})
    assert is_empty({"matchLabels": {}})
    assert matches({}, {})


@given(LABELS, LABELS)
def test_match_labels_are_a_subset_of_the_labels(wanted: dict[str, str], present: dict[str, str]) -> None:
    assert matches({"matchLabels": wanted}, present) is (wanted.items() <= present.items())


@given(KEYS, st.lists(VALUES, min_size=1), LABELS)
def test_opposite_operators_never_agree(key: str, values: list[str], present: dict[str, str]) -> None:
    def holds(operator: str) -> bool:
        requirement = {"key": key, "operator": operator, "values": values if "In" in operator else []}
        return matches({"matchExpressions": [requirement]}, present)

    assert holds("In") is not holds("NotIn")
    assert holds("Exists") is not holds("DoesNotExist")
