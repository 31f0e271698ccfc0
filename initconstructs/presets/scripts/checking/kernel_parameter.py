"""A kernel parameter has a value, or one in a range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def problems(spec: Mapping[str, Any]) -> Iterator[str]:
    name, file = spec["name"], Path("/proc/sys") / spec["name"].replace(".", "/")
    if not file.is_file():
        yield f"{name}: this kernel has no such parameter"
        return
    value = " ".join(file.read_text().split())
    if spec["equals"] is not None and value != spec["equals"]:
        yield f"{name}: is {value}, not {spec['equals']}"
    for word, limit in (("at_least", spec["at_least"]), ("at_most", spec["at_most"])):
        if limit is not None and not _holds(value, word, limit):
            yield f"{name}: is {value}, not {word.replace('_', ' ')} {limit}"


def _holds(value: str, word: str, limit: int) -> bool:
    try:
        number = int(value)
    except ValueError:
        return False
    return number >= limit if word == "at_least" else number <= limit
