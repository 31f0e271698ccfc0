"""A small reader of sh: words, pipelines, and-or lists, loops, conditions. It understands; it never runs anything.

Tolerant on purpose: a rule wants to know which programs a script calls and in which loop, also where the script has a
mistake or lost its line ends on the way into YAML. A loop's keyword is therefore one that a later `do` belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from initconstructs.rules.startup.words import Token, Word, tokens

_SEPARATORS = frozenset([";", "&", "\n", ";;", "&&", "||", "|", "|&", "(", ")"])
_REDIRECTIONS = frozenset([">", ">>", "<", "<<", "<<-", "<<<", ">&", "<&", "&>", ">|"])
_OPENERS = {"do": ("until", "while", "for", "select"), "then": ("if", "elif")}
_RESERVED = frozenset(["do", "done", "then", "fi", "elif", "else", "esac", "{", "}", "!", "case", "in", "function"])
_CLOSING = frozenset(["end", "do", "done", "then", "fi", "elif", "else", "esac", "}", ")", ";;"])
_LONGEST_SCRIPT = 200_000
_DEEPEST = 40


class Simple(NamedTuple):
    """A program with its arguments; `redirections` are the targets of `<` and `>`."""

    words: tuple[Word, ...]
    redirections: tuple[Word, ...] = ()


class Loop(NamedTuple):
    """`until`, `while`, `for` or `select`; a `for` has its words as the condition."""

    keyword: str
    condition: tuple[Node, ...]
    body: tuple[Node, ...]


class If(NamedTuple):
    """One arm: what is asked and what is done then; `elif` and `else` nest in `otherwise`."""

    condition: tuple[Node, ...]
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()


class AndOr(NamedTuple):
    """`left && right`, `left || right`."""

    operator: str
    left: Node
    right: Node


class Group(NamedTuple):
    """A pipeline, a subshell, braces, the arms of a `case`."""

    nodes: tuple[Node, ...]


class Function(NamedTuple):
    """`name() { ... }`."""

    name: str
    body: tuple[Node, ...]


Node = Simple | Loop | If | AndOr | Group | Function


@lru_cache(maxsize=2048)
def parse(script: str) -> tuple[Node, ...]:
    """The commands of a script, as far as it can be understood."""
    marked = _marked(list(tokens(script[:_LONGEST_SCRIPT])))
    return tuple(_Parser(marked).whole())


def _marked(tokens: list[Token]) -> list[Token]:
    """Keywords become operators: `do`, `done`, ... where a command starts, `until` and `if` where theirs follows."""
    marked = list(tokens)
    waiting: list[int] = []
    starts = True
    for index, token in enumerate(tokens):
        if token.is_word("until", "while", "for", "select", "if", "elif"):
            waiting.append(index)
        elif starts and token.is_word(*_RESERVED):
            assert token.word is not None
            marked[index] = Token(operator=token.word.text)
            _mark_opener(marked, waiting, token.word.text)
        named = index > 0 and marked[index - 1].operator == "function"
        starts = named or token.operator in _SEPARATORS or marked[index].operator in _RESERVED
    return marked


def _mark_opener(tokens: list[Token], waiting: list[int], keyword: str) -> None:
    openers = _OPENERS.get(keyword, ())
    while openers and waiting:
        index = waiting.pop()
        word = tokens[index].word
        if word is not None and word.text in openers:
            tokens[index] = Token(operator=word.text)
            return


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Iterator[Node]:
        while self._at < len(self._tokens):
            yield from self._list()
            self._at += 1  # a closing keyword that nothing opened

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token(operator="end")

    def _take(self, *operators: str) -> bool:
        if self._peek().operator in operators and self._peek().operator:
            self._at += 1
            return True
        return False

    def _list(self) -> list[Node]:
        """Commands up to a keyword that closes what is open."""
        nodes: list[Node] = []
        while True:
            while self._take(";", "&", "\n", "!", "in", "&&", "||", "|", "|&"):
                pass
            if self._depth > _DEEPEST or self._peek().operator in _CLOSING:
                return nodes
            nodes.append(self._and_or())

    def _and_or(self) -> Node:
        left = self._pipeline()
        while self._peek().operator in ("&&", "||"):
            operator = self._peek().operator
            self._at += 1
            self._newlines()
            left = AndOr(operator, left, self._pipeline())
        return left

    def _pipeline(self) -> Node:
        nodes = [self._command()]
        while self._take("|", "|&"):
            self._newlines()
            nodes.append(self._command())
        return nodes[0] if len(nodes) == 1 else Group(tuple(nodes))

    def _newlines(self) -> None:
        while self._take("\n"):
            pass

    def _command(self) -> Node:
        while self._take("!"):
            pass
        operator = self._peek().operator
        self._depth += 1
        try:
            if operator in ("until", "while", "for", "select"):
                return self._loop()
            if operator == "if":
                return self._if()
            if operator == "case":
                return self._case()
            if operator == "function":
                return self._keyword_function()
            if operator in ("(", "{"):
                return self._group(")" if operator == "(" else "}")
            return self._simple()
        finally:
            self._depth -= 1

    def _loop(self) -> Loop:
        keyword = self._peek().operator
        self._at += 1
        condition = self._list()
        self._take("do")
        body = self._list()
        self._take("done")
        self._redirections()
        return Loop(keyword, tuple(condition), tuple(body))

    def _if(self) -> If:
        self._at += 1
        condition = self._list()
        self._take("then")
        then = self._list()
        if self._peek().operator == "elif":
            return If(tuple(condition), tuple(then), (self._if(),))
        otherwise = self._list() if self._take("else") else []
        self._take("fi")
        self._redirections()
        return If(tuple(condition), tuple(then), tuple(otherwise))

    def _case(self) -> Group:
        """The commands of the arms; patterns are skipped."""
        self._skip_past("in")
        nodes: list[Node] = []
        while self._peek().operator not in ("esac", "end"):
            self._skip_past(")")
            nodes += self._list()
            while self._take(";;", "\n"):
                pass
            if self._peek().operator in _CLOSING - {"esac", "end", ")"}:
                break
        self._take("esac")
        return Group(tuple(nodes))

    def _skip_past(self, end: str) -> None:
        while self._peek().operator not in ("esac", "end"):
            token = self._peek()
            self._at += 1
            if token.operator == end or token.is_word(end):
                return

    def _group(self, closing: str) -> Group:
        self._at += 1
        nodes = self._list()
        self._take(closing)
        self._redirections()
        return Group(tuple(nodes))

    def _redirections(self) -> list[Word]:
        targets: list[Word] = []
        while self._peek().operator in _REDIRECTIONS:
            self._at += 1
            if (word := self._peek().word) is not None:
                targets.append(word)
                self._at += 1
        return targets

    def _simple(self) -> Node:
        words: list[Word] = []
        targets: list[Word] = []
        while True:
            targets += self._redirections()
            word = self._peek().word
            if word is None:
                break
            if words or word.text != "!":
                words.append(word)
            self._at += 1
        if self._peek().operator == "(" and len(words) == 1 and self._ends_in_parenthesis():
            self._at += 2
            return self._function(words[0].text)
        if not words and not targets:
            self._at += 1
        return Simple(tuple(words), tuple(targets))

    def _keyword_function(self) -> Function:
        """bash's `function name { ... }`, with or without parentheses."""
        self._at += 1
        word = self._peek().word
        self._at += 1
        while self._take("(", ")"):
            pass
        return self._function(word.text if word else "")

    def _function(self, name: str) -> Function:
        self._newlines()
        return Function(name, (self._command(),))

    def _ends_in_parenthesis(self) -> bool:
        return self._at + 1 < len(self._tokens) and self._tokens[self._at + 1].operator == ")"
