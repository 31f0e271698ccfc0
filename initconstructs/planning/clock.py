"""Simulated time: what is due when, and whether it makes the kubelet look at the pod."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    wakes: bool = field(compare=False)
    change: Callable[[], None] = field(compare=False)


class Clock:
    """A queue of changes; `now` moves on by itself to the next one, or when somebody spends time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[_Due] = []
        self._order = 0

    def at(self, instant: float, change: Callable[[], None], *, wakes: bool = True) -> None:
        """Let something happen then; the kubelet looks at once when it `wakes`."""
        self._order += 1
        heapq.heappush(self._queue, _Due(instant, self._order, wakes, change))

    def wake_at(self, instant: float) -> None:
        """Let the kubelet look then."""
        self.at(instant, lambda: None)

    def spend(self, seconds: float) -> None:
        """Be busy for a while; what is due meanwhile happens, seen or not."""
        self.now += seconds
        self._happen_until_now()

    def advance(self, limit: float) -> bool:
        """Go to the next look; False when there is none until the limit."""
        while self._queue and self._queue[0].at <= limit:
            due = heapq.heappop(self._queue)
            self.now = max(self.now, due.at)
            due.change()
            if due.wakes:
                self._happen_until_now()
                return True
        return False

    def _happen_until_now(self) -> None:
        while self._queue and self._queue[0].at <= self.now:
            heapq.heappop(self._queue).change()
