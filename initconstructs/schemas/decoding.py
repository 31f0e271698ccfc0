"""Decoding as the API server does it: JSON into a Go struct, strictly.

A null is an absent value, or a zero one inside a list or a map. A wrong type ends the matter: the first one in document
order is all that a server reports. Only then do unknown fields count, each of them.
Sources: sigs.k8s.io/json (UnmarshalStrict), apimachinery pkg/runtime/serializer/json.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from initconstructs.schemas import scalars
from initconstructs.schemas.definitions import fields_of, minor_of
from initconstructs.schemas.validators import Ignored, is_plain

_ZERO: Mapping[str, object] = {
    "boolean": False,
    "bytes": "",
    "int32": 0,
    "int64": 0,
    "intOrString": 0,
    "number": 0,
    "object": None,
    "quantity": "0",
    "string": "",
    "time": "",
    "uint8": 0,
}
_RANGE = {"int32": (-(2**31), 2**31), "int64": (-(2**63), 2**63), "intOrString": (-(2**31), 2**31), "uint8": (0, 2**8)}


_PARSERS: Mapping[str, Callable[[str], str | None]] = {
    "bytes": scalars.base64_error,
    "quantity": scalars.quantity_error,
    "time": scalars.time_error,
}


@dataclass(frozen=True, slots=True)
class ShapeError:
    """A field that the definition doesn't have, or a value that can't be decoded into its field."""

    path: str
    message: str
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the server goes on with: no nulls, no ignored fields; and what it would have to say."""

    value: Mapping[str, Any]
    errors: Sequence[ShapeError] = ()
    ignored: Sequence[tuple[str, str]] = ()
    """The path of each ignored field that was there, and its place as `definition.field`."""


def decode(value: Mapping[str, object], definition: str, minor: int, ignored: Ignored | None = None) -> Decoded:
    """Decode an object; the common one, which has nothing to mend, comes back as it is."""
    ignored = ignored or {}
    if is_plain(value, definition, minor, ignored):
        return Decoded(value)
    decoder = _Decoder(minor, ignored)
    decoded = decoder.struct(value, definition, _Place("", "", ""))
    mistyped = [error for error in decoder.errors if not error.unknown]
    return Decoded(decoded, mistyped[:1] or decoder.errors, decoder.ignored)


def shape_errors(definition: str, value: object, *, kubernetes: str = "1.36") -> list[ShapeError]:
    """Every unknown field and wrong type in a fragment, such as an io.k8s.api.core.v1.Container; paths are relative."""
    minor = minor_of(kubernetes)
    if is_plain(value, definition, minor, {}):
        return []
    decoder = _Decoder(minor, {})
    decoder.struct(value, definition, _Place("", "", ""))
    return decoder.errors


@dataclass(frozen=True, slots=True)
class _Place:
    """Where decoding stands: the path as a reader writes it, and as Go's messages do (no indices)."""

    path: str
    go: str
    owner: str

    def to(self, name: str, definition: str) -> _Place:
        """The place of a definition's field."""
        return _Place(_join(self.path, name), _join(self.go, name), definition.rpartition(".")[2])

    def item(self, key: object) -> _Place:
        """The place of an item of a list, or of a value of a map."""
        return _Place(f"{self.path}[{key}]", self.go, self.owner)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@dataclass(slots=True)
