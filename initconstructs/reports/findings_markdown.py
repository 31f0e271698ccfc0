"""Findings as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from initconstructs.reports.finding_words import place, title
from initconstructs.reports.markdown import escaped
from initconstructs.reports.summary import Summary, counts
from initconstructs.rules.finding import Finding, Severity

_LIMIT = 60_000  # GitHub takes comments of 65,536 characters
_HEAD = ("| | rule | object | place | problem and remedy |", "|---|---|---|---|---|")


def render(findings: Sequence[Finding], summary: Summary) -> str:
    """The counts, a table of what counts, and folded away what is only worth knowing."""
    grave = [each for each in findings if each.severity != Severity.INFO and each.acknowledged is None]
    grave.sort(key=lambda finding: finding.severity != Severity.ERROR)
    other = [each for each in findings if each.severity == Severity.INFO or each.acknowledged is not None]
    lines = [f"**{counts(summary)}**", "", *(f"- {escaped(problem)}" for problem in summary.unreadable), ""]
    lines += _table(grave, summary, _LIMIT - sum(map(len, lines)))
    folded = list(_table(other, summary, _LIMIT - sum(map(len, lines))))
    if folded:
        lines += ["<details>", f"<summary>{_plural(len(other))} worth knowing</summary>", "", *folded, "</details>", ""]
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _table(findings: Sequence[Finding], summary: Summary, room: int) -> Iterator[str]:
    if not findings:
        return
    yield from _HEAD
    for shown, finding in enumerate(findings):
        row = _row(finding, summary.template(finding))
        room -= len(row)
        if room < 0:
            yield ""
            yield f"{_plural(len(findings) - shown)} more: run `initconstructs check`."
            break
        yield row
    yield ""


def _row(finding: Finding, template: str | None) -> str:
    cells = (
        finding.severity.value if finding.acknowledged is None else "acknowledged",
        finding.rule,
        title(finding.object),
        f"{place(finding)} (from {template})" if template else place(finding),
    )
    said = f"{escaped(finding.path)}: {escaped(finding.message)}<br>{escaped(_remedy(finding))}"
    return f"| {' | '.join(map(escaped, cells))} | {said} |"


def _remedy(finding: Finding) -> str:
    return finding.fix if finding.acknowledged is None else f"Acknowledged: {finding.acknowledged}"


def _plural(count: int) -> str:
    return f"{count} finding" if count == 1 else f"{count} findings"
