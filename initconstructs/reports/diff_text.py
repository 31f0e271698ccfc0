"""A diff of plans as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from initconstructs.planning.diff import Change, PlanDiff
from initconstructs.reports.finding_words import visible

_NARROWEST = 40
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def diff_text(diffs: Sequence[PlanDiff], *, colour: bool = False, width: int = 80) -> str:
    """What `diff` prints."""
    if not diffs:
        return "The start-up is the same.\n"
    return "\n\n".join("\n".join(_workload(diff, colour, max(width, _NARROWEST))) for diff in diffs) + "\n"


def _workload(diff: PlanDiff, colour: bool, width: int) -> Iterator[str]:
    title = visible(diff.title)
    yield f"{_BOLD}{title}{_RESET}   {diff.headline}" if colour else f"{title}   {diff.headline}"
    if not diff.changes:
        yield "  nothing of the start-up changes"
    for change in diff.changes:
        yield from _wrapped(_change(change), width, "  ", "    ")
        for line in _wrapped(change.meaning, width, "      → ", "        "):
            yield f"{_DIM}{line}{_RESET}" if colour else line


def _wrapped(text: str, width: int, lead: str, indent: str) -> Iterable[str]:
    lines = textwrap.wrap(visible(text), width, initial_indent=lead, subsequent_indent=indent)
    return map(visible, lines)  # once more: each is the start of a line


def _change(change: Change) -> str:
    sign = {"added": "+", "removed": "-"}.get(change.what.rpartition(" ")[2], "~")
    values = " → ".join(value for value in (change.old, change.new) if value)
    return f"{sign} {change.what}: {change.subject}" + (f": {values}" if values and values != change.subject else "")
