"""Findings for a person at a terminal: by file and object, each with its place, what is wrong and what to write."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from initconstructs.reports.finding_words import place, title, visible
from initconstructs.reports.summary import Summary, counts
from initconstructs.rules.finding import Finding, Severity

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def render(findings: Sequence[Finding], summary: Summary, *, color: bool = False, width: int = 80) -> str:
    """Groups in the order of the findings, then one line of counts."""
    lines: list[str] = []
    for heading, group in groupby(findings, key=lambda finding: _title(finding, summary.template(finding))):
        lines += [_bold(heading, color), *_group(list(group), color, width), ""]
    return "\n".join([*lines, counts(summary), ""])


def _group(findings: Sequence[Finding], color: bool, width: int) -> Iterator[str]:
    for finding in findings:
        yield _headline(finding, color)
        yield from _wrapped(finding.message, width)
        yield from _wrapped(f"at {finding.path}", width)
        if finding.acknowledged is None:
            yield from _wrapped(f"fix: {finding.fix}", width)
        else:
            yield from _wrapped(f"acknowledged: {finding.acknowledged}", width)


def _headline(finding: Finding, color: bool) -> str:
    severity = finding.severity.value if finding.acknowledged is None else "acknowledged"
    shown = f"\x1b[{_COLORS[finding.severity]}m{severity}\x1b[0m" if color else severity
    return f"  {shown} {finding.rule}  {visible(place(finding))}".rstrip()


def _wrapped(text: str, width: int) -> Iterator[str]:
    lines = textwrap.wrap(
        visible(text),
        width=max(width, 40),
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return map(visible, lines)


def _title(finding: Finding, template: str | None) -> str:
    text = f"{finding.file}: {title(finding.object)}" if finding.file else title(finding.object)
    return visible(f"{text} (from {template})" if template else text)


def _bold(text: str, color: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if color else text
