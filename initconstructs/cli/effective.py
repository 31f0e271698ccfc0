"""The options in force: what the command line says, else the project's pyproject.toml, else the default."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from initconstructs.cli.config import read_settings
from initconstructs.cli.options import Unusable, read_minor, read_names

_DEFAULTS: dict[str, object] = {
    "kubernetes": "1.36",
    "profile": None,
    "fail_on": "error",
    "select": (),
    "ignore": (),
}
_READERS: Mapping[str, Callable[[str], object]] = {
    "kubernetes": read_minor,
    "select": read_names,
    "ignore": read_names,
}


def complete(arguments: argparse.Namespace) -> None:
    """Read the values that were given, and fill in what the command line left open.

    Raises Unusable for a value, of an argument or of the project's settings, that can't be read.
    """
    taken = {name: getattr(arguments, name) for name in _DEFAULTS if hasattr(arguments, name)}
    for name, text in taken.items():
        if text is not None and name in _READERS:
            setattr(arguments, name, _read(name, text))
    if None in taken.values():
        settings = _DEFAULTS | read_settings()
        vars(arguments).update({name: settings[name] for name, text in taken.items() if text is None})


def _read(name: str, text: str) -> object:
    try:
        return _READERS[name](text)
    except ValueError as error:
        raise Unusable(f"--{name} {text}: {error}") from None
