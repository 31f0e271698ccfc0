"""`initconstructs doctor`: what is wrong, and the command that mends it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from importlib import metadata
from pathlib import Path

import initconstructs_node
import pytest

from initconstructs.cli import examination, main


def node(folder: Path, answer: str) -> Path:
    program = folder / "node"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    return program


def wrong(capsys: pytest.CaptureFixture[str]) -> str:
    """What doctor says of the first thing that is wrong, in a line."""
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "synth" not in shown
    return " ".join(shown[shown.index("WRONG") :].split())


def test_where_all_is_well_a_chart_synthesizes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "WRONG" not in shown
    assert "a chart synthesizes" in shown
    assert shown.endswith("nothing is wrong\n")
    for package in ("jsii", "cdk8s", "constructs"):
        assert metadata.version(package) in shown


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("echo v12.22.0", "too old: cdk8s needs 16.20 or newer"),
        ("echo v18.20.8", "end of life since 2025-04-30"),
        ("echo hello", "which is no version of Node"),
        ("exit 1", "doesn't run: CalledProcessError"),
    ],
    ids=["old", "end-of-life", "another", "broken"],
)
def test_the_node_that_the_user_named_is_judged(
    answer: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = node(tmp_path, answer)
    monkeypatch.setenv("JSII_NODE", str(chosen))
    said = wrong(capsys)
    assert f"{chosen} (JSII_NODE)" in said
    assert f"{state} mend it: unset JSII_NODE; pip install 'initconstructs[node]'" in said


def test_without_a_bundled_node_the_one_on_the_path_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JSII_NODE", raising=False)
    monkeypatch.setattr(initconstructs_node, "bundled_node", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Node there is none mend it: pip install 'initconstructs[node]'" in wrong(capsys)
    chosen = node(tmp_path, "echo v14.0.0")
    assert f"v14.0.0 {chosen} (PATH), too old" in wrong(capsys)


def test_a_node_that_is_newer_than_this_table_is_no_fault() -> None:
    assert examination._age("v99.0.0", date(2040, 1, 1)) == ""


def test_the_last_day_of_a_node_is_still_good() -> None:
    assert examination._age("v22.12.0", date(2027, 4, 30)) == ""
    assert examination._age("v22.12.0", date(2027, 5, 1)) == "end of life since 2027-04-30"


def test_a_package_that_is_missing_or_outside_its_range(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = metadata.version
    found = {"cdk8s": "3.0.1"}
    monkeypatch.setattr(metadata, "version", lambda name: found.get(name) or there(name))
    said = wrong(capsys)
    assert "cdk8s 3.0.1, but <3,>=2.70 is needed mend it: pip install 'cdk8s<3,>=2.70'" in said

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", lambda name: missing(name) if name == "constructs" else there(name))
    assert "constructs is not installed mend it: pip install 'constructs<11,>=10.4'" in wrong(capsys)


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [("2.70.115", ">=2.70,<3", True), ("2.9", ">=2.70,<3", False), ("3.0.0rc1", "<3", False), ("1", "", True)],
)
def test_versions_are_numbers(version: str, wanted: str, fits: bool) -> None:
    assert examination._satisfies(version, wanted) is fits


def test_a_cdk8s_that_takes_python_with_it_doesn_t_take_the_doctor(tmp_path: Path) -> None:
    (tmp_path / "cdk8s.py").write_text("import os; os._exit(3)")
    done = subprocess.run(
        [sys.executable, "-m", "initconstructs", "doctor"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "synth              fails: exit code 3" in done.stdout
    assert "mend it: pip install --force-reinstall 'initconstructs[node]'" in done.stdout


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where jsii keeps what it unpacks, apart from that of other tests."""
    monkeypatch.setenv("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(tmp_path / "jsii cache"))
    return tmp_path / "jsii cache"


def test_the_command_that_it_names_mends_a_broken_cache(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    (program,) = cache.glob("cdk8s/*/*/package.json")
    program.unlink()
    capsys.readouterr()
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "synth              fails because of jsii's cache: RuntimeError: Cannot find module 'cdk8s'\n" in shown
    remedy = shown.split("mend it: ")[1].splitlines()[0]
    assert remedy == f"rm -rf '{cache}'"
    subprocess.run(remedy, shell=True, check=True)
    assert main(["doctor"]) == 0


def test_where_jsii_can_keep_nothing_it_goes_without(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.write_text("a file, where a directory is needed")
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "fails because of jsii's cache" in shown
    assert "mend it: export JSII_RUNTIME_PACKAGE_CACHE=disabled\n" in shown
    monkeypatch.setenv("JSII_RUNTIME_PACKAGE_CACHE", "disabled")
    assert main(["doctor"]) == 0


def test_where_python_has_not_read_the_path_file_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "initconstructs_node")
    assert "initconstructs_node.pth isn't in a site-packages that Python reads" in wrong(capsys)


def test_a_yaml_without_libyaml_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    there = examination.util.find_spec
    monkeypatch.setattr(examination.util, "find_spec", lambda name: None if name == "yaml._yaml" else there(name))
    assert "mend it: pip install --force-reinstall --only-binary :all: PyYAML" in wrong(capsys)


def test_a_synth_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "_SYNTH", "import time; time.sleep(60)")
    monkeypatch.setattr(examination, "_PATIENCE", 0.1)
    assert examination._synth().state == "takes more than 0.1 s"
