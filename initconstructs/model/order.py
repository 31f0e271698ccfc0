"""The order of the stages: the list, bent as little as the edges demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush

from initconstructs.model.author import ends_at_the_author
from initconstructs.model.errors import ModelError, near_miss
from initconstructs.model.stages import Edge, Sidecar, Stage, Step


@ends_at_the_author
def ordered(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps in the order in which Kubernetes shall start them.

    A stable topological sort: a step leaves its place in the list only when an edge says so.

    Raises `ModelError` for a name used twice, an edge to an unknown stage, an edge that Kubernetes can't hold, and a
    cycle, which it names.
    """
    by_name = _by_name(steps)
    earlier = _predecessors(steps, by_name)
    if not any(earlier.values()):
        return tuple(steps)
    return tuple(by_name[name] for name in _sorted(list(by_name), earlier))


@ends_at_the_author
def inserted(
    steps: Sequence[Step], *new: Step, before: str | None = None, after: str | None = None
) -> tuple[Step, ...]:
    """The steps with `new` put right before or right after the one of that name.

    Raises `ModelError` when no step has the name, or unless exactly one of `before` and `after` is given.
    """
    anchor = before if before is not None else after
    if anchor is None or (before is not None and after is not None):
        raise ModelError("inserted(...)", "needs one place", 'give before="name" or after="name"')
    names = [step.name for step in steps]
    if anchor not in names:
        raise _unknown("inserted(...)", anchor, names)
    at = names.index(anchor) + (before is None)
    return (*steps[:at], *new, *steps[at:])


def _by_name(steps: Iterable[Step]) -> dict[str, Step]:
    found: dict[str, Step] = {}
    for step in steps:
        if step.name in found:
            rule, remedy = "has the name of another stage of this workload", 'give one of the two another, name="..."'
            raise ModelError(step.place, rule, remedy)
        found[step.name] = step
    return found


def _predecessors(steps: Sequence[Step], by_name: Mapping[str, Step]) -> dict[str, set[str]]:
    earlier: dict[str, set[str]] = {step.name: set() for step in steps}
    for step in steps:
        for edge in step.after:
            _check_edge(step, edge, by_name)
            earlier[step.name].add(edge.stage)
        for name in step.before:
            if name not in by_name:
                raise _unknown(f"{step.place}.before", name, by_name)
            earlier[name].add(step.name)
    return earlier


def _unknown(place: str, name: str, known: Iterable[str]) -> ModelError:
    names = list(known)
    remedy = near_miss(name, names) or f"the stages are {', '.join(names) or 'none'}"
    return ModelError(place, f'names "{name}", and there is no such stage', remedy)


def _check_edge(step: Step, edge: Edge, by_name: Mapping[str, Step]) -> None:
    if edge.stage not in by_name:
        raise _unknown(f"{step.place}.after", edge.stage, by_name)
    target = by_name[edge.stage]
    reason = _cannot_hold(target, edge)
    if reason:
        rule, remedy = reason
        raise ModelError(f'{step.place}.after: {edge.gate}("{edge.stage}")', rule, remedy)


def _cannot_hold(target: Step, edge: Edge) -> tuple[str, str] | None:
    if isinstance(target, Stage) and edge.gate != "completed":
        return f"can't hold: {target.place} must exit 0 before anything else starts", f'say completed("{target.name}")'
    if isinstance(target, Sidecar) and edge.gate == "completed":
        return f"can't hold: {target.place} never completes, it runs beside the app", f'say started("{target.name}")'
    if isinstance(target, Sidecar) and edge.gate == "healthy" and target.startup_probe is None:
        return (
            f"can't hold: {target.place} has no startup probe, and readiness never gates a start",
            f'add startup_probe=Probe(...) to it, or say started("{target.name}")',
        )
    return None


def _sorted(names: Sequence[str], earlier: Mapping[str, set[str]]) -> list[str]:
    place = {name: index for index, name in enumerate(names)}
    waiting = {name: len(earlier[name]) for name in names}
    later: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for predecessor in earlier[name]:
            later[predecessor].append(name)
    ready = [place[name] for name in names if not waiting[name]]
    heapify(ready)
    result: list[str] = []
    while ready:
        name = names[heappop(ready)]
        result.append(name)
        for successor in later[name]:
            waiting[successor] -= 1
            if not waiting[successor]:
                heappush(ready, place[successor])
    if len(result) < len(names):
        raise _cycle([name for name in names if name not in result], earlier)
    return result


def _cycle(stuck: Sequence[str], earlier: Mapping[str, set[str]]) -> ModelError:
    path = [stuck[0]]
    while path.count(path[-1]) < 2:
        path.append(min(earlier[path[-1]] & set(stuck)))
    loop = path[path.index(path[-1]) :]
    return ModelError(
        "stages",
        f"wait for each other in a circle: {' after '.join(loop)}",
        "remove one of these edges (after, before)",
    )
