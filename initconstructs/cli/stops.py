"""What asks a program to stop, and putting it off where a stop would leave something half done."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOPS = {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
"""Beside Ctrl-C; SIGHUP, of a terminal that closes, is not known everywhere."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off a stop until the block is done."""
    noted: list[int] = []

    def note(number: int, _: object) -> None:
        noted.append(number)

    former = {each: signal.signal(each, note) for each in (signal.SIGINT, *STOPS)}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
        for number in noted:
            signal.raise_signal(number)
