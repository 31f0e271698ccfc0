"""Explain how the pods of any manifests start: in which order, what they cost, how long they take, how they fail.

Objects that run no pod are passed over. With --exit or --event a start-up is simulated for the workloads that have the
container named. Exit code 2 for unusable input or arguments, else 0.
"""

from __future__ import annotations

import argparse
import sys

from initconstructs.cli.options import Unusable, add_format, add_kubernetes, add_paths

SUMMARY = "show the order, the effective resources, the time and the failures of a start-up"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_paths(parser)
    add_kubernetes(parser)
    add_format(parser, ["text", "markdown", "mermaid", "json", "html"])
    parser.add_argument(
        "--exit",
        action="append",
        default=[],
        metavar="CONTAINER=CODE,...",
        help="exit codes attempt by attempt, the last one repeats: migrate=1,1,0; also oom and start-error; repeatable",
    )
    parser.add_argument(
        "--event",
        action="append",
        default=[],
        metavar="EVENT[=TARGET][..SECOND][@WHEN]",
        help="what else happens: sandbox-lost@migrate, node-rebooted@30, secret-missing=db..80; repeatable",
    )


def run(arguments: argparse.Namespace) -> int:
    """Read, explain, print."""
    from initconstructs.cli.inputs import read  # noqa: PLC0415 - `--help` needs none of this
    from initconstructs.cli.terminal import has_colour, width  # noqa: PLC0415
    from initconstructs.reports.explain import explain, read_scenario  # noqa: PLC0415

    inputs = read(arguments.paths)
    try:
        report = explain(
            inputs.manifests,
            format=arguments.format,
            kubernetes=arguments.kubernetes,
            scenario=read_scenario(arguments.exit, arguments.event),
            colour=has_colour(sys.stdout),
            width=width(),
        )
    except ValueError as error:
        raise Unusable(str(error)) from None
    sys.stdout.write(report)
    return inputs.report_unreadable()
