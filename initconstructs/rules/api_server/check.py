"""What turns a function into a documented rule.

    @rule("container-name", fix="Give every container a lower-case DNS label of at most 63 characters.")
    def container_name(container: Node, path: str) -> Causes:
        '''A container's name is a DNS label.

        What: ...
        Why: ...
        Example: ...
        Fix: ...
        Source: ...
        '''
        if not container.get("name"):
            yield required(f"{path}.name")

Calling `container_name(container, path)` gives an iterator of Problems, so walks compose rules by `yield from` in
the order in which the server validates; the docstring is the rule's documentation, and `container_name.rule` its
identity. Rules take a decoded object: its shape has been held against the schema, nulls are gone, and so are the
fields whose gate is off, so that `container.get("ports") or ()` is all the care a rule has to take.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, ParamSpec, TypeAlias

from initconstructs.rules.api_server.cause import Cause
from initconstructs.rules.finding import Severity
from initconstructs.rules.rule import Problem, Rule

FAMILY = "api-server"

Node: TypeAlias = Mapping[str, Any]
"""A JSON object that was decoded: the schema vouches for the types of its values."""

Causes: TypeAlias = Iterator[Cause]
Problems: TypeAlias = Iterator[Problem]

P = ParamSpec("P")


class Check(Generic[P]):
    """A rule and the function that looks for its violations."""

    __slots__ = ("_find", "rule")

    def __init__(self, rule: Rule, find: Callable[P, Iterable[Cause]]) -> None:
        self.rule = rule
        self._find = find

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Problems:
        """The rule's problems, in the server's order."""
        for path, reason, message in self._find(*args, **kwargs):
            yield Problem(rule=self.rule, path=path, message=message, reason=reason)


def rule(
    name: str, *, fix: str, severity: Severity = Severity.ERROR
) -> Callable[[Callable[P, Iterable[Cause]]], Check[P]]:
    """Make a rule of the family `api-server` out of a function that yields causes."""

    def decorate(find: Callable[P, Iterable[Cause]]) -> Check[P]:
        documentation = inspect.cleandoc(find.__doc__ or "")
        return Check(Rule(id=name, family=FAMILY, severity=severity, fix=fix, documentation=documentation), find)

    return decorate
