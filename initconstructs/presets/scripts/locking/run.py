"""Run a command while holding an advisory lock of the database, so that one copy at a time runs it.

    python3 -c 'from locking.run import start; start()' SECONDS VARIABLE COMMAND [ARGUMENT...]

VARIABLE names the environment variable with the database's URL. SECONDS is the deadline for all: connecting, waiting
for the lock, and the command. The lock belongs to the session: when this is killed at any instant, the server drops it.

Exit code: the command's, or 124 the deadline came, 125 the lock was lost, 2 wrong arguments, 127 no such command.
Needs Python 3.8 or newer and nothing else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

from .postgres import Refused, Session

KEY = 0x696E6974636F6E73  # "initcons"; the same for everyone, as the database itself is what is locked
# A session that holds the lock is idle, and must be left so. Asking again and again, and not waiting inside the server,
# leaves no open snapshot, for which CREATE INDEX CONCURRENTLY would wait in vain.
PREPARE = (
    "SELECT set_config('idle_session_timeout', '0', false) WHERE current_setting('server_version_num')::int >= 140000"
)
LOCK = f"SELECT pg_try_advisory_lock({KEY})"
STOP_SECONDS = 10


class Locked:
    """The lock and the command under it, with one deadline."""

    def __init__(self, seconds: float) -> None:
        self.began = time.monotonic()
        self.deadline = self.began + seconds

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:7.1f}s  {text}", flush=True)

    def acquire(self, url: str) -> Session | None:
        """The session that holds the lock, or None when the deadline came first."""
        seen = ""
        while time.monotonic() < self.deadline:
            try:
                session = Session(url)
                session.ask(PREPARE)
                if self.locked(session):
                    return session
                return None
            except (OSError, Refused) as error:
                if str(error) != seen:
                    seen = str(error)
                    self.say(f"database: {seen}")
            time.sleep(1)
        self.say(f"gave up before anything ran: {seen}")
        return None

    def locked(self, session: Session) -> bool:
        if session.ask(LOCK) == "t":
            return True
        self.say("another copy holds the lock")
        while time.monotonic() < self.deadline:
            time.sleep(0.5)
            if session.ask(LOCK) == "t":
                return True
        self.say("gave up: another copy still holds the lock")
        return False

    def run(self, session: Session, words: list[str]) -> int:
        """The command's exit code; it is stopped at the deadline, and when the lock is lost."""
        self.say("holds the lock")
        process = subprocess.Popen(words)  # noqa: S603 -- running it is the purpose
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        lost: list[str] = []
        threading.Thread(target=lambda: self.watch(session, process, lost), daemon=True).start()
        try:
            code = process.wait(max(0.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.say("gave up: the deadline came")
            stop(process)
            return 124
        if lost:
            self.say(f"stopped: the lock was lost: {lost[0]}")
            return 125
        return code if code >= 0 else 128 - code

    def watch(self, session: Session, process: subprocess.Popen[bytes], lost: list[str]) -> None:
        lost.append(session.lost())
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(words: list[str]) -> int:
    try:
        locked = Locked(float(words[0]))
        url, command = os.environ[words[1]], words[2:]
        if not command:
            raise ValueError("no command")
    except (IndexError, KeyError, ValueError) as error:
        print(f"{error}\nusage: run SECONDS VARIABLE COMMAND [ARGUMENT...]", file=sys.stderr, flush=True)
        return 2
    session = locked.acquire(url)
    if session is None:
        return 124
    try:
        return locked.run(session, command)
    except FileNotFoundError as error:
        locked.say(f"no such command in this image: {error.filename}")
        return 127


def start() -> None:
    """As process 1 of a container: one that handles no SIGTERM would not hear it."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    os._exit(main(sys.argv[1:]))
