"""Findings as workflow commands: GitHub Actions turns them into annotations of the changed lines.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions, and for the escapes
packages/core/src/command.ts of actions/toolkit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from initconstructs.reports.finding_words import title, visible
from initconstructs.reports.summary import Summary, counts
from initconstructs.rules.finding import Finding, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(findings: Sequence[Finding], summary: Summary) -> str:
    """One command a finding, and the counts as a line of the log."""
    commands = [*map(_annotation, findings), *map(_unreadable, summary.unreadable)]
    return "\n".join([*commands, counts(summary), ""])


def _annotation(finding: Finding) -> str:
    command = _COMMANDS[finding.severity] if finding.acknowledged is None else "notice"
    properties = ",".join(f"{name}={_property(value)}" for name, value in _properties(finding))
    return f"::{command} {properties}::{_message(finding).translate(_IN_DATA)}"


def _properties(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.file is not None:
        yield "file", finding.file
    if finding.line is not None:
        yield "line", str(finding.line)
    if finding.column is not None:
        yield "col", str(finding.column)
    yield "title", finding.rule if finding.acknowledged is None else f"{finding.rule} (acknowledged)"


def _property(value: str) -> str:
    return value.translate(_IN_PROPERTY)


def _message(finding: Finding) -> str:
    remedy = finding.fix if finding.acknowledged is None else f"acknowledged: {finding.acknowledged}"
    lines = (f"{title(finding.object)}: {finding.message}", f"at {finding.path}", remedy)
    return "\n".join(map(visible, lines))


def _unreadable(problem: str) -> str:
    return f"::error title=unreadable::{visible(problem).translate(_IN_DATA)}"
