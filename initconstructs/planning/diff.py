"""Two plans side by side: what changed in the start-up, and what each change means for a roll-out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from initconstructs.manifests.pod_template import pod_template
from initconstructs.planning.handoffs import Handoff
from initconstructs.planning.plan import Plan
from initconstructs.planning.pod import Role
from initconstructs.planning.quantity import written
from initconstructs.planning.stages import Stage
from initconstructs.planning.timing import Time

_ROLLS = "every pod is replaced"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One line: `what` is the kind of change, `subject` the stage, volume or resource, `meaning` for a roll-out."""

    what: str
    subject: str
    old: str
    new: str
    meaning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanDiff:
    """The changes of one workload; `rolls`: its pod template changed, so its pods are replaced."""

    title: str
    rolls: bool
    changes: tuple[Change, ...]

    @property
    def headline(self) -> str:
        """What becomes of the workload, in a few words."""
        whole = {"workload added": "a new workload", "workload removed": "a removed workload"}
        becomes = "pods are replaced" if self.rolls else "running pods stay"
        return next((whole[change.what] for change in self.changes if change.what in whole), becomes)


def diff_plans(old: Sequence[Plan], new: Sequence[Plan]) -> list[PlanDiff]:
    """The workloads that differ, matched by kind, namespace and name, in the order of the new ones."""
    before, after = {plan.title: plan for plan in old}, {plan.title: plan for plan in new}
    found = [_added(plan) if title not in before else _changed(before[title], plan) for title, plan in after.items()]
    found += [_removed(plan) for title, plan in before.items() if title not in after]
    return [diff for diff in found if diff.changes or diff.rolls]


def _added(plan: Plan) -> PlanDiff:
    pods = plan.rollout.pods
    meaning = (
        f"{pods} pod{'' if pods == 1 else 's'} of {_amounts(plan)} {'has' if pods == 1 else 'have'} to find a node"
    )
    change = Change(what="workload added", subject=plan.title, old="", new=plan.title, meaning=meaning)
    return PlanDiff(title=plan.title, rolls=False, changes=(change,))


def _removed(plan: Plan) -> PlanDiff:
    change = Change(
        what="workload removed", subject=plan.title, old=plan.title, new="", meaning="its pods are deleted on a prune"
    )
    return PlanDiff(title=plan.title, rolls=False, changes=(change,))


def _changed(old: Plan, new: Plan) -> PlanDiff:
    changes = (
        *_stages(old, new),
        *_order(old, new),
        *_resources(old, new),
        *_time(old, new),
        *_handoffs(old, new),
        *_pods(old, new),
    )
    return PlanDiff(title=new.title, rolls=_template(old) != _template(new), changes=changes)


def _template(plan: Plan) -> tuple[Mapping[str, object], Mapping[str, object]] | None:
    template = pod_template(plan.manifest)
    return (template.metadata, template.spec) if template and plan.kind not in ("Job", "CronJob") else None


def _stages(old: Plan, new: Plan) -> Iterator[Change]:
    before, after = {stage.name: stage for stage in old.stages}, {stage.name: stage for stage in new.stages}
    for name, stage in after.items():
        if name not in before:
            meaning = f"{_ROLLS}; {_costs(stage)}"
            yield Change(what="stage added", subject=name, old="", new=stage.role.value, meaning=meaning)
        else:
            yield from _stage(before[name], stage, old, new)
    for name, stage in before.items():
        if name not in after:
            meaning = f"{_ROLLS}; what it did before the app starts is no longer done"
            yield Change(what="stage removed", subject=name, old=stage.role.value, new="", meaning=meaning)


def _costs(stage: Stage) -> str:
    return {
        Role.INIT: "the start takes at least a second more, and waits for ever if the stage does",
        Role.SIDECAR: "it runs as long as the pod, and its requests are added for good",
        Role.APP: "the pod is ready only when this container is, too",
    }[stage.role]


def _stage(before: Stage, after: Stage, old: Plan, new: Plan) -> Iterator[Change]:
    name = after.name
    if before.role is not after.role:
        yield _line("role changed", name, before.role.value, after.role.value, f"{_ROLLS}; {_costs(after)}")
    if before.image != after.image:
        yield _line("image changed", name, before.image, after.image, f"{_ROLLS}; every node pulls the new image first")
    if before.gate != after.gate and before.role is after.role:
        yield _line("gate changed", name, before.gate, after.gate, "the next stage waits for something else")
    if before.restart_policy != after.restart_policy:
        meaning = "a failure of this stage ends otherwise"
        yield _line("restart policy changed", name, before.restart_policy, after.restart_policy, meaning)
    if before.privileges != after.privileges:
        more = set(after.privileges) - set(before.privileges)
        meaning = "the namespace's Pod Security must allow it" if more else "a stricter Pod Security level may fit now"
        yield _line("privileges changed", name, ", ".join(before.privileges), ", ".join(after.privileges), meaning)
    if _without_image(old, name) != _without_image(new, name):
        fields = ", ".join(_changed_fields(old, new, name))
        yield _line("stage changed", name, "", fields, f"{_ROLLS}; how long this stage takes may change")


