"""Stages in front of a workload made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from cdk8s import ApiObject, JsonPatch
from constructs import Construct, IValidation
from jsii import implements

from initconstructs.manifests.pod_template import POD_KINDS
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import ModelError
from initconstructs.model.settings import Settings
from initconstructs.model.stages import Step
from initconstructs.model.volumes import Mount
from initconstructs.rendering.attachment import attached
from initconstructs.workloads.manifest_object import ManifestObject, add_object, child_id
from initconstructs.workloads.refusal import problems, raise_for, refuse, refuse_more_pods
from initconstructs.workloads.scopes import effective


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

    Raises `ModelError` when the target has no pod, where a name, path or variable is taken, and for what the API server
    would refuse of the stages.
    """
    api_object = _workload_of(target)
    before = api_object.to_json()
    in_force = effective(api_object, settings)
    after, *company = attached(before, stages, mounts=mounts, env=env, settings=in_force)
    _check_new(api_object, company)
    _refuse_new(before, after, company, in_force.target)
    if type(api_object).to_json is ApiObject.to_json:
        api_object.add_json_patch(*(JsonPatch.add(path, each) for path, each in _changes(before, after)))
    else:
        api_object = _replace(api_object, before, after)
    for manifest in company:
        add_object(api_object, manifest)
    refuse_more_pods(api_object, stages)


def _check_new(parent: ApiObject, manifests: Sequence[Mapping[str, Any]]) -> None:
    for manifest in manifests:
        if parent.node.try_find_child(child_id(manifest)):
            name = f'{manifest["kind"]} "{manifest["metadata"]["name"]}"'
            raise ModelError(f"attach: {name}", "is there from an earlier attach()", "attach these stages together")


def _refuse_new(
    before: Mapping[str, object],
    after: Mapping[str, object],
    company: Sequence[Mapping[str, object]],
    kubernetes: str,
) -> None:
    """What was wrong before is its author's: only what the stages bring is refused here."""
    old = [each.message for each in problems(before, kubernetes)]
    new = [each for each in problems(after, kubernetes) if each.message not in old]
    place = f"attach: {after['kind']}"
    raise_for(place, new, kubernetes)
    refuse(place, company, kubernetes)


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


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _replace(original: ApiObject, before: Mapping[str, object], after: Mapping[str, object]) -> ApiObject:
    """A plain ApiObject in the place of a typed one, which would drop what its own types don't spell.

    The classes that `cdk8s import` generates, and cdk8s-plus with them, convert a manifest field by field after the
    patches are applied, so that a patched quantity or port is lost.
    """
    scope, node_id = original.node.scope, original.node.id
    assert isinstance(scope, Construct)
    scope.node.try_remove_child(node_id)
    substitute = ManifestObject(scope, node_id, after)
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
