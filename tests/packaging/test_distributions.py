"""The wheel and the sdist as users get them: built, looked at by the tools, installed into an empty environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
REFUSED = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, imag: a}]}\n"
PURE = """
import sys
from initconstructs import Container, PodSpec, Stage, dump_yaml, render
from initconstructs.presets import waiting
stages = [waiting.tcp("db", 5432)]
print(dump_yaml(render(PodSpec("web", stages=stages, containers=[Container("app", image="a:1")])))[:14])
print("jsii" in sys.modules)
"""


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    given = {key: each for key, each in os.environ.items() if key not in ("PYTHONPATH", "JSII_NODE")}
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=given | env, capture_output=True, text=True, check=False
    )


def succeed(*command: str | Path, cwd: Path = ROOT, **env: str) -> str:
    done = run(*command, cwd=cwd, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout as it is now, since somebody may be writing in it."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("initconstructs", "packaging"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    succeed(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


def install(environment: Path, what: str) -> None:
    done = run(SCRIPTS / "uv", "pip", "install", "--quiet", "--python", environment, what)
    if "fetch" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip(f"no package index: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr


def test_the_tools_find_nothing(built: Path, wheel: Path) -> None:
    succeed(SCRIPTS / "twine", "check", "--strict", *built.iterdir())
    succeed(SCRIPTS / "check-wheel-contents", wheel)


def test_the_wheel_holds_every_file_of_the_package(wheel: Path, source: Path) -> None:
    package = {str(each.relative_to(source)) for each in (source / "initconstructs").rglob("*") if each.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        there = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert there == package | {"initconstructs_node.py", "initconstructs_node.pth"}


def test_a_wheel_of_the_checkout_is_the_one_of_the_sdist(wheel: Path, source: Path, tmp_path: Path) -> None:
    succeed(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, source)
    (direct,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(direct) as one, zipfile.ZipFile(wheel) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        assert [name for name in one.namelist() if one.read(name) != other.read(name)] == []


def test_the_sdist_holds_what_the_wheel_is_built_from(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        top = {name.split("/")[1] for name in archive.getnames()}
    wanted = {"initconstructs", "packaging", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO"}
    assert top == wanted | {".gitignore"}


def test_it_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """One environment for both parts, as it takes longest: first without Node, then with the extras."""
    environment = tmp_path / "empty"
    succeed(SCRIPTS / "uv", "venv", "--quiet", "--python", sys.executable, environment)
    install(environment, str(wheel))
    works_without_node_and_says_what_is_missing(environment / "bin", tmp_path)
    install(environment, f"{wheel}[node,test]")
    makes_a_project_that_synthesizes_and_passes(environment / "bin", tmp_path)


def works_without_node_and_says_what_is_missing(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(REFUSED)
    without = str(tmp_path)  # a PATH with nothing on it
    python, command = empty / "python", empty / "initconstructs"
    assert succeed(python, "-c", PURE, cwd=tmp_path, PATH=without) == "apiVersion: v1\nFalse\n"
    version = metadata.version("initconstructs")
    assert succeed(command, "--version", cwd=tmp_path, PATH=without) == f"initconstructs {version}\n"
    assert "Pod web" in succeed(command, "explain", "web.yaml", cwd=tmp_path, PATH=without)
    checked = run(command, "check", "web.yaml", cwd=tmp_path, PATH=without)
    assert (checked.returncode, checked.stderr) == (1, "")
    missing = run(python, "-W", "error", "-c", "import cdk8s", cwd=tmp_path, PATH=without)
    assert "no Node to run cdk8s on: pip install 'initconstructs[node]'" in missing.stderr
    doctor = run(command, "doctor", cwd=tmp_path, PATH=without)
    assert (doctor.returncode, "Node               there is none" in doctor.stdout) == (1, True)


def makes_a_project_that_synthesizes_and_passes(empty: Path, tmp_path: Path) -> None:
    alone = str(empty)  # no Node on PATH, only the one of the extra
    succeed(empty / "initconstructs", "new", "shop", cwd=tmp_path, PATH=alone)
    project = tmp_path / "shop"
    succeed(empty / "initconstructs", "synth", cwd=project, PATH=f"{alone}:/usr/bin:/bin")
    assert (project / "dist" / "shop.k8s.yaml").read_text().startswith("apiVersion: apps/v1\nkind: Deployment\n")
    assert "2 passed" in succeed(empty / "python", "-W", "error", "-m", "pytest", cwd=project, PATH=alone)
    assert "a chart synthesizes" in succeed(empty / "initconstructs", "doctor", cwd=project, PATH=alone)
