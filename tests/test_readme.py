"""What README.md shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
TERMINAL = os.environ | {"COLUMNS": "80"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(kind: str, name: str) -> str:
    found = re.search(rf"<!-- {kind}: {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README.md has no {kind} called {name}"
    return found[1]


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "main.py").write_text(code, encoding="utf-8")
    return subprocess.run([sys.executable, "main.py"], cwd=folder, capture_output=True, text=True, check=False)


def without_container_contexts(manifest: dict) -> dict:
    pod = manifest["spec"]["template"]["spec"]
    for container in pod["initContainers"] + pod["containers"]:
        del container["securityContext"]
    return manifest


def test_the_first_example_starts_as_explained(tmp_path: Path) -> None:
    done = run(block("example", "shop"), tmp_path)
    assert done.stderr == ""
    explain = [sys.executable, "-m", "initconstructs", "explain", "dist/"]
    said = subprocess.run(explain, cwd=tmp_path, capture_output=True, text=True, check=True, env=TERMINAL)
    assert said.stdout == block("output", "explain")


def test_the_second_example_becomes_the_yaml_beside_it(tmp_path: Path) -> None:
    done = run(block("example", "assets"), tmp_path)
    assert done.stderr == ""
    written = (tmp_path / "dist" / "shop.k8s.yaml").read_text(encoding="utf-8")
    assert without_container_contexts(yaml.safe_load(written)) == yaml.safe_load(block("output", "assets"))


def test_the_first_example_takes_at_most_twenty_lines() -> None:
    assert len(block("example", "shop").splitlines()) <= 20


def test_a_slip_gives_the_message_shown(tmp_path: Path) -> None:
    done = run(block("example", "slip"), tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(block("output", "slip").strip())


def test_the_snapshot_test_shown_passes(tmp_path: Path) -> None:
    (tmp_path / "test_api.py").write_text(block("example", "test"), encoding="utf-8")
    pytest_here = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    subprocess.run([*pytest_here, "--snapshot-update"], cwd=tmp_path, check=True, capture_output=True)
    again = subprocess.run(pytest_here, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert "1 passed" in again.stdout


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^initconstructs (\w+)", README, re.MULTILINE))))
def test_the_command_line_has_the_commands_shown(command: str) -> None:
    subprocess.run([sys.executable, "-m", "initconstructs", command, "--help"], check=True, capture_output=True)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^make (\w+)$", README, re.MULTILINE))))
def test_make_has_the_commands_shown(command: str) -> None:
    subprocess.run(["make", "--dry-run", command], cwd=ROOT, check=True, capture_output=True)
