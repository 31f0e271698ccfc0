"""Checks that several values share: names, words, quantities, durations, closed lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from initconstructs.model.errors import ModelError, a_kind, one_of, wrong
from initconstructs.schemas.quantity import QuantityError, parse

Words: TypeAlias = list[str] | tuple[str, ...]
"""A list of strings. A plain `str` is no list of strings, for the type checker and at run time."""

Duration: TypeAlias = int | str | timedelta
"""A time span: whole seconds, a `timedelta`, or text such as `"90s"`, `"5m"`, `"1h30m"`."""

Quantity: TypeAlias = str | int | float
"""A Kubernetes quantity: `"100m"`, `"64Mi"`, `2`, `0.5`."""

T = TypeVar("T")

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DURATION = re.compile(r"(?:([0-9]{1,10})h)?(?:([0-9]{1,10})m)?(?:([0-9]{1,10})s)?")
_LONGEST = 2**31 - 1


@lru_cache(maxsize=4096)
def _is_label(value: str) -> bool:
    return _LABEL.fullmatch(value) is not None


def _is_quantity(value: str) -> bool:
    """As the API server reads them, but with a digit: it takes "m" for zero, which nobody means."""
    try:
        parse(value)
    except QuantityError:
        return False
    return any(each.isdigit() for each in value)


def label(place: str, value: object) -> None:
    """A DNS-1123 label, which container, volume and port names must be."""
    if not isinstance(value, str) or not _is_label(value):
        raise wrong(
            place,
            value,
            "must be a DNS label: 1 to 63 of a-z, 0-9 and '-', starting and ending with a letter or digit",
            f'write "{_as_label(value)}", say',
        )


def _as_label(value: object) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", value.lower() if isinstance(value, str) else "").strip("-")[:63].strip("-")
    return words or "app"


def subdomain(place: str, value: object) -> None:
    """A DNS-1123 subdomain, which object names must be."""
    if not isinstance(value, str) or len(value) > 253 or not _SUBDOMAIN.fullmatch(value):
        raise wrong(
            place,
            value,
            "must be a DNS subdomain: at most 253 of a-z, 0-9, '-' and '.'",
            f'write "{_as_label(value)}", say',
        )


def port_name(place: str, value: object) -> None:
    """An IANA service name, which named ports must be."""
    if not isinstance(value, str) or len(value) > 15 or not _PORT_NAME.fullmatch(value):
        raise wrong(
            place,
            value,
            "must be a port name: 1 to 15 of a-z, 0-9 and '-', with a letter and no '--'",
            f'write "{_as_label(value)[:15].strip("-")}", say',
        )


def config_key(place: str, value: object) -> None:
    """A key of a ConfigMap's or Secret's data."""
    if not isinstance(value, str) or not _CONFIG_KEY.fullmatch(value) or value == "." or value.startswith(".."):
        raise wrong(place, value, "must be a key: letters, digits, '-', '_' and '.'", "use a file name, not a path")


def instance(place: str, value: object, kind: type | tuple[type, ...], remedy: str) -> None:
    """A value of one kind, where a mapping or a plain word comes to mind easily.

    Text is not shown: it may be the secret itself, where a reference to it belongs.
    """
    if isinstance(value, str) and not isinstance(value, kind):
        raise ModelError(f"{place} is text:", f"must be {_named(kind)}", remedy)
    if not isinstance(value, kind):
        raise wrong(place, value, f"must be {_named(kind)}", remedy)


def instances(place: str, owner: object, kinds: Mapping[str, type | tuple[type, ...]]) -> None:
    """Fields that hold a value of one kind, or None."""
    for name, kind in kinds.items():
        value = getattr(owner, name)
        if value is not None and not isinstance(value, kind):
            instance(f"{place}.{name}", value, kind, f"write {_named(kind).partition(' ')[2]}(...)")


def text(place: str, value: object, remedy: str) -> None:
    """A string that holds something other than white space around nothing."""
    if not isinstance(value, str) or not value or value != value.strip():
        raise wrong(place, value, "must be text that is not empty, without white space around it", remedy)


def words(place: str, value: object, remedy: str = "write a list of strings") -> tuple[str, ...]:
    """A list of strings, kept as a tuple."""
    if isinstance(value, (str, bytes)) or not isinstance(value, (list, tuple, Sequence)):
        raise wrong(place, value, "must be a list of strings, not one string", remedy)
    for index, word in enumerate(value):
        if not isinstance(word, str):
            raise wrong(f"{place}[{index}]", word, "must be a string", quoted(word))
    return tuple(value)


def quoted(value: object) -> str:
    """What to write instead of something that is no text."""
    return f'quote it: "{value}"' if isinstance(value, (int, float)) else "write text"


def items(place: str, value: Iterable[T], kind: type | tuple[type, ...], remedy: str) -> tuple[T, ...]:
    """A sequence of values of one kind, kept as a tuple."""
    if not isinstance(value, (list, tuple)) and not _is_collection(value):
        raise wrong(place, value, "must be a list", remedy)
    kept = tuple(value)
    for index, item in enumerate(kept):
        if not isinstance(item, kind):
            raise wrong(f"{place}[{index}]", item, f"must be {_named(kind)}", remedy)
    return kept


def _is_collection(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def _named(kind: type | tuple[type, ...]) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(map(a_kind, kinds))


def mapping(place: str, value: Mapping[str, T]) -> Mapping[str, T]:
    """A mapping with string keys, kept as a read-only copy."""
    if not isinstance(value, (dict, Mapping)):
        raise wrong(place, value, "must be a mapping", "write {...}")
    key: object
    for key in value:
        if not isinstance(key, str):
            raise wrong(place, key, "must have strings as keys", quoted(key))
    return MappingProxyType(dict(value))


def strings(place: str, value: Mapping[str, str]) -> Mapping[str, str]:
    """A mapping from strings to strings (labels, annotations, selectors)."""
    kept = mapping(place, value)
    each: object
    for key, each in kept.items():
        if not isinstance(each, str):
            raise wrong(f"{place}[{key!r}]", each, "must be a string", quoted(each))
    return kept


def choice(place: str, value: str, allowed: Sequence[str]) -> None:
    """A word from a closed list."""
    if value not in allowed:
        raise one_of(place, value, allowed)


def number(place: str, value: int, least: int = 0, most: int | None = None) -> None:
    """A whole number in a range."""
    in_range = type(value) is int and value >= least and (most is None or value <= most)
    if not in_range:
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise wrong(place, value, f"must be a whole number {bounds}", "correct it")


def int_or_percent(place: str, value: object) -> None:
    """A count, or a share such as "25%"."""
    if isinstance(value, str) and re.fullmatch(r"\d+%", value):
        return
    if type(value) is not int or value < 0:
        raise wrong(place, value, "must be a whole number or a percentage", 'write 1 or "25%", say')


def port_number(place: str, value: int) -> None:
    """A port from 1 to 65535."""
    number(place, value, 1, 65535)


def quantity(place: str, value: Quantity) -> str:
    """A Kubernetes quantity as the text that goes into the manifest."""
    written = _written(value)
    if written is None or not _is_quantity(written):
        raise wrong(
            place,
            value,
            "must be a Kubernetes quantity: a number with an optional suffix (m, k, M, G, T or Ki, Mi, Gi, Ti)",
            'write "100m", "0.5" or "64Mi", say',
        )
    if written.startswith("-"):
        raise wrong(place, value, "must not be negative", "write 0 or more")
    return written


def _written(value: Quantity) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return repr(value)


def seconds(place: str, value: Duration, least: int = 0) -> int:
    """A time span as whole seconds."""
    count = _seconds(value)
    if count is None:
        raise wrong(
            place,
            value,
            "must be a time span in whole seconds: an int, a timedelta, or text of h, m and s in this order",
            'write 90, "90s", "5m" or "1h30m", say',
        )
    if count < least:
        raise wrong(place, value, f"must be at least {least} s", "give it more time")
    if count > _LONGEST:
        raise wrong(place, value, f"must be at most {_LONGEST} s, 68 years", "give it less time")
    return count


def _seconds(value: Duration) -> int | None:
    if isinstance(value, timedelta):
        return None if value.microseconds else int(value.total_seconds())
    if isinstance(value, str):
        found = _DURATION.fullmatch(value) if value else None
        return _summed(found.groups()) if found else None
    return value if type(value) is int else None


def _summed(parts: Sequence[str | None]) -> int:
    hours, minutes, rest = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + rest


def absolute_path(place: str, value: object) -> None:
    """A path that starts at the root, as a container sees it."""
    if not isinstance(value, str) or not value.startswith("/") or ":" in value:
        raise wrong(place, value, "must be an absolute path without ':'", 'start it with "/"')


def relative_path(place: str, value: object) -> None:
    """A path inside a volume: relative, and never out of it."""
    if not isinstance(value, str) or not value or value.startswith("/") or ".." in value.split("/"):
        raise wrong(place, value, "must be a relative path without '..'", "write it from the volume's root")


def unique(place: str, names: Iterable[str], remedy: str) -> None:
    """No name twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ModelError(f'{place} "{name}"', "appears twice", remedy)
        seen.add(name)
