"""`initconstructs synth` and `cdk8s synth` write the same bytes, and one line makes the latter refuse as well."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CDK8S = ROOT / "node_modules" / ".bin" / "cdk8s"

MAIN = """\
from cdk8s import ApiObject, App, Chart, JsonPatch, YamlOutputType
from cdk8s_plus_36 import ConfigMap, Deployment

app = App(yaml_output_type=YamlOutputType.{layout})
shop, base = Chart(app, "shop", namespace="shop"), Chart(app, "base")
shop.add_dependency(base)
ConfigMap(base, "words", data={{"text": "two\\nlines # é"}})
Deployment(shop, "api", containers=[{{"image": "ghcr.io/acme/shop:1.4.2", "portNumber": 8000}}])
service = ApiObject(shop, "web", api_version="v1", kind="Service")
service.add_json_patch(JsonPatch.add("/spec", {{"ports": [{{"port": {port}}}]}}))
"""
GATE = "from initconstructs.workloads import check_at_synth\ncheck_at_synth(app)\n"

Run = subprocess.CompletedProcess[str]


@pytest.fixture
def cdk8s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """The real command line in a project; Node and the project's Python are on its PATH."""
    if not CDK8S.exists():
        assert not os.environ.get("CI"), "node_modules is missing: run `make synth` first"
        pytest.skip("node_modules is missing: run `make synth` first")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    (tmp_path / "cdk8s.yaml").write_text("language: python\napp: python main.py\noutput: dist\n")

    def run(*arguments: str) -> Run:
        command = ["node", str(CDK8S), "synth", "--no-check-upgrade", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def ours(*arguments: str) -> Run:
    command = [sys.executable, "-m", "initconstructs", "synth", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_app(*, layout: str = "FILE_PER_CHART", port: int = 80, gate: str = "") -> None:
    Path("main.py").write_text(f"{MAIN.format(layout=layout, port=port)}{gate}app.synth()\n")


def bytes_of(directory: str) -> dict[str, bytes]:
    return {str(each.relative_to(directory)): each.read_bytes() for each in Path(directory).rglob("*.*")}


@pytest.mark.parametrize("layout", ["FILE_PER_CHART", "FOLDER_PER_CHART_FILE_PER_RESOURCE"])
def test_the_files_are_the_same(layout: str, cdk8s: Callable[..., Run]) -> None:
    write_app(layout=layout)
    theirs = cdk8s("--output", "theirs")
    assert theirs.returncode == 0, theirs.stderr
    mine = ours()
    assert mine.returncode == 0, mine.stderr
    assert len(bytes_of("dist")) > 1
    assert bytes_of("dist") == bytes_of("theirs")


def test_one_file_on_standard_output_is_the_same(cdk8s: Callable[..., Run]) -> None:
    write_app(layout="FILE_PER_APP")
    assert ours("--stdout").stdout == cdk8s("--stdout").stdout


def test_one_line_makes_cdk8s_refuse_what_others_made(cdk8s: Callable[..., Run]) -> None:
    write_app(port=99999)
    assert cdk8s().returncode == 0
    write_app(port=99999, gate=GATE)
    refused = cdk8s()
    assert refused.returncode != 0
    assert "service-port: Service shop/shop-web" in refused.stderr
    assert bytes_of("dist") == {}


def test_ours_refuses_without_that_line_and_keeps_what_stood_there(cdk8s: Callable[..., Run]) -> None:
    write_app()
    assert ours().returncode == 0
    before = bytes_of("dist")
    write_app(port=99999)
    refused = ours()
    assert (refused.returncode, bytes_of("dist")) == (1, before)
    assert "service-port" in refused.stdout
