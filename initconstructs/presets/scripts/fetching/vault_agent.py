"""Keeps what vault.py fetched up to date, beside the app: renews token and leases, and rewrites what changed."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from .files import write
from .secrets import hand_over
from .task import Task, leave, outcome, perform
from .vault import HIDDEN, Lease, Vault

PAUSE, TRY_SECONDS = 5, 60


class Agent(Vault):
    """A login that lasts as long as the pod."""

    doubtful = False

    def begin(self) -> str:
        """The files, from the session that was left here if it is still good; then the startup probe may pass."""
        ready = Path(self.spec["ready_file"])
        ready.unlink(missing_ok=True)
        if not self.resumed():
            self.log_in()
        last = self.hand_over()
        write(ready, b"", 0o444)
        return f"ready: {last}"

    def resumed(self) -> bool:
        """Whether there is a session, and Vault still knows it."""
        try:
            found = json.loads(Path(self.spec["session_file"]).read_text("utf-8"))
        except (KeyError, OSError):
            return False
        self.token = lease(found["token"])
        self.task.hide(self.token.name)
        if not self.known():
            self.task.say("the session that was left here has ended")
            return False
        self.leases = {path: lease(each) for path, each in found["leases"].items()}
        self.texts = found["texts"]
        return True

    def hand_over(self) -> str:
        last = hand_over(self.spec, self.read)
        self.save()
        self.fresh = time.monotonic()
        return last

    def pause(self) -> float:
        """Seconds until something has to be done."""
        due = [each.due() for each in (self.token, *self.leases.values())]
        refresh = self.fresh + self.spec["refresh"] - time.monotonic()
        soonest: float = min([*due, refresh])
        return max(1.0, soonest * random.uniform(0.9, 1))  # noqa: S311 -- so that pods don't ask in step

    def keep_on(self) -> None:
        """For ever; while it does not work, the files stay as they are."""
        while True:
            time.sleep(self.pause())
            self.task.deadline = time.monotonic() + TRY_SECONDS
            code, text = outcome(lambda *_: self.renew(), self.task, self.spec)
            if code:
                self.task.see(f"keeps the files as they are: {text}")
                self.doubtful = True
                time.sleep(PAUSE)
            elif " 0 of " not in text:
                self.task.say(text)

    def renew(self) -> str:
        """Renew what is due; where that is refused or no longer worth much, begin anew."""
        ended = self.doubtful and not self.known()
        if ended or (self.token.due() <= 1 and not self.extended(self.token, "auth/token/renew-self", {})):
            self.leases.clear()  # they end with the token that they were made with
            self.log_in()
        for path, each in list(self.leases.items()):
            if each.due() <= 1 and not self.extended(each, "sys/leases/renew", {"lease_id": each.name}):
                del self.leases[path]
        last = self.hand_over()
        self.doubtful = False
        return last

    def known(self) -> bool:
        """Whether the token is still good."""
        return self.ask("auth/token/lookup-self", expect=HIDDEN).status not in HIDDEN

    def extended(self, about: Lease, path: str, body: dict[str, Any]) -> bool:
        """Whether it was given at least half of its first life again: less means that its last end is near."""
        if not about.renewable or about.until <= time.monotonic():
            return False
        answer = self.ask(path, body, "POST", expect=HIDDEN)
        if answer.status in HIDDEN:
            return False
        found = answer.json()
        seconds = (found.get("auth") or found)["lease_duration"]
        about.until = time.monotonic() + seconds
        return bool(seconds >= about.seconds / 2)


def lease(found: dict[str, Any]) -> Lease:
    return Lease(found["name"], found["seconds"], found["renewable"], found["until"])


def start() -> None:
    """As process 1: fails like a stage until the files are there, and then never ends by itself."""
    signal.signal(signal.SIGTERM, lambda *_: leave(143))
    agents: list[Agent] = []

    def begin(task: Task, spec: dict[str, Any]) -> str:
        agents.append(Agent(task, spec))
        return agents[0].begin()

    code = perform(begin, sys.argv[1:])
    if code:
        leave(code)
    agents[0].keep_on()
