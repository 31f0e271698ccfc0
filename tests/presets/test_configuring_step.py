"""The deadline and the end of the steps that work on files, asked to stop at the instants that are hard to hit."""

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

STEP = files("initconstructs.presets") / "scripts" / "configuring" / "step.sh"


@pytest.fixture
def step(path, tmp_path):
    """Run shell text as a step of one minute; functions in it may stand for what step.sh calls."""

    def run(text: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script"
        script.write_text(f". {STEP}\n{text}\nwithin 60 {tmp_path}\n")
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
    """The watch asks as soon as it runs, while the work is being started; before there is a trap, TERM ends the shell."""
    text = 'sleep() { [ "$1" != 60 ] || kill "$$"; command sleep "$@"; }'
    text += '; work() { command sleep 30 >/dev/null 2>&1; : >"$1/done"; }'
    for _ in range(15):
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
