"""Print the completion of this command line for a shell.

bash:  eval "$(initconstructs completion bash)"           in ~/.bashrc
zsh:   eval "$(initconstructs completion zsh)"            in ~/.zshrc, after compinit
fish:  initconstructs completion fish | source            in ~/.config/fish/config.fish
"""

from __future__ import annotations

import argparse
import sys

SUMMARY = "print the completion for bash, zsh or fish"
_SHELLS = ("bash", "zsh", "fish")
_FILES = frozenset(["PATH", "OLD", "NEW"])
_RULES = frozenset(["NAME", "NAME,..."])


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("shell", choices=_SHELLS, help="the shell that reads it")


def run(arguments: argparse.Namespace) -> int:
    """Print the script that shtab makes of our own parser."""
    import shtab  # noqa: PLC0415 - no other command needs it

    from initconstructs.cli import _parser  # noqa: PLC0415 - it imports this module

    parser = _parser()
    _mark(parser)
    sys.stdout.write(shtab.complete(parser, arguments.shell) + "\n")
    return 0


def _mark(parser: argparse.ArgumentParser) -> None:
    """Say what the free arguments of all commands take: files, directories, rules."""
    import shtab  # noqa: PLC0415 - as above

    from initconstructs.rules.registry import FAMILIES, RULES  # noqa: PLC0415 - as above

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _mark(command)
        elif action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.metavar in _RULES:
            action.choices = [*FAMILIES, *(rule.id for rule in RULES)]
