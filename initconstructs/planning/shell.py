"""What a shell script says of its own run: how long at best and at worst, and how it ends.

Reads the part of the POSIX shell that start-up scripts are made of (lists, `&&`, `||`, if, while, until, for,
functions); whoever writes more gets UnreadableScript, which means unknown, not wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from initconstructs.planning.flow import NEVER, End, Flow, Span

_TOKEN = re.compile(
    r"""
      (?P<blank> [ \t]+ | \\\n | (?<![^\s;&|(]) \#[^\n]* )
    | (?P<operator> ;; | && | \|\| | [0-9]*>>?&?[0-9-]* | [0-9]*<&?[0-9-]* | [\n;|&()] )
    | (?P<word> (?: '[^']*' | "(?:[^"\\]|\\.)*" | \$\( (?:[^()]|\([^()]*\))* \) | \$\{[^}]*\} | `[^`]*`
              | \\. | [^\s;&|()<>'"\\`] )+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_SEPARATORS = frozenset({";", "\n", "&"})
_CLOSERS = frozenset({"do", "done", "then", "elif", "else", "fi", "}", ")", ";;", "esac", ""})
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?[-=]([^}]*))?\}|(\w+))")
_COUNT_UP_TO = re.compile(r"^(?:\$\(|`)\s*seq\s+(?:(\d+)\s+)?(\d+)\s*(?:\)|`)$|^\{(\d+)\.\.(\d+)\}$")
_BELOW = {"-lt": 0, "-le": 1, "-ne": 0}
_REACHED = {"-ge": 0, "-gt": 1, "-eq": 0}

Program = Callable[[list[str]], Flow]
"""Reads one command that isn't the shell's own: its words, quotes removed."""


class UnreadableScript(ValueError):  # noqa: N818 - named for what it says of the script
    """The script uses what this reader doesn't know."""


def read_script(text: str, variables: Mapping[str, str], program: Program) -> Flow:
    """The flow of a whole script; raises UnreadableScript."""
    return _Script(_tokens(text), dict(variables), program).read()


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise UnreadableScript(text[position : position + 20])
        position = match.end()
        if match.lastgroup != "blank":
            tokens.append((match.lastgroup or "", match[0]))
    return tokens


