"""Keys of a Secret are there and hold something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def problems(spec: Mapping[str, Any]) -> Iterator[str]:
    for key in spec["keys"]:
        name, file = f'Secret "{spec["secret"]}", key "{key}"', Path(spec["directory"]) / key
        if not file.is_file():
            yield f"{name}: is missing"
        elif len(file.read_bytes().strip()) < spec["at_least"]:
            yield f"{name}: is empty" if spec["at_least"] == 1 else f"{name}: is shorter than {spec['at_least']} bytes"
