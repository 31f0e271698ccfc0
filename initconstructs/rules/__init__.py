"""What is wrong with manifests: `check` returns findings, `rules` and `rule` the documentation behind them.

The families are loaded when they are first asked for, so that this import stays light.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from initconstructs.rules.finding import Finding, ObjectRef, Severity
from initconstructs.rules.rule import Names, Problem, Rule

if TYPE_CHECKING:
    from initconstructs.manifests.document import Document

__all__ = ["Finding", "Names", "ObjectRef", "Problem", "Rule", "Severity", "check", "knows", "rule", "rules"]


def check(
    manifests: Iterable[Document | Mapping[str, object]],
    *,
    kubernetes: str = "1.36",
    profile: str | None = None,
    select: Names = (),
    ignore: Names = (),
) -> list[Finding]:
    """Every finding in one synth: each object by itself, and what its objects say of one another.

    `profile` is the Pod Security level to hold pods to; without it the level that a Namespace among the manifests
    enforces. `select` and `ignore` hold names of rules or families. Raises ValueError for what they don't know.
    """
    from initconstructs.rules import synth  # noqa: PLC0415 - the families cost more than the rest of this import

    return synth.findings(list(manifests), kubernetes=kubernetes, profile=profile, select=select, ignore=ignore)


def rules() -> tuple[Rule, ...]:
    """Every rule of every family."""
    from initconstructs.rules.registry import RULES  # noqa: PLC0415 - see check

    return RULES


def rule(name: str) -> Rule:
    """The rule of that id; a KeyError names the nearest one."""
    from initconstructs.rules.registry import find  # noqa: PLC0415 - see check

    return find(name)


def knows(manifest: Mapping[str, object]) -> bool:
    """Whether the API server's rules for this kind are written here; other kinds are passed over."""
    from initconstructs.rules.api_server.registry import CHECKERS  # noqa: PLC0415 - see check

    return (str(manifest.get("apiVersion")), str(manifest.get("kind"))) in CHECKERS
