"""The six kinds as constructs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from constructs import Construct
from jsii._runtime import JSIIMeta
from typing_extensions import Unpack

from initconstructs.model.author import authors_frames
from initconstructs.model.errors import ModelError
from initconstructs.model.keywords import (
    CronJobKeywords,
    DaemonSetKeywords,
    DeploymentKeywords,
    JobKeywords,
    PodKeywords,
    StatefulSetKeywords,
)
from initconstructs.model.settings import Settings
from initconstructs.model.workload import (
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    JobSpec,
    PodSpec,
    StatefulSetSpec,
    WorkloadSpec,
)
from initconstructs.planning.plan import Plan, plan
from initconstructs.rendering.workload import identity, render, selector_labels
from initconstructs.workloads.manifest_object import ManifestObject, add_object, without_name
from initconstructs.workloads.refusal import refuse, refuse_more_pods
from initconstructs.workloads.scopes import effective, namespace_of


class _ErrorsEndAtTheAuthor(JSIIMeta):
    """Lets an error of the model surface without the frames of jsii between it and the author's line.

    The author may be a platform library's, whose own class is derived from one of ours.
    """

    if not TYPE_CHECKING:

        def __call__(cls, *args, **given):  # noqa: N805 -- a metaclass
            try:
                return super().__call__(*args, **given)
            except ModelError as error:
                raise error.with_traceback(authors_frames(error.__traceback__)) from None


class Workload(ManifestObject, metaclass=_ErrorsEndAtTheAuthor):
    """What the six kinds share: an ApiObject like any other, made in one piece.

    `settings` override the inherited ones for this workload alone.
    """

    _value: ClassVar[Callable[..., WorkloadSpec]]

    def __init__(self, scope: Construct, id: str, settings: Settings | None, given: Mapping[str, object]) -> None:
        namespace = given.get("namespace") or namespace_of(scope)
        self._spec = self._value(**{"name": _as_name(id)} | dict(given) | {"namespace": namespace})
        self._settings = effective(scope, settings)
        place, named = self._spec.place, "name" in given
        rendered = self._accepted(place) if named else []
        super().__init__(scope, id, rendered[0] if named else without_name(identity(self._spec)))
        try:
            if not named:
                self._spec = replace(self._spec, name=self.name)
                rendered = self._accepted(place)
                self.add_fields(rendered[0])
            for each in rendered[1:]:
                add_object(self, each)
            refuse_more_pods(self, self._spec.stages)
        except Exception:
            scope.node.try_remove_child(id)
            raise

    def _accepted(self, place: str) -> list[dict[str, object]]:
        rendered = self.manifests
        refuse(place, rendered, self._settings.target)
        return rendered

    @property
    def selector(self) -> dict[str, str]:
        """The labels that all pods of this workload carry and that never change: what a Service selects, say."""
        return selector_labels(self._spec)

    @property
    def manifests(self) -> list[dict[str, object]]:
        """What was rendered, before any JSON patch: the workload, then the objects beside it."""
        return render(self._spec, settings=self._settings)

    @property
    def plan(self) -> Plan:
        """How its pods start, as `initconstructs explain` says it of the synthesized YAML, in its own target."""
        found = plan(cast("dict[str, object]", self.to_json()), kubernetes=self._settings.target)
        assert found is not None  # all six kinds run pods
        return found


def _as_name(id: str) -> str:
    """What stands for the name in messages until cdk8s has generated it."""
    return re.sub(r"[^a-z0-9]+", "-", id.lower()).strip("-") or "workload"


class Pod(Workload):
    """A single Pod; keywords are those of `PodSpec`."""

    _value = PodSpec

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings | None = None,
        **given: Unpack[PodKeywords],
    ) -> None:
        super().__init__(scope, id, settings, given)


class Deployment(Workload):
    """Interchangeable replicas; keywords are those of `DeploymentSpec`."""

    _value = DeploymentSpec

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings | None = None,
        **given: Unpack[DeploymentKeywords],
    ) -> None:
        super().__init__(scope, id, settings, given)


class StatefulSet(Workload):
    """Replicas with names and claims of their own; keywords are those of `StatefulSetSpec`."""

    _value = StatefulSetSpec

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings | None = None,
        **given: Unpack[StatefulSetKeywords],
    ) -> None:
        super().__init__(scope, id, settings, given)


class DaemonSet(Workload):
    """One pod on every node that fits; keywords are those of `DaemonSetSpec`."""

    _value = DaemonSetSpec

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings | None = None,
        **given: Unpack[DaemonSetKeywords],
    ) -> None:
        super().__init__(scope, id, settings, given)


class Job(Workload):
    """A task that runs to completion; keywords are those of `JobSpec`."""

    _value = JobSpec

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings | None = None,
        **given: Unpack[JobKeywords],
    ) -> None:
        super().__init__(scope, id, settings, given)


class CronJob(Workload):
    """A Job on a schedule; keywords are those of `CronJobSpec`."""

    _value = CronJobSpec

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings | None = None,
        **given: Unpack[CronJobKeywords],
    ) -> None:
        super().__init__(scope, id, settings, given)
