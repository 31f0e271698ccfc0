"""`[tool.initconstructs]` of pyproject.toml: where it is found, what it may say, and what wins over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from initconstructs.cli import main
from initconstructs.cli.config import read_settings
from initconstructs.cli.options import Unusable

REFUSED = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 99999}]}\n"
ALL = """\
[tool.initconstructs]
kubernetes = "1.33"
profile = "baseline"
fail-on = "never"
select = ["api-server", "unbounded-wait"]
ignore = ["service-port"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory two levels below the one whose pyproject.toml counts."""
    below = tmp_path / "deploy" / "shop"
    below.mkdir(parents=True)
    (below / "app.yaml").write_text(REFUSED)
    monkeypatch.chdir(below)
    return tmp_path


def write(directory: Path, text: str) -> None:
    (directory / "pyproject.toml").write_text(text, encoding="utf-8")


def test_every_key_is_read_from_above(project: Path) -> None:
    write(project, ALL)
    assert read_settings() == {
        "kubernetes": "1.33",
        "profile": "baseline",
        "fail_on": "never",
        "select": ["api-server", "unbounded-wait"],
        "ignore": ["service-port"],
    }


def test_the_nearest_table_counts_and_a_file_without_one_does_not(project: Path) -> None:
    write(project, ALL)
    write(project / "deploy", '[project]\nname = "initconstructs-of-mine"\n')
    assert read_settings()["kubernetes"] == "1.33"
    write(project / "deploy", '[tool.initconstructs]\nkubernetes = "1.35"\n')
    assert read_settings() == {"kubernetes": "1.35"}


def test_settings_are_defaults_and_arguments_win(project: Path) -> None:
    assert main(["check", "."]) == 1
    write(project, '[tool.initconstructs]\nfail-on = "never"\n')
    assert main(["check", "."]) == 0
    assert main(["check", ".", "--fail-on", "error"]) == 1
    write(project, '[tool.initconstructs]\nignore = ["service-port"]\n')
    assert main(["check", "."]) == 0
    assert main(["check", ".", "--ignore", "startup"]) == 1


@pytest.mark.parametrize("command", [["check", "."], ["explain", "."], ["diff", ".", "."], ["synth", "--app", "true"]])
def test_every_command_with_a_target_takes_it_from_there(
    command: list[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, '[tool.initconstructs]\nkubernetes = "1.3"\n')
    assert main(command) == 2
    assert "pyproject.toml: [tool.initconstructs] kubernetes: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('kubernets = "1.33"', "no key 'kubernets'; did you mean 'kubernetes'?"),
        ("colour = true", "no key 'colour'; keys are kubernetes, profile, fail-on, select, ignore"),
        ("kubernetes = 1.33", "kubernetes: 1.33 is no text"),
        ('profile = "strict"', "profile: 'strict' is none of privileged, baseline, restricted"),
        ('fail-on = "info"', "fail-on: 'info' is none of error, warning, never"),
        ('select = "startup"', "select: 'startup' is no list of names"),
        ('ignore = ["unbounded-wiat"]', "did you mean 'unbounded-wait'?"),
        ("select = [", "pyproject.toml: "),
    ],
)
def test_what_it_may_not_say_names_the_file_and_the_key(line: str, message: str, project: Path) -> None:
    write(project, f"[tool.initconstructs]\n{line}\n")
    with pytest.raises(Unusable) as caught:
        read_settings()
    assert str(project / "pyproject.toml") in str(caught.value)
    assert message in str(caught.value)


def test_a_table_that_is_none_is_an_error(project: Path) -> None:
    write(project, "[tool]\ninitconstructs = 3\n")
    with pytest.raises(Unusable, match="is no table"):
        read_settings()


def test_a_file_that_can_not_be_read_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_bytes(b"[tool.initconstructs]\n# \xff\n")
    assert main(["check", "."]) == 2
    assert "pyproject.toml: 'utf-8' codec can't decode" in capsys.readouterr().err
    (project / "pyproject.toml").unlink()
    (project / "pyproject.toml").mkdir()
    assert main(["check", "."]) == 2
    assert "pyproject.toml: Is a directory" in capsys.readouterr().err
