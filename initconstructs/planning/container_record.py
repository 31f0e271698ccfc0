"""One container while the simulation runs: what the runtime knows of it and what the kubelet remembers."""

from __future__ import annotations

from dataclasses import dataclass, field

from initconstructs.planning.backoff import MAX_S
from initconstructs.planning.behaviour import Attempt, Behaviour
from initconstructs.planning.flow import NEVER
from initconstructs.planning.pod import Container, Pod, Role, restarts_on_exit
from initconstructs.planning.pod_status import ContainerStatus
from initconstructs.planning.release import Release

_MOST_RUNS = 12


@dataclass(frozen=True, slots=True)
class Run:
    """One run that began: when, when it ended (`NEVER` while it runs), and its exit code."""

    container: str
    started_s: float
    ended_s: float
    code: int | None


@dataclass(slots=True)
class ContainerRecord:
    """`why_waiting` is the kubelet's note of the last start that failed: the API shows it from the next look on."""

    container: Container
    behaviour: Behaviour
    exists: bool = False
    running: bool = False
    started: bool = False
    ready: bool = False
    unhealthy: bool = False
    code: int | None = None
    reason: str = ""
    last_code: int | None = None
    started_at: float = 0.0
    ended_at: float | None = None
    runs: int = 0
    restarts: int = 0
    why_waiting: str = ""
    gave_up: bool = False
    waits: list[float] = field(default_factory=list)
    history: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The container's name."""
        return self.container.name

    @property
    def loops(self) -> bool:
        """Whether its given exit codes are used up and its waits don't grow any more: the rest repeats."""
        return self.runs >= self.behaviour.given and MAX_S in self.waits

    @property
    def runs_endlessly(self) -> bool:
        """Whether it has been started so often, without growing waits, that watching on tells nothing new."""
        return self.runs >= max(self.behaviour.given, _MOST_RUNS)

    def begin(self, now: float) -> Attempt:
        """Start the next run."""
        self.runs += 1
        self.restarts = self.runs - 1
        self.exists = self.running = True
        self.started = self.ready = self.unhealthy = False
        self.last_code, self.code, self.started_at, self.why_waiting = self.code, None, now, ""
        self.history.append(Run(self.name, now, NEVER, None))
        return self.behaviour.attempt(self.runs)

    def end(self, code: int, reason: str, at: float) -> None:
        """Note the end of the run."""
        self.running = self.started = self.ready = self.unhealthy = False
        self.code, self.reason, self.ended_at = code, reason, at
        self.history[-1] = Run(self.name, self.started_at, at, code)

    def set_started(self) -> None:
        """Its startup probe has passed, or it has none."""
        self.started = True

    def set_ready(self) -> None:
        """Its readiness probe has passed, or it has none; a plain init container never counts."""
        self.ready = self.container.role is not Role.INIT

    def set_unhealthy(self) -> None:
        """A probe has failed often enough for the kubelet to kill it."""
        self.unhealthy = True

    def forget(self) -> None:
        """Its record is removed; the API keeps a finished run and counts a new start as a restart."""
        if self.exists:
            self.restarts = self.runs
        self.exists = False
        self.ended_at = None

    def interrupt(self, code: int, at: float) -> None:
        """It was running when its sandbox went, and nobody saw it end."""
        self.end(code, "ContainerStatusUnknown", at)
        self.last_code, self.code = code, None

    def status(self, pod: Pod, release: Release, *, default_waiting: str) -> ContainerStatus:
        """What the API shows of it.

        Source: convertToAPIContainerStatuses in kubernetes/pkg/kubelet/kubelet_pods.go: an init container that has
        passed never shows a wait, other ended containers show it from the second look on.
        """
        if self.running:
            return ContainerStatus(
                container=self.container,
                running=True,
                started=self.started,
                ready=self.ready,
                restarts=self.restarts,
                last_code=self.last_code,
            )
        if self.code is None:
            waiting = self.why_waiting or default_waiting
            return ContainerStatus(
                container=self.container, waiting=waiting, restarts=self.restarts, last_code=self.last_code
            )
        passed = self.container.is_init and self.code == 0
        if self.why_waiting and not passed and restarts_on_exit(self.container, pod, self.code, release):
            return ContainerStatus(
                container=self.container, waiting=self.why_waiting, restarts=self.restarts, last_code=self.code
            )
        return ContainerStatus(
            container=self.container,
            code=self.code,
            reason=self.reason,
            restarts=self.restarts,
            last_code=self.last_code,
        )
