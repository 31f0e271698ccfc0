"""The retry script, as rendered, under dash and busybox with nothing on PATH but what it says it needs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initconstructs import ModelError, SecretKey
from initconstructs.presets import waiting
from tests.presets.waiting_words import until_it_says

SCRIPT = files("initconstructs.presets") / "scripts" / "waiting" / "retry.sh"
TOOLS = ("sleep", "timeout")
CHECK = '#!/bin/sh\ntest -e "$1" && exit 0\necho "no $1"\nexit 3\n'


@pytest.fixture(params=["dash", "busybox"])
def path(request, servers, tmp_path) -> str:
    """A directory with one shell, the script's tools, and a command that succeeds once a file is there."""
    (shell,) = servers.need(request.param)
    place = tmp_path / "bin"
    place.mkdir()
    (place / "sh").symlink_to(shell)
    for tool in TOOLS:
        (place / tool).symlink_to(shell if request.param == "busybox" else shutil.which(tool) or "")
    (place / "check").write_text(CHECK)
    (place / "check").chmod(0o755)
    return str(place)


def check(path: Path, **options) -> object:
    return waiting.command(["check", str(path)], image="example.org/tools:1", **options)


def test_passes_once_the_command_succeeds(kubelet, path, tmp_path):
    started = kubelet.start(check(tmp_path / "ready", timeout=20), PATH=path)
    first = until_it_says(started, "exit code 3")
    (tmp_path / "ready").touch()
    finished = started.finish()
    assert (finished.code, finished.err) == (0, "")
    lines = [line.split("s  ")[1] for line in (first + finished.out).splitlines()]
    assert lines == [f"check: exit code 3: no {tmp_path}/ready", "check: succeeded"]


def test_gives_up_at_the_deadline_and_says_what_it_saw(kubelet, path, tmp_path):
    finished = kubelet.run(check(tmp_path / "never", timeout=4), PATH=path)
    assert (finished.code, finished.last.split("s  ")[1]) == (
        1,
        f"check: gave up after 4 s; exit code 3: no {tmp_path}/never",
    )
    assert finished.seconds >= 4


def test_the_deadline_ends_a_try_too(kubelet, path):
    wait = waiting.command(["sleep", "60"], image="example.org/tools:1", timeout=2)
    finished = kubelet.run(wait, PATH=path)
    assert (finished.code, finished.last) == (1, "2s  sleep: gave up after 2 s; its first try has not ended")
    assert finished.seconds >= 2


def test_asks_ever_more_slowly(kubelet, path, tmp_path):
    (Path(path) / "count").write_text('#!/bin/sh\necho >>"$1"\nexit 1\n')
    (Path(path) / "count").chmod(0o755)
    tries = tmp_path / "tries"
    kubelet.run(waiting.command(["count", str(tries)], image="example.org/tools:1", timeout=3), PATH=path)
    assert 2 <= len(tries.read_text()) <= 14


def test_ends_a_try_that_hangs(kubelet, path):
    started = kubelet.start(waiting.command(["sleep", "60"], image="example.org/tools:1", try_timeout=1), PATH=path)
    until_it_says(started, "sleep: exit code 1")  # 124, or 143 under busybox
    started.process.terminate()
    assert started.finish().code == 143


def test_a_command_that_the_image_does_not_have_ends_it_at_once(kubelet, path):
    finished = kubelet.run(waiting.command(["nonesuch"], image="example.org/tools:1"), PATH=path)
    assert (finished.code, finished.last.split("s  ")[1]) == (127, "nonesuch: no such command in this image")


def test_stops_when_the_pod_is_deleted(kubelet, path, tmp_path):
    started = kubelet.start(check(tmp_path / "never"), PATH=path)
    until_it_says(started, "exit code 3")
    started.process.send_signal(signal.SIGTERM)
    assert started.finish().code == 143


def test_what_the_command_says_is_shown_as_it_is(kubelet, path):
    (Path(path) / "odd").write_text("#!/bin/sh\nprintf '%s\\n' 'a\\tb \\c $(id)' '-n'; exit 4\n")
    (Path(path) / "odd").chmod(0o755)
    finished = kubelet.run(waiting.command(["odd"], image="example.org/tools:1", timeout=4), PATH=path)
    assert (finished.code, finished.last.split("; ")[-1]) == (1, "exit code 4: a\\tb \\c $(id) -n"), finished.out


@pytest.mark.parametrize(
    "words", [[], ["5"], ["5", "5", "/tmp"], ["x", "5"], ["5", ""], ["0", "5"], ["5", "5", "/none"]]
)
def test_wrong_arguments_are_exit_code_2(words, tmp_path):
    words = [*words, str(tmp_path), "true"] if len(words) == 2 else [*words, "true"] if "/none" in words else words
    finished = subprocess.run(["sh", "-eu", str(SCRIPT), *words], capture_output=True, text=True, check=False)
    assert (finished.returncode, "usage: retry.sh" in finished.stderr) == (2, True)


def test_is_clean_under_shellcheck(servers):
    (shellcheck,) = servers.need("shellcheck")
    subprocess.run([shellcheck, "--severity=style", "--shell=sh", str(SCRIPT)], check=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    st.lists(st.text(max_size=60) | st.sampled_from(["$(HOME)", "$$", "`id`", "a\nb", "'\"", "-n", "$0"]), min_size=1)
)
def test_any_text_reaches_the_command_unchanged_or_is_refused(kubelet, words):
    python = shutil.which("python3") or ""
    show = "import sys; sys.stdout.buffer.write(b'\\0'.join(map(__import__('os').fsencode, sys.argv[1:])))"
    try:
        wait = waiting.command([python, "-Sc", f"{show}; exit(1)", *words], image="a/b:1", name="echo", timeout=1)
    except ModelError:
        assert any("\0" in word or not word.isprintable() for word in words)
        return
    container, _ = kubelet.place(wait, {})
    arguments = [unescaped(word) for word in container["args"][3:]]
    said = subprocess.run(arguments, capture_output=True, check=False).stdout
    assert said == b"\0".join(map(os.fsencode, words))


def unescaped(word: str) -> str:
    """`$$` is `$`; every other `$` of a rendered word would be an expansion."""
    assert "$" not in word.replace("$$", "")
    return word.replace("$$", "$")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: waiting.command("pg_isready", image="a:1"),  # type: ignore[arg-type]
        lambda: waiting.command([], image="a:1"),
        lambda: waiting.command(["a\0b"], image="a:1"),
        lambda: waiting.command(["a"], image=""),
        lambda: waiting.command(["a"], image="a:1", try_timeout=0),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()


def test_secrets_come_by_the_environment():
    wait = waiting.command(["check"], image="a/b:1", env={"PGPASSWORD": SecretKey("db", "password")})
    assert wait.env["PGPASSWORD"] == SecretKey("db", "password")
