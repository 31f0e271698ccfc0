"""A file, or a directory and all below it, belongs to whom it should and has the right mode."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def problems(spec: Mapping[str, Any]) -> Iterator[str]:
    root = Path(spec["path"])
    yield from _one(root, root.stat(), spec)
    if spec["recursive"] and root.is_dir():
        for place, directories, files in os.walk(root, onerror=_raise):
            for name in sorted([*directories, *files]):
                each = Path(place) / name
                yield from _one(each, each.lstat(), spec)


def _raise(error: OSError) -> None:
    raise error


def _one(file: Path, found: os.stat_result, spec: Mapping[str, Any]) -> Iterator[str]:
    for word, has in (("user", found.st_uid), ("group", found.st_gid)):
        if spec[word] is not None and has != spec[word]:
            yield f"{file}: belongs to {word} {has}, not {spec[word]}"
    if stat.S_ISLNK(found.st_mode):  # its mode means nothing
        return
    mode = stat.S_IMODE(found.st_mode)
    if spec["mode"] is not None and mode != spec["mode"]:
        yield f"{file}: has mode {mode:04o}, not {spec['mode']:04o}"
    if spec["at_most"] is not None and mode & ~spec["at_most"]:
        yield f"{file}: has mode {mode:04o}, which is more than {spec['at_most']:04o}"
