"""A rule's identity and texts, and the problem it finds before anyone knows the file or the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from initconstructs.rules.finding import Severity

Names: TypeAlias = list[str] | tuple[str, ...]
"""Names of rules or families; never one string, which would be taken for its letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What a reader may look up: `documentation` is the docstring of the code that implements the rule."""

    id: str
    family: str
    severity: Severity
    fix: str
    documentation: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One violation of a rule in one manifest.

    `path` is written as the API server writes it; `reason` is the API server's cause (`FieldValueInvalid`, ...) or ''.
    """

    rule: Rule
    path: str
    message: str
    reason: str = ""
