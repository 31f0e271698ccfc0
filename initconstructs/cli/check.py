"""Check manifests: files, directories, patterns, or - for standard input.

Objects of kinds that are not known (custom resources) are passed over and counted; so are files in directories that
hold no manifest, hidden directories and node_modules. Defaults come from [tool.initconstructs] of pyproject.toml.

Exit codes: 0 nothing found that reaches --fail-on, 1 findings that do, 2 unusable input or arguments; the readable
rest is checked all the same.
"""

from __future__ import annotations

import argparse
import sys

from initconstructs.cli.options import add_checking, add_paths

SUMMARY = "say what the API server will refuse, and what will hang, race or leak at start-up"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_paths(parser)
    add_checking(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, check, print."""
    from initconstructs.cli import findings  # noqa: PLC0415 - `--help` needs none of this
    from initconstructs.cli.inputs import read  # noqa: PLC0415
    from initconstructs.cli.terminal import progress  # noqa: PLC0415

    with progress("checking"):
        inputs = read(arguments.paths)
        checked = findings.check(inputs, arguments)
    findings.write(checked, arguments.format, sys.stdout)
    return inputs.report_unreadable() or int(checked.failed)
