"""The arguments that several commands take, so that they read, say and refuse the same everywhere."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

PROFILES = ("privileged", "baseline", "restricted")
THRESHOLDS = ("error", "warning", "never")
FORMATS = ("text", "json", "sarif", "junit", "github", "markdown")
"""Of findings; each is a module `reports.findings_<format>`."""


class Unusable(Exception):  # noqa: N818 - named for what it says of the input
    """What a command can't work with; ends it with one line and exit code 2."""


def add_paths(parser: argparse.ArgumentParser) -> None:
    """What `inputs.read` takes."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, directory, pattern, or - for standard input")


def add_kubernetes(parser: argparse.ArgumentParser) -> None:
    """The target."""
    parser.add_argument("--kubernetes", metavar="MINOR", help="the target, such as 1.33 (default: 1.36)")


def add_format(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """The format of the report; without it the first."""
    parser.add_argument("--format", choices=formats, default=formats[0], help=f"default: {formats[0]}")


def add_checking(parser: argparse.ArgumentParser) -> None:
    """What is checked, against what, and what of it fails."""
    add_kubernetes(parser)
    parser.add_argument("--profile", choices=PROFILES, help="hold pods to this Pod Security level")
    parser.add_argument("--fail-on", choices=THRESHOLDS, help="what makes the exit code 1 (default: error)")
    parser.add_argument("--select", metavar="NAME,...", help="only these rules or families")
    parser.add_argument("--ignore", metavar="NAME,...", help="not these rules or families")
    add_format(parser, FORMATS)


def read_minor(text: str) -> str:
    """A minor of Kubernetes; a ValueError for one that the package doesn't speak for."""
    from initconstructs.schemas import minor_of  # noqa: PLC0415 - `--help` needs none of this

    minor_of(text)
    return text


def read_names(text: str) -> list[str]:
    """Rules and families, between commas; a ValueError names the nearest to what is neither."""
    from initconstructs.rules.registry import selected  # noqa: PLC0415 - see read_minor

    names = [name.strip() for name in text.split(",") if name.strip()]
    selected(names, ())
    return names
