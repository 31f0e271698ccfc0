"""The files of a tar (plain, gzip, bzip2 or xz) or zip archive, none of them outside the directory.

Kept are files, whether they are executable, and symbolic links that stay inside. Anything else in an archive, a path
that leads out of it, and a link that does, is refused, and then nothing is written.
"""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING, BinaryIO

from .files import BLOCK, Part
from .task import Failed

if TYPE_CHECKING:
    from pathlib import Path

    from .tree import Tree


def unpack(packed: Part, tree: Tree, strip: int, mode: int) -> None:
    """Unpack into the tree, without the first `strip` parts of each path."""
    packed.flush()
    archive = packed.part
    try:
        if zipfile.is_zipfile(archive) and not tarfile.is_tarfile(archive):  # a tar may end with a zip
            unzip(archive, tree, strip, mode)
        else:
            untar(archive, tree, strip, mode)
    except Failed:
        raise
    except Exception as error:  # each of the formats has its own
        if getattr(error, "errno", None):  # the disk, not the archive
            raise
        raise Failed(f"the archive can't be read ({type(error).__name__})") from None
    for name in tree.links:
        if not leads_inside(tree, name):
            raise Failed(f"link {name!r} in the archive leads out of the directory")
    if not tree.files:
        raise Failed("the archive holds no files, or all of them above what is stripped")


def untar(archive: Path, tree: Tree, strip: int, mode: int) -> None:
    with tarfile.open(archive) as found:
        for member in found:
            name = stripped(member.name, strip)
            if not name or member.isdir():
                continue
            if member.issym():
                link(tree, name, member.linkname)
                continue
            if not (member.isreg() or member.islnk()):
                raise Failed(f"{member.name!r} in the archive is neither file nor link")
            data = found.extractfile(member)
            if data is None:
                raise Failed(f"{member.name!r} in the archive links to nothing")
            with data:
                copy(data, tree, name, mode | executable(member.mode))  # type: ignore[arg-type] # it reads


def unzip(archive: Path, tree: Tree, strip: int, mode: int) -> None:
    with zipfile.ZipFile(archive) as found:
        for member in found.infolist():
            name, kind = stripped(member.filename, strip), member.external_attr >> 16
            if not name or member.is_dir():
                continue
            with found.open(member) as data:
                if stat.S_ISLNK(kind):
                    link(tree, name, data.read(4096).decode("utf-8", "replace"))
                else:
                    copy(data, tree, name, mode | executable(kind))  # type: ignore[arg-type] # it reads


def copy(data: BinaryIO, tree: Tree, name: str, mode: int) -> None:
    with Part(clear(tree, name), mode) as part:
        for block in iter(lambda: data.read(BLOCK), b""):
            part.write(block)
        tree.add(name, part)


def link(tree: Tree, name: str, target: str) -> None:
    """A symbolic link whose target stays below the directory, as far as it is written."""
    end = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if target.startswith("/") or end == ".." or end.startswith("../"):
        raise Failed(f"link {name!r} in the archive leads out of the directory")
    clear(tree, name)
    tree.link(name, target)


def leads_inside(tree: Tree, name: str) -> bool:
    """Whether it does so when other links are followed: `up -> root/../x` does not if `root` is one to the top."""
    root = os.path.realpath(tree.stage)
    return os.path.commonpath([root, os.path.realpath(tree.place(name))]) == root


def clear(tree: Tree, name: str) -> Path:
    """The place of a path that is new, and reached through no link: `a -> b` and then `a/../c` would lead elsewhere."""
    place = tree.place(name)
    if os.path.lexists(place):
        raise Failed(f"{name!r} is twice in the archive")
    if any(each.is_symlink() for each in place.parents if tree.stage in each.parents):
        raise Failed(f"{name!r} in the archive goes through a link")
    return place


def stripped(name: str, strip: int) -> str:
    """The path without its first parts, and without the `./` that tar likes."""
    if name.startswith("/"):
        raise Failed(f"{name!r} in the archive is an absolute path")
    parts = [each for each in name.split("/") if each not in ("", ".")]
    return "/".join(parts[strip:])


def executable(mode: int) -> int:
    return 0o111 if mode & 0o100 else 0
