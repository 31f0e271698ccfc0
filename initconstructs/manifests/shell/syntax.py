"""The commands of a script: pipelines, and-or lists, loops, conditions, functions.

Tolerant on purpose: a rule wants to know which programs a script calls and in which loop, also where the script has a
mistake or lost its line ends on the way into YAML. A loop's keyword is therefore one that a later `do` belongs to. Who
relies on every word asks `is_whole`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from initconstructs.manifests.shell.words import UNFINISHED, Token, Word, tokens

_SEPARATORS = frozenset([";", "&", "\n", ";;", "&&", "||", "|", "|&", "(", ")"])
_REDIRECTIONS = frozenset([">", ">>", "<", "<<", "<<-", "<<<", ">&", "<&", "&>", ">|"])
_LOOPS = ("until", "while", "for", "select")
_OPENERS = {"do": _LOOPS, "then": ("if", "elif")}
_RESERVED = frozenset(["do", "done", "then", "fi", "elif", "else", "esac", "{", "}", "!", "case", "in", "function"])
_CLOSING = frozenset(["end", "do", "done", "then", "fi", "elif", "else", "esac", "}", ")", ";;", UNFINISHED])
_COMPOUND = (*_LOOPS, "if", "case", "function")
_LONGEST_SCRIPT = 200_000
_DEEPEST = 40


class Redirection(NamedTuple):
    """`> /out`; a here-document has its delimiter as the target."""

    operator: str
    target: Word


class Simple(NamedTuple):
    """A program with its arguments, assignments before it included."""

    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...] = ()


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


class Pipeline(NamedTuple):
    """`left | right`."""

    nodes: tuple[Node, ...]


class Not(NamedTuple):
    """`! command`."""

    node: Node


class Group(NamedTuple):
    """A subshell, or braces."""

    nodes: tuple[Node, ...]


class Arm(NamedTuple):
    """One arm of a `case`: `a|b) body;;`."""

    patterns: tuple[Word, ...]
    body: tuple[Node, ...]


class Case(NamedTuple):
    """`case word in arms esac`."""

    word: Word
    arms: tuple[Arm, ...]


class Function(NamedTuple):
    """`name() { ... }`."""

    name: str
    body: tuple[Node, ...]


Node = Simple | Loop | If | AndOr | Pipeline | Not | Group | Case | Function


class Script(NamedTuple):
    """The commands of a script; `is_whole` unless the reader had to guess at some of it, or to leave it out."""

    nodes: tuple[Node, ...]
    is_whole: bool


@lru_cache(maxsize=2048)
def parse(script: str) -> Script:
    """The commands of a script, as far as it can be understood."""
    marked = _Marked(list(tokens(script[:_LONGEST_SCRIPT])))
    parser = _Parser(marked.tokens)
    nodes = tuple(parser.whole())
    return Script(nodes, is_whole=not (marked.guessed or parser.guessed or len(script) > _LONGEST_SCRIPT))


def children(node: Node) -> tuple[Node, ...]:
    """The commands right below one, in the order in which they stand."""
    if isinstance(node, Loop):
        return (*node.condition, *node.body)
    if isinstance(node, If):
        return (*node.condition, *node.then, *node.otherwise)
    if isinstance(node, AndOr):
        return (node.left, node.right)
    if isinstance(node, Not):
        return (node.node,)
    if isinstance(node, Case):
        return tuple(each for arm in node.arms for each in arm.body)
    return () if isinstance(node, Simple) else node.body if isinstance(node, Function) else node.nodes


class _Marked:
    """Keywords become operators: `do`, `done`, ... where a command starts, `until` and `if` where theirs follows."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)
        self.guessed = False
        self._waiting: list[tuple[int, bool]] = []
        starts = True
        for index, token in enumerate(tokens):
            if token.is_word(*_LOOPS, "if", "elif"):
                self._waiting.append((index, starts))
                starts = starts and not token.is_word("for", "select")
                continue
            if starts and token.is_word(*_RESERVED):
                self._mark(index)
            named = index > 0 and self.tokens[index - 1].operator == "function"
            starts = named or token.operator in _SEPARATORS or self.tokens[index].operator in _RESERVED

    def _mark(self, index: int) -> None:
        word = self.tokens[index].word
        assert word is not None
        self.tokens[index] = Token(operator=word.text)
        openers = _OPENERS.get(word.text, ())
        while openers and self._waiting:
            at, started = self._waiting.pop()
            opener = self.tokens[at].word
            if opener is not None and opener.text in openers:
                self.tokens[at] = Token(operator=opener.text)
                self.guessed = self.guessed or not started
                return


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.guessed = False

    def whole(self) -> Iterator[Node]:
        while self._at < len(self._tokens):
            yield from self._list()
            if self._at < len(self._tokens):
                self.guessed = True  # a closing keyword that nothing opened
            self._at += 1

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token(operator="end")

    def _take(self, *operators: str) -> bool:
        if self._peek().operator in operators and self._peek().operator:
            self._at += 1
            return True
        return False

    def _expect(self, operator: str) -> None:
        if not self._take(operator):
            self.guessed = True

    def _list(self) -> list[Node]:
        """Commands up to a keyword that closes what is open."""
        nodes: list[Node] = []
        while True:
            while self._take(";", "&", "\n"):
                pass
            if self._take("in", "&&", "||", "|", "|&"):
                self.guessed = True
            elif self._depth > _DEEPEST or self._peek().operator in _CLOSING:
                self.guessed = self.guessed or self._depth > _DEEPEST
                return nodes
            else:
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
        negated = False
        while self._peek().operator == "!" or self._peek().is_word("!"):
            self._at += 1
            negated = not negated
        nodes = [self._command()]
        while self._take("|", "|&"):
            self._newlines()
            nodes.append(self._command())
        node = nodes[0] if len(nodes) == 1 else Pipeline(tuple(nodes))
        return Not(node) if negated else node

    def _newlines(self) -> None:
        while self._take("\n"):
            pass

    def _command(self) -> Node:
        self._depth += 1
        try:
            return self._compound(self._peek().operator)
        finally:
            self._depth -= 1

    def _compound(self, operator: str) -> Node:
        if operator in _LOOPS:
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

    def _loop(self) -> Loop:
        keyword = self._peek().operator
        self._at += 1
        condition = self._list()
        self._expect("do")
        body = self._list()
        self._expect("done")
        self._redirections()
        return Loop(keyword, tuple(condition), tuple(body))

    def _if(self) -> If:
        self._at += 1
        condition = self._list()
        self._expect("then")
        then = self._list()
        if self._peek().operator == "elif":
            return If(tuple(condition), tuple(then), (self._if(),))
        otherwise = self._list() if self._take("else") else []
        self._expect("fi")
        self._redirections()
        return If(tuple(condition), tuple(then), tuple(otherwise))

    def _case(self) -> Case:
        self._at += 1
        word = self._peek().word or Word("")
        self._skip_past("in")
        arms: list[Arm] = []
        while self._peek().operator not in ("esac", "end"):
            patterns = self._skip_past(")")
            arms.append(Arm(patterns, tuple(self._list())))
            while self._take(";;", "\n"):
                pass
            if self._peek().operator in _CLOSING - {"esac", "end", ")"}:
                break
        self._expect("esac")
        return Case(word, tuple(arms))

    def _skip_past(self, end: str) -> tuple[Word, ...]:
        """The words before the next `end`."""
        passed: list[Word] = []
        while self._peek().operator not in ("esac", "end"):
            token = self._peek()
            self._at += 1
            if token.operator == end or token.is_word(end):
                break
            passed += [token.word] if token.word else []
        return tuple(passed)

    def _group(self, closing: str) -> Group:
        self._at += 1
        nodes = self._list()
        self._expect(closing)
        self._redirections()
        return Group(tuple(nodes))

    def _redirections(self) -> list[Redirection]:
        found: list[Redirection] = []
        while (operator := self._peek().operator) in _REDIRECTIONS:
            self._at += 1
            if (word := self._peek().word) is None:
                self.guessed = True
            else:
                found.append(Redirection(operator, word))
                self._at += 1
        return found

    def _simple(self) -> Node:
        words: list[Word] = []
        redirections = self._redirections()
        while (word := self._peek().word) is not None:
            words.append(word)
            self._at += 1
            if len(words) == 1 and word.text == "[[":
                words += self._test()
            redirections += self._redirections()
        if self._peek().operator == "(" and len(words) == 1 and self._ends_in_parenthesis():
            self._at += 2
            return self._function(words[0].text)
        if self._is_odd(words, redirections):
            self.guessed = True
        if not words and not redirections and self._peek().operator not in _CLOSING:
            self._at += 1
        return Simple(tuple(words), tuple(redirections))

    def _test(self) -> Iterator[Word]:
        """The words of bash's `[[ a && (b || c) ]]`, in which operators start no commands."""
        while self._peek().operator not in ("end", "\n", ";", UNFINISHED):
            token = self._peek()
            self._at += 1
            if token.word is not None:
                yield token.word
            if token.is_word("]]"):
                return

    def _is_odd(self, words: list[Word], redirections: list[Redirection]) -> bool:
        """Nothing at all, a parenthesis inside, or a keyword without what belongs to it."""
        if not words:
            return not redirections
        return self._peek().operator == "(" or (not words[0].quoted and words[0].text in _COMPOUND)

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
