"""What kube-apiserver says of a manifest: decoding, defaulting, then validation, in that order.

A rule is a function whose docstring documents it (see check.py); a kind's checker walks the decoded manifest and
yields from the rules in the server's order (see registry.py). Defaults are read where a rule needs them
(`probe.get("periodSeconds") or 10`), never written.
"""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.rules.api_server.decoding import Decoded, decode
from initconstructs.rules.api_server.registry import API_VERSIONS, CHECKERS, RULES
from initconstructs.rules.api_server.request import other_namespace, unknown_kind
from initconstructs.rules.api_server.target import Target, target
from initconstructs.rules.rule import Problem
from initconstructs.schemas import definition_of

__all__ = ["RULES", "check", "dropped"]


def check(manifest: Mapping[str, object], *, kubernetes: str = "1.36", namespace: str | None = None) -> list[Problem]:
    """Every reason why the API server of that minor refuses the manifest; its first reason comes first.

    `namespace` is the one that the request is for, where that isn't the object's own. Of custom resources there is
    nothing to say.
    """
    goal = target(kubernetes)
    unknown = list(unknown_kind(manifest, goal))
    version, kind = _type_of(manifest)
    decoded = None if unknown else _decoded(manifest, version, kind, goal)
    if decoded is None or decoded.problems:
        return [*unknown, *(decoded.problems if decoded else ())]
    elsewhere = list(other_namespace(manifest, namespace)) if namespace is not None else []
    checker = CHECKERS.get((version, kind))
    return elsewhere or (list(checker(decoded.manifest, goal)) if checker else [])


def dropped(manifest: Mapping[str, object], *, kubernetes: str = "1.36") -> list[Problem]:
    """The fields that the API server of that minor takes and forgets, because their feature gate is off."""
    decoded = _decoded(manifest, *_type_of(manifest), target(kubernetes))
    return list(decoded.dropped) if decoded and not decoded.problems else []


def _type_of(manifest: Mapping[str, object]) -> tuple[str, str]:
    """apiVersion and kind; the server knows the version from the URL, so an object may do without."""
    version, kind = manifest.get("apiVersion"), manifest.get("kind")
    return str(version or API_VERSIONS.get(str(kind), "")), str(kind)


def _decoded(manifest: Mapping[str, object], version: str, kind: str, goal: Target) -> Decoded | None:
    definition = definition_of(version, kind, goal.minor)
    return decode(manifest, definition, goal) if definition else None
