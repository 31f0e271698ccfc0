"""The cdk8s door: workloads as constructs, each one ApiObject with what belongs to it below.

This module alone imports cdk8s, which starts a Node process; everything else of the package is pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from cdk8s import ApiObject, ApiObjectMetadata, Chart, JsonPatch
from constructs import Construct, IConstruct, IValidation
from jsii import implements
from jsii._runtime import JSIIMeta
from typing_extensions import TypedDict, Unpack

from initconstructs.manifests.pod_template import POD_KINDS
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import ModelError, authors_frames, ends_at_the_author
from initconstructs.model.keywords import (
    CronJobKeywords,
    DaemonSetKeywords,
    DeploymentKeywords,
    JobKeywords,
    PodKeywords,
    StatefulSetKeywords,
)
from initconstructs.model.settings import DEFAULTS, Settings
from initconstructs.model.stages import Step
from initconstructs.model.volumes import Mount
from initconstructs.model.workload import (
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    JobSpec,
    PodSpec,
    StatefulSetSpec,
    WorkloadSpec,
)
from initconstructs.rendering.attachment import attached
from initconstructs.rendering.workload import identity, render, selector_labels

_HEAD = ("apiVersion", "kind", "metadata")
_METADATA = ("name", "namespace", "labels", "annotations")


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a scope has above it. Asked of Node once a scope: the tree above a construct never changes."""

    scopes: tuple[str, ...]
    namespace: str | None


# By Node's reference: what Node made itself, such as Testing.app(), is another Python object each time it is asked for.
_surroundings: dict[str, _Surroundings] = {}
_settings: dict[str, Settings] = {}


def _reference(construct: IConstruct) -> str:
    return cast(str, cast(Any, construct).__jsii_ref__.ref)


def _around(scope: Construct) -> _Surroundings:
    key = _reference(scope)
    if key not in _surroundings:
        scopes = tuple(_reference(each) for each in scope.node.scopes)
        _surroundings[key] = _Surroundings(scopes, Chart.of(scope).namespace)
    return _surroundings[key]


def configure(scope: Construct, settings: Settings) -> None:
    """Give settings to an app, a chart or any construct: all workloads made below it later inherit them.

    What is None is inherited from above. Call it before the workloads are made.
    """
    key = _reference(scope)
    _settings[key] = settings.over(_settings.get(key, Settings()))


def settings_of(scope: Construct) -> Settings:
    """The settings in force for workloads below `scope`."""
    found = DEFAULTS
    for each in _around(scope).scopes:
        if each in _settings:
            found = _settings[each].over(found)
    return found


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


class Workload(ApiObject, metaclass=_ErrorsEndAtTheAuthor):
    """What the six kinds share: an ApiObject like any other, made in one piece.

    `settings` override the inherited ones for this workload alone.
    """

    _value: ClassVar[Callable[..., WorkloadSpec]]

    def __init__(self, scope: Construct, id: str, settings: Settings | None, given: Mapping[str, object]) -> None:
        namespace = given.get("namespace") or _around(scope).namespace
        spec = self._value(**{"name": _as_name(id)} | dict(given) | {"namespace": namespace})
        head = identity(spec)
        super().__init__(scope, id, **_head(head, named="name" in given))
        try:
            self._spec = spec if "name" in given else replace(spec, name=self.name)
            self._manifests = render(self._spec, settings=_effective(scope, settings))
            _add_rest(self, self._manifests[0])
            for manifest in self._manifests[1:]:
                _add_object(self, manifest)
        except Exception:
            scope.node.try_remove_child(id)
            raise

    @property
    def selector(self) -> dict[str, str]:
        """The labels that all pods of this workload carry and that never change: what a Service selects, say."""
        return selector_labels(self._spec)

    @property
    def manifests(self) -> list[dict[str, object]]:
        """What was rendered, before any JSON patch: the workload, then the objects beside it."""
        return deepcopy(self._manifests)


def _as_name(id: str) -> str:
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
    child = ApiObject(parent, _child_id(manifest), **_head(manifest))
    _add_rest(child, manifest)


