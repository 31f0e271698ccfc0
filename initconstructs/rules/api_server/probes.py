"""Liveness, readiness and startup probes, and lifecycle hooks.

Source: validateProbe and validateLifecycle in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import invalid
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.handlers import handler
from initconstructs.rules.api_server.pod_context import PodContext

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def probes_and_hooks(container: Node, path: str, pod: PodContext) -> Problems:
    """What a container that stays up may have: hooks, then the three probes."""
    if "lifecycle" in container:
        for hook in ("postStart", "preStop"):
            if hook in container["lifecycle"]:
                yield from handler(container["lifecycle"][hook], f"{path}.lifecycle.{hook}", pod)
    for name in PROBES:
        if name in container:
            yield from _probe(container[name], f"{path}.{name}", pod, readiness=name == "readinessProbe")


def _probe(probe: Node, path: str, pod: PodContext, *, readiness: bool) -> Problems:
    yield from handler(probe, path, pod)
    yield from probe_numbers(probe, path)
    if readiness:
        if "terminationGracePeriodSeconds" in probe:
            yield from readiness_grace_period(probe, path)
    else:
        yield from probe_success_threshold(probe, path)


@rule("probe-numbers", fix="Use no negative number; 0 stands for the default. A grace period is at least 1.")
def probe_numbers(probe: Node, path: str) -> Causes:
    """A probe's delays, periods and thresholds are not negative.

    What: initialDelaySeconds, timeoutSeconds, periodSeconds and both thresholds are at least 0, where 0 becomes the
    default; terminationGracePeriodSeconds is at least 1.
    Why: a negative time means nothing.
    Example: `periodSeconds: -5`.
    Fix: leave the field out for the default: every 10 s, timeout 1 s, 3 failures.
    Source: validateProbe in pkg/apis/core/validation/validation.go
    """
    for name in _NUMBERS:
        if probe.get(name, 0) < 0:
            yield invalid(f"{path}.{name}", probe[name], "must be greater than or equal to 0")
    if probe.get("terminationGracePeriodSeconds", 1) <= 0:
        field = "terminationGracePeriodSeconds"
        yield invalid(f"{path}.{field}", probe[field], "must be greater than 0")


@rule("probe-success-threshold", fix="Leave successThreshold out of liveness and startup probes.")
def probe_success_threshold(probe: Node, path: str) -> Causes:
    """One success is enough for a liveness or startup probe.

    What: successThreshold is 1 (or absent) except in readiness probes.
    Why: these probes restart a container or hold its start back; neither waits for a second success.
    Example: `startupProbe: {successThreshold: 3, ...}`.
    Fix: remove successThreshold; raise failureThreshold to allow a longer start.
    Source: validateLivenessProbe and validateStartupProbe in pkg/apis/core/validation/validation.go
    """
    threshold = probe.get("successThreshold") or 1
    if threshold != 1:
        yield invalid(f"{path}.successThreshold", threshold, "must be 1")


@rule("readiness-grace-period", fix="Remove terminationGracePeriodSeconds from the readiness probe.")
def readiness_grace_period(probe: Node, path: str) -> Causes:
    """A readiness probe has no grace period.

    What: terminationGracePeriodSeconds stands in liveness and startup probes only.
    Why: a failing readiness probe takes the pod out of its Services; it stops nothing.
    Example: `readinessProbe: {terminationGracePeriodSeconds: 5, ...}`.
    Fix: remove it, or move it to the liveness probe.
    Source: validateReadinessProbe in pkg/apis/core/validation/validation.go
    """
    field = "terminationGracePeriodSeconds"
    yield invalid(f"{path}.{field}", probe[field], "must not be set for readinessProbes")


RULES = (probe_numbers.rule, probe_success_threshold.rule, readiness_grace_period.rule)
