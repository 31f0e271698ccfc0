"""Objects of a store below a directory: all of them, each with the checksum that the store knows, or none.

A store lists what is wanted with a version for each; where the manifest of an earlier run names the same versions, and
each file still has the sha256 that it had then, nothing is fetched.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .crc import crc32c, crc64nvme
from .files import BLOCK, Part, alone, permit, verified
from .task import Failed, Task
from .tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    class Digest(Protocol):
        def update(self, data: bytes, /) -> None: ...
        def digest(self) -> bytes: ...

    class Store(Protocol):
        """Where objects are: lists those that are wanted, and fetches one, of which it tells the checksums."""

        def items(self) -> list[Item]: ...
        def fetch(self, item: Item, part: Part) -> Mapping[str, str]: ...


class Item(NamedTuple):
    """An object: its key, its place below the directory, its size in bytes, and what changes when it does."""

    key: str
    name: str
    size: int
    version: str
    checksums: Mapping[str, str] = {}


class Crc32:
    """The CRC-32 of the standard library, as an object."""

    def __init__(self) -> None:
        self.state = 0

    def update(self, data: bytes) -> None:
        self.state = zlib.crc32(data, self.state)

    def digest(self) -> bytes:
        return self.state.to_bytes(4, "big")


DIGESTS: Mapping[str, Callable[[], Digest]] = {
    "sha256": hashlib.sha256,
    "sha1": hashlib.sha1,
    "crc32": Crc32,
    "md5": hashlib.md5,
    "crc64nvme": crc64nvme,
    "crc32c": crc32c,
}
"""The checksums that stores give, in base64; the first that an object has is checked, the fastest ones first."""


def bring(task: Task, spec: dict[str, Any], store: Store) -> str:
    """Bring what the spec wants into its directory; the last line of the log."""
    root, only = Path(spec["directory"]), spec.get("sha256")
    with alone(task, root):
        place = root / spec["name"]
        if only and verified(place, only):
            permit(place, spec["mode"])
            return f"{spec['name']} is there already, with its sha256"
        items = store.items()
        versions = {each.name: [each.key, each.version, each.size] for each in items}
        tree = Tree(root, spec["id"], {"of": spec["of"], "mode": spec["mode"], "objects": versions})
        if not only and tree.whole():
            return f"all {len(items)} files are there already, unchanged"
        with tree:
            for item in items:
                one(task, spec, store, tree, item)
            tree.keep()
    return f"fetched {len(items)} files, {sum(each.size for each in items)} bytes"


def one(task: Task, spec: dict[str, Any], store: Store, tree: Tree, item: Item) -> None:
    """Fetch one object, and check it."""
    only = spec.get("sha256")
    with Part(tree.place(item.name), spec["mode"]) as part:
        claims = store.fetch(item, part)
        part.expect(only, item.size)
        how = "sha256 verified" if only else check(part, claims)
        tree.add(item.name, part)
    task.say(f"{item.name}: {item.size} bytes, {how}")


def check(part: Part, claims: Mapping[str, str]) -> str:
    """Compare what was written with the best checksum that is claimed; how it was done."""
    kind = next((each for each in DIGESTS if each in claims), None)
    if kind is None:
        return "of which the store knows no checksum but the length"
    found = part.digest if kind == "sha256" else read_back(part, kind)
    if base64.b64encode(found.digest()).decode() != claims[kind]:
        raise Failed(f"{part.path.name}: does not have the {kind} that the store says; nothing was written")
    return f"{kind} verified"


def read_back(part: Part, kind: str) -> Digest:
    part.flush()
    found = DIGESTS[kind]()
    with part.part.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            found.update(block)
    return found


def below(prefix: str, key: str) -> str:
    """Where an object of this key goes: the rest of it, or its last part where `prefix` is the key itself."""
    return key.rpartition("/")[2] if key == prefix else key[len(prefix) :]
