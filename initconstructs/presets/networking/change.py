"""The programs that change the pod's network, all of it or nothing, and their deadline."""

from __future__ import annotations

from dataclasses import replace

from initconstructs.presets.configuring.tree import steps
from initconstructs.presets.program import Program, shell

TIMEOUT = "1m"


def change(script: str, *also: str) -> Program:
    """The script, and beside it those that it reads: its deadline is the first argument, in seconds."""
    found = steps("networking", script)
    files = dict(found.files)
    for each in ("change", *also):
        files |= shell("networking", each).files
    return replace(found, files=files)
