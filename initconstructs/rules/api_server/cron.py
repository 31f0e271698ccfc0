"""Cron schedules and time zones as a CronJob's controller reads them.

Sources: github.com/robfig/cron/v3 parser.go (ParseStandard) and Go's time package (ParseDuration, LoadLocation).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files

_DESCRIPTORS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_DURATION = re.compile(r"[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_INTEGER = re.compile(r"[-+]?\d+", re.ASCII)
_ZONE_PART = re.compile(r"[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}", re.ASCII)
_LARGEST_INT = 2**63 - 1


class ScheduleError(ValueError):
    """A text that is no schedule; its message is the parser's."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five fields of a schedule."""

    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31),
    _Field(1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    _Field(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


@lru_cache(maxsize=512)
def schedule_error(text: str) -> str:
    """What the parser says of a schedule, or ''."""
    try:
        _check_schedule(text)
    except ScheduleError as error:
        return str(error)
    return ""


@lru_cache(maxsize=512)
def time_zone_errors(name: str) -> tuple[str, ...]:
    """What the server says of a time zone's name."""
    if not name:
        return ("timeZone must be nil or non-empty string",)
    unknown = f"unknown time zone {name}"
    if not all(part not in {".", ".."} and _ZONE_PART.fullmatch(part) for part in name.split("/")):
        return (unknown,)
    local = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    found = () if name == "Local" or _is_zone(name) else (unknown,)
    return (local, *found) if name.lower() == "local" else found


def _check_schedule(text: str) -> None:
    if text.startswith(("TZ=", "CRON_TZ=")):
        text = _without_zone(text)
    if text.startswith("@"):
        _check_descriptor(text)
        return
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    for content, bounds in zip(fields, _FIELDS, strict=True):
        for expression in filter(None, content.split(",")):
            _check_range(expression, bounds)


def _without_zone(text: str) -> str:
    prefix, space, rest = text.partition(" ")
    if not space:
        raise ScheduleError("invalid schedule format: runtime error: slice bounds out of range [:-1]")
    zone = prefix.partition("=")[2]
    if zone not in {"", "Local"} and not _is_zone(zone):
        raise ScheduleError(f"provided bad location {zone}: unknown time zone {zone}")
    return rest.strip()


def _check_descriptor(text: str) -> None:
    if text.startswith("@every "):
        duration = text.removeprefix("@every ")
        if not _DURATION.fullmatch(duration):
            raise ScheduleError(f'failed to parse duration {text}: time: invalid duration "{duration}"')
    elif text not in _DESCRIPTORS:
        raise ScheduleError(f"unrecognized descriptor: {text}")


def _check_range(expression: str, bounds: _Field) -> None:
    reach, *steps = expression.split("/")
    start, end = _ends(reach, expression, bounds)
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {expression}")
    step = _number(steps[0]) if steps else 1
    if steps and "-" not in reach:
        end = bounds.high
    if start < bounds.low:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({bounds.low}): {expression}")
    if end > bounds.high:
        raise ScheduleError(f"end of range ({end}) above maximum ({bounds.high}): {expression}")
    if start > end:
        raise ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {expression}")
    if not step:
        raise ScheduleError(f"step of range should be a positive number: {expression}")


def _ends(reach: str, expression: str, bounds: _Field) -> tuple[int, int]:
    first, *more = reach.split("-")
    if first in {"*", "?"}:
        return bounds.low, bounds.high
    start = _number(first, bounds.names)
    if len(more) > 1:
        raise ScheduleError(f"too many hyphens: {expression}")
    return start, _number(more[0], bounds.names) if more else start


def _number(text: str, names: Mapping[str, int] | None = None) -> int:
    named = (names or {}).get(text.lower())
    if named is not None:
        return named
    if not _INTEGER.fullmatch(text):
        raise ScheduleError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    number = int(text[:40])
    if not -_LARGEST_INT <= number <= _LARGEST_INT:
        raise ScheduleError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": value out of range')
    if number < 0:
        raise ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number


def _is_zone(name: str) -> bool:
    # The server brings its own database with the old names, which many systems lack; a newer system knows new ones.
    return name in _recorded_zones() or name in _system_zones()


@cache
def _recorded_zones() -> frozenset[str]:
    return frozenset(files("initconstructs.rules.api_server").joinpath("time_zones.txt").read_text("utf-8").split())


@cache
def _system_zones() -> frozenset[str]:
    from zoneinfo import available_timezones  # noqa: PLC0415  only an unrecorded name needs it

    return frozenset(available_timezones() - {"localtime"})
