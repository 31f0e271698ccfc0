"""A path is there."""

from __future__ import annotations

from pathlib import Path

from .wire import Attempt, NotYet


def probe(attempt: Attempt) -> None:
    if not Path(attempt.spec["at"]).exists():
        raise NotYet("is not there")
