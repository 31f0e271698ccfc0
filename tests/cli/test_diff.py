"""`initconstructs diff`: what it compares, what it prints, and its exit codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from initconstructs.cli import main
from initconstructs.reports.explain import DIFF_FORMATS

OLD = """\
apiVersion: batch/v1
kind: Job
metadata: {name: load}
spec:
  template:
    spec:
      restartPolicy: Never
      initContainers: [{name: fetch, image: "fetch:1"}]
      containers: [{name: app, image: "shop:1"}]
"""
NEW = OLD.replace("fetch:1", "fetch:2")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, text in (("old", OLD), ("new", NEW)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "job.yaml").write_text(text, encoding="utf-8")
    return [str(tmp_path / "old"), str(tmp_path / "new")]


@pytest.mark.parametrize("style", DIFF_FORMATS)
def test_every_format_names_the_change(style: str, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *files, "--format", style]) == 1
    shown = capsys.readouterr().out
    assert "image changed" in shown
    assert "fetch:2" in shown


def test_the_command_takes_the_formats_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["diff", "--help"])
    assert f"{{{','.join(DIFF_FORMATS)}}}" in capsys.readouterr().out


def test_the_same_start_up_is_exit_code_0(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", files[0], files[0]]) == 0
    assert capsys.readouterr().out == "The start-up is the same.\n"


def test_files_and_directories_can_be_mixed(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", files[0], f"{files[1]}/job.yaml", "--format", "json"]) == 1
    (workload,) = json.loads(capsys.readouterr().out)["workloads"]
    assert (workload["workload"], workload["rolls"]) == ("Job load", False)


def test_standard_input_can_be_one_of_the_two(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(OLD.encode())))
    assert main(["diff", "-", files[0]]) == 0
    assert main(["diff", "-", "-"]) == 2
    assert "both OLD and NEW" in capsys.readouterr().err


def test_nothing_is_compared_when_something_is_unusable(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old" / "broken.yaml").write_text("a: [", encoding="utf-8")
    assert main(["diff", files[0], str(tmp_path / "absent.yaml")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "[yaml-syntax]" in shown.err
    assert "absent.yaml" in shown.err


def test_an_unusable_target(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *files, "--kubernetes", "latest"]) == 2
    assert capsys.readouterr().err.startswith("initconstructs diff: ")


def test_the_real_command_line(files: list[str]) -> None:
    command = [sys.executable, "-m", "initconstructs", "diff", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Job load   ")
    assert "\x1b" not in done.stdout
