"""What kube-apiserver says of a manifest: decoding, defaulting, then validation, in that order.

A rule is a function whose docstring documents it (see check.py); a kind's checker walks the decoded manifest and
yields from the rules in the server's order (see registry.py). Defaults are read where a rule needs them
(`probe.get("periodSeconds") or 10`), never written.
"""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.rules.api_server.decoding import Decoded, decode
from initconstructs.rules.api_server.registry import CHECKERS, RULES
from initconstructs.rules.api_server.target import Target, target
from initconstructs.rules.rule import Problem
from initconstructs.schemas import definition_of

__all__ = ["RULES", "check", "dropped"]


def check(manifest: Mapping[str, object], *, kubernetes: str = "1.36") -> list[Problem]:
    """Every reason why the API server of that minor refuses the manifest; its first reason comes first.

    A kind that isn't built into Kubernetes has nothing to say, and so does one that the minor doesn't know.
    """
    goal = target(kubernetes)
    decoded = _decoded(manifest, goal)
    if decoded is None or decoded.problems:
        return list(decoded.problems) if decoded else []
    checker = CHECKERS.get((str(manifest["apiVersion"]), str(manifest["kind"])))
    return list(checker(decoded.manifest, goal)) if checker else []


def dropped(manifest: Mapping[str, object], *, kubernetes: str = "1.36") -> list[Problem]:
    """The fields that the API server of that minor takes and forgets, because their feature gate is off."""
    decoded = _decoded(manifest, target(kubernetes))
    return list(decoded.dropped) if decoded and not decoded.problems else []


def _decoded(manifest: Mapping[str, object], goal: Target) -> Decoded | None:
    definition = definition_of(str(manifest.get("apiVersion")), str(manifest.get("kind")), goal.minor)
    return decode(manifest, definition, goal) if definition else None
