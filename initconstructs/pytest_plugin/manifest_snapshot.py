"""Manifests held against one reviewed YAML file each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import unified_diff
from itertools import chain
from typing import TYPE_CHECKING

from initconstructs.manifests.pod_template import child

if TYPE_CHECKING:
    from syrupy.assertion import AssertionResult, SnapshotAssertion


class ManifestSnapshot:
    """Equal to manifests whose files all hold the same; `differences` says of the last comparison what isn't equal.

    A file is named by the test and by the manifest: `test_shop[deployment-shop-api].yaml`. One whose manifest is no
    longer there is reported by syrupy as unused, and removed by `--snapshot-update`.
    """

    def __init__(self, snapshot: SnapshotAssertion) -> None:
        self._snapshot = snapshot
        self.differences: list[str] = []

    def __eq__(self, manifests: object) -> bool:
        __tracebackhide__ = True
        named = _named(manifests)
        found = [_difference(name, self._compared(name, manifest)) for name, manifest in named.items()]
        unequal = list(filter(None, found))
        self.differences = [_summary(len(unequal), len(named)), *chain(*unequal)]
        return bool(named) and not unequal

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "manifest_snapshot"

    def _compared(self, name: str, manifest: Mapping[str, object]) -> AssertionResult:
        _ = self._snapshot(name=name) == [manifest]
        return self._snapshot.executions[self._snapshot.num_executions - 1]


def _summary(unequal: int, count: int) -> str:
    if not count:
        return "there is no manifest to compare"
    return f"{unequal} of {count} manifests not as reviewed; `pytest --snapshot-update` accepts what is there now"


def _difference(name: str, result: AssertionResult) -> list[str]:
    if result.exception:
        raise result.exception
    if result.success:
        return []
    if result.recalled_data is None:
        return [f"{name} is new, so it has no file yet"]
    before, now = (str(text).splitlines() for text in (result.recalled_data, result.asserted_data))
    hunks = [*unified_diff(before, now, n=1, lineterm="")][2:]  # pytest shows eight lines, so each counts
    return [f"{name}: - as reviewed, + as synthesized", *(hunks or ["the ends of lines alone differ"])]


def _named(manifests: object) -> dict[str, Mapping[str, object]]:
    __tracebackhide__ = True
    if isinstance(manifests, Mapping):
        manifests = [manifests]
    if isinstance(manifests, str) or not isinstance(manifests, Iterable):
        raise TypeError(f"manifest_snapshot compares manifests, not a {type(manifests).__name__}; see yaml_snapshot")
    found: dict[str, Mapping[str, object]] = {}
    for manifest in manifests:
        name = _file_name(manifest)
        if name in found:
            raise ValueError(
                f"two manifests are called {name}, so that one file would have to hold both; see yaml_snapshot"
            )
        found[name] = manifest
    return found


def _file_name(manifest: Mapping[str, object]) -> str:
    metadata = child(manifest, "metadata")
    parts = [manifest.get("kind"), metadata.get("namespace"), metadata.get("name") or metadata.get("generateName")]
    return "-".join(str(part).lower() for part in parts if part)
