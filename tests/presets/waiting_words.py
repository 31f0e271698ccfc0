"""What a started wait says, read while it runs; and its modules, to be called without a process."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.resources import files
from typing import Any

PROGRAM = files("initconstructs.presets") / "scripts" / "waiting"


def until_it_says(started, text: str) -> str:
    """All that it has said once a line holds `text`; `finish` brings what it says after that line."""
    said = b""
    while not (said.endswith(b"\n") and text.encode() in said):
        byte = os.read(started.process.stdout.fileno(), 1)  # unbuffered, so that nothing is taken from `finish`
        assert byte, f"it ended without saying {text!r}: {said.decode()}"
        said += byte
    return said.decode()


def program_module(name: str, monkeypatch) -> Any:
    """A module of the program."""
    monkeypatch.syspath_prepend(str(PROGRAM / ".."))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return importlib.import_module(f"waiting.{name}")
