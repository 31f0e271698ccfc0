"""The arguments that several commands take, so that they read and say the same everywhere."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def add_paths(parser: argparse.ArgumentParser) -> None:
    """What `inputs.read` takes."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, directory, pattern, or - for standard input")


def add_kubernetes(parser: argparse.ArgumentParser) -> None:
    """The target."""
    parser.add_argument(
        "--kubernetes", default="1.36", metavar="MINOR", help="the target, such as 1.33 (default: 1.36)"
    )


def add_format(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """The format of the report; without it the first."""
    parser.add_argument("--format", choices=formats, default=formats[0], help=f"default: {formats[0]}")
