"""Findings as JSON, version 1: the contract that other tools read."""

from __future__ import annotations

import json
from collections.abc import Sequence

from initconstructs.reports.summary import Summary
from initconstructs.rules.finding import Finding

VERSION = 1


def render(findings: Sequence[Finding], summary: Summary) -> str:
    """One JSON object, indented, ending in a newline."""
    document = {
        "version": VERSION,
        "summary": {
            "files": summary.files,
            "objects": summary.objects,
            "passedOver": summary.passed_over,
            "filesPassedOver": summary.files_passed_over,
            "unreadable": list(summary.unreadable),
            "errors": summary.errors,
            "warnings": summary.warnings,
            "infos": summary.infos,
            "acknowledged": summary.acknowledged,
        },
        "findings": [_finding(finding, summary.template(finding)) for finding in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding, template: str | None) -> dict[str, object]:
    shown: dict[str, object] = {
        "rule": finding.rule,
        "family": finding.family,
        "severity": finding.severity.value,
        "file": finding.file,
        "document": finding.document,
        "object": {
            "apiVersion": finding.object.api_version,
            "kind": finding.object.kind,
            "namespace": finding.object.namespace,
            "name": finding.object.name,
        },
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "fix": finding.fix,
        "acknowledged": finding.acknowledged,
    }
    return shown | {"template": template} if template else shown
