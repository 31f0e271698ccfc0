"""What the API server would refuse, said where it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from initconstructs.model.errors import ModelError
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
