"""Look at what the package runs on: Python, Node, jsii, cdk8s, the YAML library, the schemas; then synthesize a chart.

What is wrong is said with the command that mends it. Exit code 1 when something is wrong, else 0.
"""

from __future__ import annotations

import argparse

SUMMARY = "say what is wrong with Python, Node, jsii or cdk8s here, and what mends it"


def configure(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every command gets them
    """Examine, print."""
    from initconstructs.cli.examination import examine  # noqa: PLC0415 - `--help` needs none of this

    wrong = 0
    for item in examine():
        print(f"{'WRONG' if item.remedy else 'ok   '}  {item.name:17}  {item.state}")
        if item.remedy:
            wrong += 1
            print(f"{'':7}{'':17}  mend it: {item.remedy}")
    print(f"\n{('nothing is', '1 thing is')[wrong] if wrong < 2 else f'{wrong} things are'} wrong")
    return int(wrong > 0)
