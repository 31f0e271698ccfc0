"""The files of a model or data set of the Hugging Face Hub at one revision, each checked against what the Hub says.

https://huggingface.co/docs/hub/api and https://huggingface.co/docs/huggingface_hub/guides/download
"""

from __future__ import annotations

import hashlib
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .files import BLOCK, Part, alone
from .http import Client
from .task import Failed, Task, run
from .tree import Tree


def start() -> None:
    run(fetch)


def fetch(task: Task, spec: dict[str, Any]) -> str:
    with alone(task, Path(spec["directory"])):
        return Snapshot(task, spec).bring()


class Snapshot:
    """What is wanted of one repository."""

    def __init__(self, task: Task, spec: dict[str, Any]) -> None:
        self.task, self.spec = task, spec
        self.client = Client(task, spec.get("ca_file"))
        self.headers = {"Authorization": f"Bearer {task.secret(spec['token'])}"} if "token" in spec else {}

    def tree(self, commit: str) -> Tree:
        source = {"repository": self.spec["repository"], "commit": commit, "files": self.spec["files"]}
        return Tree(Path(self.spec["directory"]), self.spec["id"], source, resumes=True)

    def bring(self) -> str:
        """A commit that is there already needs no network; a branch or a tag is asked for each time."""
        revision = self.spec["revision"]
        if re.fullmatch("[0-9a-f]{40}", revision) and self.tree(revision).whole():
            return f"all files of {revision} are there already, unchanged"
        commit, wanted = self.listed()
        tree = self.tree(commit)
        if tree.whole():
            return f"all {len(wanted)} files of {commit} are there already, unchanged"
        with tree:
            for each in wanted:
                self.one(tree, commit, each)
            tree.keep()
        return f"fetched {len(wanted)} files of {commit}, each verified"

    def listed(self) -> tuple[str, list[dict[str, Any]]]:
        """The commit that the revision is now, and its files that are wanted."""
        spec = self.spec
        place = (
            f"{spec['endpoint']}/api/{spec['kind']}s/{spec['repository']}/revision/{quote(spec['revision'], safe='')}"
        )
        found = self.client.ask(f"{place}?blobs=true", headers=self.headers).json()
        patterns = spec["files"]
        wanted = [
            each
            for each in found["siblings"]
            if not patterns or any(fnmatchcase(each["rfilename"], pattern) for pattern in patterns)
        ]
        if not wanted:
            raise Failed(f"{spec['repository']} has no file like {', '.join(patterns) or 'any'} at {spec['revision']}")
        return found["sha"], wanted

    def one(self, tree: Tree, commit: str, about: dict[str, Any]) -> None:
        """Fetch one file, unless a run that was killed has."""
        name, large = about["rfilename"], about.get("lfs")
        if large and tree.has(name, large["sha256"], large["size"]):
            self.task.say(f"{name}: an earlier run has fetched it, sha256 verified")
            return
        kind = "" if self.spec["kind"] == "model" else f"{self.spec['kind']}s/"
        url = f"{self.spec['endpoint']}/{kind}{self.spec['repository']}/resolve/{commit}/{quote(name)}"
        with Part(tree.place(name), self.spec["mode"]) as part:
            self.client.fetch(url, part, self.headers)
            part.expect(large and large["sha256"], about.get("size"))
            if not large and blob(part) != about["blobId"]:
                raise Failed(f"{name}: is not the blob {about['blobId']} that the Hub says; nothing was written")
            tree.add(name, part)
        self.task.say(f"{name}: {part.size} bytes, {'sha256' if large else 'blob'} verified")


def blob(part: Part) -> str:
    """What git calls this content: small files have no other checksum."""
    part.flush()
    digest = hashlib.sha1(f"blob {part.size}\0".encode())  # noqa: S324 -- git's
    with part.part.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()
