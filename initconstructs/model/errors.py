"""The one way the model says no: place, value, rule and remedy in one message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_VALUE = 80


class ModelError(ValueError):
    """What the author wrote can never be right.

    Raised by the call that holds the wrong value, so the author's own line is the last of theirs in the traceback.
    """

    def __init__(self, place: str, rule: str, remedy: str) -> None:
        super().__init__(f"{place} {rule}; {remedy}")
        self.place = place
        self.rule = rule
        self.remedy = remedy


def wrong(place: str, value: object, rule: str, remedy: str) -> ModelError:
    """An error about a value that may be shown (never call it with one that may be a secret)."""
    return ModelError(f"{place} is {_shown(value)}:", rule, remedy)


def _shown(value: object) -> str:
    """As its author wrote it, but cut; a value of ours by its kind alone, since its variables may hold secrets."""
    if hasattr(type(value), "_SHAPE"):
        return a_kind(type(value))
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}..."


def a_kind(kind: type) -> str:
    """`a Stage`, `an Edge`."""
    return f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"


def one_of(place: str, value: object, allowed: Iterable[str]) -> ModelError:
    """An error for a word outside a closed list, with the nearest word as the remedy."""
    names = list(allowed)
    remedy = near_miss(value, names) or "choose one of them"
    return wrong(place, value, f"must be one of {', '.join(names)}", remedy)


def near_miss(value: object, names: Iterable[str]) -> str:
    """`did you mean "x"?` for the closest name, or an empty text."""
    by_fold = {name.casefold(): name for name in names}
    matches = difflib.get_close_matches(str(value).casefold(), list(by_fold), n=1)
    return f'did you mean "{by_fold[matches[0]]}"?' if matches else ""