def _child_id(manifest: Mapping[str, Any]) -> str:
    metadata = manifest["metadata"]
    group, _, _ = manifest["apiVersion"].rpartition("/")
    return "-".join(filter(None, (group, manifest["kind"], metadata.get("namespace"), metadata["name"]))).lower()


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


@ends_at_the_author
def attach(
    target: Construct,
    stages: Sequence[Step],
    *,
    mounts: Mapping[str, Sequence[Mount]] | None = None,
    env: Mapping[str, Mapping[str, EnvValue]] | None = None,
    settings: Settings | None = None,
) -> None:
    """Put `stages` in front of a workload made elsewhere: a cdk8s ApiObject, included YAML, a cdk8s-plus workload.

    All that is there is kept; `attached` in the pure door says how the parts come together. Call it when the workload
    is complete: a cdk8s-plus workload that changes afterwards is an error at synth.

    Raises `ModelError` when the target has no pod, and where a name, path or variable is taken.
    """
    api_object = _workload_of(target)
    before = api_object.to_json()
    after, *company = attached(before, stages, mounts=mounts, env=env, settings=_effective(api_object, settings))
    _check_new(api_object, company)
    if type(api_object).to_json is ApiObject.to_json:
        api_object.add_json_patch(*(JsonPatch.add(path, each) for path, each in _changes(before, after)))
    else:
        api_object = _replace(api_object, before, after)
    for manifest in company:
        _add_object(api_object, manifest)


def _check_new(parent: ApiObject, manifests: Sequence[Mapping[str, Any]]) -> None:
    for manifest in manifests:
        if parent.node.try_find_child(_child_id(manifest)):
            name = f'{manifest["kind"]} "{manifest["metadata"]["name"]}"'
            raise ModelError(f"attach: {name}", "is there from an earlier attach()", "attach these stages together")


def _workload_of(target: Construct) -> ApiObject:
    if isinstance(target, ApiObject):
        return target
    found = [each for each in target.node.find_all() if isinstance(each, ApiObject) and each.kind in POD_KINDS]
    if len(found) != 1:
        names = ", ".join(f"{each.kind} {each.name}" for each in found) or "none"
        raise ModelError(
            f"attach: {target.node.path}",
            f"needs exactly one workload inside, and there is: {names}",
            "give the ApiObject itself",
        )
    return found[0]


def _changes(before: Mapping[str, object], after: Mapping[str, object], path: str = "") -> Iterator[tuple[str, object]]:
    """JSON Pointers and values of what `after` adds or replaces; it removes nothing."""
    for key, value in after.items():
        old = before.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            yield from _changes(old, value, f"{path}/{_pointer(key)}")
        elif old != value:
            yield f"{path}/{_pointer(key)}", value


def _replace(original: ApiObject, before: Mapping[str, object], after: Mapping[str, object]) -> ApiObject:
    """A plain ApiObject in the place of a typed one, which would drop what its own types don't spell.

    The classes that `cdk8s import` generates, and cdk8s-plus with them, convert a manifest field by field after the
    patches are applied, so that a patched quantity or port is lost.
    """
    scope, node_id = original.node.scope, original.node.id
    assert isinstance(scope, Construct)
    scope.node.try_remove_child(node_id)
    substitute = ApiObject(scope, node_id, **_head(after))
    _add_rest(substitute, after)
    substitute.node.add_dependency(*original.node.dependencies)
    substitute.node.add_validation(cast(IValidation, _Unchanged(original, before)))
    return substitute


@implements(IValidation)
class _Unchanged:
    """Finds, at synth, a workload that changed after stages were attached to what it had been."""

    def __init__(self, original: ApiObject, before: Mapping[str, object]) -> None:
        self._original = original
        self._before = before

    def validate(self) -> list[str]:
        """The message, if the workload is no longer what it was."""
        if self._original.to_json() == self._before:
            return []
        return [
            f"{self._original.kind} {self._original.name} changed after attach(): call attach() when it is complete"
        ]
