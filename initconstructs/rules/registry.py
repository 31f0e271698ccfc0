"""Every rule there is, family by family."""

from __future__ import annotations

import difflib

from initconstructs.rules import pod_security, references, startup
from initconstructs.rules.api_server import registry as api_server_registry
from initconstructs.rules.decoding import DUPLICATE_KEY
from initconstructs.rules.rule import Names, Rule

RULES: tuple[Rule, ...] = (
    DUPLICATE_KEY,
    *api_server_registry.RULES,
    *pod_security.RULES,
    *references.RULES,
    *startup.RULES,
)
FAMILIES = ("api-server", "pod-security", "references", "startup")

_BY_ID = {rule.id: rule for rule in RULES}


def find(name: str) -> Rule:
    """The rule of that id; a KeyError names the nearest one."""
    if name not in _BY_ID:
        raise KeyError(f"there is no rule {name!r}{_nearest(name)}")
    return _BY_ID[name]


def selected(select: Names, ignore: Names) -> frozenset[str]:
    """The ids of the rules that are wanted: all, or those selected, without those ignored."""
    return (_named(select) if select else frozenset(_BY_ID)) - _named(ignore)


def _named(names: Names) -> frozenset[str]:
    given: object = names
    if isinstance(given, str):
        raise ValueError(f"{names!r} is one text; write a list of names, [{names!r}]")
    for name in names:
        if name not in FAMILIES and name not in _BY_ID:
            raise ValueError(f"{name!r} is neither a rule nor a family{_nearest(name)}")
    return frozenset(rule.id for rule in RULES if rule.id in names or rule.family in names)


def _nearest(name: str) -> str:
    nearest = difflib.get_close_matches(name, [*FAMILIES, *_BY_ID], n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else f"; families are {', '.join(FAMILIES)}"
