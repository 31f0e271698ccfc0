"""Whole manifests as cdk8s ApiObjects, in as few crossings into Node as there can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk8s import ApiObject, ApiObjectMetadata, JsonPatch
from constructs import Construct
from typing_extensions import TypedDict

_HEAD = ("apiVersion", "kind", "metadata")
_METADATA = ("name", "namespace", "labels", "annotations")


class Head(TypedDict):
    """The keywords of an ApiObject."""

    api_version: str
    kind: str
    metadata: ApiObjectMetadata


def head(manifest: Mapping[str, Any], *, named: bool = True) -> Head:
    """What the constructor of an ApiObject takes; cdk8s generates the name unless it is `named`."""
    metadata = manifest["metadata"]
    return Head(
        api_version=manifest["apiVersion"],
        kind=manifest["kind"],
        metadata=ApiObjectMetadata(
            name=metadata["name"] if named else None,
            namespace=metadata.get("namespace"),
            labels=metadata.get("labels"),
            annotations=metadata.get("annotations"),
        ),
    )


def add_rest(target: ApiObject, manifest: Mapping[str, Any]) -> None:
    """Everything that an ApiObject can't be given in its constructor, in one patch."""
    metadata = {f"/metadata/{pointer(key)}": each for key, each in manifest["metadata"].items() if key not in _METADATA}
    fields = {f"/{pointer(key)}": each for key, each in manifest.items() if key not in _HEAD}
    target.add_json_patch(*(JsonPatch.add(path, each) for path, each in (metadata | fields).items()))


def pointer(key: str) -> str:
    """A key inside a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def add_object(parent: Construct, manifest: Mapping[str, Any]) -> None:
    """A manifest as a child of `parent`."""
    child = ApiObject(parent, child_id(manifest), **head(manifest))
    add_rest(child, manifest)


def child_id(manifest: Mapping[str, Any]) -> str:
    """The id of a manifest below a workload: no other object beside it has the same."""
    metadata = manifest["metadata"]
    group, _, _ = manifest["apiVersion"].rpartition("/")
    return "-".join(filter(None, (group, manifest["kind"], metadata.get("namespace"), metadata["name"]))).lower()
