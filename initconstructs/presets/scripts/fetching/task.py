"""What every fetch shares: one total deadline, a log of what changes, and a last line that says why it failed.

    python3 -c '... from fetching.<module> import start; start()' SECONDS '{"...": ...}'

Exit code: 0 done, 1 refused or failed, 2 wrong arguments, 124 the deadline came, 143 asked to stop; 0 too, with a line
that says so, when the spec holds `"required": false` and it can't be done in time.
Needs Python 3.8 or newer and nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Spec = dict[str, Any]
    Work = Callable[["Task", Spec], str]

UNFINISHED: set[Path] = set()
"""What is in the making, removed however the program ends; only SIGKILL leaves it, for the next run to replace."""

MAKING = threading.RLock()
"""Held by who names, moves or removes what is in the making, and at last by who ends the program: then nobody does."""

LONGEST_LINE = 400


class Failed(Exception):  # noqa: N818 -- the reason, not an error of the program
    """It can't be done, and trying again now won't help; the text says why, and holds no secret."""


class TooLate(Failed):
    """The deadline has come, or will before anything can be tried again."""


class Task:
    """One run: its deadline, and what it tells."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began = time.monotonic()
        self.deadline = self.began + seconds
        self.seen = self.came = ""
        self.secrets: list[str] = []

    def left(self) -> float:
        """Seconds to the deadline."""
        return max(0.0, self.deadline - time.monotonic())

    def say(self, text: str) -> None:
        """A line of the log."""
        for secret in self.secrets:  # before anything is cut off, and a part of one stays
            text = text.replace(secret, "***")
        text = " ".join(text.split())[:LONGEST_LINE]
        print(f"{time.monotonic() - self.began:7.1f}s  {text}\n", end="", flush=True)  # whole, whoever else does so

    def see(self, text: str) -> None:
        """What keeps it from going on, with a line if it is something new; the last of them is told at the deadline."""
        if text != self.seen:
            self.seen = text
            self.say(text)

    def last(self) -> str:
        """What was seen last, and how far it came."""
        return "; ".join(filter(None, (self.seen, self.came))) or "nothing was heard yet"

    def secret(self, variable: str) -> str:
        """An environment variable's value, without white space around it, that no line of the log will show."""
        value = os.environ.get(variable, "").strip()
        if not value:
            raise Failed(f"the environment variable {variable} is not set, or empty")
        return self.hide(value)

    def hide(self, value: str) -> str:
        """A secret that no line of the log will show."""
        self.secrets.append(value)
        return value


def run(work: Work) -> None:
    """Do the work as process 1 of a container, and end; what `work` returns is the last line."""
    signal.signal(signal.SIGTERM, lambda *_: leave(143))
    leave(perform(work, sys.argv[1:]))


def leave(code: int) -> None:
    """End at once, whatever hangs: a thread may wait for a resolver or a disk."""
    MAKING.acquire(timeout=1)
    for path in list(UNFINISHED):
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    os._exit(code)


def perform(work: Work, words: list[str]) -> int:
    """The exit code of the work, which gets what is left of the time."""
    try:
        seconds, spec = arguments(words)
    except (IndexError, TypeError, ValueError) as error:
        print(f"{error}\nusage: SECONDS '{{...}}'", file=sys.stderr, flush=True)
        return 2
    task = Task(seconds)
    results: list[tuple[int, str]] = []
    worker = threading.Thread(target=lambda: results.append(outcome(work, task, spec)), daemon=True)
    worker.start()
    worker.join(seconds)
    code, text = results[0] if results else (124, f"gave up after {seconds:g} s: {task.last()}")
    if code and not spec.get("required", True):
        code, text = 0, f"goes on without it: {text}"
    task.say(text)
    return code


def arguments(words: list[str]) -> tuple[float, Spec]:
    seconds, spec = float(words[0]), json.loads(words[1])
    if seconds <= 0 or not isinstance(spec, dict):
        raise ValueError("SECONDS must be above 0, and the other argument an object")
    return seconds, spec


def outcome(work: Work, task: Task, spec: Spec) -> tuple[int, str]:
    """Exit code and last line."""
    try:
        return 0, work(task, spec)
    except TooLate as error:
        return 124, str(error)
    except Failed as error:
        return 1, str(error)
    except OSError as error:
        return 1, f"{(error.strerror or type(error).__name__).lower()}: {error.filename or 'a file'}"
    except Exception as error:  # its text may hold what was fetched, so only where it happened is told
        return 1, f"unexpected {type(error).__name__} in {origin(error)}"


def origin(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}, line {trace.tb_lineno}"
