"""Wait until every dependency has answered once, all side by side, or the deadline has come.

    python3 -c 'from waiting.wait import start; start()' SECONDS '{"wait": "postgres", "at": "db:5432"}' ...

Exit code: 0 all answered, 1 the deadline came, 2 wrong arguments, 3 one will never answer, 143 asked to stop.
Needs Python 3.8 or newer and nothing else; the module named by "wait" knows the protocol.
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from .arguments import read
from .wire import Attempt, Never, NotYet

FIRST_PAUSE, PAUSE, LATER_PAUSE = 0.1, 1.0, 5.0
EAGER_SECONDS = 60
PATIENCE, MOST_PENDING = 10.0, 10
LONGEST_LINE = 200


class Dependency:
    """One thing to wait for, and what was last seen of it."""

    def __init__(self, word: str) -> None:
        self.spec, self.hidden = read(word)
        self.name = self.shown(f"{self.spec['wait']} {self.spec['at']}")
        module = importlib.import_module(f".{self.spec['wait']}", __package__)
        self.probe: Callable[[Attempt], None] = module.probe
        self.watches: bool = getattr(module, "WATCHES", False)
        self.memory: dict[str, Any] = {}
        self.seen = "has not answered yet"
        self.tries = self.newest = self.pending = 0
        self.slow = self.answered = self.hopeless = False

    def shown(self, text: str) -> str:
        """The text in one line, short, and without secrets."""
        for each in self.hidden:
            text = text.replace(each, "(secret)")
        return " ".join(text.split())[:LONGEST_LINE]


class Waiting:
    """All dependencies, each asked in a thread of its own."""

    def __init__(self, dependencies: list[Dependency]) -> None:
        self.dependencies = dependencies
        self.began = time.monotonic()
        self.changed = threading.Condition()

    def run(self, seconds: float) -> int:
        """Ask until all have answered, one never will, or `seconds` are over; the exit code."""
        for each in self.dependencies:
            threading.Thread(target=self.ask, args=(each,), daemon=True).start()
        with self.changed:
            self.changed.wait_for(self.decided, min(seconds, threading.TIMEOUT_MAX))
            return self.verdict(seconds)

    def decided(self) -> bool:
        return any(each.hopeless for each in self.dependencies) or all(each.answered for each in self.dependencies)

    def verdict(self, seconds: float) -> int:
        missing = [f"{each.name}: {each.seen}" for each in self.dependencies if not each.answered]
        if not missing:
            self.say(f"all {len(self.dependencies)} answered")
            return 0
        hopeless = any(each.hopeless for each in self.dependencies)
        self.say("; ".join(["it is in vain" if hopeless else f"gave up after {seconds:g} s", *missing]))
        return 3 if hopeless else 1

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:7.1f}s  {text}", flush=True)

    def see(self, dependency: Dependency, number: int, text: str) -> None:
        """Note what a try has seen, with a line if it is something new; a later try knows better."""
        text = dependency.shown(text)
        with self.changed:
            if number < dependency.newest or dependency.answered or dependency.hopeless:
                return
            dependency.newest = number
            if text != dependency.seen:
                dependency.seen = text
                self.say(f"{dependency.name}: {text}")

    def ask(self, dependency: Dependency) -> None:
        """Try until it answers: every second or oftener in the first minute, every five seconds at last.

        A try that hangs is left to itself, and the next one starts beside it.
        """
        pause = FIRST_PAUSE
        while not (dependency.answered or dependency.hopeless):
            start = time.monotonic()
            longest = PAUSE if start - self.began < EAGER_SECONDS else LATER_PAUSE
            if dependency.pending < MOST_PENDING:
                self.start_try(dependency, longest)
            pause = min(pause * 1.5, longest)
            next_start = start + pause * random.uniform(0.5, 1)  # noqa: S311 -- so that replicas don't ask in step
            time.sleep(max(FIRST_PAUSE, next_start - time.monotonic()))

    def start_try(self, dependency: Dependency, seconds: float) -> None:
        """Start a try, and wait so long for its end; for ever if it watches, which is its way to wait.

        What a slow one sees at last counts for more than that the next is slow too.
        """
        ended = threading.Event()
        with self.changed:
            dependency.tries += 1
            dependency.pending += 1
        threading.Thread(target=self.attempt, args=(dependency, dependency.tries, ended), daemon=True).start()
        if not ended.wait(None if dependency.watches else seconds) and not dependency.slow:
            self.see(dependency, dependency.newest, "no answer in time")

    def attempt(self, dependency: Dependency, number: int, ended: threading.Event) -> None:
        """Ask once."""
        try:
            see = partial(self.see, dependency, number)
            dependency.probe(Attempt(dependency.spec, PATIENCE, see, dependency.memory))
        except Never as error:
            self.conclude(dependency, str(error), hopeless=True)
        except Exception as error:
            dependency.slow = dependency.slow or number < dependency.tries
            self.see(dependency, number, explain(error))
        else:
            self.conclude(dependency, "answers", answered=True)
        finally:
            with self.changed:
                dependency.pending -= 1
            ended.set()

    def conclude(self, dependency: Dependency, seen: str, answered: bool = False, hopeless: bool = False) -> None:
        with self.changed:
            if not (dependency.answered or dependency.hopeless):
                self.see(dependency, dependency.tries, seen)
                dependency.answered, dependency.hopeless = answered, hopeless
                self.changed.notify_all()


def explain(error: Exception) -> str:
    """An error in the words of who waits."""
    if isinstance(error, NotYet):
        return str(error)
    if isinstance(error, socket.gaierror):
        return "the name does not resolve"
    if isinstance(error, socket.timeout):
        return "no answer in time"
    if isinstance(error, OSError):
        what = (error.strerror or str(error) or type(error).__name__).lower()
        return f"{error.filename}: {what}" if error.filename else what
    return f"answers in another protocol: {str(error) or type(error).__name__}"


def main(words: list[str]) -> int:
    try:
        seconds = float(words[0])
        dependencies = [Dependency(each) for each in words[1:]]
        if not dependencies or seconds <= 0:
            raise ValueError("nothing to wait for")
    except (IndexError, KeyError, TypeError, ValueError, ImportError) as error:
        print(f'{error}\nusage: wait SECONDS \'{{"wait": ..., "at": ...}}\' ...', file=sys.stderr, flush=True)
        return 2
    return Waiting(dependencies).run(seconds)


def start() -> None:
    """As process 1 of a container, which ignores a SIGTERM that it does not handle."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    os._exit(main(sys.argv[1:]))  # and not exit: a thread may hang in the resolver
