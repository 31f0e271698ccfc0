"""List the rules, or explain one: what it finds, why that is bad, an example, the fix and the source.

NAME is a rule, or a family whose rules are listed. Exit code 2 for a name that there isn't, else 0.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from initconstructs.cli.options import Unusable, add_format

if TYPE_CHECKING:
    from initconstructs.rules import Rule

SUMMARY = "list the rules, or explain one"
_SECTIONS = ("What:", "Why:", "Example:", "Fix:", "Source:")


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a rule or a family (default: list all rules)")
    add_format(parser, ["text", "json"])


def run(arguments: argparse.Namespace) -> int:
    """Look up, print."""
    found = _found(arguments.name)
    is_one = [rule.id for rule in found] == [arguments.name]
    if arguments.format == "json":
        sys.stdout.write(_json(found))
    else:
        width = min(shutil.get_terminal_size().columns, 120)
        sys.stdout.write("\n".join(_explained(found[0], width) if is_one else _table(found, width)) + "\n")
    return 0


def _found(name: str | None) -> Sequence[Rule]:
    from initconstructs import rules  # noqa: PLC0415 - `--help` needs none of this

    members = [rule for rule in rules.rules() if name in (None, rule.family)]
    try:
        return members or [rules.rule(name or "")]
    except KeyError as error:
        raise Unusable(str(error.args[0])) from None


def _table(found: Sequence[Rule], width: int) -> Iterator[str]:
    """A line a rule, cut to the width of the terminal, under the name of its family."""
    longest = max(len(rule.id) for rule in found)
    family = ""
    for rule in sorted(found, key=lambda rule: rule.family):
        if rule.family != family:
            yield f"\n{rule.family}" if family else rule.family
            family = rule.family
        line = f"  {rule.id:{longest}}  {rule.severity.value:7}  {_summary(rule)}"
        yield line if len(line) <= width or not sys.stdout.isatty() else f"{line[: width - 1]}…"
    yield f"\n{len(found)} rules; `initconstructs rules NAME` explains one."


def _explained(rule: Rule, width: int) -> Iterator[str]:
    yield f"{rule.id}: {rule.severity.value} of family {rule.family}"
    for paragraph in _paragraphs(rule.documentation):
        yield ""
        yield textwrap.fill(paragraph, width, break_long_words=False, break_on_hyphens=False)


def _paragraphs(documentation: str) -> Iterator[str]:
    """The summary and the sections, each in one line."""
    lines: list[str] = []
    for line in filter(None, map(str.strip, documentation.splitlines())):
        if line.startswith(_SECTIONS) and lines:
            yield " ".join(lines)
            lines = []
        lines.append(line)
    yield " ".join(lines)


def _summary(rule: Rule) -> str:
    return next(_paragraphs(rule.documentation))


def _json(found: Sequence[Rule]) -> str:
    rows = [
        {
            "id": rule.id,
            "family": rule.family,
            "severity": rule.severity.value,
            "summary": _summary(rule),
            "fix": rule.fix,
            "documentation": rule.documentation,
        }
        for rule in found
    ]
    return json.dumps({"version": 1, "rules": rows}, indent=2, ensure_ascii=False) + "\n"
