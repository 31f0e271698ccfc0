"""Archives unpacked into a volume: whole or not at all, and never outside of it."""

from __future__ import annotations

import os
import tarfile

import pytest

from initconstructs.presets import preparing
from tests.presets.configuring_shells import path, tree
from tests.presets.conftest import Kubelet
from tests.presets.preparing_volumes import DATA, ODD, data, packed, write

__all__ = ["data", "path"]  # fixtures


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz"])
def test_unpacks_an_archive_once(kubelet, path, data, tmp_path, suffix):
    archive = packed(tmp_path / f"a{suffix}", {name: text.encode() for name, text in ODD.items()})
    stage = preparing.unpack(str(archive), to=DATA)
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path).code == 0
    assert tree(data) == ODD
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path).last == f"{data}: there are data already"


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_damaged_archive_leaves_nothing(kubelet, path, data, tmp_path, suffix):
    archive = packed(tmp_path / f"a{suffix}", {"a": b"x" * 10_000, "b": os.urandom(50_000)})
    archive.write_bytes(archive.read_bytes()[:30_000])
    finished = kubelet.run(preparing.unpack(str(archive), to=DATA), mounts={"/data": data}, PATH=path)
    assert (finished.code, list(data.iterdir())) == (1, [])
    assert finished.last == f"{archive}: can't be unpacked, see above; {data} is as it was"


def test_an_archive_is_whole_or_an_error(servers, path):
    """Its tool can't always make what lies in a directory that is read-only; that of busybox does not say so."""
    kubelet, data, home = (Kubelet(servers.directory("container")), servers.directory("data"), servers.directory("at"))
    with tarfile.open(home / "a.tar", "w") as archive:
        for name, mode in ((".", 0o555), ("./a", 0o555), ("./a/b", 0o755)):
            member = tarfile.TarInfo(name)
            member.type, member.mode = tarfile.DIRTYPE, mode
            archive.addfile(member)
    data.chmod(0o777)
    user = ["/usr/bin/setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"] if os.getuid() == 0 else []
    stage = preparing.unpack(str(home / "a.tar"), to=DATA)
    finished = kubelet.run(stage, mounts={"/data": data}, PATH=path, wrap=user)
    made = sorted(str(each.relative_to(data)) for each in data.rglob("*"))
    assert (finished.code, made) in [(0, ["a", "a/b"]), (1, [])]
    assert finished.last == f"{data}: seeded" or "see above; " in finished.last


def test_no_member_of_an_archive_is_unpacked_outside(kubelet, path, data, tmp_path):
    outside = write(tmp_path / "outside", {"file": "outside"})
    members = {
        "link": (tarfile.SYMTYPE, str(outside)),
        "link/file": b"inside",
        "../../../outside/file": b"inside",
        f"{outside}/file": b"inside",
    }
    kubelet.run(preparing.unpack(str(packed(tmp_path / "a.tar", members)), to=DATA), mounts={"/data": data}, PATH=path)
    assert tree(outside) == {"file": "outside"}
    assert not (tmp_path / "data/outside").exists() or tree(tmp_path / "data/outside") == {"file": "inside"}
