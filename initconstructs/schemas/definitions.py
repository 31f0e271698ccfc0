"""The compiled definitions, read once and cut to one minor on demand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TypedDict

OLDEST = 30
NEWEST = 37


@cache
def minor_of(kubernetes: str) -> int:
    """The minor that a version such as "1.36" names; a ValueError for one whose schemas we don't carry."""
    major, _, rest = kubernetes.removeprefix("v").partition(".")
    minor = rest.partition(".")[0]
    if major != "1" or not minor.isdecimal() or not OLDEST <= int(minor) <= NEWEST:
        raise ValueError(f"kubernetes={kubernetes!r}: use a minor from 1.{OLDEST} to 1.{NEWEST}, such as '1.36'")
    return int(minor)


@cache
def definition_of(api_version: str, kind: str, minor: int) -> str | None:
    """The definition of an object, such as io.k8s.api.apps.v1.Deployment; None for a kind we don't speak for."""
    span = _data()["kinds"].get(f"{api_version}/{kind}", "")
    return span.split(" ")[0] if span and _holds(span, minor) else None


def is_built_in(group: str) -> bool:
    """Whether Kubernetes itself serves an API group; custom resources have a dot in theirs."""
    return "." not in group or group in _groups()


def is_served(api_version: str, kind: str, minor: int) -> bool:
    """Whether the published schemas of a minor know a kind."""
    span = _data()["served"].get(api_version, {}).get(kind, "")
    return bool(span) and _holds(span, minor)


def versions_of(kind: str, minor: int) -> list[str]:
    """The apiVersions that have a kind in a minor, however its letters are cased; and the kind as it is spelt."""
    return [
        f"{api_version} {known}"
        for api_version, kinds in _data()["served"].items()
        for known, span in kinds.items()
        if known.lower() == kind.lower() and _holds(span, minor)
    ]


@cache
def _groups() -> frozenset[str]:
    return frozenset(api_version.rpartition("/")[0] for api_version in _data()["served"])


@cache
def fields_of(definition: str, minor: int) -> Mapping[str, str]:
    """The fields of a definition in one minor, and their types; a KeyError for a definition that isn't carried."""
    fields = _data()["definitions"][definition]
    return {name: span.split(" ")[0] for name, span in fields.items() if _holds(span, minor)}


def _holds(span: str, minor: int) -> bool:
    """Whether `string since 34 until 35` says yes to a minor."""
    _, *bounds = span.split(" ")
    given = dict(zip(bounds[::2], map(int, bounds[1::2]), strict=True))
    return given.get("since", OLDEST) <= minor <= given.get("until", NEWEST)


class _Data(TypedDict):
    served: dict[str, dict[str, str]]
    kinds: dict[str, str]
    definitions: dict[str, dict[str, str]]


@cache
def _data() -> _Data:
    data: _Data = json.loads((resources.files("initconstructs.schemas") / "definitions.json").read_bytes())
    return data
