"""What a plain scalar means to the API server, which reads YAML by go-yaml v2 and turns it into JSON.

Source: resolve.go of sigs.k8s.io/yaml/goyaml.v2: YAML 1.1 booleans, octals with and without `o`, underscores in
numbers, no base 60, dates stay text. A float with an integral value becomes a JSON integer.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS: dict[str, bool | None] = dict.fromkeys(["", "~", "null", "Null", "NULL"])
_WORDS |= dict.fromkeys(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True)
_WORDS |= dict.fromkeys(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False)

_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST_NUMBER = 400


class NotJsonError(ValueError):
    """A scalar that YAML knows and JSON does not."""


@lru_cache(maxsize=8192)
def plain_scalar(text: str) -> str | int | float | bool | None:
    """The JSON value of a scalar without quotes; raises NotJsonError for infinity and not-a-number."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-.":
        return _number(text)
    return text


def _number(text: str) -> str | int | float:
    if _NOT_JSON.fullmatch(text):
        raise NotJsonError(f"{text} is no number in JSON")
    digits = text.replace("_", "")
    if len(digits) > _LONGEST_NUMBER:
        return text
    integer = _INTEGER.fullmatch(digits)
    if integer and text[0] != ".":
        value = _integer(integer)
        if -(2**63) <= value < 2**64:
            return value
    return _float(text, digits)


def _integer(match: re.Match[str]) -> int:
    sign, *by_base = match.groups()
    value = next(int(digits, base) for digits, base in zip(by_base, _BASES, strict=True) if digits)
    return -value if sign == "-" else value


def _float(text: str, digits: str) -> str | int | float:
    if not _FLOAT.fullmatch(text if text[0] == "." else digits):
        return text
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        return text
    return int(value) if value.is_integer() and abs(value) < 1e21 else value
