"""A project for `initconstructs synth`: an app that copies files, and what stands from before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n"
OLD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\n"
HAZARD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers: [{name: wait, image: "b:1", command: [sh, -c, "until nc -z db 5432; do sleep 1; done"]}]
  containers: [{name: app, image: "a:1"}]
"""
REFUSED = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 99999}]}\n"
CUSTOM = "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: x}\n"
COPY = 'mkdir -p "$CDK8S_OUTDIR" && cp -r made/. "$CDK8S_OUTDIR"'

Files = dict[str, str]


def files_of(directory: Path) -> Files:
    return {str(each.relative_to(directory)): each.read_text() for each in directory.rglob("*") if each.is_file()}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose app copies made/ to where cdk8s says; dist/ stands from before."""
    monkeypatch.chdir(tmp_path)
    for name in ("CDK8S_APP", "CDK8S_OUTPUT", "CDK8S_OUTDIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "cdk8s.yaml").write_text(f"language: python\napp: {COPY}\noutput: dist\n")
    for directory, text in (("made", GOOD), ("dist", OLD)):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / f"{directory}.k8s.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def made(project: Path) -> Path:
    return project / "made"


@pytest.fixture
def stands(project: Path) -> Callable[[], bool]:
    """Whether dist/ is as it was and nothing was left beside it."""
    before = {each.name for each in project.iterdir()}

    def unchanged() -> bool:
        return files_of(project / "dist") == {"dist.k8s.yaml": OLD} and {e.name for e in project.iterdir()} == before

    return unchanged
