"""`initconstructs new`: a project that works at once, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from initconstructs.cli import main, new

SCRIPTS = Path(sys.executable).parent


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def succeed(*command: str | Path, cwd: Path) -> str:
    env = os.environ | {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_project_passes_its_own_hooks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pre-commit runs what a colleague would: the synth with all checks, and the tests with their snapshots."""
    assert main(["new", "shop"]) == 0
    assert "cd shop" in capsys.readouterr().out
    succeed("git", "init", "--quiet", cwd=tmp_path / "shop")
    succeed("git", "add", ".", cwd=tmp_path / "shop")
    shown = succeed("pre-commit", "run", "--all-files", "--verbose", cwd=tmp_path / "shop")
    assert "0 errors, 0 warnings, 0 info in 1 object" in shown
    assert "2 passed" in shown
    assert succeed("git", "status", "--porcelain", cwd=tmp_path / "shop").count("\n") == len(
        succeed("git", "ls-files", cwd=tmp_path / "shop").splitlines()
    ), "the tests have changed or written something"


def test_it_synthesizes_under_its_own_name(tmp_path: Path) -> None:
    main(["new", "elsewhere", "--name", "shop"])
    succeed(sys.executable, "main.py", cwd=tmp_path / "elsewhere")
    written = (tmp_path / "elsewhere" / "dist" / "shop.k8s.yaml").read_text(encoding="utf-8")
    assert "name: shop-api\n  namespace: shop\n" in written


def test_the_template_is_called_my_app_and_nothing_of_that_is_left(tmp_path: Path) -> None:
    main(["new", "shop"])
    files = [each for each in (tmp_path / "shop").rglob("*") if each.is_file()]
    assert not [each for each in files if "my-app" in each.name + each.read_text(encoding="utf-8")]
    template = [each for each in new._PROJECT.rglob("*") if each.is_file() and "__pycache__" not in each.parts]
    assert len(files) == len(template)
    version = metadata.version("initconstructs")
    assert (tmp_path / "shop" / "requirements.txt").read_text() == f"initconstructs[node,test]=={version}\n"


def test_an_empty_directory_is_taken(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    assert main(["new", "shop"]) == 0
    assert (tmp_path / "shop" / "main.py").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["full"], "full is there already and not an empty directory"),
        (["file"], "file is there already and not an empty directory"),
        (["a/b"], "a/b: No such file or directory"),
        (["."], "cd .. and name it"),
        (["Shop"], "'Shop' can't name an app"),
        (["shop", "--name", "x'); import os #"], "can't name an app"),
        (["shop", "--name", "a" * 41], "can't name an app"),
    ],
    ids=["full", "file", "no-parent", "itself", "capital", "code", "long"],
)
def test_what_can_not_be_written_is_said_and_left_alone(
    arguments: list[str],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").write_text("kept")
    (tmp_path / "file").write_text("kept")
    (tmp_path / "empty").mkdir()
    if arguments == ["."]:
        monkeypatch.chdir(tmp_path / "empty")
    before = sorted(tmp_path.rglob("*"))
    assert main(["new", *arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.startswith("initconstructs new: "), problem in shown.err) == ("", True, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    plain = Path.write_text

    def full_disk(path: Path, text: str, encoding: str) -> int:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path)
        return plain(path, text, encoding=encoding)

    monkeypatch.setattr(Path, "write_text", full_disk)
    assert main(["new", "shop"]) == 2
    assert len(written) == 3
    assert list(tmp_path.iterdir()) == []
