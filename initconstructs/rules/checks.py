"""What turns a function into a documented rule, for every family but `api-server`.

    @rule("fixed-sleep", family="startup", severity=Severity.WARNING, fix="Wait for what the stage needs.")
    def fixed_sleep(workload: Workload) -> Places:
        '''A stage sleeps instead of waiting. ...'''
        yield path, message

Calling `fixed_sleep(workload)` gives Problems; `fixed_sleep.rule` is the rule's identity, its docstring the
documentation.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, ParamSpec, TypeAlias

from initconstructs.rules.finding import Severity
from initconstructs.rules.rule import Problem, Rule

P = ParamSpec("P")

Places: TypeAlias = Iterator[tuple[str, str]]
"""The path and the message of each violation."""


class Check(Generic[P]):
    """A rule and the function that looks for its violations."""

    __slots__ = ("_find", "rule")

    def __init__(self, rule: Rule, find: Callable[P, Iterable[tuple[str, str]]]) -> None:
        self.rule = rule
        self._find = find

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[Problem]:
        """The rule's problems, in the order of the manifest."""
        for path, message in self._find(*args, **kwargs):
            yield Problem(rule=self.rule, path=path, message=message)


def rule(
    name: str, *, family: str, severity: Severity, fix: str
) -> Callable[[Callable[P, Iterable[tuple[str, str]]]], Check[P]]:
    """Make a rule out of a function that yields places."""

    def decorate(find: Callable[P, Iterable[tuple[str, str]]]) -> Check[P]:
        documentation = inspect.cleandoc(find.__doc__ or "")
        return Check(Rule(id=name, family=family, severity=severity, fix=fix, documentation=documentation), find)

    return decorate
