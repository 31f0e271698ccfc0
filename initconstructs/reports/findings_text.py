"""Findings for a person at a terminal: by file and object, each with its place, what is wrong and what to write."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from initconstructs.reports.summary import Summary
from initconstructs.rules.finding import Finding, ObjectRef, Severity

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def render(findings: Sequence[Finding], summary: Summary, *, color: bool = False, width: int = 80) -> str:
    """Groups in the order of the findings, then one line of counts."""
    lines: list[str] = []
    for (file, about), group in groupby(findings, key=lambda finding: (finding.file, finding.object)):
        lines += [_bold(_title(file, about), color), *_group(list(group), color, width), ""]
    return "\n".join([*lines, _counts(summary), ""])


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
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part is not None)
    severity = finding.severity.value if finding.acknowledged is None else "acknowledged"
    shown = f"\x1b[{_COLORS[finding.severity]}m{severity}\x1b[0m" if color else severity
    return f"  {shown} {finding.rule}  {place}".rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width=max(width, 40),
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _title(file: str | None, about: ObjectRef) -> str:
    name = "/".join(part for part in (about.namespace, about.name) if part)
    title = f"{about.kind or 'object'} {name or '(no name)'}"
    return f"{file}: {title}" if file else title


def _bold(text: str, color: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if color else text


def _counts(summary: Summary) -> str:
    counts = [_plural(summary.errors, "error"), _plural(summary.warnings, "warning"), _plural(summary.infos, "info")]
    if summary.acknowledged:
        counts.append(f"{summary.acknowledged} acknowledged")
    looked_at = f"{_plural(summary.objects, 'object')} of {_plural(summary.files, 'file')}"
    passed_over = f"; {summary.passed_over} of other kinds passed over" if summary.passed_over else ""
    return f"{', '.join(counts)} in {looked_at}{passed_over}"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 or word == "info" else f"{count} {word}s"
