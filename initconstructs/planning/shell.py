"""What a shell script says of its own run: how long at best and at worst, and how it ends.

A script that the reader could not understand as a whole is an UnreadableScript, which means unknown, not wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from initconstructs.manifests.shell.syntax import (
    AndOr,
    Case,
    Function,
    Group,
    If,
    Loop,
    Node,
    Not,
    Pipeline,
    Simple,
    children,
    parse,
)
from initconstructs.manifests.shell.words import Word, is_assignment
from initconstructs.planning.flow import NEVER, End, Flow, Span

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?[-=]([^}]*))?\}|(\w+))")
_COUNT_UP_TO = re.compile(r"^(?:\$\(|`)\s*seq\s+(?:(\d+)\s+)?(\d+)\s*(?:\)|`)$|^\{(\d+)\.\.(\d+)\}$")
_BELOW = {"-lt": 0, "-le": 1, "-ne": 0}
_REACHED = {"-ge": 0, "-gt": 1, "-eq": 0}
_WRITING = frozenset([">", ">>", ">|"])

Program = Callable[[list[str]], Flow]
"""Reads one command that isn't the shell's own: its words, quotes removed."""


class UnreadableScript(ValueError):  # noqa: N818 - named for what it says of the script
    """The script uses what this reader doesn't know."""


def read_script(text: str, variables: Mapping[str, str], program: Program) -> Flow:
    """The flow of a whole script; raises UnreadableScript."""
    script = parse(text)
    if not script.is_whole:
        raise UnreadableScript("the reader had to guess")
    return _Script(dict(variables), program).sequence(script.nodes)


