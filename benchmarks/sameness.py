"""Whether the contenders write the same manifests: what they take counts for nothing otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from benchmarks.contenders.plain import manifest
from benchmarks.measuring import contender_into

# cdk8s-plus selects by a label of its own making, and says so in no other way without another call.
_ALLOWED = {"cdk8s_plus", "cdk8s_plus_documented"}
_OWN_SELECTOR = {"spec.selector.matchLabels", "spec.template.metadata.labels"}


def differences(name: str, count: int) -> list[str]:
    """The fields in which the contender's manifests differ from those of `plain`.

    Raises `AssertionError` when there are more than cdk8s-plus can help.
    """
    with TemporaryDirectory() as folder:
        contender_into(name, count, Path(folder))
        written = [each for file in Path(folder).iterdir() for each in _load(file)]
    assert len(written) == count, f"{name} wrote {len(written)} manifests, not {count}"
    found = {path for number, each in enumerate(written) for path in _differing(each, manifest(number))}
    assert found <= (_OWN_SELECTOR if name in _ALLOWED else set()), f"{name} differs in {sorted(found)}"
    return sorted(found)


def _load(file: Path) -> list[object]:
    return list(yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader))


def _differing(one: object, other: object, path: str = "") -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        for key in one:
            yield from _differing(one[key], other[key], f"{path}.{key}")
    elif one != other:
        yield path.lstrip(".")
