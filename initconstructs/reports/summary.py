"""What a check looked at and how much it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from initconstructs.rules.finding import Finding, Severity

_ORDER = (Severity.INFO, Severity.WARNING, Severity.ERROR)


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Counts of a check. `passed_over` are objects of kinds that no rule of the API server knows."""

    files: int
    objects: int
    passed_over: int
    errors: int
    warnings: int
    infos: int
    acknowledged: int


def summarize(findings: Sequence[Finding], *, files: int, objects: int, passed_over: int = 0) -> Summary:
    """Counts by severity; what its author acknowledged is counted apart."""
    live = [finding.severity for finding in findings if finding.acknowledged is None]
    return Summary(
        files=files,
        objects=objects,
        passed_over=passed_over,
        errors=live.count(Severity.ERROR),
        warnings=live.count(Severity.WARNING),
        infos=live.count(Severity.INFO),
        acknowledged=len(findings) - len(live),
    )


def reaches(findings: Sequence[Finding], threshold: Severity) -> bool:
    """Whether any finding that nobody acknowledged is at least that severe."""
    least = _ORDER.index(threshold)
    return any(_ORDER.index(finding.severity) >= least for finding in findings if finding.acknowledged is None)
