"""Hold an advisory lock of the database, so that one copy at a time works.

The lock belongs to the session: when the holder is killed at any instant, the server drops it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from .address import Address, Refused, Unreadable
from .session import open_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from .session import Session

DONE, FAILED, WRONG, LATE, LOST, STOPPED = 0, 1, 2, 124, 125, 143
PAUSE_SECONDS = 0.2


class Holder:
    """The lock of the database that the environment variable names, and the deadline for all that is done with it."""

    def __init__(self, seconds: str, variable: str) -> None:
        self.began = time.monotonic()
        self.deadline = self.began + float(seconds)
        self.seen = ""
        if variable not in os.environ:
            raise ValueError(f"the environment has no {variable}")
        try:
            self.address = Address(os.environ[variable])
        except Unreadable as error:
            raise ValueError(f"{variable} {error}") from None
        # For a server that trickles its answer, or never ends it; who waits for a good one looks at the clock himself.
        signal.signal(signal.SIGALRM, lambda *_: self.late())
        signal.setitimer(signal.ITIMER_REAL, self.left + 1)

    def late(self) -> None:
        os.write(1, f"{time.monotonic() - self.began:7.1f}s  gave up: the deadline came\n".encode())
        os._exit(LATE)

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self.deadline - time.monotonic())

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:7.1f}s  {text}", flush=True)

    def see(self, error: Exception) -> None:
        """Say what the database does, if it is something new, and leave it alone for a second."""
        if str(error) != self.seen:
            self.seen = str(error)
            self.say(f"database: {self.seen}")
        time.sleep(min(1, self.left))

    def session(self) -> Session | None:
        """A session, or None when the deadline came first."""
        while self.left:
            try:
                return open_session(self.address)
            except (OSError, Refused) as error:
                self.see(error)
        self.say(f"gave up before anything ran: {self.seen}")
        return None

    def acquire(self) -> Session | None:
        """The session that holds the lock, or None when the deadline came first."""
        waits = False
        while session := self.session():
            try:
                while self.left:
                    if session.take():
                        self.say("holds the lock")
                        return session
                    if not waits:
                        waits = True
                        self.say("another copy holds the lock")
                    time.sleep(min(PAUSE_SECONDS, self.left))
            except (OSError, Refused) as error:
                self.see(error)
                continue
            self.say("gave up: another copy still holds the lock")
            return None
        return None


def start(main: Callable[[list[str]], int], usage: str) -> None:
    """As process 1 of a container: one that handles no SIGTERM would not hear it. It ends with the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(STOPPED))
    try:
        code = main(sys.argv[1:])
    except (IndexError, ValueError) as error:
        print(f"{error}\nusage: {usage}", file=sys.stderr, flush=True)
        code = WRONG
    os._exit(code)
