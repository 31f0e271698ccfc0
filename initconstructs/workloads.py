"""The cdk8s door: workloads as constructs, each one ApiObject with what belongs to it below.

This module alone imports cdk8s, which starts a Node process; everything else of the package is pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from cdk8s import ApiObject, ApiObjectMetadata, Chart, JsonPatch
from constructs import Construct, IConstruct
from jsii._runtime import JSIIMeta
from typing_extensions import TypedDict, Unpack

from initconstructs.model.errors import ModelError
from initconstructs.model.keywords import (
    CronJobKeywords,
    DaemonSetKeywords,
    DeploymentKeywords,
    JobKeywords,
    PodKeywords,
    StatefulSetKeywords,
)
from initconstructs.model.settings import DEFAULTS, Settings
from initconstructs.model.workload import (
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    JobSpec,
    PodSpec,
    StatefulSetSpec,
    WorkloadSpec,
)
from initconstructs.rendering.workload import identity, render, selector_labels

_HEAD = ("apiVersion", "kind", "metadata")
_METADATA = ("name", "namespace", "labels", "annotations")


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a scope has above it. Asked of Node once a scope: the tree above a construct never changes."""

    scopes: tuple[IConstruct, ...]
    namespace: str | None


_surroundings: WeakKeyDictionary[Construct, _Surroundings] = WeakKeyDictionary()
_settings: WeakKeyDictionary[IConstruct, Settings] = WeakKeyDictionary()


def _around(scope: Construct) -> _Surroundings:
    if scope not in _surroundings:
        _surroundings[scope] = _Surroundings(tuple(scope.node.scopes), Chart.of(scope).namespace)
    return _surroundings[scope]


def configure(scope: Construct, settings: Settings) -> None:
    """Give settings to an app, a chart or any construct: all workloads made below it later inherit them.

    What is None is inherited from above. Call it before the workloads are made.
    """
    _settings[scope] = settings.over(_settings.get(scope, Settings()))


def settings_of(scope: Construct) -> Settings:
    """The settings in force for workloads below `scope`."""
    found = DEFAULTS
    for each in _around(scope).scopes:
        if each in _settings:
            found = _settings[each].over(found)
    return found


class _ErrorsEndAtTheAuthor(JSIIMeta):
    """Lets an error of the model surface without the frames of jsii between it and the author's line."""

    if not TYPE_CHECKING:

        def __call__(cls, *args, **given):
            try:
                return super().__call__(*args, **given)
            except ModelError as error:
                raise error.with_traceback(None) from None


class Workload(ApiObject, metaclass=_ErrorsEndAtTheAuthor):
    """What the six kinds share: an ApiObject like any other, made in one piece.

    `settings` override the inherited ones for this workload alone.
    """

    _value: ClassVar[Callable[..., WorkloadSpec]]

    def __init__(self, scope: Construct, id: str, settings: Settings | None, given: Mapping[str, object]) -> None:  # noqa: A002
        spec = self._value(**{"name": _as_name(id), "namespace": _around(scope).namespace} | dict(given))
        head = identity(spec)
        super().__init__(scope, id, **_head(head, named="name" in given))
        try:
            self._spec = spec if "name" in given else replace(spec, name=self.name)
            self._manifests = render(self._spec, settings=_effective(scope, settings))
        except ModelError:
            scope.node.try_remove_child(id)
            raise
        _add_rest(self, self._manifests[0])
        for manifest in self._manifests[1:]:
            _add_object(self, manifest)

    @property
    def selector(self) -> dict[str, str]:
        """The labels that all pods of this workload carry and that never change: what a Service selects, say."""
        return selector_labels(self._spec)

    @property
    def manifests(self) -> list[dict[str, object]]:
        """What was rendered, before any JSON patch: the workload, then the objects beside it."""
        return deepcopy(self._manifests)


def _as_name(id: str) -> str:  # noqa: A002
    """What stands for the name in messages until cdk8s has generated it."""
    return re.sub(r"[^a-z0-9]+", "-", id.lower()).strip("-") or "workload"


def _effective(scope: Construct, own: Settings | None) -> Settings:
    inherited = settings_of(scope)
    return own.over(inherited) if own else inherited


class _Head(TypedDict):
    api_version: str
    kind: str
    metadata: ApiObjectMetadata


def _head(manifest: Mapping[str, Any], *, named: bool = True) -> _Head:
    metadata = manifest["metadata"]
    return _Head(
        api_version=manifest["apiVersion"],
        kind=manifest["kind"],
        metadata=ApiObjectMetadata(
            name=metadata["name"] if named else None,
            namespace=metadata.get("namespace"),
            labels=metadata.get("labels"),
            annotations=metadata.get("annotations"),
        ),
    )


def _add_rest(target: ApiObject, manifest: Mapping[str, Any]) -> None:
    """Everything that an ApiObject can't be given in its constructor, in one patch."""
    metadata = {
        f"/metadata/{_pointer(key)}": each for key, each in manifest["metadata"].items() if key not in _METADATA
    }
    fields = {f"/{_pointer(key)}": each for key, each in manifest.items() if key not in _HEAD}
    target.add_json_patch(*(JsonPatch.add(path, each) for path, each in (metadata | fields).items()))


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _add_object(parent: Construct, manifest: Mapping[str, Any]) -> None:
    child = ApiObject(parent, f"{manifest['kind']}-{manifest['metadata']['name']}".lower(), **_head(manifest))
    _add_rest(child, manifest)


class Pod(Workload):
    """A single Pod; keywords are those of `PodSpec`."""

    _value = PodSpec

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings | None = None,
        **given: Unpack[PodKeywords],  # noqa: A002
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
        **given: Unpack[DeploymentKeywords],  # noqa: A002
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
        **given: Unpack[StatefulSetKeywords],  # noqa: A002
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
        **given: Unpack[DaemonSetKeywords],  # noqa: A002
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
        **given: Unpack[JobKeywords],  # noqa: A002
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
        **given: Unpack[CronJobKeywords],  # noqa: A002
    ) -> None:
        super().__init__(scope, id, settings, given)
