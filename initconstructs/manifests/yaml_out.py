"""Manifests → YAML that every reader reads back the same, laid out as cdk8s prints it.

libyaml's emitter can't indent a sequence under its key, and PyYAML builds a node per value on the way; manifests are
JSON data, so they are written directly. Strings that any YAML 1.1 or 1.2 reader takes for something else are quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

_WORDS = frozenset(
    ["", "~", "null", "y", "n", "yes", "no", "on", "off", "true", "false", "=", "<<", ".nan", ".inf", "+.inf", "-.inf"]
)
"""Plain words that mean null, a boolean, a number, a default or a merge to some reader, in lower case."""

_NUMBER = re.compile(
    r"""
      [-+]?0b[01]+ | [-+]?0o?[0-7]+ | [-+]?0x[0-9a-f]+(\.[0-9a-f]*)?(p[-+]?[0-9]+)?   # Go also reads hexadecimal floats
    | [-+]?([0-9]+\.?[0-9]*|\.[0-9]*)(e[-+]?[0-9]+)?
    | [-+]?[0-9]+(:[0-9]{1,2})+(\.[0-9]*)?                                            # YAML 1.1: base 60
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_NOT_PLAIN = re.compile(
    r"""
      ^[\s,\[\]{}#&*!|>'"%@`] | ^[-?:](\s|$)   # indicators
    | ^(---|\.\.\.)                            # document markers, when the string is a key
    | :(\s|$) | \s\# | \s$                    # a key, a comment, an end that is lost
    """,
    re.VERBOSE,
)
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_LONGEST_SIMPLE_KEY = 1000  # a parser gives up on `key:` after 1,024 characters


def dump_yaml(manifests: Iterable[Mapping[str, object]]) -> str:
    """One YAML document a manifest: keys in their order, no anchors, no folded lines.

    Raises TypeError for a value that JSON doesn't know and ValueError for text that UTF-8 can't carry.
    """
    return "---\n".join(_document(manifest) for manifest in manifests)


def _document(manifest: Mapping[str, object]) -> str:
    lines: list[str] = []
    if manifest:
        _mapping(manifest, "", "", lines)
    else:
        lines.append("{}")
    lines.append("")
    return "\n".join(lines)


def _mapping(mapping: Mapping[str, object], first: str, indent: str, lines: list[str]) -> None:
    for key, value in mapping.items():
        _value(f"{first}{_key(key, indent)}:", value, indent, lines)
        first = indent


def _sequence(sequence: Sequence[object], first: str, indent: str, lines: list[str]) -> None:
    inner = f"{indent}  "
    for item in sequence:
        if isinstance(item, Mapping) and item:
            _mapping(item, f"{first}- ", inner, lines)
        elif isinstance(item, (list, tuple)) and item:
            _sequence(item, f"{first}- ", inner, lines)
        else:
            lines.append(f"{first}- {_leaf(item, inner)}")
        first = indent


def _value(lead: str, value: object, indent: str, lines: list[str]) -> None:
    if isinstance(value, str):
        lines.append(f"{lead} {_string(value, indent + '  ')}")
    elif isinstance(value, Mapping) and value:
        lines.append(lead)
        _mapping(value, f"{indent}  ", f"{indent}  ", lines)
    elif isinstance(value, (list, tuple)) and value:
        lines.append(lead)
        _sequence(value, f"{indent}  ", f"{indent}  ", lines)
    else:
        lines.append(f"{lead} {_leaf(value, indent + '  ')}")


def _leaf(value: object, indent: str) -> str:
    if isinstance(value, str):
        return _string(value, indent)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float(value)
    return _empty(value)


def _empty(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    raise TypeError(
        f"{value!r} is a {type(value).__name__}; a manifest holds str, int, float, bool, None, dict and list"
    )


def _float(value: float) -> str:
    text = float.__repr__(value)
    if text in ("inf", "-inf", "nan"):
        raise ValueError(f"{text} is not a number that JSON knows; a manifest can't hold it")
    return text.replace("e", ".0e") if "e" in text and "." not in text else text  # YAML 1.1 wants the dot


def _key(key: str, indent: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is a {type(key).__name__}; the keys of a manifest are str")
    text = _inline(str.__str__(key))
    return text if len(text) <= _LONGEST_SIMPLE_KEY else f"? {text}\n{indent}"


def _string(text: str, indent: str) -> str:
    if "\n" not in text:
        return _inline(str.__str__(text))
    return _literal(text, indent) if _reads_back_literally(text) else _double_quoted(text)


def _reads_back_literally(text: str) -> bool:
    """Not so when the indentation is unclear (space or blank line first) or blanks end the text."""
    return not (_UNPRINTABLE.search(text) or text[0] in " \n" or text.rstrip("\n")[-1] == " ")


def _literal(text: str, indent: str) -> str:
    body = text.rstrip("\n")
    newlines = len(text) - len(body)
    chomping = ("-", "", "+")[min(newlines, 2)]
    lines = [f"{indent}{line}" if line else "" for line in body.split("\n")]
    return "\n".join([f"|{chomping}", *lines, *[""] * (newlines - 1)])


@lru_cache(maxsize=4096)
def _inline(text: str) -> str:
    if _UNPRINTABLE.search(text) or "\n" in text:
        return _double_quoted(text)
    if not _NOT_PLAIN.search(text) and not _reads_as_other_than_text(text):
        return text
    return f"'{text}'" if '"' in text and "'" not in text else _double_quoted(text)


def _reads_as_other_than_text(text: str) -> bool:
    """Whether go-yaml, PyYAML, js-yaml, Psych or a YAML 1.2 reader sees more in the plain text than a string."""
    if text.lower() in _WORDS:
        return True
    digits = text.replace("_", "").replace(",", "")
    return bool(_NUMBER.fullmatch(digits) or _DATE.match(text))


def _double_quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(_escape, quoted)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"U+{code:04X} is half a surrogate pair, which YAML can't carry; mend the text's decoding")
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
