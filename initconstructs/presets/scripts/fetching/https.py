"""A file, or the files of an archive, whose SHA-256 is known beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .archive import unpack
from .files import Part, alone, inside, permit, verified
from .http import Client
from .task import Task, run
from .tree import Tree


def start() -> None:
    run(fetch)


def fetch(task: Task, spec: dict[str, Any]) -> str:
    root = Path(spec["directory"])
    with alone(task, root):
        return archive(task, spec, root) if spec.get("extract") else file(task, spec, root)


def file(task: Task, spec: dict[str, Any], root: Path) -> str:
    place = inside(root, spec["file"])
    if verified(place, spec["sha256"]):
        permit(place, spec["mode"])
        return f"{spec['file']} is there already, with its sha256"
    with Part(place, spec["mode"]) as part:
        bring(task, spec, part)
        part.keep()
    return f"fetched {spec['file']}: {part.size} bytes, sha256 verified"


def archive(task: Task, spec: dict[str, Any], root: Path) -> str:
    source = {"sha256": spec["sha256"], "strip": spec["strip"], "mode": spec["mode"]}
    tree = Tree(root, spec["id"], source)
    if tree.whole():
        return f"all {len(tree.recorded()['files'])} files are there already, unchanged"
    with tree:
        with Part(root / f"{spec['id']}.archive", 0o600) as part:
            bring(task, spec, part)
            unpack(part, tree, spec["strip"], spec["mode"])
        tree.keep()
    return f"fetched and unpacked {len(tree.files)} files, sha256 of the archive verified"


def bring(task: Task, spec: dict[str, Any], part: Part) -> None:
    headers = {name: task.secret(variable) for name, variable in spec["headers"].items()}
    if "token" in spec:
        headers["Authorization"] = f"Bearer {task.secret(spec['token'])}"
    Client(task, spec.get("ca_file")).fetch(spec["url"], part, headers)
    part.expect(spec["sha256"])
