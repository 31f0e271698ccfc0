"""When each stage begins and ends in the worst case, drawn by the Markdown and the HTML report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initconstructs.planning.plan import Plan
from initconstructs.planning.pod import Role
from initconstructs.planning.timing import APP_S, INIT_S, SIDECAR_S

_LEAST_DRAWN_S = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One stage; an unbounded one is drawn as long as everything that is bounded, so that it can be seen.

    `known_start` is false for what comes after an unbounded stage.
    """

    label: str
    role: Role
    start_s: float
    end_s: float
    unbounded: bool
    known_start: bool


def bars(plan: Plan) -> Iterator[Bar]:
    """Stages one after the other; sidecars and the app go on to the end of the picture."""
    bounded = [time.worst_s for time in plan.time.stages if time.worst_s is not None]
    unknown = max(sum(bounded), _LEAST_DRAWN_S)
    spans: list[tuple[float, float]] = []
    now = 0.0
    for stage, time in zip(plan.stages, plan.time.stages, strict=True):
        own = unknown if time.worst_s is None else time.worst_s
        kubelet = {Role.INIT: INIT_S, Role.SIDECAR: SIDECAR_S, Role.APP: APP_S}[stage.role]
        spans.append((now, now + own + kubelet))
        now += 0 if stage.role is Role.APP else own + kubelet
    known = True
    end = max(end for _, end in spans) * 1.1 if spans else 0.0
    for stage, time, (start, stop) in zip(plan.stages, plan.time.stages, spans, strict=True):
        stays = stage.role is not Role.INIT
        unbounded = time.worst_s is None
        label = f"{stage.name} (no deadline)" if unbounded else stage.name
        yield Bar(
            label=label,
            role=stage.role,
            start_s=start,
            end_s=end if stays else stop,
            unbounded=unbounded,
            known_start=known,
        )
        known = known and not unbounded
