"""Assertions on how pods start; a failure says what is there instead.

They take a plan: `synth(Shop).plan("api")`, `Deployment(...).plan`, or `initconstructs.planning.plan.plan(manifest)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Literal, NoReturn

from initconstructs.model.checks import quantity
from initconstructs.model.errors import near_miss, one_of
from initconstructs.planning.handoffs import Handoff
from initconstructs.planning.plan import Plan
from initconstructs.planning.quantity import milli, written
from initconstructs.planning.release import DEFAULT
from initconstructs.pytest_plugin.synthesis import Synthesized
from initconstructs.reports import plan_words as words
from initconstructs.rules import Finding, Names, Severity, check

_COMMON = ("cpu", "memory", "ephemeral-storage")
_TOLERATED = {"info": (Severity.INFO,), "warning": (Severity.INFO, Severity.WARNING), None: ()}


def assert_order(plan: Plan, *stages: str) -> None:
    """These stages and containers start one after the other; others may stand between them."""
    __tracebackhide__ = True
    _hold_to_plan(plan)
    places = list(map(partial(_place, plan), stages))
    for (before, earlier), (after, later) in pairwise(zip(stages, places, strict=True)):
        if earlier >= later:
            _fail(plan, f"{after} doesn't start after {before}", _start_up(plan))


def assert_handed_over(plan: Plan, source: str, *, to: str, path: str | None = None) -> None:
    """Stage `source` writes a volume that `to` reads, and starts before it; `path` is where `to` finds it.

    For an environment file, `path` is the variable: "environment variable TOKEN".
    """
    __tracebackhide__ = True
    _hold_to_plan(plan)
    is_late = _place(plan, source) >= _place(plan, to)
    found = [each for each in plan.handoffs if source != to and source in each.written_by and to in each.read_by]
    if not found:
        _fail(plan, f"{source} hands nothing over to {to}", _hand_overs(plan.handoffs))
    if is_late:
        _fail(plan, f"{to} doesn't start after {source}, which writes what it reads", _start_up(plan))
    paths = [each.paths[to] for each in found]
    if path is not None and path not in paths:
        _fail(plan, f"{to} doesn't find it at {path}", f"what {source} hands over is at {', '.join(paths)}")


def assert_requests(plan: Plan, **requests: str | float) -> None:
    """What the scheduler counts for one pod: `assert_requests(plan, cpu="200m", memory="256Mi")`.

    That is the sum of app and sidecars, or what a stage needs where that is more. A resource whose name is no keyword
    goes as `**{"nvidia.com/gpu": 1}`; what isn't named isn't compared.
    """
    __tracebackhide__ = True
    _hold_to_plan(plan)
    there = plan.resources.requests
    wanted = {name: _amount(name, each) for name, each in requests.items()}
    if wrong := {name: each for name, each in wanted.items() if there.get(name, 0) != each}:
        known = {*_COMMON, *there}
        hints = filter(None, (near_miss(name, known) for name in wrong if name not in known))
        problem = "; ".join([f"the scheduler doesn't count {_amounts(wrong)}", *hints])
        _fail(plan, problem, f"{words.cost(plan)} {_own(plan)}")


def assert_no_findings(
    manifests: Iterable[Mapping[str, object]],
    *,
    above: Literal["info", "warning"] | None = "info",
    kubernetes: str | None = None,
    profile: str | None = None,
    ignore: Names = (),
) -> None:
    """`initconstructs check` finds nothing above this severity (None: nothing at all) that nobody acknowledged.

    `kubernetes` is the target, without it the one they were synthesized for, or 1.36. `profile` is the Pod Security
    level to hold pods to; `ignore` names rules or families.
    """
    __tracebackhide__ = True
    if above not in _TOLERATED:
        raise one_of("assert_no_findings(above=...)", above, filter(None, _TOLERATED))
    own = manifests.kubernetes if isinstance(manifests, Synthesized) else DEFAULT
    found = check(manifests, kubernetes=kubernetes or own, profile=profile, ignore=ignore)
    serious = [each for each in found if each.severity not in _TOLERATED[above] and not each.acknowledged]
    if serious:
        count = f"{len(serious)} {'finding' if len(serious) == 1 else 'findings'}"
        raise AssertionError("\n".join([f"{count}{f' above {above}' if above else ''}:", *map(_told, serious)]))


def _told(finding: Finding) -> str:
    about = finding.object
    name = "/".join(filter(None, (about.namespace, about.name)))
    head = f"{finding.severity.value} {finding.rule}: {about.kind} {name} at {finding.path}"
    return f"{head}\n  {finding.message}\n  fix: {finding.fix}"


def _hold_to_plan(plan: object) -> None:
    __tracebackhide__ = True
    if not isinstance(plan, Plan):
        raise TypeError(f"a plan is needed, not a {type(plan).__name__}; write synth(...).plan(), say")


def _place(plan: Plan, name: str) -> int:
    """Where it stands in the start-up; app containers stand together at the end."""
    __tracebackhide__ = True
    held: object = name
    if not isinstance(held, str):
        raise TypeError(f"the name of a stage or container is needed, not a {type(held).__name__}")
    names = [stage.name for stage in plan.stages]
    if name not in names:
        hint = near_miss(name, names)
        _fail(plan, f"there is no stage or container {name}", "; ".join(filter(None, [hint, _start_up(plan)])))
    return min(names.index(name), len(plan.pod.init_containers))


def _fail(plan: Plan, problem: str, instead: str) -> NoReturn:
    __tracebackhide__ = True
    raise AssertionError(f"{plan.title}: {problem}; {instead}")


def _start_up(plan: Plan) -> str:
    first = [stage.name for stage in plan.stages[: len(plan.pod.init_containers)]]
    apps = ", ".join(each.name for each in plan.pod.apps)
    return f"the start-up is {' → '.join([*first, apps])}"


def _hand_overs(handoffs: Sequence[Handoff]) -> str:
    there = [
        f"{writer} to {reader} at {each.paths[reader]}"
        for each in handoffs
        for at, writer in enumerate(each.written_by)
        for reader in each.read_by
        if reader not in each.written_by[: at + 1]
    ]
    return f"handed over are {', '.join(there)}" if there else "no stage hands anything over"


def _amount(name: str, value: str | float) -> int:
    """As plans count: cpu in thousandths, the rest in whole units."""
    __tracebackhide__ = True
    thousandths = milli(quantity(f"assert_requests({name}=...)", value))
    return thousandths if name == "cpu" else -(-thousandths // 1000)


def _amounts(amounts: Mapping[str, int]) -> str:
    return " and ".join(f"{name} {written(name, amount)}" for name, amount in amounts.items())


def _own(plan: Plan) -> str:
    """What each container asks for, the app's name included."""
    own = [f"{name} {words.amounts(amounts)}" for name, amounts in plan.resources.own.items()]
    return f"By itself {words.listed(own)}."
