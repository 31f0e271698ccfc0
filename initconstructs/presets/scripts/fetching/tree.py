"""Sets of files, whole or not at all: what was fetched waits in a hidden directory, and a manifest is written last.

A directory without its manifest is never taken for whole, nor one in which a file differs from it.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .files import Part, inside, sync, verified, write
from .task import MAKING, UNFINISHED

if TYPE_CHECKING:
    from pathlib import Path


class Tree:
    """The files called `name` below `root`, fetched from `source`, which is all that decides what they hold.

    With `resumes`, files that are finished outlast a run that fails, for the next to take up.
    """

    def __init__(self, root: Path, name: str, source: dict[str, Any], *, resumes: bool = False) -> None:
        self.root, self.source, self.resumes = root, source, resumes
        self.manifest = root / f".{name}.fetched.json"
        self.stage = root / f".{name}.part"
        self.files: dict[str, dict[str, Any]] = {}
        self.links: dict[str, str] = {}

    def __enter__(self) -> Tree:
        if not self.resumes:
            self.discard()
            UNFINISHED.add(self.stage)
        with MAKING:
            self.stage.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        if not self.resumes:
            self.discard()

    def discard(self) -> None:
        with MAKING:
            shutil.rmtree(self.stage, ignore_errors=True)
            UNFINISHED.discard(self.stage)

    def recorded(self) -> dict[str, Any]:
        """What the manifest says; nothing where there is none."""
        try:
            found = json.loads(self.manifest.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def whole(self) -> bool:
        """Whether all is there already, from this source and unchanged; then what a killed run left beside it goes."""
        found = self.recorded()
        whole = (
            found.get("source") == self.source
            and all(verified(inside(self.root, name), **each) for name, each in found["files"].items())
            and all(points(inside(self.root, name), target) for name, target in found["links"].items())
        )
        if whole:
            self.discard()
        return whole

    def has(self, name: str, sha256: str, size: int) -> bool:
        """Whether an earlier run has finished this file."""
        if verified(inside(self.stage, name), sha256, size):
            self.files[name] = {"sha256": sha256, "size": size}
        return name in self.files

    def add(self, name: str, part: Part) -> None:
        """Keep a finished part that was made at `place(name)`."""
        part.keep()
        self.files[name] = {"sha256": part.sha256, "size": part.size}

    def place(self, name: str) -> Path:
        """Where a file is made."""
        return inside(self.stage, name)

    def link(self, name: str, target: str) -> None:
        """A symbolic link, whose target the caller has checked."""
        place = self.place(name)
        with MAKING:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
        self.links[name] = target

    def keep(self) -> None:
        """Put all in place; what the manifest before named, and this one doesn't, goes."""
        old = self.recorded()
        self.record(None, {**old.get("files", {}), **self.files}, {**old.get("links", {}), **self.links})
        for name in {*old.get("files", ()), *old.get("links", ())} - self.files.keys() - self.links.keys():
            self.remove(name)
        for name in [*self.files, *self.links]:
            place = inside(self.root, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            with MAKING:
                self.place(name).replace(place)
        for parent in {inside(self.root, name).parent for name in [*self.files, *self.links]}:
            sync(parent)
        self.record(self.source, self.files, self.links)
        self.discard()

    def record(self, source: dict[str, Any] | None, files: dict[str, Any], links: dict[str, str]) -> None:
        """Write the manifest; with no source it is of no use but to clean up after a run that was killed."""
        found = {"source": source, "files": files, "links": links}
        write(self.manifest, json.dumps(found, indent=1, sort_keys=True).encode(), 0o644)

    def remove(self, name: str) -> None:
        """Remove a file, and the directories that are empty without it."""
        place = inside(self.root, name)
        place.unlink(missing_ok=True)
        with suppress(OSError):  # up to the first directory that holds something else
            for parent in list(place.relative_to(self.root).parents)[:-1]:
                (self.root / parent).rmdir()


def points(link: Path, target: str) -> bool:
    try:
        return os.readlink(link) == target  # noqa: PTH115 -- Path.readlink is new in Python 3.9
    except OSError:
        return False
