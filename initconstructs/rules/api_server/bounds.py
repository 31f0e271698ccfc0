"""Numbers with a lower end, and the amounts that may be a number or a percentage.

Sources: ValidateNonnegativeField in apimachinery/pkg/api/validation/generic.go; ValidatePositiveIntOrPercent and
IsNotMoreThan100Percent in kubernetes/pkg/apis/apps/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import invalid
from initconstructs.rules.api_server.check import Causes, Node, rule
from initconstructs.rules.api_server.formats import percent

NOT_NEGATIVE = "must be greater than or equal to 0"


@rule("not-negative", fix="Write 0 or more, or leave the field out.")
def not_negative(node: Node, path: str, *fields: str) -> Causes:
    """A count or a time is not negative.

    What: replicas, completions, limits, deadlines and seconds are at least 0.
    Why: a negative amount means nothing; unlimited is written by leaving the field out.
    Example: `replicas: -1` is refused.
    Fix: write 0 or more.
    Source: ValidateNonnegativeField in apimachinery/pkg/api/validation/generic.go.
    """
    for field in fields:
        if node.get(field, 0) < 0:
            yield invalid(f"{path}.{field}", node[field], NOT_NEGATIVE)


def int_or_percent(value: int | str, path: str) -> Causes:
    """What is wrong with an amount that may be given as a percentage."""
    if isinstance(value, str):
        for complaint in percent(value):
            yield invalid(path, value, complaint)
    elif value < 0:
        yield invalid(path, value, NOT_NEGATIVE)


def at_most_all(value: int | str, path: str) -> Causes:
    """What is wrong with a share of more than everything."""
    if isinstance(value, str) and not percent(value) and _number(value) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def is_zero(value: int | str) -> bool:
    """Whether an amount is nothing at all; a text that is no amount counts as nothing, as it does for Go."""
    if isinstance(value, str):
        return _number(value) == 0
    return value == 0


def _number(text: str) -> int:
    digits = text.removesuffix("%")[:20]
    return int(digits) if digits.isascii() and digits.isdecimal() else 0


RULES = (not_negative.rule,)
