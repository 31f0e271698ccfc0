"""What `check` and `synth` do alike: hold what was read against the rules, and print what was found."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TextIO

from initconstructs import rules
from initconstructs.cli import terminal
from initconstructs.cli.inputs import Inputs
from initconstructs.reports.summary import Summary, reaches, summarize
from initconstructs.rules.finding import Finding, Severity


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    findings: Sequence[Finding]
    summary: Summary

    @property
    def failed(self) -> bool:
        """Whether a finding reaches the threshold."""
        return self.summary.fail_on is not None and reaches(self.findings, self.summary.fail_on)


def check(inputs: Inputs, arguments: argparse.Namespace) -> Checked:
    """All rules that the arguments want, over everything that was read."""
    with _uncollected():
        findings = rules.check(
            inputs.documents,
            kubernetes=arguments.kubernetes,
            profile=arguments.profile,
            select=arguments.select,
            ignore=arguments.ignore,
        )
    summary = summarize(
        findings,
        files=inputs.files,
        objects=len(inputs.documents),
        passed_over=sum(not rules.knows(document.manifest) for document in inputs.documents),
        files_passed_over=inputs.passed_over,
        unreadable=tuple(inputs.unreadable),
        templates=inputs.templates,
        fail_on=None if arguments.fail_on == "never" else Severity(arguments.fail_on),
    )
    return Checked(findings, summary)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: looking through all that was read, again and again, takes a third of a check."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def write(checked: Checked, style: str, stream: TextIO) -> None:
    """The report in one of `options.FORMATS`."""
    render = import_module(f"initconstructs.reports.findings_{style}").render
    person = {"color": terminal.has_colour(stream), "width": terminal.width()} if style == "text" else {}
    stream.write(render(checked.findings, checked.summary, **person))
