"""`initconstructs synth` stopped or killed in the middle: what stood there stays, and nothing is left beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from initconstructs.cli import main
from tests.cli.synth_projects import COPY, GOOD, OLD, files_of, made, project, stands

__all__ = ["made", "project", "stands"]  # fixtures

Shell = subprocess.Popen[bytes]


def started(*arguments: str) -> Shell:
    """A synth whose app has written its files and then takes long; its children's ids are in the file `pids`."""
    app = f"{COPY}; echo $$ > pids; sleep 60 & echo $! >> pids; wait"
    command = [sys.executable, "-m", "initconstructs", "synth", "--app", app, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (Path("pids").exists() and len(Path("pids").read_text().splitlines()) == 2):
        assert process.poll() is None
        time.sleep(0.05)
    return process


def is_running(pid: str) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def left_beside(project: Path) -> list[str]:
    return [each.name for each in project.iterdir() if each.name.startswith(".")]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_stop_in_the_middle_ends_the_app_and_leaves_what_stood_there(
    number: signal.Signals, code: int, project: Path
) -> None:
    process = started()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert errors == b""
    # Python ends itself by SIGINT when that came while a dataclass was being made; a shell reads 130 from both.
    assert process.returncode in (code, -signal.SIGINT)
    assert not any(map(is_running, Path("pids").read_text().split()))
    assert files_of(project / "dist") == {"dist.k8s.yaml": OLD}
    assert left_beside(project) == []


def test_a_stop_is_one_whatever_it_was_wrapped_in(monkeypatch: pytest.MonkeyPatch, stands: Callable[[], bool]) -> None:
    def run(*_: object) -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        except SystemExit as error:
            raise RuntimeError("so says Python 3.11 while a class is made") from error
        return 0

    monkeypatch.setattr("initconstructs.cli.synthesis._run", run)
    with pytest.raises(SystemExit) as caught:
        main(["synth"])
    assert caught.value.code == 143
    assert stands()


def test_what_a_killed_run_left_is_removed_by_the_next(project: Path) -> None:
    process = started()
    process.kill()
    process.wait()
    for pid in Path("pids").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    process.communicate()
    assert files_of(project / "dist") == {"dist.k8s.yaml": OLD}
    assert len(left_beside(project)) == 1
    assert main(["synth"]) == 0
    assert left_beside(project) == []


def test_a_run_beside_it_is_left_alone(project: Path) -> None:
    process = started()
    (project / "pids").rename(project / "first")
    assert main(["synth"]) == 0
    assert len(left_beside(project)) == 1
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert left_beside(project) == []
    assert files_of(project / "dist") == {"made.k8s.yaml": GOOD}


def test_what_a_run_killed_between_two_renames_took_away_is_put_back(project: Path) -> None:
    taken = project / ".dist.synth-killed"
    taken.mkdir()
    (project / "dist").rename(taken / "old")
    assert main(["synth", "--app", "false"]) == 2
    assert files_of(project / "dist") == {"dist.k8s.yaml": OLD}
    assert left_beside(project) == []
