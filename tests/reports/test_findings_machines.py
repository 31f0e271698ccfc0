"""Findings as CI servers, code scanning and pull requests read them.

data/schemas holds the published schemas: sarif-2.1.0.json of https://github.com/oasis-tcs/sarif-spec, junit-10.xsd of
https://github.com/jenkinsci/xunit-plugin (MIT).
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
import xmlschema
from hypothesis import example, given
from hypothesis import strategies as st

from initconstructs.reports import findings_github, findings_junit, findings_markdown, findings_sarif, findings_text
from initconstructs.reports.summary import Summary, summarize
from initconstructs.rules import Finding, ObjectRef, Severity, rules

SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
SARIF = jsonschema_rs.validator_for(json.loads((SCHEMAS / "sarif-2.1.0.json").read_text()))
JUNIT = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")

WARNING = Finding(
    rule="unbounded-wait",
    family="startup",
    severity=Severity.WARNING,
    object=ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="api"),
    path="spec.template.spec.initContainers[0].command",
    message="'wait' waits for nc without a deadline: it can hang for ever",
    fix="Give the wait a total deadline.",
    file="deploy/shop app.yaml",
    document=0,
    line=12,
    column=11,
)
ACKNOWLEDGED = replace(WARNING, rule="mutable-image", message="no fixed version", acknowledged="mirrored by digest")
ERROR = replace(WARNING, severity=Severity.ERROR, rule="service-port", line=3, column=1)
INFO = replace(WARNING, severity=Severity.INFO, rule="no-resources", file="/elsewhere/b.yaml")
ALL = [WARNING, ACKNOWLEDGED, ERROR, INFO]

RULES = st.sampled_from([rule.id for rule in rules()])
ANY = st.builds(
    Finding,
    rule=RULES,
    family=st.just("startup"),
    severity=st.sampled_from(Severity),
    object=st.builds(
        ObjectRef, api_version=st.text(), kind=st.text(), namespace=st.none() | st.text(), name=st.none() | st.text()
    ),
    path=st.text(),
    message=st.text(),
    fix=st.text(min_size=1),
    file=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
    | st.binary(min_size=1).map(lambda name: os.fsdecode(name.replace(b"\0", b"x"))),
    document=st.just(0),
    line=st.integers(1, 9999),
    column=st.integers(1, 200),
    acknowledged=st.none() | st.text(min_size=1),
)
SOME = st.lists(ANY, max_size=4)


def summary(findings: list[Finding], *, fail_on: Severity | None = Severity.ERROR, unreadable: str = "") -> Summary:
    problems = [unreadable] if unreadable else []
    return summarize(findings, files=2, objects=3, unreadable=problems, fail_on=fail_on)


def sarif(findings: list[Finding], unreadable: str = "") -> dict:
    document = json.loads(findings_sarif.render(findings, summary(findings, unreadable=unreadable)))
    SARIF.validate(document)
    (run,) = document["runs"]
    return run


def artifact(result: dict) -> dict[str, str]:
    return result["locations"][0]["physicalLocation"]["artifactLocation"]


@given(SOME, st.text())
def test_any_finding_is_valid_sarif(findings: list[Finding], unreadable: str) -> None:
    assert len(sarif(findings, unreadable)["results"]) == len(findings)


def test_code_scanning_finds_what_it_shows() -> None:
    run = sarif(ALL)
    rule_ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for rule in run["tool"]["driver"]["rules"]:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
    for result in run["results"]:
        assert rule_ids[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] > 0
    assert [result["level"] for result in run["results"]] == ["warning", "warning", "error", "note"]


def test_files_of_the_checkout_are_relative_to_its_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    inside = replace(WARNING, file=str(tmp_path / "deploy" / "ä b.yaml"))
    assert [artifact(each) for each in sarif([WARNING, inside, INFO])["results"]] == [
        {"uri": "deploy/shop%20app.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "deploy/%C3%A4%20b.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "file:///elsewhere/b.yaml"},
    ]
    assert str(tmp_path) not in json.dumps(sarif([WARNING]))


@given(ANY)
def test_a_uri_is_read_back_as_the_file(finding: Finding) -> None:
    found = artifact(sarif([finding])["results"][0])
    path = found["uri"] if "uriBaseId" in found else urlparse(found["uri"]).path
    assert (Path.cwd() / unquote(path, errors="surrogateescape")) == Path(finding.file or "").absolute()


def test_a_fingerprint_outlives_a_move_and_tells_twins_apart() -> None:
    moved = replace(WARNING, line=99, column=2, file="moved.yaml")
    fingerprints = [each["partialFingerprints"]["initconstructs/v1"] for each in sarif([WARNING, WARNING])["results"]]
    assert fingerprints[0] == sarif([moved])["results"][0]["partialFingerprints"]["initconstructs/v1"]
    assert fingerprints[0] != fingerprints[1]


def test_what_is_acknowledged_is_suppressed_with_its_reason() -> None:
    suppressions = [each.get("suppressions") for each in sarif([WARNING, ACKNOWLEDGED])["results"]]
    accepted = {"kind": "inSource", "status": "accepted", "justification": "mirrored by digest"}
    assert suppressions == [None, [accepted]]


def test_what_could_not_be_read_makes_no_successful_run() -> None:
    (invocation,) = sarif([], "a.yaml: broken")["invocations"]
    assert not invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "a.yaml: broken"


def junit(findings: list[Finding], told: Summary) -> ET.Element:
    text = findings_junit.render(findings, told)
    JUNIT.validate(text)
    (suite,) = ET.fromstring(text.encode())
    return suite


@given(SOME, st.text())
def test_any_finding_is_a_valid_junit_case(findings: list[Finding], unreadable: str) -> None:
    suite = junit(findings, summary(findings, unreadable=unreadable))
    assert int(suite.attrib["tests"]) == len(suite) == len(findings) + 1


@pytest.mark.parametrize(
    ("fail_on", "failures"), [(Severity.ERROR, "1"), (Severity.WARNING, "2"), (Severity.INFO, "3"), (None, "0")]
)
def test_junit_fails_what_fails_the_check(fail_on: Severity | None, failures: str) -> None:
    suite = junit(ALL, summary(ALL, fail_on=fail_on))
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == (failures, str(len(ALL) - int(failures)))
    assert len(suite.findall("*/failure")) == int(failures)


def test_junit_keeps_text_and_drops_what_xml_cannot_hold() -> None:
    odd = replace(ERROR, message="a<b>\x00\x1b[31m\"&'\ufffe]]>", fix="two\nlines")
    failure = junit([odd], summary([odd])).find("*/failure")
    assert failure is not None
    assert failure.attrib["message"] == "a<b>\ufffd\ufffd[31m\"&'\ufffd]]>"
    assert (failure.text or "").endswith("two\nlines")


def test_unreadable_input_is_an_error_of_junit() -> None:
    suite = junit([], summary([], unreadable="a.yaml: broken"))
    assert (suite.attrib["errors"], suite.find("*/error").attrib["message"]) == ("1", "a.yaml: broken")


def unescaped(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_a_workflow_command_has_its_place_its_title_and_all_that_is_to_say() -> None:
    first = findings_github.render([WARNING], summary([WARNING])).splitlines()[0]
    assert first == (
        "::warning file=deploy/shop app.yaml,line=12,col=11,title=unbounded-wait::Deployment shop/api: 'wait' waits for"
        " nc without a deadline: it can hang for ever%0Aat spec.template.spec.initContainers[0].command%0AGive the wait"
        " a total deadline."
    )


@given(SOME)
def test_no_text_breaks_out_of_a_workflow_command(findings: list[Finding]) -> None:
    """As the runner reads it: a line that begins with ::, properties up to the next ::, split at commas and =."""
    lines = re.split("\r\n|\r|\n", findings_github.render(findings, summary(findings)))
    assert len(lines) == len(findings) + 2
    assert not lines[-2].startswith("::")
    for line, finding in zip(lines, findings, strict=False):
        read = re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", line, re.DOTALL)
        assert read
        properties = dict(each.split("=", 1) for each in read[2].split(","))
        assert properties.keys() == {"file", "line", "col", "title"}
        assert unescaped(properties["file"]) == finding.file


def test_what_is_acknowledged_is_a_notice() -> None:
    shown = findings_github.render([ACKNOWLEDGED], summary([ACKNOWLEDGED]))
    assert shown.startswith("::notice ")
    assert "title=mutable-image (acknowledged)::" in shown
    assert "mirrored by digest" in shown


def test_markdown_has_errors_first_and_folds_what_is_only_worth_knowing() -> None:
    shown = findings_markdown.render(ALL, summary(ALL))
    assert shown.startswith("**1 error, 1 warning, 1 info, 1 acknowledged in 3 objects of 2 files**\n")
    table, _, folded = shown.partition("<details>")
    assert table.index("| error | service-port |") < table.index("| warning | unbounded-wait |")
    assert "<summary>2 findings worth knowing</summary>" in folded
    assert "Acknowledged: mirrored by digest" in folded


@given(SOME)
def test_no_text_breaks_out_of_a_cell(findings: list[Finding]) -> None:
    shown = findings_markdown.render(findings, summary(findings))
    rows = [line for line in shown.split("\n") if re.match(r"\| (error|warning|info|acknowledged) \|", line)]
    assert len(rows) == len(findings)
    assert all(row.count("|") == 6 for row in rows)
    assert set(re.findall("<[^>]*>", shown)) <= {"<br>", "<details>", "</details>", "<summary>", "</summary>"}
    assert not re.search("[@`]", shown)


def test_markdown_fits_a_comment_and_says_what_is_left_out() -> None:
    many = [replace(ERROR, message=f"{number} {'long ' * 40}") for number in range(1000)] + [INFO] * 1000
    shown = findings_markdown.render(many, summary(many))
    assert len(shown) < 65_536
    assert re.search(r"\n\d+ findings more: run `initconstructs check`\.\n", shown)


@given(SOME)
@example([replace(WARNING, file="::stop-commands::x", message=f"{'long ' * 12} ::add-mask::x ##[add-mask]x")])
def test_no_text_moves_the_cursor_or_begins_a_line(findings: list[Finding]) -> None:
    shown = findings_text.render(findings, summary(findings))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))
    assert "##[" not in shown
