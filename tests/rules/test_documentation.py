"""Every rule is documented, says what to write instead, and docs/rules.md is what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from initconstructs import rules
from initconstructs.rules import Rule

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", rules.rules(), ids=lambda rule: rule.id)
def test_a_rule_explains_itself(rule: Rule) -> None:
    first, *_ = rule.documentation.splitlines()
    assert first.endswith(".")
    for section in ("What:", "Why:", "Example:", "Fix:", "Source:"):
        assert f"\n{section} " in rule.documentation, f"{rule.id} does not say {section}"
    assert rule.fix.endswith((".", "..."))
    assert len(f"acknowledge.{rule.id}") <= 63, "an annotation's name holds 63 characters"


def test_a_rule_has_one_id() -> None:
    ids = [rule.id for rule in rules.rules()]
    assert sorted(set(ids)) == sorted(ids)
    assert all(identifier == identifier.lower() and " " not in identifier for identifier in ids)


def test_the_printed_rules_are_those_of_the_code() -> None:
    tool = ROOT / "tools" / "rules_doc.py"
    printed = subprocess.run([sys.executable, tool], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert printed == (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"), (
        "run `python tools/rules_doc.py --write`"
    )
