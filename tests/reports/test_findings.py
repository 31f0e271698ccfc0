"""Findings as a person and as a program read them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from initconstructs.reports import findings_json, findings_text
from initconstructs.reports.summary import Summary, reaches, summarize
from initconstructs.rules import Finding, ObjectRef, Severity

FINDING = Finding(
    rule="unbounded-wait",
    family="startup",
    severity=Severity.WARNING,
    object=ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="api"),
    path="spec.template.spec.initContainers[0].command",
    message="'wait' waits for nc without a deadline: it can hang for ever",
    fix="Give the wait a total deadline, such as `timeout 300 sh -c '...'` or a counted loop that exits 1.",
    file="shop.yaml",
    document=0,
    line=12,
    column=11,
)
ACKNOWLEDGED = replace(FINDING, rule="mutable-image", message="no fixed version", acknowledged="mirrored by digest")
OTHER = replace(FINDING, severity=Severity.ERROR, object=replace(FINDING.object, name="web", namespace=None), file=None)
FINDINGS = [FINDING, ACKNOWLEDGED, OTHER]


def summary(findings: list[Finding], passed_over: int = 0) -> Summary:
    return summarize(findings, files=1, objects=2, passed_over=passed_over)


def test_the_text_groups_by_file_and_object_and_says_what_to_write() -> None:
    assert findings_text.render(FINDINGS, summary(FINDINGS, passed_over=3)) == (
        "shop.yaml: Deployment shop/api\n"
        "  warning unbounded-wait  shop.yaml:12:11\n"
        "    'wait' waits for nc without a deadline: it can hang for ever\n"
        "    at spec.template.spec.initContainers[0].command\n"
        "    fix: Give the wait a total deadline, such as `timeout 300 sh -c '...'` or a\n"
        "      counted loop that exits 1.\n"
        "  acknowledged mutable-image  shop.yaml:12:11\n"
        "    no fixed version\n"
        "    at spec.template.spec.initContainers[0].command\n"
        "    acknowledged: mirrored by digest\n"
        "\n"
        "Deployment web\n"
        "  error unbounded-wait  12:11\n"
        "    'wait' waits for nc without a deadline: it can hang for ever\n"
        "    at spec.template.spec.initContainers[0].command\n"
        "    fix: Give the wait a total deadline, such as `timeout 300 sh -c '...'` or a\n"
        "      counted loop that exits 1.\n"
        "\n"
        "1 error, 1 warning, 0 info, 1 acknowledged in 2 objects of 1 file; 3 of other kinds passed over\n"
    )


def test_no_line_is_wider_than_the_terminal() -> None:
    text = findings_text.render(FINDINGS, summary(FINDINGS), width=60)
    assert all(len(line) <= 60 for line in text.splitlines() if " in 2 objects" not in line)


def test_color_only_when_asked_for() -> None:
    assert "\x1b[" not in findings_text.render(FINDINGS, summary(FINDINGS))
    assert "\x1b[33mwarning\x1b[0m" in findings_text.render(FINDINGS, summary(FINDINGS), color=True)


def test_nothing_found_is_one_line() -> None:
    assert findings_text.render([], summary([])) == "0 errors, 0 warnings, 0 info in 2 objects of 1 file\n"


def test_the_json_keeps_its_contract() -> None:
    document = json.loads(findings_json.render([FINDING], summary([FINDING])))
    assert document == {
        "version": 1,
        "summary": {
            "files": 1,
            "objects": 2,
            "passedOver": 0,
            "filesPassedOver": 0,
            "unreadable": [],
            "errors": 0,
            "warnings": 1,
            "infos": 0,
            "acknowledged": 0,
        },
        "findings": [
            {
                "rule": "unbounded-wait",
                "family": "startup",
                "severity": "warning",
                "file": "shop.yaml",
                "document": 0,
                "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "api"},
                "path": "spec.template.spec.initContainers[0].command",
                "line": 12,
                "column": 11,
                "message": FINDING.message,
                "fix": FINDING.fix,
                "acknowledged": None,
            }
        ],
    }


@pytest.mark.parametrize(
    ("findings", "threshold", "expected"),
    [
        ([FINDING], Severity.ERROR, False),
        ([FINDING], Severity.WARNING, True),
        ([ACKNOWLEDGED], Severity.WARNING, False),
        ([OTHER], Severity.ERROR, True),
        ([], Severity.INFO, False),
    ],
)
def test_a_threshold_counts_what_nobody_acknowledged(
    findings: list[Finding], threshold: Severity, expected: bool
) -> None:
    assert reaches(findings, threshold) == expected
