"""The finished dicts of `plain`, each in one bare ApiObject: the least that cdk8s from Python can do."""

from pathlib import Path
from typing import Any

from cdk8s import ApiObject, ApiObjectMetadata, App, Chart, JsonPatch

from benchmarks.contenders import plain


def write(count: int, folder: Path) -> None:
    app = App(outdir=str(folder))
    chart = Chart(app, "apps", namespace="shop")
    for number in range(count):
        _add(chart, plain.manifest(number))
    app.synth()


def _add(chart: Chart, manifest: dict[str, Any]) -> None:
    name = manifest["metadata"]["name"]
    metadata = ApiObjectMetadata(name=name)
    added = ApiObject(chart, name, api_version=manifest["apiVersion"], kind=manifest["kind"], metadata=metadata)
    added.add_json_patch(JsonPatch.add("/spec", manifest["spec"]))
