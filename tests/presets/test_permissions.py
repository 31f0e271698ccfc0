"""Ownership of volumes, changed as root with the rendered capabilities and no others."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initconstructs import Claim, Container, DeploymentSpec, ModelError, PodSecurityContext, Settings, Volume, render
from initconstructs.presets import permissions
from tests.presets.configuring_shells import killed_at_many_instants, path

__all__ = ["path"]

DATA = Volume("data", Claim("data")).at("/data")
USER, GROUP = 5999, 6999


def give(*mounts, user=USER, group=GROUP, **options):
    return permissions.chown(*(mounts or [DATA]), user=user, group=group, profile="baseline", **options)


@pytest.fixture
def data(tmp_path) -> Iterator[Path]:
    """A tree of several owners, with odd names, a closed directory and links that lead out of it."""
    if os.getuid() != 0:
        reason = "gives files away, which only root can"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    made = tmp_path / "data"
    for name in ("a/b/c", "new\nline", "-rf", "with space", "closed/x", ".snapshot/x"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text("")
    (tmp_path / "outside").mkdir()
    (made / "link").symlink_to(tmp_path / "outside")
    os.chown(made / "closed", 7000, 7000)
    (made / "closed").chmod(0o700)
    yield made
    (made / "closed").chmod(0o777)


def limited(stage) -> tuple[str, ...]:
    """Words before a command that leave root the capabilities of the stage."""
    added = stage.security.capabilities.add
    bounds = ",".join(["-all", *(f"+{each.lower()}" for each in added)])
    return ("/usr/bin/setpriv", f"--bounding-set={bounds}")


def owners(place: Path) -> Mapping[str, tuple[int, int]]:
    every = [place, *place.rglob("*")]
    found = {str(each.relative_to(place)): each.lstat() for each in every}
    return {name: (status.st_uid, status.st_gid) for name, status in found.items()}


def test_gives_away_what_is_not_right_and_nothing_outside(kubelet, path, data, tmp_path):
    stage = give()
    first = kubelet.run(stage, mounts={"/data": data}, PATH=path, wrap=limited(stage))
    assert (first.code, first.err, first.last) == (0, "", f"{data}: given to {USER}:{GROUP}")
    found = owners(data)
    left_alone = {name for name, owner in found.items() if owner != (USER, GROUP)}
    assert left_alone == {".snapshot", ".snapshot/x"}
    assert owners(tmp_path / "outside") == {".": (0, 0)}


def test_the_second_run_looks_at_the_directory_alone(kubelet, path, data):
    stage = give()
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path).code == 0
    os.chown(data / "a/b/c", 1, 1)
    second = kubelet.run(stage, mounts={"/data": data}, PATH=path)
    assert (second.code, second.last, owners(data)["a/b/c"]) == (
        0,
        f"{data}: belongs to {USER}:{GROUP} already",
        (1, 1),
    )


def test_always_looks_at_every_file_and_touches_only_the_wrong_ones(kubelet, path, data):
    stage = give(policy="Always")
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path).code == 0
    touched = {each: each.lstat().st_ctime_ns for each in data.rglob("*")}
    os.chown(data / "a/b/c", 1, 1)
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path, wrap=limited(stage)).code == 0
    changed = {str(each.relative_to(data)) for each, before in touched.items() if each.lstat().st_ctime_ns != before}
    assert (changed, owners(data)["a/b/c"]) == ({"a/b/c"}, (USER, GROUP))


@pytest.mark.parametrize("policy", ["OnRootMismatch", "Always"])
def test_modes(kubelet, path, data, policy):
    (data / "a/b/c").chmod(0o700)
    stage = give(mode=0o640, policy=policy)
    for _ in range(2):
        finished = kubelet.run(stage, mounts={"/data": data}, PATH=path, wrap=limited(stage))
        assert (finished.code, finished.err) == (0, "")
    modes = {name: stat.S_IMODE((data / name).stat().st_mode) for name in (".", "closed", "a/b/c", "-rf")}
    assert modes == {".": 0o750, "closed": 0o750, "a/b/c": 0o750, "-rf": 0o640}


@pytest.mark.parametrize("lacking", ["CHOWN", "DAC_OVERRIDE", "FOWNER"])
def test_every_capability_is_needed(kubelet, path, data, lacking):
    stage = give(mode=0o640)
    words = [word.replace(f",+{lacking.lower()}", "") for word in limited(stage)]
    os.chown(data / "-rf", 7000, 7000)
    finished = kubelet.run(stage, mounts={"/data": data}, PATH=path, wrap=words)
    assert (finished.code, finished.last) == (1, f"{data}: not all could be given to {USER}:{GROUP}, see above")
    assert "ermission" in finished.err or "not permitted" in finished.err


def test_killed_at_any_instant_the_next_run_finishes_it(kubelet, path, tmp_path, data):
    many = data / "many"
    for number in range(2_000):
        (many / str(number % 20)).mkdir(parents=True, exist_ok=True)
        (many / str(number % 20) / str(number)).touch()
    stage = give()

    def start() -> subprocess.Popen[str]:
        subprocess.run(["chown", "-R", "0:0", str(data)], check=True)
        return kubelet.start(stage, mounts={"/data": data}, PATH=path).process

    for _ in killed_at_many_instants(start, 12):
        assert kubelet.run(stage, mounts={"/data": data}, PATH=path).code == 0
        assert set(owners(many).values()) == {(USER, GROUP)}
        assert owners(data)["."] == (USER, GROUP)


def test_asked_to_stop_it_does_not_go_on(kubelet, path, data, tmp_path):
    """But for the tool that runs just then, which ends with its container."""
    begun, go, tool = tmp_path / "begun", tmp_path / "go", Path(path) / "chown"
    tool.unlink()
    wait = f': >{begun}; while [ ! -e {go} ]; do sleep 0.05; done; exec {shutil.which("chown")} "$@"'
    tool.write_text(f"#!/bin/sh\n{wait}\n")
    tool.chmod(0o755)
    started = kubelet.start(give(), mounts={"/data": data}, PATH=path)
    while not begun.exists():
        time.sleep(0.01)
    started.process.terminate()
    assert started.process.wait(20) == 143
    go.touch()
    assert started.finish().last == "asked to stop"
    assert owners(data)["."] == (0, 0)


def test_several_volumes(kubelet, path, data, tmp_path):
    stage = give(DATA, Volume("logs", Claim("logs")).at("/logs"), group=USER)
    mounts = {"/data": data, "/logs": tmp_path / "outside"}
    assert kubelet.run(stage, mounts=mounts, PATH=path).code == 0
    assert (owners(data)["."], owners(tmp_path / "outside")["."]) == ((USER, USER), (USER, USER))


@pytest.mark.parametrize("options", ["rw", "ro"])
def test_another_mount_in_the_volume_is_left_alone(kubelet, path, data, options):
    script = '/usr/bin/mount -t tmpfs tmpfs "$1" && /usr/bin/touch "$1/file" && /usr/bin/mount -o "remount,$2" "$1"'
    script += '; at=$1; shift 2; "$@" || exit; exec /usr/bin/stat -c %u "$at" "$at/file"'
    words = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh", str(data / "a"), options]
    finished = kubelet.run(give(mode=0o640), mounts={"/data": data}, PATH=path, wrap=words)
    assert (finished.code, finished.err, finished.out.splitlines()[-2:]) == (0, "", ["0", "0"])
    assert owners(data)["closed/x"] == (USER, GROUP)


def test_what_vanishes_meanwhile_is_no_failure(kubelet, path, data):
    """The first chown finds a file gone that find named."""
    real, tool = Path(path) / "real-chown", Path(path) / "chown"
    tool.rename(real)
    tool.write_text(f'#!/bin/sh\nif [ -e with\\ space ]; then rm with\\ space; fi\nexec {shutil.which("chown")} "$@"\n')
    tool.chmod(0o755)
    finished = kubelet.run(give(), mounts={"/data": data}, PATH=path)
    assert (finished.code, finished.last) == (0, f"{data}: given to {USER}:{GROUP}")
    assert "with space" in finished.err
    assert owners(data)["a/b/c"] == (USER, GROUP)


def test_under_restricted_it_is_refused_by_naming_fs_group():
    with pytest.raises(ModelError, match="fs_group"):
        permissions.chown(DATA, user=999)


def test_the_workload_must_allow_it():
    spec = DeploymentSpec("app", containers=[Container("app", image="a:1")], stages=[give()])
    with pytest.raises(ModelError, match="baseline"):
        render(spec)
    pod = render(spec, settings=Settings(profile="baseline"))[0]["spec"]["template"]["spec"]
    assert pod["initContainers"][0]["securityContext"]["capabilities"] == {
        "add": ["CHOWN", "DAC_OVERRIDE"],
        "drop": ["ALL"],
    }


def test_fs_group_is_the_pods():
    wanted = PodSecurityContext(fs_group=1000, fs_group_change_policy="OnRootMismatch")
    assert permissions.fs_group(1000) == wanted
    assert permissions.fs_group(1000, always=True).fs_group_change_policy == "Always"


@settings(deadline=None)
@given(st.integers() | st.text(max_size=5) | st.none() | st.booleans())
def test_only_numbers_of_users_are_taken(number):
    try:
        stage = permissions.chown(DATA, user=number, profile="baseline")
    except ModelError:
        return
    assert stage.args[2:4] == (str(number), str(number))
    assert 0 <= number < 2**31


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: permissions.chown(user=1, profile="baseline"),
        lambda: permissions.chown("/data", user=1, profile="baseline"),
        lambda: permissions.chown(Volume("x").at("/x", read_only=True), user=1, profile="baseline"),
        lambda: give(Volume("x").at("/x\0")),
        lambda: give(group=-1),
        lambda: give(mode=0o1777),
        lambda: give(policy="Sometimes"),
        lambda: give(timeout=0),
        lambda: permissions.fs_group(-1),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()
