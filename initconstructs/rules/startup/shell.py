"""A small reader of sh: words, pipelines, and-or lists, loops, conditions. It understands; it never runs anything.

Tolerant on purpose: a rule wants to know which programs a script calls and in which loop, also where the script has a
mistake or lost its line ends on the way into YAML. A loop's keyword is therefore one that a later `do` belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

_OPERATORS = (
    "&&",
    "||",
    ";;",
    "|&",
    ">>",
    "<<-",
    "<<<",
    "<<",
    ">&",
    "<&",
    "&>",
    ">|",
    ";",
    "&",
    "|",
    "(",
    ")",
    ">",
    "<",
    "\n",
)
_BY_LENGTH = sorted(_OPERATORS, key=len, reverse=True)
_SEPARATORS = frozenset([";", "&", "\n", ";;", "&&", "||", "|", "|&", "(", ")"])
_REDIRECTIONS = frozenset([">", ">>", "<", "<<", "<<-", "<<<", ">&", "<&", "&>", ">|"])
_OPENERS = {"do": ("until", "while", "for", "select"), "then": ("if", "elif")}
_RESERVED = frozenset(["do", "done", "then", "fi", "elif", "else", "esac", "{", "}", "!", "case", "in", "function"])
_CLOSING = frozenset(["end", "do", "done", "then", "fi", "elif", "else", "esac", "}", ")", ";;"])
_LONGEST_SCRIPT = 200_000
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its text without quotes, the variables that it expands and the commands that it substitutes."""

    text: str
    variables: tuple[str, ...] = ()
    substitutions: tuple[str, ...] = ()
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Simple:
    """A program with its arguments; `redirections` are the targets of `<` and `>`."""

    words: tuple[Word, ...]
    redirections: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """`until`, `while`, `for` or `select`; a `for` has its words as the condition."""

    keyword: str
    condition: tuple[Node, ...]
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If:
    """One arm: what is asked and what is done then; `elif` and `else` nest in `otherwise`."""

    condition: tuple[Node, ...]
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class AndOr:
    """`left && right`, `left || right`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Group:
    """A pipeline, a subshell, braces, the arms of a `case`."""

    nodes: tuple[Node, ...]


Node = Simple | Loop | If | AndOr | Group


@dataclass(frozen=True, slots=True)
class _Token:
    operator: str = ""
    word: Word | None = None

    def is_word(self, *texts: str) -> bool:
        return self.word is not None and not self.word.quoted and self.word.text in texts


@lru_cache(maxsize=2048)
def parse(script: str) -> tuple[Node, ...]:
    """The commands of a script, as far as it can be understood."""
    tokens = _marked(list(_Lexer(script[:_LONGEST_SCRIPT]).tokens()))
    return tuple(_Parser(tokens).whole())


@dataclass(slots=True)
class _Lexer:
    script: str
    at: int = 0
    heredocs: list[str] = field(default_factory=list)

    def tokens(self) -> Iterator[_Token]:
        while self.at < len(self.script):
            character = self.script[self.at]
            if character in " \t\r":
                self.at += 1
            elif self.script.startswith("\\\n", self.at):
                self.at += 2
            elif character == "#":
                self.at = self._line_end()
            elif self._descriptor():
                self.at += 1
            elif operator := self._operator():
                yield from self._after(operator)
            else:
                yield _Token(word=self._word())

    def _operator(self) -> str:
        return next((operator for operator in _BY_LENGTH if self.script.startswith(operator, self.at)), "")

    def _descriptor(self) -> bool:
        """The 2 of `2>&1`, which is no argument."""
        return (
            self.script[self.at].isdigit() and self.script[self.at + 1 : self.at + 2] in ("<", ">") and self._is_apart()
        )

    def _is_apart(self) -> bool:
        return self.at == 0 or self.script[self.at - 1] in " \t\n;&|("

    def _after(self, operator: str) -> Iterator[_Token]:
        self.at += len(operator)
        yield _Token(operator=operator)
        if operator in ("<<", "<<-"):
            self._blanks()
            delimiter = self._word()
            self.heredocs.append(delimiter.text)
            yield _Token(word=delimiter)
        elif operator == "\n":
            self._skip_heredocs()

    def _blanks(self) -> None:
        while self.at < len(self.script) and self.script[self.at] in " \t":
            self.at += 1

    def _line_end(self) -> int:
        end = self.script.find("\n", self.at)
        return len(self.script) if end < 0 else end

    def _skip_heredocs(self) -> None:
        for delimiter in self.heredocs:
            while self.at < len(self.script):
                end = self._line_end()
                line, self.at = self.script[self.at : end], end + 1
                if line.strip() == delimiter:
                    break
        self.heredocs.clear()

    def _word(self) -> Word:
        reader = _WordReader(self.script, self.at)
        word = reader.read()
        self.at = max(reader.at, self.at + 1)
        return word


class _WordReader:
    """Reads one word with its quotes and expansions."""

    def __init__(self, script: str, at: int) -> None:
        self.script, self.at = script, at
        self._text: list[str] = []
        self._variables: list[str] = []
        self._substitutions: list[str] = []
        self._quoted = False

    def read(self) -> Word:
        while self.at < len(self.script) and self.script[self.at] not in " \t\r\n;&|()<>":
            self._step(self.script[self.at])
        return Word("".join(self._text), tuple(self._variables), tuple(self._substitutions), self._quoted)

    def _step(self, character: str) -> None:
        if character == "\\":
            self._literal(self.script[self.at + 1 : self.at + 2].replace("\n", ""), 2)
            self._quoted = True
        elif character == "'":
            self._quoted = True
            end = self._find("'", self.at + 1)
            self._literal(self.script[self.at + 1 : end], end + 1 - self.at)
        elif character == '"':
            self._double()
        elif character in "$`":
            self._expansion(character)
        else:
            self._literal(character, 1)

    def _literal(self, text: str, length: int) -> None:
        self._text.append(text)
        self.at += length

    def _find(self, what: str, start: int) -> int:
        end = self.script.find(what, start)
        return len(self.script) if end < 0 else end

    def _double(self) -> None:
        self._quoted = True
        self.at += 1
        while self.at < len(self.script) and self.script[self.at] != '"':
            character = self.script[self.at]
            if character == "\\":
                self._literal(self.script[self.at + 1 : self.at + 2].replace("\n", ""), 2)
            elif character in "$`":
                self._expansion(character)
            else:
                self._literal(character, 1)
        self.at += 1

    def _expansion(self, character: str) -> None:
        start = self.at
        if character == "`":
            end = self._find("`", start + 1)
            self._substitutions.append(self.script[start + 1 : end])
            self._literal(self.script[start : end + 1], end + 1 - start)
        elif self.script.startswith("$(", start):
            end = _closing(self.script, start + 1, "(", ")")
            self._parenthesis(self.script[start + 2 : end])
            self._literal(self.script[start : end + 1], end + 1 - start)
        elif self.script.startswith("${", start):
            end = _closing(self.script, start + 1, "{", "}")
            self._variables.append(_name(self.script[start + 2 : end].lstrip("#!")))
            self._literal(self.script[start : end + 1], end + 1 - start)
        else:
            name = _name(self.script[start + 1 : start + 200])
            self._variables.extend([name] if name else [])
            self._literal(self.script[start : start + 1 + len(name)], 1 + len(name))

    def _parenthesis(self, inner: str) -> None:
        if inner.startswith("("):
            self._variables.extend(identifiers(inner))
        elif _is_name(inner):
            self._variables.append(inner)  # $(NAME), which the kubelet expands before the shell starts
            self._substitutions.append(inner)
        else:
            self._substitutions.append(inner)


def identifiers(arithmetic: str) -> list[str]:
    """The variables of `((i < 10))`, which need no dollar there."""
    cleaned = "".join(character if character.isalnum() or character == "_" else " " for character in arithmetic)
    return [name for name in cleaned.split() if _is_name(name)]


def _is_name(text: str) -> bool:
    return text.replace("_", "a").isalnum() and not text[0].isdigit() and text.isascii()


def _name(text: str) -> str:
    if text[:1] and (text[0].isdigit() or text[0] in "@*#?$!-"):
        return text[0]
    end = 0
    while end < len(text) and (text[end] == "_" or (text[end].isascii() and text[end].isalnum())):
        end += 1
    return text[:end]


def _closing(script: str, start: int, opening: str, closing: str) -> int:
    """The index of the bracket that closes the one at `start`, past quotes."""
    depth, at = 0, start
    while at < len(script):
        character = script[at]
        if character == "\\":
            at += 1
        elif character == "'":
            end = script.find("'", at + 1)
            at = end if end > 0 else at
        elif character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return len(script)


def _marked(tokens: list[_Token]) -> list[_Token]:
    """Keywords become operators: `do`, `done`, ... where a command starts, `until` and `if` where theirs follows."""
    marked = list(tokens)
    waiting: list[int] = []
    starts = True
    for index, token in enumerate(tokens):
        if token.is_word("until", "while", "for", "select", "if", "elif"):
            waiting.append(index)
        elif starts and token.is_word(*_RESERVED):
            assert token.word is not None
            marked[index] = _Token(operator=token.word.text)
            _mark_opener(marked, waiting, token.word.text)
        starts = bool(token.operator in _SEPARATORS) or bool(marked[index].operator in _RESERVED)
    return marked


def _mark_opener(tokens: list[_Token], waiting: list[int], keyword: str) -> None:
    openers = _OPENERS.get(keyword, ())
    while openers and waiting:
        index = waiting.pop()
        word = tokens[index].word
        if word is not None and word.text in openers:
            tokens[index] = _Token(operator=word.text)
            return


class _Parser:
    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Iterator[Node]:
        while self._at < len(self._tokens):
            yield from self._list()
            self._at += 1  # a closing keyword that nothing opened

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _Token(operator="end")

    def _take(self, *operators: str) -> bool:
        if self._peek().operator in operators and self._peek().operator:
            self._at += 1
            return True
        return False

    def _list(self) -> list[Node]:
        """Commands up to a keyword that closes what is open."""
        nodes: list[Node] = []
        while True:
            while self._take(";", "&", "\n", "!", "in", "function", "&&", "||", "|", "|&"):
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
            self._at += 2  # `name()`: a function; its body follows as a group
        elif not words and not targets:
            self._at += 1
        return Simple(tuple(words), tuple(targets))

    def _ends_in_parenthesis(self) -> bool:
        return self._at + 1 < len(self._tokens) and self._tokens[self._at + 1].operator == ")"
