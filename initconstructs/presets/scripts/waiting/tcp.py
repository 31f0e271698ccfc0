"""Something accepts connections."""

from __future__ import annotations

from .wire import Attempt


def probe(attempt: Attempt) -> None:
    attempt.connect().close()
