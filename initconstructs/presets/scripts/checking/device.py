"""A device is there, of the right kind, and its user may use it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_KINDS = {"character": stat.S_ISCHR, "block": stat.S_ISBLK}


def problems(spec: Mapping[str, Any]) -> Iterator[str]:
    place = spec["path"]
    if not _KINDS[spec["kind"]](Path(place).stat().st_mode):
        yield f"{place}: is no {spec['kind']} device"
    elif not os.access(place, os.R_OK | os.W_OK):
        yield f"{place}: user {os.getuid()} may not read and write it"