class _Script:
    """A recursive descent over the tokens; each method returns the flow of what it has read."""

    def __init__(self, tokens: list[tuple[str, str]], variables: dict[str, str], program: Program) -> None:
        self._tokens = tokens
        self._at = 0
        self._variables = variables
        self._program = program
        self._functions: dict[str, Flow] = {}

    def read(self) -> Flow:
        flow = self._list()
        if self._at < len(self._tokens):
            raise UnreadableScript(self._peek())
        return flow

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._peek()
        if not token or (expected and token != expected):
            raise UnreadableScript(f"{token!r} where {expected or 'a word'} belongs")
        self._at += 1
        return token

    def _skip_separators(self) -> None:
        while self._peek() in _SEPARATORS:
            self._at += 1

    def _list(self) -> Flow:
        flow = Flow(code=0)
        self._skip_separators()
        while self._peek() not in _CLOSERS:
            flow = flow.then(self._and_or())
            self._skip_separators()
        return flow

    def _and_or(self) -> Flow:
        flow = self._pipeline()
        while (operator := self._peek()) in ("&&", "||"):
            self._at += 1
            while self._peek() == "\n":
                self._at += 1
            flow = flow.and_if(operator == "&&", self._pipeline())
        return flow

    def _pipeline(self) -> Flow:
        negated = self._peek() == "!"
        if negated:
            self._at += 1
        flow = self._command()
        while self._peek() == "|":
            self._at += 1
            flow = replace(self._command().then(Flow()), bound=flow.bound)
        if negated:
            flow = replace(flow, code=None if flow.code is None else int(flow.code == 0))
        return flow

    def _command(self) -> Flow:
        compound = {"while": self._loop, "until": self._loop, "for": self._for, "if": self._if}.get(self._peek())
        if compound:
            return self._redirected(compound())
        if self._peek() in ("{", "("):
            closer = {"{": "}", "(": ")"}[self._take()]
            flow = self._list()
            self._take(closer)
            return self._redirected(flow)
        return self._simple()

    def _redirected(self, flow: Flow) -> Flow:
        while self._at < len(self._tokens) and self._is_redirection():
            self._at += 1
            if self._tokens[self._at - 1][1][-1] in "<>":
                self._take()
        return flow

    def _is_redirection(self) -> bool:
        kind, token = self._tokens[self._at]
        return kind == "operator" and ("<" in token or ">" in token)

    def _loop(self) -> Flow:
        until = self._take() == "until"
        start = self._at
        condition = self._list()
        tested = self._tokens[start : self._at]
        self._take("do")
        body = self._list()
        self._take("done")
        if condition.code is not None and (condition.code == 0) is until:
            return replace(condition, code=0)
        turn = condition.then(body)
        turns = _turns(tested, until=until)
        if turns is not None:
            counted = turn.repeated(turns)
            return counted if _only_counts(tested) else Flow(through=condition.through).or_else(counted)
        loop = turn.endless()
        if condition.code is not None or condition.through is None:
            return loop
        left = Flow(through=Span(condition.through.best, NEVER), code=0, creates=body.creates)
        return left.or_else(loop) if loop.through or loop.ends else left

    def _for(self) -> Flow:
        self._take("for")
        self._take()
        self._take("in")
        count = 0
        while self._peek() not in _SEPARATORS:
            word = self._take()
            count += _count(self._expanded(word) or word)
        self._skip_separators()
        self._take("do")
        body = self._list()
        self._take("done")
        return body.repeated(count)

    def _if(self) -> Flow:
        self._at += 1
        condition = self._list()
        self._take("then")
        then = self._list()
        otherwise = Flow(code=0)
        if self._peek() == "elif":
            otherwise = self._if()
        else:
            if self._peek() == "else":
                self._at += 1
                otherwise = self._list()
            self._take("fi")
        if condition.code is not None:
            return condition.then(then if condition.code == 0 else otherwise)
        return condition.then(then.or_else(otherwise))

    def _simple(self) -> Flow:
        words, created = self._words()
        if self._peek() == "(" and len(words) == 1:
            return self._function(words[0])
        while words and (match := _ASSIGNMENT.fullmatch(words[0])):
            self._variables[match[1]] = match[2]
            words = words[1:]
        flow = self._run(words) if words else Flow(code=0)
        return replace(flow, creates=(*flow.creates, *((path, 0.0) for path in created)))

    def _words(self) -> tuple[list[str], list[str]]:
        words: list[str] = []
        created: list[str] = []
        while self._at < len(self._tokens):
            kind, token = self._tokens[self._at]
            if kind == "word":
                words.append(self._expanded(token) or "")
                self._at += 1
            elif self._is_redirection():
                self._at += 1
                if token[-1] in "<>":
                    target = self._expanded(self._take())
                    created += [target] if target and token[-1] == ">" else []
            else:
                break
        return words, created

    def _function(self, name: str) -> Flow:
        self._take("(")
        self._take(")")
        self._skip_separators()
        self._functions[name] = Flow()
        self._functions[name] = self._command()
        return Flow(code=0)

    def _run(self, words: list[str]) -> Flow:
        if words[0] in self._functions:
            return self._functions[words[0]]
        if words[0] in ("exit", "return"):
            code = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0 if len(words) == 1 else None
            return Flow(through=None, ends=(End(Span(), code),))
        if words[0] in ("break", "continue"):
            return Flow(through=None, breaks=(Span(),)) if words[0] == "break" else Flow()
        return self._program(words)

    def _expanded(self, token: str) -> str | None:
        if token.startswith("'"):
            return token.strip("'")
        text = token.replace('"', "").replace("\\", "")
        return _VARIABLE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        value = self._variables.get(match[1] or match[3])
        return value if value else (match[2] or "" if match[1] else match[0])


def _count(word: str) -> int:
    match = _COUNT_UP_TO.fullmatch(word)
    if match is None:
        return len(word.split()) or 1
    first, last = match[1] or match[3] or "1", match[2] or match[4]
    return max(int(last) - int(first) + 1, 0)


def _only_counts(condition: list[tuple[str, str]]) -> bool:
    return not any(token in ("&&", "||") for _, token in condition)


def _turns(condition: list[tuple[str, str]], *, until: bool) -> int | None:
    """How often a loop turns whose condition counts: `[ $i -lt 30 ]`, `until ... || [ $i -ge 30 ]`."""
    comparisons = _REACHED if until else _BELOW
    words = [token.strip('"') for _, token in condition]
    for left, comparison, right in zip(words, words[1:], words[2:], strict=False):
        if comparison in comparisons and left.startswith("$") and right.isdecimal():
            return int(right) + comparisons[comparison]
    return None
