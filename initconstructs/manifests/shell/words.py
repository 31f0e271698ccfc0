"""The words and operators of sh: quotes, expansions, substitutions, here-documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

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


class Word(NamedTuple):
    """One word: its text without quotes, the variables that it expands and the commands that it substitutes."""

    text: str
    variables: tuple[str, ...] = ()
    substitutions: tuple[str, ...] = ()
    quoted: bool = False


class Token(NamedTuple):
    """An operator or a word; a keyword is an operator once it is known to be one."""

    operator: str = ""
    word: Word | None = None

    def is_word(self, *texts: str) -> bool:
        """Whether it is one of these words, unquoted."""
        return self.word is not None and not self.word.quoted and self.word.text in texts


UNFINISHED = "unfinished"
"""The operator at the end of a script whose last quote or expansion is never closed."""


def tokens(script: str) -> Iterator[Token]:
    """The script's tokens, comments and the bodies of here-documents left out."""
    return _Lexer(script).tokens()


def is_assignment(word: Word) -> bool:
    """Whether the word is `NAME=value`."""
    name, equals, _ = word.text.partition("=")
    return bool(equals) and name.rstrip("+").replace("_", "a").isalnum() and not name[0].isdigit()


class _Lexer:
    def __init__(self, script: str) -> None:
        self.script, self.at = script, 0
        self.heredocs: list[str] = []
        self.unfinished = False

    def tokens(self) -> Iterator[Token]:
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
                yield Token(word=self._word())
        if self.unfinished:
            yield Token(operator=UNFINISHED)

    def _operator(self) -> str:
        return next((operator for operator in _BY_LENGTH if self.script.startswith(operator, self.at)), "")

    def _descriptor(self) -> bool:
        """The 2 of `2>&1`, which is no argument."""
        return (
            self.script[self.at].isdigit() and self.script[self.at + 1 : self.at + 2] in ("<", ">") and self._is_apart()
        )

    def _is_apart(self) -> bool:
        return self.at == 0 or self.script[self.at - 1] in " \t\n;&|("

    def _after(self, operator: str) -> Iterator[Token]:
        self.at += len(operator)
        yield Token(operator=operator)
        if operator in ("<<", "<<-"):
            self._blanks()
            delimiter = self._word()
            self.heredocs.append(delimiter.text)
            yield Token(word=delimiter)
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
        self.unfinished = self.unfinished or reader.at > len(self.script)
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
