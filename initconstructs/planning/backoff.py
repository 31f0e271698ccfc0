"""How long the kubelet waits before it starts a container again, or pulls an image again.

Source: flowcontrol.Backoff in k8s.io/client-go/util/flowcontrol/backoff.go, and the kubelet's constants (10 s, 300 s,
forgotten after 600 s).
"""

from __future__ import annotations

from dataclasses import dataclass, field

INITIAL_S = 10.0
MAX_S = 300.0
FORGOTTEN_AFTER_S = 600.0


@dataclass(slots=True)
class Entry:
    """The wait that applies next, and when it was set."""

    wait_s: float
    set_at: float


@dataclass(slots=True)
class Backoff:
    """The waits of all containers of a pod, by name."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def until(self, name: str, ended_at: float) -> float:
        """The instant from which a container that ended then may start again."""
        entry = self.entries.get(name)
        if entry is None or self._forgotten(entry, ended_at):
            return ended_at
        return ended_at + entry.wait_s

    def next(self, name: str, ended_at: float, now: float) -> None:
        """Note a start: the wait after the next end is 10 s, or twice the last, up to 300 s."""
        entry = self.entries.get(name)
        if entry is None or self._forgotten(entry, ended_at):
            self.entries[name] = Entry(INITIAL_S, now)
        else:
            self.entries[name] = Entry(min(2 * entry.wait_s, MAX_S), now)

    def forget(self) -> None:
        """What a restart of the kubelet does: the waits live in its memory."""
        self.entries.clear()

    @staticmethod
    def _forgotten(entry: Entry, ended_at: float) -> bool:
        return ended_at - entry.set_at > FORGOTTEN_AFTER_S


def nominal_waits(failures: int) -> tuple[float, ...]:
    """The waits before each new start of a container that ends at once every time: 0, 10, 20, 40, ..."""
    return tuple(min(INITIAL_S * 2 ** (turn - 1), MAX_S) if turn else 0.0 for turn in range(failures))
