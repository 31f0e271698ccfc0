"""Findings as a JUnit report, which CI servers show as tests: one that fails for each finding that fails the check.

Other findings are skipped tests, with what they say as the reason. The first test is the reading itself, so that a
report of a clean check has a test. Source: junit-10.xsd of jenkinsci/xunit-plugin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from initconstructs.reports.finding_words import place, title
from initconstructs.reports.summary import Summary
from initconstructs.rules.finding import Finding

_WRONG = (("failure", "failures"), ("error", "errors"))
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(findings: Sequence[Finding], summary: Summary) -> str:
    """One test suite, indented, ending in a newline."""
    cases = [_reading(summary), *(_case(finding, summary) for finding in findings)]
    suites = ET.Element("testsuites", _counts(cases), name="initconstructs")
    skipped = str(sum(case.find("skipped") is not None for case in cases))
    ET.SubElement(suites, "testsuite", _counts(cases), name="initconstructs check", skipped=skipped).extend(cases)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _counts(cases: Sequence[ET.Element]) -> dict[str, str]:
    wrong = {plural: sum(case.find(kind) is not None for case in cases) for kind, plural in _WRONG}
    return {"tests": str(len(cases)), **{plural: str(count) for plural, count in wrong.items()}}


def _reading(summary: Summary) -> ET.Element:
    case = ET.Element("testcase", classname="initconstructs", name="all manifests can be read")
    for problem in summary.unreadable:
        ET.SubElement(case, "error", type="unreadable", message=_xml(problem))
    return case


def _case(finding: Finding, summary: Summary) -> ET.Element:
    name = f"{finding.rule}: {title(finding.object)}: {finding.path}"
    case = ET.Element("testcase", classname=_xml(finding.file or "manifests"), name=_xml(name))
    if summary.fails(finding):
        failure = ET.SubElement(case, "failure", type=finding.rule, message=_xml(finding.message))
        failure.text = _xml(f"{place(finding)}: {finding.message}\n{finding.fix}")
    else:
        ET.SubElement(case, "skipped", message=_xml(_why_skipped(finding)))
    return case


def _why_skipped(finding: Finding) -> str:
    if finding.acknowledged is not None:
        return f"acknowledged: {finding.acknowledged} ({finding.message})"
    return f"{finding.severity.value}: {finding.message}"


def _xml(text: str) -> str:
    """XML 1.0 knows no other control characters, escaped or not."""
    return _NOT_XML.sub("\ufffd", text)
