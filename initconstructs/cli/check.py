"""Check manifests: files, directories, patterns, or - for standard input.

Objects of kinds that are not known (custom resources) are passed over and counted.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from initconstructs.cli.options import add_format, add_kubernetes, add_paths

if TYPE_CHECKING:
    from initconstructs.reports.summary import Summary
    from initconstructs.rules.finding import Finding

SUMMARY = "say what the API server will refuse, and what will hang, race or leak at start-up"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_paths(parser)
    add_kubernetes(parser)
    parser.add_argument(
        "--profile", choices=["privileged", "baseline", "restricted"], help="hold pods to this Pod Security level"
    )
    add_format(parser, ["text", "json"])
    parser.add_argument(
        "--fail-on",
        choices=["error", "warning", "never"],
        default="error",
        help="what makes the exit code 1 (default: error)",
    )
    parser.add_argument("--select", type=_names, default=[], metavar="NAME,...", help="only these rules or families")
    parser.add_argument("--ignore", type=_names, default=[], metavar="NAME,...", help="not these rules or families")


def run(arguments: argparse.Namespace) -> int:
    """Read, check, print."""
    from initconstructs import rules  # noqa: PLC0415 - `--help` needs none of this
    from initconstructs.cli.inputs import read  # noqa: PLC0415
    from initconstructs.reports.summary import reaches, summarize  # noqa: PLC0415
    from initconstructs.rules.finding import Severity  # noqa: PLC0415

    inputs = read(arguments.paths)
    try:
        findings = rules.check(
            inputs.documents,
            kubernetes=arguments.kubernetes,
            profile=arguments.profile,
            select=arguments.select,
            ignore=arguments.ignore,
        )
    except ValueError as error:
        print(f"initconstructs check: {error}", file=sys.stderr)
        return 2
    passed_over = sum(not rules.knows(document.manifest) for document in inputs.documents)
    summary = summarize(findings, files=inputs.files, objects=len(inputs.documents), passed_over=passed_over)
    sys.stdout.write(_rendered(arguments.format, findings, summary))
    failed = arguments.fail_on != "never" and reaches(findings, Severity(arguments.fail_on))
    return inputs.report_unreadable() or int(failed)


def _rendered(style: str, findings: Sequence[Finding], summary: Summary) -> str:
    if style == "json":
        from initconstructs.reports import findings_json  # noqa: PLC0415

        return findings_json.render(findings, summary)
    from initconstructs.reports import findings_text  # noqa: PLC0415

    width = min(shutil.get_terminal_size().columns, 120)
    return findings_text.render(findings, summary, color=sys.stdout.isatty(), width=width)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
