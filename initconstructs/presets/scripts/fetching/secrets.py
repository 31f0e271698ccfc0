"""Hands secrets over as files and as variables: all of them, or none when one can't be had."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from .environment import environment_file
from .files import Part, inside, same
from .task import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def hand_over(spec: dict[str, Any], read: Callable[[str], bytes]) -> str:
    """Read what the spec names, each secret once, and write it; the last line of the log.

    `files` and `environment` map paths and variables to secrets; `name#key` is one key of a secret that is JSON.
    """
    wanted = [*spec.get("files", {}).values(), *spec.get("environment", {}).values()]
    found = {name: named(read, name) for name in sorted({each.partition("#")[0] for each in wanted})}
    files = {path: part(found, each) for path, each in spec.get("files", {}).items()}
    variables = {name: text(name, part(found, each)) for name, each in spec.get("environment", {}).items()}
    return put(spec, files, variables)


def named(read: Callable[[str], bytes], name: str) -> bytes:
    try:
        return read(name)
    except Failed as error:
        raise Failed(f"secret {name}: {error}") from None


def put(spec: dict[str, Any], files: Mapping[str, bytes], variables: Mapping[str, str]) -> str:
    """Write all; what is already as it should be is left alone."""
    mode = spec["mode"]
    places = {inside(Path(spec["directory"]), path): data for path, data in files.items()}
    clash = next((each for each in places if not places.keys().isdisjoint(each.parents)), None)
    if clash:
        raise Failed(f"{clash}: one of its directories would be a file too")
    if variables:
        places[Path(spec["environment_file"])] = environment_file(variables)
    changed = {place: data for place, data in places.items() if not same(place, data, mode)}
    with ExitStack() as stack:
        parts = [stack.enter_context(Part(place, mode)) for place in changed]
        for each in parts:
            each.write(changed[each.path])
            each.flush()
        for each in parts:
            each.keep()
    what = f"{len(files)} files and {len(variables)} variables, {len(changed)} of {len(places)} files new"
    readers = {f"user {each.stat().st_uid} and group {each.stat().st_gid}" for each in places}
    return f"{what}; mode {mode:04o}, {' or '.join(sorted(readers))}"


def part(found: Mapping[str, bytes], reference: str) -> bytes:
    """The secret, or one key of it."""
    name, mark, key = reference.partition("#")
    if not mark:
        return found[name]
    try:
        value = json.loads(found[name])[key]
    except (ValueError, TypeError, KeyError):
        raise Failed(f"secret {name} is no JSON object with the key {key!r}") from None
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()


def text(variable: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Failed(f"variable {variable!r}: its value is not UTF-8 text; hand it over as a file instead") from None
