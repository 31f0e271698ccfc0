"""Run a command while holding an advisory lock of the database.

    python3 -c 'from locking.run import start; start()' SECONDS VARIABLE [--first JSON] COMMAND [ARGUMENT...]

VARIABLE names the environment variable with the database's URL. SECONDS is the deadline for all: connecting, waiting
for the lock, and the command. JSON is a list of words, a command that is run first.

Exit code: the command's, or 124 the deadline came, 125 the lock was lost, 2 wrong arguments, 126 the command can't be
run, 127 there is none, 143 asked to stop.
Needs Python 3.8 or newer and nothing else.
"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

from . import hold
from .hold import Holder

if TYPE_CHECKING:
    from .session import Session

STOP_SECONDS = 10


class Run:
    """The commands under the lock; the one that runs is stopped at the deadline, and when the lock is lost."""

    def __init__(self, holder: Holder, session: Session) -> None:
        self.holder = holder
        self.lost: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False
        signal.signal(signal.SIGTERM, lambda *_: self.terminate())
        threading.Thread(target=self.watch, args=(session,), daemon=True).start()

    def watch(self, session: Session) -> None:
        self.lost.append(session.lost())
        if self.process:
            stop(self.process)

    def terminate(self) -> None:
        self.stopped = True
        if self.process:
            self.process.terminate()

    def run(self, words: list[str]) -> int:
        """The command's exit code."""
        if self.lost or self.stopped:
            return self.ended()
        try:
            process = self.process = subprocess.Popen(words)  # noqa: S603 -- running it is the purpose
        except OSError as error:
            return self.unable(error)
        if self.lost or self.stopped:  # while it was started
            stop(process)
        try:
            code = process.wait(self.holder.left)
        except subprocess.TimeoutExpired:
            self.holder.say("gave up: the deadline came")
            stop(process)
            return hold.LATE
        if self.lost:
            return self.ended()
        return code if code >= 0 else 128 - code

    def unable(self, error: OSError) -> int:
        """As a shell says it."""
        if isinstance(error, FileNotFoundError):
            self.holder.say(f"no such command in this image: {error.filename}")
            return 127
        self.holder.say(f"can't run {error.filename}: {error.strerror}")
        return 126

    def ended(self) -> int:
        if not self.lost:
            return hold.STOPPED
        self.holder.say(f"stopped: the lock was lost: {self.lost[0]}")
        return hold.LOST


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(words: list[str]) -> int:
    holder, words = Holder(*words[:2]), words[2:]
    commands = [json.loads(words[1])] if words[:1] == ["--first"] else []
    commands.append(words[2 * len(commands) :])
    if not all(commands):
        raise ValueError("no command")
    session = holder.acquire()
    if session is None:
        return hold.LATE
    signal.setitimer(signal.ITIMER_REAL, 0)  # from here on the command is what has to end
    run, code = Run(holder, session), 0
    for command in commands:
        code = code or run.run(command)
    return code


def start() -> None:
    hold.start(main, "run SECONDS VARIABLE [--first JSON] COMMAND [ARGUMENT...]")
