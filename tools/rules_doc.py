"""Print docs/rules.md from the rules themselves; `--write` replaces the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from initconstructs import rules
from initconstructs.rules import Rule

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"

INTRODUCTION = """# Rules

Every rule that `initconstructs check` and synth know, family by family. This page is printed from the code by
`python tools/rules_doc.py --write`; a test holds the two together.

A warning is silenced for one object, with a reason, by the annotation `initconstructs.dev/acknowledge.<rule>: <reason>`
on that object; it stays in every report. Errors of family `api-server` can't be acknowledged: the server refuses them.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_families(rules.rules())])


def _families(all_rules: tuple[Rule, ...]) -> Iterator[str]:
    ordered = sorted(all_rules, key=lambda rule: rule.family)
    for family, members in groupby(ordered, key=lambda rule: rule.family):
        yield f"## {family}\n"
        for rule in members:
            yield from _rule(rule)


def _rule(rule: Rule) -> Iterator[str]:
    summary, _, rest = rule.documentation.partition("\n")
    yield f"### {rule.id}\n"
    yield f"*{rule.severity.value}*: {summary}\n"
    for line in _paragraphs(rest):
        name, _, text = line.partition(": ")
        yield f"- **{name}**: {text}"
    yield ""


def _paragraphs(text: str) -> list[str]:
    """The sections, each in one line."""
    paragraphs: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.split(":")[0] in ("What", "Why", "Example", "Fix", "Source") or not paragraphs:
            paragraphs.append(line)
        else:
            paragraphs[-1] += f" {line}"
    return paragraphs


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
