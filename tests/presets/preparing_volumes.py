"""A volume to prepare, and what an image has for it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from initconstructs import Claim, Volume

DATA = Volume("data", Claim("data")).at("/data")
ODD = {"with space": "a", "new\nline": "b", "-rf": "c", ".hidden": "d", "deep/er/x": "g"}


@pytest.fixture
def data(tmp_path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def image(tmp_path) -> Path:
    return write(tmp_path / "image", ODD)


def write(place: Path, wanted: dict[str, str]) -> Path:
    for name, text in wanted.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def packed(place: Path, members: dict[str, bytes | tuple[bytes, str]]) -> Path:
    """An archive; a member is a file, or a type of link and where it leads to."""
    with tarfile.open(place, "w:gz" if place.suffix in (".gz", ".tgz") else "w") as archive:
        for name, held in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(held, tuple):
                member.type, member.linkname = held
                archive.addfile(member)
            else:
                member.size = len(held)
                archive.addfile(member, io.BytesIO(held))
    return place
