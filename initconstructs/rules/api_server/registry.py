"""Which kinds are checked by what, and every rule of the family.

A checker takes the decoded manifest and yields the server's problems in the server's order. A new kind is one line in
CHECKERS; a new rule is one name in the RULES of its module, `RULES = (container_name.rule, ...)`, and a new module one
line in RULES here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from initconstructs.rules.api_server import decoding, pod
from initconstructs.rules.api_server.check import Node, Problems
from initconstructs.rules.api_server.target import Target
from initconstructs.rules.rule import Rule

Checker = Callable[[Node, Target], Problems]

# By (apiVersion, kind).
CHECKERS: Mapping[tuple[str, str], Checker] = {
    ("v1", "Pod"): pod.check,
}

RULES: tuple[Rule, ...] = (
    *decoding.RULES,
    *pod.RULES,
)
