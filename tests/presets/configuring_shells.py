"""The file steps as rendered, under dash and busybox with nothing on PATH but what they say they need."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

TOOLS = ("awk", "cat", "chmod", "chown", "cp", "find", "grep", "gzip", "id", "mkdir", "mv", "rm", "rmdir", "sleep")
TOOLS += ("stat", "sync", "tar", "tr", "wc")


@pytest.fixture(params=["dash", "busybox"])
def path(request, servers) -> str:
    """A directory with one shell and the tools: Debian's, or busybox alone."""
    (shell,) = servers.need(request.param)
    place = servers.directory("bin")
    (place / "sh").symlink_to(shell)
    for tool in TOOLS:
        (place / tool).symlink_to(shell if request.param == "busybox" else shutil.which(tool) or "")
    return str(place)


def kubelet_volume(place: Path, files: Mapping[str, str]) -> Path:
    """A directory as the kubelet makes it from a ConfigMap: links through `..data` into a directory with a date."""
    data = place / "..2026_11_22_20_30_40.123456789"
    data.mkdir(parents=True)
    (place / "..data").symlink_to(data.name)
    for name, text in files.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text)
        top = name.partition("/")[0]
        if not (place / top).is_symlink():
            (place / top).symlink_to(f"..data/{top}")
    return place


def tree(place: Path) -> dict[str, str]:
    """Every file and link below, by its path: what it holds, or where it leads to."""
    found = {}
    for each in sorted(place.rglob("*")):
        if each.is_symlink():
            found[str(each.relative_to(place))] = f"-> {each.readlink()}"
        elif each.is_file():
            found[str(each.relative_to(place))] = each.read_text()
    return found


def killed_at_many_instants(start: Callable[[], subprocess.Popen[str]], times: int) -> Iterator[int]:
    """Start it again and again, each time killed with all its children after a while of at most one full run."""
    began = time.monotonic()
    start().communicate(timeout=30)
    full = time.monotonic() - began
    chance = random.Random(1)
    for number in range(times):
        process = start()
        time.sleep(full * chance.random())
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        yield number


@pytest.fixture
def on_small_disk(tmp_path) -> Callable[[Path, str], tuple[str, ...]]:
    """Words before a command so that a directory is a file system of its own, and is listed at the end."""
    script = '/usr/bin/mount -t tmpfs -o "$1" tmpfs "$2" || exit 99; at=$2; shift 2; "$@"; code=$?'
    script += '; echo; echo left:; cd "$at" && /usr/bin/find . ! -name .; exit "$code"'

    def words(place: Path, options: str) -> tuple[str, ...]:
        made = ("/usr/bin/unshare", "-rm", "/bin/sh", "-c", script, "sh", options, str(place))
        tried = subprocess.run([*made, "/bin/true"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            reason = f"no mount in a user namespace: {tried.stderr.strip()}"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
        return made

    return words
