"""initconstructs without cdk8s: model, rendering, YAML."""

from pathlib import Path

from benchmarks.contenders.staged import SETTINGS, deployment
from initconstructs import DeploymentSpec, render
from initconstructs.manifests.yaml_out import dump_yaml


def write(count: int, folder: Path) -> None:
    specs = (DeploymentSpec(**deployment(number)) for number in range(count))
    manifests = [manifest for spec in specs for manifest in render(spec, settings=SETTINGS)]
    (folder / "apps.yaml").write_text(dump_yaml(manifests))
