"""What a simulated start-up gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from initconstructs.planning.container_record import Run


@dataclass(frozen=True, slots=True)
class Step:
    """A line of `kubectl get pod --watch`."""

    at_s: float
    status: str
    ready: str
    restarts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulation:
    """One pod, from its creation until nothing changes any more, or only repeats (`loops`).

    `waits` are the seconds from each end of a container to its next start, in order, as the back-off has them.
    """

    steps: tuple[Step, ...]
    runs: Mapping[str, int]
    exit_codes: Mapping[str, tuple[int, ...]]
    restarts: Mapping[str, int]
    waits: Mapping[str, tuple[float, ...]]
    history: tuple[Run, ...]
    phase: str
    reason: str
    loops: bool
    ended_s: float

    @property
    def statuses(self) -> tuple[str, ...]:
        """The STATUS column, repeats removed."""
        return tuple(
            step.status
            for index, step in enumerate(self.steps)
            if index == 0 or step.status != self.steps[index - 1].status
        )

    @property
    def backoffs_s(self) -> tuple[float, ...]:
        """The waits of all containers, in the order in which they were served."""
        ends: dict[str, int] = {}
        served: list[float] = []
        for run in sorted(self.history, key=lambda run: run.started_s):
            turn = ends.get(run.container, -1)
            waits = self.waits.get(run.container, ())
            if 0 <= turn < len(waits):
                served.append(waits[turn])
            ends[run.container] = turn + 1
        return tuple(served)
