"""A project's settings: `[tool.initconstructs]` of the nearest pyproject.toml that has it, from here upwards.

[tool.initconstructs]
kubernetes = "1.33"
profile = "restricted"
fail-on = "warning"
select = ["api-server", "startup"]
ignore = ["no-deadline"]
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from initconstructs.cli.options import PROFILES, THRESHOLDS, Unusable, read_minor, read_names

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TABLE = "[tool.initconstructs]"


def read_settings(start: Path | None = None) -> dict[str, object]:
    """The settings in force in a directory, the working directory unless given, by the names of the options.

    Raises Unusable for a file that is no TOML, an unknown key, and a value that the option would refuse.
    """
    here = (start or Path.cwd()).absolute()
    for directory in (here, *here.parents):
        file = directory / "pyproject.toml"
        table = _table(file)
        if table is not None:
            return {key.replace("-", "_"): _value(file, key, value) for key, value in table.items()}
    return {}


def _table(file: Path) -> Mapping[str, object] | None:
    """The table; None where there is none, whatever else the file holds."""
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Unusable(f"{file}: {error.strerror}") from None
    if b"initconstructs" not in content:
        return None
    try:
        tool = tomllib.loads(content.decode("utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{file}: {error}") from None
    table = tool.get("initconstructs") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise Unusable(f"{file}: {_TABLE} is no table")
    return table


def _value(file: Path, key: str, value: object) -> object:
    if key not in _READERS:
        nearest = difflib.get_close_matches(key, _READERS, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"keys are {', '.join(_READERS)}"
        raise Unusable(f"{file}: {_TABLE} has no key {key!r}; {hint}")
    try:
        return _READERS[key](value)
    except ValueError as error:
        raise Unusable(f"{file}: {_TABLE} {key}: {error}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text; put it in quotes")
    return value


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}")
        return str(value)

    return read


def _names(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f'{value!r} is no list of names; write ["NAME", ...]')
    return read_names(",".join(value))


_READERS: Mapping[str, Callable[[object], object]] = {
    "kubernetes": lambda value: read_minor(_text(value)),
    "profile": _one_of(PROFILES),
    "fail-on": _one_of(THRESHOLDS),
    "select": _names,
    "ignore": _names,
}
