"""What a check looked at and how much it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from initconstructs.rules.finding import Finding, Severity

_ORDER = (Severity.INFO, Severity.WARNING, Severity.ERROR)


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What a check looked at, counts of what it found, and what fails it.

    `passed_over` are objects of kinds that no rule of the API server knows, `files_passed_over` files without any
    manifest. `unreadable` holds a message for each input that could not be read, `templates` the Helm template of
    documents, by file and document. Findings below `fail_on` fail nothing; where it is None, none does.
    """

    files: int
    objects: int
    passed_over: int
    errors: int
    warnings: int
    infos: int
    acknowledged: int
    files_passed_over: int = 0
    unreadable: Sequence[str] = ()
    templates: Mapping[tuple[str | None, int | None], str] = field(default_factory=dict)
    fail_on: Severity | None = Severity.ERROR

    def template(self, finding: Finding) -> str | None:
        """The Helm template that the finding's object was rendered from, where it is known."""
        return self.templates.get((finding.file, finding.document))

    def fails(self, finding: Finding) -> bool:
        """Whether nobody acknowledged the finding and it is at least as severe as `fail_on`."""
        return self.fail_on is not None and reaches([finding], self.fail_on)


def summarize(
    findings: Sequence[Finding],
    *,
    files: int,
    objects: int,
    passed_over: int = 0,
    files_passed_over: int = 0,
    unreadable: Sequence[str] = (),
    templates: Mapping[tuple[str | None, int | None], str] | None = None,
    fail_on: Severity | None = Severity.ERROR,
) -> Summary:
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
        files_passed_over=files_passed_over,
        unreadable=unreadable,
        templates=templates or {},
        fail_on=fail_on,
    )


def counts(summary: Summary) -> str:
    """One sentence: what was found, in what."""
    found = [_plural(summary.errors, "error"), _plural(summary.warnings, "warning"), _plural(summary.infos, "info")]
    if summary.acknowledged:
        found.append(f"{summary.acknowledged} acknowledged")
    text = f"{', '.join(found)} in {_plural(summary.objects, 'object')} of {_plural(summary.files, 'file')}"
    if summary.passed_over:
        text += f"; {summary.passed_over} of other kinds passed over"
    if summary.files_passed_over:
        text += f"; {_plural(summary.files_passed_over, 'other file')} passed over"
    if summary.unreadable:
        text += f"; {len(summary.unreadable)} unreadable"
    return text


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 or word == "info" else f"{count} {word}s"


def reaches(findings: Sequence[Finding], threshold: Severity) -> bool:
    """Whether any finding that nobody acknowledged is at least that severe."""
    least = _ORDER.index(threshold)
    return any(_ORDER.index(finding.severity) >= least for finding in findings if finding.acknowledged is None)
