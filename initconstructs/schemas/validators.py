"""One JSON Schema validator for each definition, in Rust: says in microseconds that a value needs no second look.

It is stricter than the server on purpose: null, a field to be ignored and an odd but legal spelling of a quantity all
fail here, so that what passes is plain, and decoding.py looks at the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from initconstructs.schemas.definitions import fields_of

if TYPE_CHECKING:
    import jsonschema_rs

Ignored: TypeAlias = Mapping[str, frozenset[str]]
"""The fields, by definition, that a server takes and forgets."""

_SCALARS: Mapping[str, dict[str, object]] = {
    "boolean": {"type": "boolean"},
    "bytes": {"type": "string", "pattern": r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"},
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "intOrString": {"type": ["string", "integer"], "minimum": -(2**31), "maximum": 2**31 - 1},
    "number": {"type": "number"},
    "object": {},
    "quantity": {
        "type": ["string", "number"],
        "pattern": r"^[+-]?[0-9]+(?:\.[0-9]*)?(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$",
    },
    "string": {"type": "string"},
    "time": {
        "type": "string",
        "pattern": r"^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
    },
}


def is_plain(value: object, definition: str, minor: int, ignored: Ignored) -> bool:
    """Whether a value has the definition's shape and holds nothing that decoding would change."""
    validator = _validator(definition, minor, frozenset(ignored.items()))
    try:
        return validator.is_valid(value)
    except ValueError:  # a key that is no string, or a value that JSON doesn't know
        return False


@cache
def _validator(definition: str, minor: int, ignored: frozenset[tuple[str, frozenset[str]]]) -> jsonschema_rs.Validator:
    import jsonschema_rs  # noqa: PLC0415  (costs start-up time that not every command needs)

    return jsonschema_rs.Draft4Validator(_schema(definition, minor, dict(ignored)))


def _schema(definition: str, minor: int, ignored: Ignored) -> dict[str, object]:
    """A draft 4 schema (10.0 is no integer there) of a definition and all it leads to."""
    definitions: dict[str, object] = {}
    ahead = [definition]
    while ahead:
        name = ahead.pop()
        if name in definitions:
            continue
        fields = fields_of(name, minor)
        kept = {field: kind for field, kind in fields.items() if field not in ignored.get(name, ())}
        definitions[name] = {
            "type": "object",
            "properties": {field: _type(kind) for field, kind in kept.items()},
            "additionalProperties": False,
        }
        ahead += [bare for kind in kept.values() if (bare := kind.lstrip("[]{}")) not in _SCALARS]
    return {"$ref": f"#/definitions/{definition}", "definitions": definitions}


def _type(kind: str) -> dict[str, object]:
    if kind.startswith("[]"):
        return {"type": "array", "items": _type(kind[2:])}
    if kind.startswith("{}"):
        return {"type": "object", "additionalProperties": _type(kind[2:])}
    return _SCALARS.get(kind, {"$ref": f"#/definitions/{kind}"})
