"""What the command line does only for a person at a terminal: colour, width, and telling what takes time."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_WIDEST = 120
_CLEAR = "\r\x1b[K"


def has_colour(stream: TextIO) -> bool:
    """Whether to colour what goes there; NO_COLOR switches it off (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns of the terminal, at most 120: longer lines read badly."""
    return min(shutil.get_terminal_size().columns, _WIDEST)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """After a second tell what takes time, and for how long, on a line that is wiped out at the end.

    Nothing is told where standard error is no terminal.
    """
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(what, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(what: str, done: threading.Event) -> None:
    seconds = 0
    while not done.wait(1):
        seconds += 1
        # The cursor goes back to the start, so that what the app prints meanwhile begins a line of its own.
        print(f"{_CLEAR}{what} {seconds} s\r", end="", file=sys.stderr, flush=True)
    if seconds:
        print(_CLEAR, end="", file=sys.stderr, flush=True)
