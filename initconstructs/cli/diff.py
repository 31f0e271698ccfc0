"""Compare the start-up of two sets of manifests, and say what each change means for a roll-out.

Exit codes as of `diff`: 0 the start-up is the same, 1 it differs, 2 unusable input or arguments (nothing is compared).
"""

from __future__ import annotations

import argparse
import sys

from initconstructs.cli.options import Unusable, add_format, add_kubernetes

SUMMARY = "show what changes in a start-up, and what that means for a roll-out"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    for name in ("old", "new"):
        parser.add_argument(
            name, metavar=name.upper(), help="file, directory, pattern, or - for standard input (one of the two)"
        )
    add_kubernetes(parser)
    add_format(parser, ["text", "markdown", "json"])


def run(arguments: argparse.Namespace) -> int:
    """Read both, compare, print."""
    from initconstructs.cli.inputs import STDIN, read  # noqa: PLC0415 - `--help` needs none of this
    from initconstructs.cli.terminal import has_colour, width  # noqa: PLC0415
    from initconstructs.reports.explain import compare, diff  # noqa: PLC0415

    if arguments.old == arguments.new == STDIN:
        raise Unusable("standard input can't be both OLD and NEW")
    old, new = read([arguments.old]), read([arguments.new])
    if code := max(old.report_unreadable(), new.report_unreadable()):
        return code
    diffs = compare(old.manifests, new.manifests, kubernetes=arguments.kubernetes)
    sys.stdout.write(diff(diffs, format=arguments.format, colour=has_colour(sys.stdout), width=width()))
    return int(bool(diffs))
