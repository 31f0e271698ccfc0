"""The end of the steps that work on files or the network, asked to stop at instants that are hard to hit."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import pytest

from tests.presets.configuring_shells import path

__all__ = ["path"]

SCRIPTS = files("initconstructs.presets") / "scripts"


@pytest.fixture
def step(path, tmp_path):
    """Run shell text as a step of one minute; functions in it may stand for what step.sh calls."""

    def run(text: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script"
        script.write_text(
            f". {SCRIPTS}/configuring/step.sh\n. {SCRIPTS}/networking/change.sh\n{text}\nwithin 60 {tmp_path}\n"
        )
        words = [str(Path(path) / "sh"), "-eu", str(script)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            words, env={"PATH": path}, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
        try:
            out, err = process.communicate(timeout=20)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its commands, which end with its container
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run


def test_asked_to_stop_at_the_start_it_stops(step, tmp_path):
    """The watch asks as soon as it runs, while the work is being started; without a trap yet, TERM ends the shell."""
    text = 'sleep() { [ "$1" != 60 ] || kill "$$"; command sleep "$@"; }'
    text += '; work() { command sleep 30 >/dev/null 2>&1; : >"$1/done"; }'
    for _ in range(10):
        finished = step(text)
        assert (finished.returncode, finished.stdout) in {(143, "asked to stop\n"), (-signal.SIGTERM, "")}
        assert finished.stderr in {"", "Terminated\n"}
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize(("ends", "code"), [("TERM", 143), ("ALRM", 124)])
@pytest.mark.parametrize(("work", "whole"), [(":", True), ("exit 1", False)])
def test_asked_to_stop_when_the_work_has_ended_it_tells_how(step, ends, code, work, whole):
    text = 'wait() { ended=0; command wait "$@" || ended=$?; ask "$1"; return "$ended"; }'
    text += f'; ask() {{ if [ "$1" = "${{worker-}}" ]; then ask() {{ :; }}; kill -s {ends} "$$"; fi; }}'
    finished = step(f"{text}; work() {{ {work}; }}")
    assert (finished.returncode, finished.stderr) == (0 if whole else code, "")


def test_a_change_is_taken_back_after_the_tool_that_makes_it_has_ended(step, tmp_path):
    """The tool asks to stop as soon as it is there, perhaps before its number is noted."""
    (tmp_path / "tool").write_text('kill "$PPID"; sleep 0.1; : >"$1/applied"; : >"$1/ended"')
    text = 'undo() { rm -f "$directory/applied"; }; work() { directory=$1; undoable; run sh "$1/tool" "$1"; keep; }'
    for _ in range(10):
        finished = step(text)
        assert (finished.returncode, (tmp_path / "applied").exists()) == (143, False)


def test_a_change_that_is_kept_is_not_told_to_be_undone(step):
    text = "work() { undoable; run :; keep; kill \"$(exec sh -c 'echo $PPID')\"; say whole; }; undo() { say undone; }"
    finished = step(text)
    assert (finished.returncode, finished.stdout) == (0, "whole\n")
