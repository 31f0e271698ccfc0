"""What happens to a pod from outside its manifest: the exit codes of its containers, and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

OOM_KILLED = "oom"
START_ERROR = "start-error"

ExitCode = int | str
"""An exit code, or `oom` (killed for memory, 137), or `start-error` (the command can't be started, 128)."""


class Happening(str, Enum):
    """Events that a manifest doesn't show. The first six have an instant, the others hold until they are mended."""

    SANDBOX_LOST = "sandbox-lost"
    NODE_REBOOTED = "node-rebooted"
    KUBELET_RESTARTED = "kubelet-restarted"
    RECORDS_REMOVED = "records-removed"
    SPEC_EDITED = "spec-edited"
    DELETED = "deleted"
    IMAGE_MISSING = "image-missing"
    IMAGE_RUNS_AS_ROOT = "image-runs-as-root"
    SECRET_MISSING = "secret-missing"  # noqa: S105 - the name of an event
    CONFIG_MAP_MISSING = "config-map-missing"
    STARTUP_PROBE_FAILS = "startup-probe-fails"
    LIVENESS_PROBE_FAILS = "liveness-probe-fails"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event.

    An instant is `at_s` after the pod was created, or the middle of the first run of the container `during`. `target`
    is a container or an image, the name of a Secret or ConfigMap, or for removed records the containers, with commas;
    empty means all. `until_s` is when somebody mends it; None: never.
    """

    what: Happening
    at_s: float = 0.0
    during: str = ""
    target: str = ""
    until_s: float | None = None

    def concerns(self, *names: str) -> bool:
        """Whether the target is one of these names."""
        return not self.target or not set(self.target.split(",")).isdisjoint(names)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """Exit codes by container, attempt by attempt (the last one repeats), and what else happens.

    `until_s` ends the watch; without it a pod that loops is followed until its back-off no longer grows. `used` says
    how many of the codes earlier pods of the same Job have used up; at `restart_limit` restarts that Job ends the pod.
    """

    exits: Mapping[str, Sequence[ExitCode]] = field(default_factory=dict)
    events: Sequence[Event] = ()
    until_s: float | None = None
    used: Mapping[str, int] = field(default_factory=dict)
    restart_limit: int | None = None
