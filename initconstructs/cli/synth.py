"""Synthesize a cdk8s app, check everything that came out, and only then replace the output directory as a whole.

The app and its output are those of cdk8s.yaml, and the files are those of `cdk8s synth`, byte by byte. On any error
what stood there stays. The report goes to standard output (with --stdout to standard error), as of `check`.

Exit codes: 0 written, or nothing to refuse with --check-only; 1 findings that reach --fail-on: nothing is written;
2 the app failed, its output is unusable, or so are the arguments.
"""

from __future__ import annotations

import argparse

from initconstructs.cli.options import add_checking

SUMMARY = "run the cdk8s app, check all that it writes, then replace the output directory"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments; the first four are those of `cdk8s synth`."""
    parser.add_argument(
        "-a", "--app", metavar="COMMAND", help="shell command that runs the app (default: cdk8s.yaml's)"
    )
    parser.add_argument("-o", "--output", metavar="DIR", help="output directory (default: cdk8s.yaml's, or dist)")
    parser.add_argument("-p", "--stdout", action="store_true", help="print the manifests and write no file")
    parser.add_argument(
        "--no-validate", dest="validate", action="store_false", help="go without the plugins of cdk8s.yaml"
    )
    parser.add_argument("--check-only", action="store_true", help="run and check the app, and write nothing")
    add_checking(parser)


def run(arguments: argparse.Namespace) -> int:
    """See `synthesis`."""
    from initconstructs.cli.synthesis import synthesize  # noqa: PLC0415 - `--help` needs none of this

    return synthesize(arguments)
