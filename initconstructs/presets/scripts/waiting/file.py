"""A path is there."""

from __future__ import annotations

from pathlib import Path

from .wire import Attempt, NotYet


def probe(attempt: Attempt) -> None:
    try:
        Path(attempt.spec["at"]).stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NotYet("is not there") from None
