"""The escape hatch: raw Kubernetes fields, checked to be plain JSON data when they are written, merged last."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeAlias, cast

from initconstructs.model.checks import mapping, quoted
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.kubernetes import NEWEST_KUBERNETES

Raw: TypeAlias = Mapping[str, object]
"""Fields as the Kubernetes API spells them, such as `{"stdin": True}`; `None` removes a field."""


def raw_fields(place: str, value: Raw, definition: str | None = None) -> Raw:
    """Raw fields as a copy, all the way down plain JSON data.

    `definition` names what they belong to in the published schemas, `core.v1.Container` say: a field that it has must
    have its type there, and a field with nearly the name of another is a slip. Whether it has a field of any other name
    depends on the target, so that is left to the rules.
    """
    if not value and isinstance(value, Mapping):
        return mapping(place, value)
    _check_json(place, value)
    copy = cast(Raw, plain(mapping(place, value)))
    if definition is not None:
        _check_types(place, copy, f"io.k8s.api.{definition}")
    return mapping(place, copy)


def _check_types(place: str, value: Raw, definition: str) -> None:
    from initconstructs.schemas.decoding import shape_errors  # noqa: PLC0415 -- only raw fields need the schemas

    for error in shape_errors(definition, value, kubernetes=_NEWEST):
        field = f"{place}.{error.path}"
        if not error.unknown:
            kind = error.message.rpartition(" ")[2]
            rule, found = f"must be of the type that Kubernetes has here, {kind}", _at(value, error.path)
            if _SECRET.search(error.path) and not isinstance(found, (int, float)):
                raise ModelError(f"{field} is of type {type(found).__name__}:", rule, _WRITE)
            raise wrong(field, found, rule, _WRITE)
        _, misspelt, nearest = error.message.partition("; ")
        if misspelt:
            raise ModelError(field, "is a field that Kubernetes doesn't have", nearest)


_NEWEST = f"1.{NEWEST_KUBERNETES}"
_SECRET = re.compile(r"\b(env|data|stringData)\b")
"""Where a value may be a secret, and so is not shown."""
_WRITE = "write it as the Kubernetes API reference does"


def _at(value: object, path: str) -> object:
    """What stands at a path such as `env[0].value`."""
    if path and isinstance(value, list):
        index, _, rest = path[1:].partition("]")
        return _at(value[int(index)], rest.lstrip("."))
    if path and isinstance(value, Mapping):
        key = next(each for each in value if path == each or path.startswith((f"{each}.", f"{each}[")))
        return _at(value[key], path[len(key) :].lstrip("."))
    return value


def _check_json(place: str, value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ModelError(place, f"is {value}, a number that JSON doesn't know", "write a finite number")
    if value is None or isinstance(value, (str, int, float, bool)):
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str):
                raise wrong(place, key, "must have strings as keys", quoted(key))
            _check_json(f"{place}.{key}", each)
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            _check_json(f"{place}[{index}]", each)
    else:
        raise wrong(place, value, "must be plain JSON data", "write str, int, float, bool, None, lists and mappings")


def merged(base: Mapping[str, object], patch: Raw) -> dict[str, object]:
    """`patch` over `base`, as a JSON merge patch (RFC 7386) does: mappings merge, the rest replaces, null removes."""
    result = dict(base)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            below = result.get(key)
            result[key] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            result[key] = plain(value)
    return result


def plain(value: object) -> object:
    """Read-only views and tuples as the dicts and lists that JSON and YAML know."""
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
