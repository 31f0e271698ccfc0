"""Labels, and the selectors that match them.

Sources: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go and meta/v1/helpers.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from initconstructs.rules.api_server.cause import forbidden, invalid, required
from initconstructs.rules.api_server.check import Causes, Node, rule
from initconstructs.rules.api_server.formats import label_key, label_value

_WITH_VALUES = {"In", "NotIn"}
_WITHOUT_VALUES = {"Exists", "DoesNotExist"}


@rule(
    "labels",
    fix="Write keys as [dns.prefix/]name, values as at most 63 of A-Z a-z 0-9 - _ . and end both in a letter or digit.",
)
def labels(labels: Node, path: str) -> Causes:
    """Labels have well-formed keys and short values.

    What: a key is an optional DNS subdomain and `/`, then a name of at most 63 letters, digits, `-`, `_` and `.`; a
    value is empty or such a name. Both begin and end with a letter or digit.
    Why: selectors and indexes read labels; free text belongs into annotations.
    Example: `version: "1.4.2 (beta)"` is refused, `version: 1.4.2-beta` is fine.
    Fix: shorten the value, or make it an annotation.
    Source: ValidateLabels in apimachinery/pkg/apis/meta/v1/validation/validation.go.
    """
    yield from _labels(labels, path)


@rule(
    "label-selector",
    fix="Give In and NotIn values, Exists and DoesNotExist none; write keys and values as labels are written.",
)
def label_selector(selector: Node, path: str) -> Causes:
    """A label selector is one that labels can match.

    What: `matchLabels` holds labels; an expression has the operator In or NotIn with values, or Exists or DoesNotExist
    without; its key and values are written as labels are.
    Why: a selector that no label could match would silently select nothing.
    Example: `{key: app, operator: Equals, values: [web]}` is refused, `operator: In` is fine.
    Fix: use one of the four operators, with or without values as it asks.
    Source: ValidateLabelSelector in apimachinery/pkg/apis/meta/v1/validation/validation.go.
    """
    if "matchLabels" in selector:
        yield from _labels(selector["matchLabels"], f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        yield from _requirement(requirement, f"{path}.matchExpressions[{index}]")


def _labels(labels: Node, path: str) -> Causes:
    for key, value in labels.items():
        for complaint in label_key(key):
            yield invalid(path, key, complaint)
        for complaint in label_value(value or ""):
            yield invalid(path, value, complaint)


def _requirement(requirement: Node, path: str) -> Causes:
    operator, values = requirement.get("operator", ""), requirement.get("values") or ()
    if operator in _WITH_VALUES:
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in _WITHOUT_VALUES:
        if values:
            yield forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = requirement.get("key", "")
    for complaint in label_key(key):
        yield invalid(f"{path}.key", key, complaint)
    for index, value in enumerate(values):
        for complaint in label_value(value or ""):
            yield invalid(f"{path}.values[{index}]", value, complaint)


def is_empty(selector: Node) -> bool:
    """Whether a selector has no requirement, and so selects everything."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def matches(selector: Node | None, labels: Node) -> bool:
    """Whether a valid selector selects what has these labels; no selector selects nothing."""
    if selector is None:
        return False
    wanted = cast(Mapping[str, str], selector.get("matchLabels") or {})
    if any(key not in labels or (labels[key] or "") != (value or "") for key, value in wanted.items()):
        return False
    return all(_holds(requirement, labels) for requirement in selector.get("matchExpressions") or ())


def _holds(requirement: Node, labels: Node) -> bool:
    key: str = requirement["key"]
    operator, values = requirement["operator"], requirement.get("values") or ()
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    return (key in labels) is (operator == "Exists")


RULES = (labels.rule, label_selector.rule)
