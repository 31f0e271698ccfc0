"""What the API server would refuse, said where it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from cdk8s import ApiObject
from constructs import IValidation
from jsii import implements

from initconstructs.manifests.replicas import autoscaled, pods_at_once
from initconstructs.model.errors import ModelError
from initconstructs.model.stages import Step
from initconstructs.rules import api_server
from initconstructs.rules.rule import Problem


def refuse(place: str, manifests: Iterable[Mapping[str, object]], kubernetes: str) -> None:
    """Raise `ModelError` for all that the API server of the target would say of the manifests."""
    raise_for(place, [each for manifest in manifests for each in problems(manifest, kubernetes)], kubernetes)


def problems(manifest: Mapping[str, object], kubernetes: str) -> list[Problem]:
    """What the API server of the target would say of one manifest."""
    return api_server.check(manifest, kubernetes=kubernetes)


def raise_for(place: str, found: Iterable[Problem], kubernetes: str) -> None:
    """Raise `ModelError` if there are problems."""
    listed = list(found)
    if listed:
        said = "; ".join(f"{each.path}: {each.message}" if each.path else each.message for each in listed)
        remedies = " ".join(dict.fromkeys(each.rule.fix for each in listed))
        raise ModelError(place, f"would be refused by Kubernetes {kubernetes}: {said}", remedies)


def refuse_more_pods(workload: ApiObject, steps: Iterable[Step]) -> None:
    """Refuse at synth more pods by an autoscaler or a patch, for a stage that two pods must not run at once."""
    exclusive = [step for step in steps if step.exclusive]
    if exclusive:
        workload.node.add_validation(cast(IValidation, _Alone(workload, exclusive)))


@implements(IValidation)
class _Alone:
    """Finds more pods than one at once."""

    def __init__(self, workload: ApiObject, steps: Iterable[Step]) -> None:
        self._workload = workload
        self._steps = steps

    def validate(self) -> list[str]:
        """A message for each stage that two pods must not run at once, if there may be two."""
        manifest = self._workload.to_json()
        others = [each for each in self._workload.node.root.node.find_all() if isinstance(each, ApiObject)]
        counts = [pods_at_once(manifest), *(autoscaled(manifest, each.to_json()) for each in others)]
        pods = next(filter(None, counts), "")
        rule = f"would run in {pods} at once, with no lock between them"
        return [f"{step.place} {rule}; {step.exclusive}" for step in self._steps] if pods else []
