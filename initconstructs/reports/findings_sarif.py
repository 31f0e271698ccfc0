"""Findings as SARIF 2.1.0, which code scanning reads.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, and what GitHub takes of it:
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path, PurePath
from urllib.parse import quote

from initconstructs.reports.finding_words import title
from initconstructs.reports.summary import Summary
from initconstructs.rules import Rule, rule
from initconstructs.rules.finding import Finding, Severity

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_ROOT = "%SRCROOT%"


def render(findings: Sequence[Finding], summary: Summary) -> str:
    """One run; its files are relative to the working directory, which is the root of the sources."""
    ids = sorted({finding.rule for finding in findings})
    indexes = {name: index for index, name in enumerate(ids)}
    driver = {
        "name": "initconstructs",
        "version": version("initconstructs"),
        "rules": [_rule(rule(name)) for name in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The directory that the check ran in."}}},
        "invocations": [_invocation(summary)],
        "results": _results(findings, indexes),
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(found: Rule) -> dict[str, object]:
    first, _, _ = found.documentation.partition("\n\n")
    return {
        "id": found.id,
        "shortDescription": {"text": " ".join(first.split())},
        "fullDescription": {"text": " ".join(first.split())},
        "help": {"text": f"{found.documentation}\n\nFix: {found.fix}"},
        "defaultConfiguration": {"level": _LEVELS[found.severity]},
        "properties": {"tags": [found.family], "problem.severity": _GITHUB_LEVELS[found.severity]},
    }


def _invocation(summary: Summary) -> dict[str, object]:
    notes = [{"level": "error", "message": {"text": problem}} for problem in summary.unreadable]
    return {"executionSuccessful": not notes, "toolExecutionNotifications": notes}


def _results(findings: Sequence[Finding], indexes: Mapping[str, int]) -> list[dict[str, object]]:
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        fingerprint = _fingerprint(finding)
        seen[fingerprint] += 1
        fingerprints = {"initconstructs/v1": f"{fingerprint}:{seen[fingerprint]}"}
        results.append(_result(finding, indexes[finding.rule]) | {"partialFingerprints": fingerprints})
    return results


def _result(finding: Finding, index: int) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} (at {finding.path}). {finding.fix}"},
        "locations": [_location(finding)],
    }
    if finding.acknowledged is not None:
        accepted = {"kind": "inSource", "status": "accepted", "justification": finding.acknowledged}
        result["suppressions"] = [accepted]
    return result


def _location(finding: Finding) -> dict[str, object]:
    whole = f"{title(finding.object)} {finding.path}"
    location: dict[str, object] = {"logicalLocations": [{"name": finding.path, "fullyQualifiedName": whole}]}
    if finding.file is not None:
        physical: dict[str, object] = {"artifactLocation": _artifact(finding.file)}
        if finding.line is not None:
            physical["region"] = {"startLine": finding.line, "startColumn": finding.column or 1}
        location["physicalLocation"] = physical
    return location


def _artifact(file: str) -> dict[str, str]:
    """A file below the working directory relative to it, any other by its whole name."""
    path = Path(file).absolute()
    try:
        relative = path.relative_to(Path.cwd())
    except ValueError:
        return {"uri": path.as_uri()}
    return {"uri": quote(os.fsencode(PurePath(relative).as_posix())), "uriBaseId": _ROOT}


def _fingerprint(finding: Finding) -> str:
    """The same for the same problem of the same object, wherever in the file it moves."""
    about = finding.object
    parts = (finding.rule, about.api_version, about.kind, about.namespace or "", about.name or "", finding.path)
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]
