"""The command line: `initconstructs COMMAND ...`. One module a command, imported when that command is asked for.

Exit codes: 0 clean, 1 findings at or above the threshold, 2 unusable input or arguments; 130 when interrupted and 141
when the reader of the output went away, as for any Unix program.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from initconstructs.cli.options import Unusable

# A command's module has SUMMARY, `configure(parser)` and `run(arguments) -> int`.
COMMANDS = ("check", "synth", "explain", "diff", "rules", "new", "doctor", "completion")

UNUSABLE = 2
INTERRUPTED = 130
CLOSED_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    _fill_in_streams()
    try:
        with _interruptible():
            try:
                return _run(argv)
            finally:
                sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return _unwritable(error)


def _run(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else list(argv)
    asked = [name for name in COMMANDS if name in words[:1]]
    arguments = _parser(asked or COMMANDS).parse_args(words)
    _write_utf_8()
    from initconstructs.cli.effective import complete  # noqa: PLC0415 - `--version` needs no settings

    try:
        complete(arguments)
        code: int = arguments.run(arguments)
    except Unusable as error:
        print(f"initconstructs {arguments.command}: {error}", file=sys.stderr)
        return UNUSABLE
    return code


@contextmanager
def _interruptible() -> Iterator[None]:
    """Leave by a KeyboardInterrupt once one was raised, whatever it was wrapped in on the way.

    Where it comes while a class is made, Python before 3.12 makes a RuntimeError of it, and libraries do their own.
    """
    heard: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        signal.default_int_handler(number, frame)

    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not so in a shell's background
    if is_ours:
        signal.signal(signal.SIGINT, hear)
    try:
        yield
    except BaseException:
        if heard:
            raise KeyboardInterrupt from None
        raise
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _fill_in_streams() -> None:
    """Python has None for a stream that the caller closed (`>&-`); what is written there goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


def _unwritable(error: OSError) -> int:
    """The output can't be written. What is left of it goes nowhere, or Python would complain once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        return CLOSED_PIPE
    with suppress(OSError):  # it may be standard error itself
        print(f"initconstructs: {error}", file=sys.stderr)
    return UNUSABLE


def _write_utf_8() -> None:
    """Reports name their arrows and their charset; a locale or a code page shall neither break nor change them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of these commands: a command's start shall not pay for the others."""
    parser = argparse.ArgumentParser(
        prog="initconstructs",
        description="Ordered init stages for Kubernetes: check any manifest for what the API server refuses "
        "and for a start-up that hangs, races or leaks.",
        epilog="Exit codes: 0 clean, 1 findings (or a difference), 2 unusable input or arguments, 130 interrupted, "
        "141 the reader of the output went away.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for name in names:
        module = importlib.import_module(f"initconstructs.cli.{name}")
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            formatter_class=_Paragraphs,
        )
        module.configure(command)
        command.set_defaults(run=module.run)
    return parser


class _Paragraphs(argparse.HelpFormatter):
    """Fits the paragraphs of a command's docstring to the terminal, but for those set in columns."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.strip().split("\n\n")
        return "\n\n".join(
            each if "  " in each else argparse.HelpFormatter._fill_text(self, each, width, indent)
            for each in paragraphs
        )


class _Version(argparse.Action):
    """Reads the version only when it is asked for: importlib.metadata takes longer than a check's own imports."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata  # noqa: PLC0415

        print(f"{parser.prog} {metadata.version('initconstructs')}")
        parser.exit()
