"""What stages hand to each other: containers of a pod share no file system, only volumes.

A read-only mount tells a reader. Of the others the first to start may write, the later ones may do both. Who reads a
volume that is empty at the start before anybody can have written it finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from initconstructs.manifests.pod_template import child, entries
from initconstructs.planning.pod import Container, Pod, Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Handoff:
    """One volume that starts empty and that more than one container, or a reader alone, uses.

    `paths` says where each container has it. `read_before_written` are readers that start before any writer has.
    """

    volume: str
    medium: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    read_before_written: tuple[str, ...]
    paths: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Use:
    container: Container
    path: str
    read_only: bool


def handoffs(pod: Pod) -> tuple[Handoff, ...]:
    """The hand-offs of a pod, in the order of its volumes."""
    uses: dict[str, list[_Use]] = {}
    for container in pod.containers:
        for volume, use in _uses(container):
            uses.setdefault(volume, []).append(use)
    empty = {str(volume.get("name")): volume for _, volume in entries(pod.spec, "volumes", "") if _starts_empty(volume)}
    found = (_handoff(name, volume, uses.get(name, [])) for name, volume in empty.items())
    return tuple(handoff for handoff in found if handoff.read_by)


def _uses(container: Container) -> Iterator[tuple[str, _Use]]:
    for _, mount in entries(container.raw, "volumeMounts", ""):
        path = str(mount.get("mountPath", ""))
        yield str(mount.get("name")), _Use(container, path, mount.get("readOnly") is True)
    for _, variable in entries(container.raw, "env", ""):
        reference = child(variable, "valueFrom", "fileKeyRef")
        if reference:
            name = f"environment variable {variable.get('name')}"
            yield str(reference.get("volumeName")), _Use(container, name, True)


def _starts_empty(volume: Mapping[str, object]) -> bool:
    return isinstance(volume.get("emptyDir"), Mapping) or not set(volume) - {"name"} or "ephemeral" in volume


def _handoff(name: str, volume: Mapping[str, object], uses: list[_Use]) -> Handoff:
    writers = [use for use in uses if not use.read_only]
    written_by = tuple(dict.fromkeys(use.container.name for use in writers))
    first = writers[0].container if writers else None
    readers = [use.container for use in uses if use.read_only or use.container is not first]
    return Handoff(
        volume=name,
        medium="memory" if child(volume, "emptyDir").get("medium") == "Memory" else "disk",
        written_by=written_by,
        read_by=tuple(dict.fromkeys(container.name for container in readers)),
        read_before_written=tuple(dict.fromkeys(_too_early(uses, first))),
        paths={use.container.name: use.path for use in uses},
    )


def _too_early(uses: list[_Use], first: Container | None) -> Iterator[str]:
    """Readers before the first writer: `uses` are in the order of the starts, but app containers start together."""
    for use in takewhile(lambda use: use.container is not first, uses):
        if use.read_only and (first is None or use.container.role is not Role.APP):
            yield use.container.name
