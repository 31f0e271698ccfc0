"""From what an author wrote to its manifests, without an app, a chart or a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from initconstructs.model.containers import Container
from initconstructs.model.errors import near_miss
from initconstructs.model.security import PROFILES, Profile
from initconstructs.model.settings import Settings
from initconstructs.model.stages import Step
from initconstructs.model.volumes import Mount
from initconstructs.model.workload import DeploymentSpec, WorkloadSpec
from initconstructs.planning.plan import Plan, plans
from initconstructs.planning.release import DEFAULT
from initconstructs.rendering.workload import render

if TYPE_CHECKING:
    from initconstructs.workloads.testing import Synthesizable


class Synthesized(list[dict[str, object]]):
    """The manifests of one synth, and the plans of the workloads among them; `kubernetes` is their target."""

    def __init__(self, manifests: Iterable[dict[str, object]], kubernetes: str) -> None:
        super().__init__(manifests)
        self.kubernetes = kubernetes

    def plan(self, name: str | None = None) -> Plan:
        """How the pods of a workload start; without a name there must be one workload only.

        Raises LookupError, which names the workloads that there are.
        """
        __tracebackhide__ = True
        found = plans(self, kubernetes=self.kubernetes)
        chosen = [each for each in found if name in (None, each.name, each.title)]
        if len(chosen) == 1:
            return chosen[0]
        there = f"there is: {', '.join(each.title for each in found) or 'none'}"
        if name is None:
            raise LookupError(f"a name is needed unless there is exactly one workload; {there}")
        hint = near_miss(name, [each.name for each in found])
        problem = "there are several workloads" if chosen else "there is no workload"
        raise LookupError("; ".join(filter(None, [f'{problem} "{name}"', there, hint])))


class Synthesizer:
    """The fixture `synth`."""

    def __call__(
        self,
        subject: Step | Sequence[Step] | WorkloadSpec | Synthesizable,
        *,
        id: str | None = None,  # noqa: A002 - as constructs call it
        settings: Settings | None = None,
        mounts: Sequence[Mount] = (),
    ) -> Synthesized:
        """The manifests of `subject`, in memory.

        Stages are put in front of an app container in a Deployment `test/app`, which takes `mounts`, such as
        `[stage.output.at("/in")]`; without settings the pod has the loosest profile of the stages. A class of charts
        is made in a new app with `id`, or its own name in kebab case. Stages and workload values need no Node.
        """
        __tracebackhide__ = True
        _refuse_unused(subject, id=id, settings=settings, mounts=mounts)
        target = (settings and settings.kubernetes) or DEFAULT
        if isinstance(subject, WorkloadSpec):
            return Synthesized(render(subject, settings=settings), target)
        steps = [subject] if isinstance(subject, Step) else subject
        if isinstance(steps, Sequence):
            return Synthesized(_around(steps, settings, mounts), target)
        from initconstructs.workloads.testing import synthesized  # noqa: PLC0415 - starts Node

        return Synthesized(*synthesized(steps, id=id, settings=settings))


def _refuse_unused(subject: object, **options: object) -> None:
    """An option that would change nothing is a slip."""
    __tracebackhide__ = True
    kind, taken = _takes(subject)
    for name, value in options.items():
        if value and name not in taken:
            raise TypeError(f"synth() takes no {name}= with {kind}, since it would change nothing")


def _takes(subject: object) -> tuple[str, tuple[str, ...]]:
    """What the subject is, without importing cdk8s, and the options that change what comes of it."""
    __tracebackhide__ = True
    if isinstance(subject, WorkloadSpec):
        return "a workload value", ("settings",)
    if isinstance(subject, (Step, Sequence)):
        return "stages", ("settings", "mounts")
    if isinstance(subject, type):
        return "a class of charts", ("id", "settings")
    if callable(subject):
        return "a function", ("settings",)
    if hasattr(subject, "node"):
        return "an app or a chart that is there already", ()
    known = "stages, a workload value, a class of charts, a chart, an app, or a function that fills one"
    raise TypeError(f"synth() takes {known}; not a {type(subject).__name__}")


def _around(steps: Sequence[Step], settings: Settings | None, mounts: Sequence[Mount]) -> list[dict[str, object]]:
    app = Container("app", image="registry.example/app:1.0", mounts=mounts)
    spec = DeploymentSpec("app", namespace="test", stages=steps, containers=[app])
    profiles: list[Profile] = ["restricted", *(step.profile for step in steps)]
    own = Settings(profile=max(profiles, key=PROFILES.index))
    return render(spec, settings=settings.over(own) if settings else own)
