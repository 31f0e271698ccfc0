"""The platform library and its app, used as their README says, with the library's folder in place of its install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PLATFORM = Path(__file__).parents[2] / "examples" / "platform"
SHOP = PLATFORM / "shop"
SNAPSHOTS = SHOP / "tests" / "__snapshots__" / "test_shop"


def run_in_shop(*args: str, output: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(PLATFORM / "acme-platform"), "CDK8S_OUTDIR": str(output)}
    return subprocess.run(
        [sys.executable, *args], cwd=SHOP, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    output = tmp_path_factory.mktemp("dist")
    done = run_in_shop("main.py", output=output)
    assert (done.returncode, done.stderr) == (0, "")
    return (output / "shop.k8s.yaml").read_text()


@pytest.fixture(scope="module")
def pod(written: str) -> dict[str, list[dict[str, str]]]:
    deployment, *_ = yaml.safe_load_all(written)
    spec: dict[str, list[dict[str, str]]] = deployment["spec"]["template"]["spec"]
    return spec


def test_running_the_app_writes_what_its_own_snapshots_hold(written: str) -> None:
    assert sorted(written.split("---\n")) == sorted(each.read_text() for each in SNAPSHOTS.iterdir())


def test_the_house_stages_come_before_those_of_the_app(pod: dict[str, list[dict[str, str]]]) -> None:
    assert [each["name"] for each in pod["initContainers"]] == ["check-config", "ship-logs", "catalogue"]


def test_every_image_comes_from_the_house_mirror(pod: dict[str, list[dict[str, str]]]) -> None:
    images = [each["image"] for each in pod["initContainers"] + pod["containers"]]
    assert all(image.startswith("mirror.acme.example/") for image in images)


def test_the_service_selects_the_pods_of_the_deployment(written: str) -> None:
    deployment, _, service = yaml.safe_load_all(written)
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]


def test_the_tests_of_the_app_pass(tmp_path: Path) -> None:
    done = run_in_shop("-m", "pytest", "-p", "no:cacheprovider", output=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
