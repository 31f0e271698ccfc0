"""Whole manifests as cdk8s ApiObjects, in as few crossings into Node as there can be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsii
from cdk8s import ApiObject
from constructs import Construct
from jsii import JSIIAssembly
from jsii._runtime import JSIIMeta

JSIIAssembly.load("initconstructs", "1.0.0", "initconstructs.workloads", "initconstructs.jsii.tgz")

_HEAD = ("apiVersion", "kind", "metadata")


class ManifestObject(ApiObject, metaclass=JSIIMeta, jsii_type="initconstructs.Manifest"):
    """An ApiObject made of a whole manifest; without a name in its metadata, cdk8s generates one."""

    def __init__(self, scope: Construct, id: str, manifest: Mapping[str, object]) -> None:
        jsii.create(self.__class__, self, [scope, id, json.dumps(manifest)])

    def add_fields(self, manifest: Mapping[str, object]) -> None:
        """The fields of a manifest beyond its head."""
        fields = {key: each for key, each in manifest.items() if key not in _HEAD}
        jsii.invoke(self, "addFields", [json.dumps(fields)])


def without_name(head: Mapping[str, Any]) -> dict[str, object]:
    """The head of a manifest whose name cdk8s shall generate."""
    return {**head, "metadata": {key: each for key, each in head["metadata"].items() if key != "name"}}


def add_object(parent: Construct, manifest: Mapping[str, object]) -> None:
    """A manifest as a child of `parent`."""
    ManifestObject(parent, child_id(manifest), manifest)


def child_id(manifest: Mapping[str, Any]) -> str:
    """The id of a manifest below a workload: no other object beside it has the same."""
    metadata = manifest["metadata"]
    group, _, _ = manifest["apiVersion"].rpartition("/")
    return "-".join(filter(None, (group, manifest["kind"], metadata.get("namespace"), metadata["name"]))).lower()
