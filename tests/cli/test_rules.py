"""`initconstructs rules`: the list, one rule, and names that aren't there."""

from __future__ import annotations

import json

import pytest

from initconstructs import rules
from initconstructs.cli import main


def test_every_rule_is_listed_with_its_severity_and_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    shown = capsys.readouterr().out
    lines = {words[0]: words for line in shown.splitlines() if (words := line.split())}
    for rule in rules.rules():
        assert lines[rule.id][1] == rule.severity.value
        assert len(lines[rule.id]) > 3
    assert f"{len(rules.rules())} rules" in shown


def test_a_family_is_listed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "references", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)["rules"]
    assert {row["family"] for row in listed} == {"references"}
    assert len(listed) == sum(rule.family == "references" for rule in rules.rules())


@pytest.mark.parametrize("rule", rules.rules(), ids=lambda rule: rule.id)
def test_a_rule_is_explained_from_its_docstring(rule: rules.Rule, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", rule.id]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{rule.id}: {rule.severity.value} of family {rule.family}\n")
    assert shown.split()[5:] == rule.documentation.split()


def test_a_rule_as_json_has_its_fix(capsys: pytest.CaptureFixture[str]) -> None:
    main(["rules", "unbounded-wait", "--format", "json"])
    (row,) = json.loads(capsys.readouterr().out)["rules"]
    assert row["fix"] == rules.rule("unbounded-wait").fix
    assert row["summary"] == "A stage waits and never gives up."


def test_the_nearest_name_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "unbounded-wiat"]) == 2
    assert capsys.readouterr().err.endswith("there is no rule 'unbounded-wiat'; did you mean 'unbounded-wait'?\n")
