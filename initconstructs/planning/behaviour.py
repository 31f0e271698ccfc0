"""How each run of a container goes in a scenario: given exit codes first, then what its command line says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from initconstructs.manifests.pod_template import child
from initconstructs.planning.commands import Reading, read_argv, read_command
from initconstructs.planning.flow import NEVER
from initconstructs.planning.pod import Container, Pod, Probe, Role, texts
from initconstructs.planning.scenario import OOM_KILLED, START_ERROR, Event, ExitCode, Happening, Scenario

_UNKNOWN_RUN_S = 1.0
_STABLE_S = 600.0  # a run that outlives the back-off's memory counts as running on
_AFTER_TERM_S = 0.2
_TERMINATED, _KILLED, _CANNOT_START = 143, 137, 128


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a container: it ends with this code after so long (`NEVER`: it runs on)."""

    code: int
    reason: str
    after_s: float


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """When a probe passes, and when it has failed often enough, in seconds after the start; `NEVER` for not at all."""

    passes_at: float
    fails_at: float


class Behaviour:
    """What a container does, run by run, in one scenario."""

    def __init__(self, container: Container, pod: Pod, scenario: Scenario) -> None:
        self._container = container
        self._pod = pod
        self._reading = read_command(container)
        codes = scenario.exits.get(container.name, ())
        used = min(scenario.used.get(container.name, 0), max(len(codes) - 1, 0))
        self._attempts = _given(codes[used:], container, self._reading) or (
            _by_manifest(container, pod, self._reading),
        )
        self.given = len(codes) - used
        self._events = scenario.events

    def attempt(self, run: int) -> Attempt:
        """The attempt with this number, from 1; the last one repeats."""
        return self._attempts[min(run, len(self._attempts)) - 1]

    def post_start(self) -> Attempt | None:
        """What its postStart hook does to the start, as far as its command tells; None without a hook that runs one."""
        hook = texts(child(self._container.raw, "lifecycle", "postStart", "exec").get("command"))
        if not hook:
            return None
        reading = read_argv(hook)
        return Attempt(reading.exit_code or 0, "", reading.best_s if reading.best_s < _STABLE_S else 0.0)

    def startup(self) -> ProbeResult:
        """What becomes of the startup probe; without one the container counts as started at once."""
        return self._probe("startupProbe", Happening.STARTUP_PROBE_FAILS)

    def liveness(self) -> ProbeResult:
        """What becomes of the liveness probe."""
        return self._probe("livenessProbe", Happening.LIVENESS_PROBE_FAILS)

    def ready_after_s(self) -> float:
        """When the readiness probe passes."""
        probe = self._container.probe("readinessProbe")
        return self._passes_at(probe) if probe else 0.0

    def on_term(self, ran_s: float, grace_s: float) -> Attempt:
        """How the run ends that is told to stop after it ran so long: process 1 without a handler ignores SIGTERM."""
        reading = self._reading
        if reading.term_code is not None:
            return Attempt(reading.term_code, _reason(reading.term_code), _AFTER_TERM_S)
        if reading.best_s == 0 and reading.worst_s == NEVER:
            return Attempt(_TERMINATED, "Error", _AFTER_TERM_S)
        if reading.best_s - ran_s <= grace_s and reading.exit_code is not None:
            return Attempt(reading.exit_code, _reason(reading.exit_code), max(reading.best_s - ran_s, 0))
        return Attempt(_KILLED, "Error", grace_s)

    def _probe(self, kind: str, failing: Happening) -> ProbeResult:
        probe = self._container.probe(kind)
        if probe is None:
            return ProbeResult(0.0, NEVER)
        fails_at = float(probe.gives_up_after_s)
        if any(event.what is failing and event.concerns(self._container.name) for event in self._events):
            return ProbeResult(NEVER, fails_at)
        passes_at = self._passes_at(probe)
        return ProbeResult(passes_at, NEVER) if passes_at <= fails_at else ProbeResult(NEVER, fails_at)

    def _passes_at(self, probe: Probe) -> float:
        """At the first try, unless its command always fails or asks for a file that the container makes later."""
        if not probe.command:
            return float(probe.initial_delay_s)
        if read_argv(probe.command).exit_code not in (0, None):
            return NEVER
        made = [at for path, at in self._reading.creates.items() if path in probe.command]
        return max([float(probe.initial_delay_s), *made])


def _given(codes: Sequence[ExitCode], container: Container, reading: Reading) -> tuple[Attempt, ...]:
    after_s = reading.best_s if _UNKNOWN_RUN_S <= reading.best_s < _STABLE_S else _UNKNOWN_RUN_S
    if reading.worst_s < _UNKNOWN_RUN_S:
        after_s = 0.0
    killed_for_memory = "memory" in child(container.raw, "resources", "limits") and _KILLED not in reading.codes
    codes = [OOM_KILLED if code == _KILLED and killed_for_memory else code for code in codes]
    return tuple(_attempt(code, after_s) for code in codes)


def _attempt(code: ExitCode, after_s: float) -> Attempt:
    if code == OOM_KILLED:
        return Attempt(_KILLED, "OOMKilled", after_s)
    if code == START_ERROR:
        return Attempt(_CANNOT_START, "StartError", 0.0)
    return Attempt(int(code), _reason(int(code)), after_s)


def _by_manifest(container: Container, pod: Pod, reading: Reading) -> Attempt:
    """Unknown programs: an init container passes, an app or a sidecar runs on, the app of a Job ends well.

    What is called a timeout bounds a task; of a service it bounds some request, and says nothing of its run.
    """
    if reading.best_s >= _STABLE_S:
        return Attempt(0, "Completed", NEVER)
    ends = container.role is Role.INIT or (container.role is Role.APP and pod.kind in ("Job", "CronJob"))
    if reading.worst_s < NEVER and (ends or not reading.bound):
        code = 0 if not reading.codes or 0 in reading.codes else min(reading.codes)
        return Attempt(code, _reason(code), reading.best_s)
    if not ends:
        return Attempt(0, "Completed", NEVER)
    return Attempt(0, "Completed", max(reading.best_s, _UNKNOWN_RUN_S))


def _reason(code: int) -> str:
    return "Error" if code else "Completed"


def runs_as_root(container: Container, pod: Pod, events: Sequence[Event]) -> bool:
    """Whether runAsNonRoot stops the container: it says user 0, or no user and the image's is root."""
    user, must_not = _security(container, pod, "runAsUser"), _security(container, pod, "runAsNonRoot")
    if not must_not:
        return False
    of_image = any(
        event.what is Happening.IMAGE_RUNS_AS_ROOT and event.concerns(container.name, container.image)
        for event in events
    )
    return user == 0 or (user is None and of_image)


def _security(container: Container, pod: Pod, field: str) -> object:
    for owner in (container.raw, pod.spec):
        context = owner.get("securityContext")
        if isinstance(context, dict) and context.get(field) is not None:
            return context[field]
    return None