class _Decoder:
    minor: int
    to_ignore: Ignored
    errors: list[ShapeError] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)

    def struct(self, value: object, definition: str, place: _Place) -> dict[str, Any]:
        """An object decoded field by field; the zero value where it isn't one."""
        decoded: dict[str, Any] = {}
        if not isinstance(value, Mapping):
            self._mistyped(value, _go_type(definition), place)
            return decoded
        fields = fields_of(definition, self.minor)
        for name, content in value.items():
            if name not in fields:
                self._unknown(name, fields, place)
            elif content is not None:
                self._field(name, content, definition, place.to(name, definition), decoded)
        return decoded

    def _field(self, name: str, content: object, definition: str, place: _Place, into: dict[str, Any]) -> None:
        found = self.value(content, fields_of(definition, self.minor)[name], place)
        if name in self.to_ignore.get(definition, ()):
            self.ignored.append((place.path, f"{definition}.{name}"))
        else:
            into[name] = found

    def value(self, value: object, kind: str, place: _Place) -> object:
        """A value of any type; its zero where it has the wrong one."""
        if value is None:
            return _zero(kind)
        if kind.startswith("[]"):
            return self._list(value, kind, place)
        if kind.startswith("{}"):
            return self._map(value, kind, place)
        if kind in _ZERO:
            return self._scalar(value, kind, place)
        return self.struct(value, kind, place)

    def _list(self, value: object, kind: str, place: _Place) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            self._mistyped(value, _go_type(kind), place)
            return []
        return [self.value(item, kind[2:], place.item(index)) for index, item in enumerate(value)]

    def _map(self, value: object, kind: str, place: _Place) -> dict[str, object]:
        if not isinstance(value, Mapping):
            self._mistyped(value, _go_type(kind), place)
            return {}
        return {str(key): self.value(item, kind[2:], place.item(key)) for key, item in value.items()}

    def _scalar(self, value: object, kind: str, place: _Place) -> object:
        if _is(kind, value):
            return value
        if kind == "bytes" and isinstance(value, (list, tuple)):
            return b64encode(bytes(self._list(value, "[]uint8", place))).decode()
        if kind == "quantity":
            value = _literal(value)
        if kind not in _PARSERS or not isinstance(value, str):
            self._mistyped(value, _go_type(kind), place)
        elif error := _PARSERS[kind](value):
            self.errors.append(ShapeError(place.path, error))
        else:
            return value
        return _zero(kind)

    def _mistyped(self, value: object, go_type: str, place: _Place) -> None:
        at = f"Go struct field {place.owner}.{place.go}" if place.owner else "Go value"
        message = f"json: cannot unmarshal {_json_kind(value, go_type)} into {at} of type {go_type}"
        self.errors.append(ShapeError(place.path, message))

    def _unknown(self, name: object, fields: Mapping[str, str], place: _Place) -> None:
        path = _join(place.path, str(name))
        meant = _meant(str(name), fields)
        hint = f"; did you mean {json.dumps(meant)}?" if meant else ""
        self.errors.append(ShapeError(path, f'unknown field "{path}"{hint}', unknown=True))


def _is(kind: str, value: object) -> bool:
    """Whether a value is one of a scalar type, as far as its JSON type tells."""
    if kind in _RANGE and isinstance(value, int) and not isinstance(value, bool):
        low, high = _RANGE[kind]
        return low <= value < high
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    return kind == "object" or (kind in ("string", "intOrString") and isinstance(value, str))


def _literal(value: object) -> str:
    """A quantity is parsed from its JSON text, whatever its type; quotes and spaces are taken off, escapes stay."""
    if isinstance(value, (Mapping, list, tuple)):
        return "{}"  # no quantity either way
    text = json.dumps(value, default=str)
    return (text[1:-1] if isinstance(value, str) else text).strip(" ")


def _zero(kind: str) -> object:
    if kind in _ZERO:
        return _ZERO[kind]
    return [] if kind.startswith("[]") else {}


def _json_kind(value: object, go_type: str) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return f"number {json.dumps(value)}" if go_type.startswith("int") else "number"
    if isinstance(value, Mapping):
        return "object"
    return "array" if isinstance(value, (list, tuple)) else "string"


def _go_type(kind: str) -> str:
    if kind.startswith("[]"):
        return f"[]{_go_type(kind[2:])}"
    if kind.startswith("{}"):
        return "v1.ResourceList" if kind == "{}quantity" else f"map[string]{_go_type(kind[2:])}"
    if kind in _ZERO:
        return {"boolean": "bool", "bytes": "[]uint8", "intOrString": "int32", "time": "string"}.get(kind, kind)
    return ".".join(kind.split(".")[-2:])


def _meant(name: str, fields: Mapping[str, str]) -> str | None:
    """The field that a misspelt name most likely stands for."""
    folded = {each.lower(): each for each in fields}
    close = get_close_matches(name.replace("_", "").replace("-", "").lower(), folded, n=1, cutoff=0.75)
    return folded[close[0]] if close else None
