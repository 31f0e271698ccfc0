"""A diff of plans as text for a terminal, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from initconstructs.planning.diff import Change, PlanDiff

WIDTH = 80
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def diff_text(diffs: Sequence[PlanDiff], *, colour: bool = False) -> str:
    """What `diff` prints."""
    if not diffs:
        return "The start-up is the same.\n"
    return "\n\n".join("\n".join(_workload(diff, colour)) for diff in diffs) + "\n"


def _workload(diff: PlanDiff, colour: bool) -> Iterator[str]:
    yield f"{_BOLD}{diff.title}{_RESET}   {diff.headline}" if colour else f"{diff.title}   {diff.headline}"
    if not diff.changes:
        yield "  nothing of the start-up changes"
    for change in diff.changes:
        yield from textwrap.wrap(_change(change), WIDTH, initial_indent="  ", subsequent_indent="    ")
        for line in textwrap.wrap(change.meaning, WIDTH, initial_indent="      → ", subsequent_indent="        "):
            yield f"{_DIM}{line}{_RESET}" if colour else line


def _change(change: Change) -> str:
    sign = {"added": "+", "removed": "-"}.get(change.what.rpartition(" ")[2], "~")
    values = " → ".join(value for value in (change.old, change.new) if value)
    return f"{sign} {change.what}: {change.subject}" + (f": {values}" if values and values != change.subject else "")
