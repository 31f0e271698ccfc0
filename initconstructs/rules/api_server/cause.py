"""The causes that the API server reports, in its own words.

Source: k8s.io/apimachinery/pkg/util/validation/field/errors.go. A text is quoted as Go does; a value of an enumeration,
which has a type of its own, and whatever is no text are printed as JSON, as servers do from 1.34.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

_SHORT = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\", '"': '"'}
# What Go's json.Marshal escapes and Python's doesn't.
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


class Cause(NamedTuple):
    """One entry of a Status' `details.causes`: where, what kind of mistake, and the server's sentence."""

    path: str
    reason: str
    message: str


def required(path: str, detail: str = "") -> Cause:
    """A field that has to be there is absent or empty."""
    return Cause(path, "FieldValueRequired", _sentence("Required value", detail))


def invalid(path: str, value: object, detail: str) -> Cause:
    """A value breaks a rule."""
    return Cause(path, "FieldValueInvalid", _sentence(f"Invalid value: {_shown(value)}", detail))


def not_supported(path: str, value: object, supported: Iterable[str]) -> Cause:
    """A value is none of an enumeration; `supported` is printed in the order given."""
    names = ", ".join(printed(name) for name in supported)
    return Cause(
        path, "FieldValueNotSupported", _sentence(f"Unsupported value: {printed(value)}", f"supported values: {names}")
    )


def forbidden(path: str, detail: str = "") -> Cause:
    """A field must not be set here."""
    return Cause(path, "FieldValueForbidden", _sentence("Forbidden", detail))


def duplicate(path: str, value: object) -> Cause:
    """A value that has to be unique appears again."""
    return Cause(path, "FieldValueDuplicate", f"Duplicate value: {_shown(value)}")


def not_found(path: str, value: object, detail: str = "") -> Cause:
    """A name refers to nothing in the object."""
    return Cause(path, "FieldValueNotFound", _sentence(f"Not found: {_shown(value)}", detail))


def too_long(path: str, at_most: int) -> Cause:
    """A text is longer than `at_most` bytes."""
    unit = "byte" if at_most == 1 else "bytes"
    return Cause(path, "FieldValueTooLong", f"Too long: may not be more than {at_most} {unit}")


def too_many(path: str, count: int, at_most: int) -> Cause:
    """A list holds more than `at_most` items."""
    unit = "item" if at_most == 1 else "items"
    return Cause(path, "FieldValueTooMany", f"Too many: {count}: must have at most {at_most} {unit}")


def type_invalid(path: str, value: object, detail: str) -> Cause:
    """A value has the wrong type for the operation that reads it."""
    return Cause(path, "FieldValueTypeInvalid", _sentence(f"Invalid value: {_shown(value)}", detail))


def bad_request(path: str, message: str) -> Cause:
    """The object can't be decoded: the server answers 400 and looks no further."""
    return Cause(path, "BadRequest", message)


def printed(value: object) -> str:
    """`value` as the server prints it: compact JSON."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.translate(_ESCAPED)


def _shown(value: object) -> str:
    return f'"{"".join(map(_quoted, value))}"' if isinstance(value, str) else printed(value)


def _quoted(char: str) -> str:
    """A character as Go's strconv.Quote writes it."""
    if char in _SHORT:
        return f"\\{_SHORT[char]}"
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _sentence(head: str, detail: str) -> str:
    return f"{head}: {detail}" if detail else head
