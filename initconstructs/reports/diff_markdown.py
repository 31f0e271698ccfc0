"""A diff of plans as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from initconstructs.planning.diff import PlanDiff
from initconstructs.reports.markdown import escaped


def diff_markdown(diffs: Sequence[PlanDiff]) -> str:
    """What `diff --format markdown` prints."""
    if not diffs:
        return "The start-up is the same.\n"
    return "\n\n".join("\n".join(_workload(diff)) for diff in diffs) + "\n"


def _workload(diff: PlanDiff) -> Iterator[str]:
    yield f"### {escaped(diff.title)}"
    yield ""
    yield f"{escaped(diff.headline.capitalize())}."
    if not diff.changes:
        return
    yield ""
    yield "| change | of | before | after | for the roll-out |"
    yield "|---|---|---|---|---|"
    for change in diff.changes:
        cells = (change.what, change.subject, change.old, change.new, change.meaning)
        yield f"| {' | '.join(map(escaped, cells))} |"