class _Script:
    """Walks the commands in their order; each method returns the flow of what it is given."""

    def __init__(self, variables: dict[str, str], program: Program) -> None:
        self._variables = variables
        self._program = program
        self._functions: dict[str, Flow] = {}

    def sequence(self, nodes: Sequence[Node]) -> Flow:
        flow = Flow(code=0)
        for node in nodes:
            flow = flow.then(self._one(node))
        return flow

    def _one(self, node: Node) -> Flow:
        if isinstance(node, Simple):
            return self._simple(node)
        if isinstance(node, Loop):
            return self._for(node) if node.keyword == "for" else self._loop(node)
        if isinstance(node, If):
            return self._if(node)
        if isinstance(node, Case):
            return self._case(node)
        return self._combined(node)

    def _combined(self, node: AndOr | Pipeline | Not | Group | Function) -> Flow:
        if isinstance(node, AndOr):
            return self._one(node.left).and_if(node.operator == "&&", self._one(node.right))
        if isinstance(node, Pipeline):
            return self._pipeline(node)
        if isinstance(node, Not):
            flow = self._one(node.node)
            return replace(flow, code=None if flow.code is None else int(flow.code == 0))
        if isinstance(node, Group):
            return self.sequence(node.nodes)
        self._functions[node.name] = Flow()
        self._functions[node.name] = self.sequence(node.body)
        return Flow(code=0)

    def _pipeline(self, node: Pipeline) -> Flow:
        flow = self._one(node.nodes[0])
        for each in node.nodes[1:]:
            flow = replace(self._one(each).then(Flow()), bound=flow.bound)
        return flow

    def _loop(self, node: Loop) -> Flow:
        if node.keyword == "select":
            raise UnreadableScript("select asks someone")
        until = node.keyword == "until"
        condition, body = self.sequence(node.condition), self.sequence(node.body)
        if condition.code is not None and (condition.code == 0) is until:
            return replace(condition, code=0)
        turn = condition.then(body)
        turns = self._turns(node)
        if turns is not None:
            only_counts = not any(isinstance(each, AndOr) for each in node.condition)
            counted = turn.repeated(turns)
            return counted if only_counts else Flow(through=condition.through).or_else(counted)
        loop = turn.endless()
        if condition.code is not None or condition.through is None:
            return loop
        left = Flow(through=Span(condition.through.best, NEVER), code=0, creates=body.creates)
        return left.or_else(loop) if loop.through or loop.ends else left

    def _turns(self, node: Loop) -> int | None:
        """How often a loop turns whose condition counts: `[ $i -lt 30 ]`, `until ... || [ $i -ge 30 ]`."""
        comparisons = _REACHED if node.keyword == "until" else _BELOW
        for simple in _simples(node.condition):
            for left, comparison, right in zip(simple.words, simple.words[1:], simple.words[2:], strict=False):
                most = self._expanded(right)
                if comparison.text in comparisons and left.text.startswith("$") and most.isdecimal():
                    return int(most) + comparisons[comparison.text]
        return None

    def _for(self, node: Loop) -> Flow:
        words = node.condition[0].words if node.condition and isinstance(node.condition[0], Simple) else ()
        if len(words) < 2 or words[1].text != "in":
            raise UnreadableScript("for without a list")
        count = sum(_count(self._expanded(word)) for word in words[2:])
        return self.sequence(node.body).repeated(count)

    def _if(self, node: If) -> Flow:
        condition, then, otherwise = map(self.sequence, (node.condition, node.then, node.otherwise))
        if condition.code is not None:
            return condition.then(then if condition.code == 0 else otherwise)
        return condition.then(then.or_else(otherwise))

    def _case(self, node: Case) -> Flow:
        """The arm that the word matches where it is known; any of them, or none, where it is not."""
        word = self._expanded(node.word)
        known = "$" not in word and "`" not in word
        flow: Flow | None = None
        for arm in node.arms:
            patterns = [self._expanded(each) for each in arm.patterns]
            if known and any(fnmatchcase(word, each) for each in patterns):
                return self.sequence(arm.body)
            if not known:
                body = self.sequence(arm.body)
                flow = body if flow is None else flow.or_else(body)
                if "*" in patterns:
                    return flow
        return Flow(code=0) if flow is None else flow.or_else(Flow(code=0))

    def _simple(self, node: Simple) -> Flow:
        substituted = self._substituted(node.words)
        words = list(node.words)
        while words and is_assignment(words[0]):
            name, _, value = self._expanded(words.pop(0)).partition("=")
            self._variables[name] = value
        flow = substituted.then(self._run([self._expanded(each) for each in words])) if words else substituted
        written = [self._expanded(each.target) for each in node.redirections if each.operator in _WRITING]
        return replace(flow, creates=(*flow.creates, *((path, 0.0) for path in written if path)))

    def _substituted(self, words: Sequence[Word]) -> Flow:
        """What runs in `$(...)` before the command itself; an `exit` there leaves the substitution alone."""
        flow = Flow(code=0)
        for text in (text for word in words for text in word.substitutions):
            script = parse(text)
            if not script.is_whole:
                raise UnreadableScript("the reader had to guess")
            flow = flow.then(self.sequence(script.nodes).alone())
        return flow

    def _run(self, words: list[str]) -> Flow:
        if words[0] in self._functions:
            return self._functions[words[0]]
        if words[0] in ("exit", "return"):
            code = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0 if len(words) == 1 else None
            return Flow(through=None, ends=(End(Span(), code),))
        if words[0] in ("break", "continue"):
            return Flow(through=None, breaks=(Span(),)) if words[0] == "break" else Flow()
        return self._program(words)

    def _expanded(self, word: Word) -> str:
        return _VARIABLE.sub(self._value, word.text) if word.variables or word.substitutions else word.text

    def _value(self, match: re.Match[str]) -> str:
        value = self._variables.get(match[1] or match[3])
        return value if value else (match[2] or "" if match[1] else match[0])


def _simples(nodes: Sequence[Node]) -> Iterator[Simple]:
    for node in nodes:
        if isinstance(node, Simple):
            yield node
        yield from _simples(children(node))


def _count(word: str) -> int:
    match = _COUNT_UP_TO.fullmatch(word)
    if match is None:
        return len(word.split()) or 1
    first, last = match[1] or match[3] or "1", match[2] or match[4]
    return max(int(last) - int(first) + 1, 0)
