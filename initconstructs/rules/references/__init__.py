"""What the objects of one synth say of one another: names that nothing answers to, and things that nobody uses."""

from __future__ import annotations

from initconstructs.rules.checks import Check
from initconstructs.rules.references import objects, roles, services
from initconstructs.rules.references.synth import Manifest, Synth
from initconstructs.rules.rule import Problem, Rule

__all__ = ["CHECKS", "RULES", "Synth", "check"]

CHECKS: tuple[Check[[Manifest, Synth]], ...] = (*objects.CHECKS, *services.CHECKS, *roles.CHECKS)
RULES: tuple[Rule, ...] = tuple(check.rule for check in CHECKS)


def check(manifest: Manifest, synth: Synth) -> list[Problem]:
    """Every reference of the manifest that the rest of the synth does not bear out."""
    return [problem for find in CHECKS for problem in find(manifest, synth)]
