"""The escape hatch: raw Kubernetes fields, checked to be plain JSON data when they are written, merged last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from initconstructs.model.checks import mapping
from initconstructs.model.errors import wrong

Raw: TypeAlias = Mapping[str, object]
"""Fields as the Kubernetes API spells them, such as `{"stdin": True}`; `None` removes a field."""


def raw_fields(place: str, value: Raw) -> Raw:
    """Raw fields as a read-only copy, all the way down plain JSON data."""
    _plain(place, value)
    return mapping(place, value)


def _plain(place: str, value: object) -> None:
    if value is None or isinstance(value, (str, int, float, bool)):
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str):
                raise wrong(place, key, "must have strings as keys", f'quote it: "{key}"')
            _plain(f"{place}.{key}", each)
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            _plain(f"{place}[{index}]", each)
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
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