def _without_image(plan: Plan, name: str) -> Mapping[str, object]:
    container = plan.pod.container(name)
    told_elsewhere = ("image", "restartPolicy", "resources", "securityContext")
    raw = container.raw if container else {}
    return {field: value for field, value in raw.items() if field not in told_elsewhere}


def _changed_fields(old: Plan, new: Plan, name: str) -> list[str]:
    before, after = _without_image(old, name), _without_image(new, name)
    return sorted(field for field in before.keys() | after.keys() if before.get(field) != after.get(field))


def _order(old: Plan, new: Plan) -> Iterator[Change]:
    kept = {stage.name for stage in old.stages} & {stage.name for stage in new.stages}
    before = [stage.name for stage in old.stages if stage.name in kept and stage.role is not Role.APP]
    after = [stage.name for stage in new.stages if stage.name in kept and stage.role is not Role.APP]
    if before != after and sorted(before) == sorted(after):
        meaning = f"{_ROLLS}; a stage that needs an earlier one's result may now run before it"
        yield _line("stages reordered", "order", " → ".join(before), " → ".join(after), meaning)


def _resources(old: Plan, new: Plan) -> Iterator[Change]:
    for part, before, after in (
        ("requests", old.resources.requests, new.resources.requests),
        ("limits", old.resources.limits, new.resources.limits),
    ):
        for name in dict.fromkeys([*before, *after]):
            was, now = before.get(name), after.get(name)
            if was != now:
                meaning = (
                    _request_meaning(was or 0, now or 0, name, new) if part == "requests" else "a new cgroup limit"
                )
                subject = f"effective {name} {part}"
                yield _line(f"{part} changed", subject, _written(name, was), _written(name, now), meaning)
    if old.resources.qos != new.resources.qos:
        meaning = "pods are evicted in another order when a node runs short"
        yield _line("QoS class changed", "QoS class", old.resources.qos, new.resources.qos, meaning)


def _request_meaning(was: int, now: int, name: str, new: Plan) -> str:
    if now < was:
        return f"each new pod needs {written(name, was - now)} {name} less"
    pods = new.rollout.peak_pods
    decided = new.resources.decided_by.get(name, "app")
    return f"each new pod needs {written(name, now - was)} {name} more, decided by {decided}; up to {pods} pods at once"


def _time(old: Plan, new: Plan) -> Iterator[Change]:
    was, now = old.time.worst_s, new.time.worst_s
    if (was, old.time.unbounded) == (now, new.time.unbounded):
        return
    if now is None:
        meaning = f"a roll-out can hang for ever in {', '.join(new.time.unbounded)}"
    elif was is None:
        meaning = "every stage gives up by itself now"
    else:
        meaning = f"a bad roll-out shows {abs(now - was):g} s {'later' if now > was else 'earlier'}"
    if new.time.deadline and new.time.deadline.strikes and not (old.time.deadline and old.time.deadline.strikes):
        meaning += f"; {new.time.deadline.field} ({new.time.deadline.seconds} s) now strikes first"
    yield _line("worst case changed", "start-up", _worst(old.time), _worst(new.time), meaning)


def _worst(time: Time) -> str:
    return f"unbounded by {', '.join(time.unbounded)}" if time.worst_s is None else f"{time.worst_s:g} s"


def _handoffs(old: Plan, new: Plan) -> Iterator[Change]:
    before = {handoff.volume: handoff for handoff in old.handoffs}
    after = {handoff.volume: handoff for handoff in new.handoffs}
    for volume in dict.fromkeys([*before, *after]):
        was, now = before.get(volume), after.get(volume)
        old_text, new_text = _ends(was), _ends(now)
        if old_text != new_text:
            early = now.read_before_written if now else ()
            meaning = (
                f"{', '.join(early)} reads it before it is written" if early else f"{_ROLLS}; both ends change together"
            )
            yield _line("hand-off changed", volume, old_text, new_text, meaning)


def _ends(handoff: Handoff | None) -> str:
    if handoff is None:
        return ""
    return f"{', '.join(handoff.written_by) or 'nobody'} to {', '.join(handoff.read_by)}"


def _pods(old: Plan, new: Plan) -> Iterator[Change]:
    was, now = old.rollout.pods, new.rollout.pods
    if was != now:
        meaning = "pods are added" if now > was else "pods are removed"
        yield _line("replicas changed", "replicas", str(was), str(now), meaning)


def _line(what: str, subject: str, old: str, new: str, meaning: str) -> Change:
    return Change(what=what, subject=subject, old=old, new=new, meaning=meaning)


def _written(name: str, amount: int | None) -> str:
    return "none" if amount is None else written(name, amount)


def _amounts(plan: Plan) -> str:
    return " / ".join(written(name, plan.resources.requests[name]) for name in ("cpu", "memory"))
