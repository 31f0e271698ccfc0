"""The shell scripts, as rendered, under dash and busybox with nothing on PATH but what they say they need."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import pytest

from initconstructs import SecretKey
from initconstructs.presets import migrating

SCRIPTS = Path(str(files("initconstructs.presets") / "scripts" / "migrating"))
NEEDED = ("timeout",)


@pytest.fixture(params=["dash", "busybox"])
def path(request, servers, tmp_path) -> str:
    """A directory with one shell, what bounded.sh needs, and a tool."""
    (shell,) = servers.need(request.param)
    place = tmp_path / "bin"
    place.mkdir()
    (place / "sh").symlink_to(shell)
    for tool in NEEDED:
        (place / tool).symlink_to(shell if request.param == "busybox" else shutil.which(tool) or "")
    (place / "tool").write_text('#!/bin/sh\necho "$#:$*"\nexec "$@"\n')
    (place / "tool").chmod(0o755)
    return str(place)


def bounded(words: list[str], **options) -> migrating.Migration:
    url = SecretKey("shop-db", "url")
    return migrating.command(["tool", *words], image="a/b:1", database_url=url, lock="tool", **options)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_exit_code_is_the_tools(script, code, kubelet, path):
    finished = kubelet.run(bounded(["/bin/sh", "-c", script]), PATH=path)
    assert (finished.code, finished.out) == (code, f"3:/bin/sh -c {script}\n")


def test_ends_the_tool_at_the_deadline(kubelet, path):
    finished = kubelet.run(bounded(["/bin/sleep", "30"], timeout=1), PATH=path)
    assert (finished.code, finished.last) == (124, "tool: gave up: the deadline came")
    assert finished.seconds < 10


def test_a_tool_that_ends_well_when_it_is_stopped_at_the_deadline_has_not_migrated(kubelet, path):
    finished = kubelet.run(
        bounded(["/bin/sh", "-c", 'trap "exit 0" TERM; while true; do /bin/sleep 0.1; done'], timeout=1), PATH=path
    )
    assert (finished.code, finished.last) == (124, "tool: gave up: the deadline came")


@pytest.mark.parametrize("code", [0, 3])
def test_stops_the_tool_when_the_pod_is_deleted(code, kubelet, path, tmp_path):
    script = f'trap "echo ended; exit {code}" TERM; : > {tmp_path}/begun; while true; do /bin/sleep 0.1; done'
    started = kubelet.start(bounded(["/bin/sh", "-c", script]), PATH=path)
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    started.process.send_signal(signal.SIGTERM)
    finished = started.finish()
    assert (finished.code, finished.last) == (code, "ended")


def test_a_signal_in_the_instant_in_which_the_tool_starts_is_not_lost(kubelet, path):
    """What the shell has started is at first a copy of it."""
    for _ in range(20):
        started = kubelet.start(bounded(["/bin/sleep", "5"]), PATH=path)
        children = Path(f"/proc/{started.process.pid}/task/{started.process.pid}/children")
        while not (hears(started.process.pid) and children.read_text()):
            assert started.process.poll() is None
        started.process.send_signal(signal.SIGTERM)
        assert started.finish().code == 143


def hears(process: int) -> bool:
    """Whether the process has a handler for SIGTERM."""
    status = Path(f"/proc/{process}/status").read_text().split()
    return bool(int(status[status.index("SigCgt:") + 1], 16) >> signal.SIGTERM - 1 & 1)


def test_a_tool_that_hears_no_signal_of_its_own_ends_with_143(kubelet, path, tmp_path):
    script = f": > {tmp_path}/begun; exec /bin/sleep 30"
    started = kubelet.start(bounded(["/bin/sh", "-c", script]), PATH=path)
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    started.process.send_signal(signal.SIGTERM)
    assert started.finish().code == 143


def test_a_tool_that_the_image_does_not_have_is_exit_code_127(kubelet, path):
    stage = migrating.command(["nonesuch"], image="a/b:1", database_url=SecretKey("a", "b"), lock="tool")
    finished = kubelet.run(stage, PATH=path)
    assert (finished.code, finished.last) == (127, "nonesuch: no such command in this image")


@pytest.mark.parametrize("words", [[], ["5"], ["x", "true"], ["", "true"], ["0", "true"], ["-1", "true"]])
def test_wrong_arguments_are_exit_code_2(words):
    finished = subprocess.run(["sh", SCRIPTS / "bounded.sh", *words], capture_output=True, text=True, check=False)
    assert (finished.returncode, "usage: bounded.sh" in finished.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("\nOK\n", "a warning\nOK", 0),
        ("\nOK\n", "NOT OK", 1),
        ("\n3\n", "13", 1),
        ("\n3\n", "3 (dirty)", 1),
        (" is up to date", "shop@jdbc is up to date\nLiquibase command 'status' was executed successfully.", 0),
        ("a*c?[x]", "abc", 1),
        ("a*c?[x]", "see a*c?[x] here", 0),
        ("$(id)`id`\\n", "$(id)`id`\\n", 0),
    ],
)
def test_shows_what_a_tool_says(text, said, code, path):
    words = [f"{path}/sh", "-eu", SCRIPTS / "shows.sh", text, "/usr/bin/printf", "%s\n", said]
    finished = subprocess.run(words, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (code, f"{said}\n")


def test_shows_the_exit_code_of_a_tool_that_fails(path):
    words = [f"{path}/sh", "-eu", SCRIPTS / "shows.sh", "x", "/bin/sh", "-c", "echo x; exit 4"]
    assert subprocess.run(words, env={"PATH": path}, capture_output=True, check=False).returncode == 4
    assert subprocess.run([*words[:3], "x"], env={"PATH": path}, capture_output=True, check=False).returncode == 2


def test_are_clean_under_shellcheck(servers):
    (shellcheck,) = servers.need("shellcheck")
    for script in SCRIPTS.glob("*.sh"):
        subprocess.run([shellcheck, "--severity=style", "--shell=sh", str(script)], check=True)
