"""Volumes of the node, of claims, of drivers and of images.

Source: validateHostPathVolumeSource, validateCSIVolumeSource, validateEphemeralVolumeSource and
validateImageVolumeSource in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required, too_long
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.containers import pull_policy
from initconstructs.rules.api_server.formats import dns_subdomain, path_without_back_steps, size
from initconstructs.rules.api_server.object_meta import annotation_map
from initconstructs.rules.api_server.pod_context import NONE, PodContext, SourceCheck
from initconstructs.rules.api_server.selector import labels
from initconstructs.rules.api_server.storage import claim_spec
from initconstructs.schemas.quantity import read

# The other fields of a claim template's metadata, in the order in which the server looks at them, as it spells them.
_OTHER_METADATA = {
    "name": "name",
    "generateName": "generateName",
    "namespace": "namespace",
    "selfLink": "selfLink",
    "uid": "uID",
    "resourceVersion": "resourceVersion",
    "generation": "generation",
    "creationTimestamp": "creationTimestamp",
    "deletionTimestamp": "deletionTimestamp",
    "deletionGracePeriodSeconds": "deletionGracePeriodSeconds",
    "ownerReferences": "ownerReferences",
    "finalizers": "finalizers",
    "managedFields": "managedFields",
}
_HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)


@rule("empty-dir", fix="Use a sizeLimit of zero or more, or none.")
def empty_dir(source: Node, path: str, _: PodContext) -> Causes:
    """An emptyDir's size limit isn't negative.

    What: sizeLimit is at least 0.
    Why: nothing fits into less.
    Example: `sizeLimit: -1Gi`.
    Fix: `sizeLimit: 1Gi`.
    Source: validateVolumeSource in pkg/apis/core/validation/validation.go
    """
    if "sizeLimit" in source and read(source["sizeLimit"]).nano < 0:
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


@rule("host-path", fix="Give hostPath a path without `..`, and a type that the message lists, or none.")
def host_path(source: Node, path: str, _: PodContext) -> Causes:
    """A hostPath is a path of the node.

    What: `path` is there without `..`; `type` is empty, Directory, File, Socket, a device, or DirectoryOrCreate or
    FileOrCreate.
    Why: the kubelet checks the type before it mounts.
    Example: `{path: /var/../etc}`, `{path: /data, type: directory}`.
    Fix: `{path: /data, type: Directory}`.
    Source: validateHostPathVolumeSource in pkg/apis/core/validation/validation.go
    """
    value, kind = source.get("path") or "", source.get("type") or ""
    if not value:
        yield required(f"{path}.path")
        return
    for complaint in path_without_back_steps(value):
        yield invalid(f"{path}.path", value, complaint)
    if kind not in _HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", kind, _HOST_PATH_TYPES)


@rule("csi-volume", fix="Name the driver as its CSIDriver object is named, and the secret, if there is one.")
def csi_volume(source: Node, path: str, pod: PodContext) -> Causes:
    """A CSI volume names its driver.

    What: `driver` is a DNS subdomain (capitals allowed) of at most 63 characters; nodePublishSecretRef has a name.
    Why: the kubelet finds the driver by it.
    Example: `csi: {}`.
    Fix: `csi: {driver: secrets-store.csi.k8s.io}`.
    Source: ValidateCSIDriverName and validateCSIVolumeSource in pkg/apis/core/validation/validation.go
    """
    driver = source.get("driver") or ""
    if not driver:
        yield required(f"{path}.driver")
    if size(driver) > 63:
        yield too_long(f"{path}.driver", 63)
    for complaint in dns_subdomain(driver.lower()) if driver or pod.target.minor < 35 else ():
        yield invalid(f"{path}.driver", driver, complaint)
    if "nodePublishSecretRef" in source:
        name = source["nodePublishSecretRef"].get("name") or ""
        if not name:
            yield required(f"{path}.nodePublishSecretRef.name")
        for complaint in dns_subdomain(name) if name else ():
            yield invalid(f"{path}.name", name, complaint)


def _ephemeral(source: Node, path: str, pod: PodContext) -> Problems:
    template, at = source.get("volumeClaimTemplate"), f"{path}.volumeClaimTemplate"
    yield from ephemeral_volume(template, at)
    if template is None:
        return
    metadata = template.get("metadata") or NONE
    if "annotations" in metadata:
        yield from annotation_map(metadata["annotations"], f"{at}.metadata.annotations")
    if "labels" in metadata:
        yield from labels(metadata["labels"], f"{at}.metadata.labels")
    yield from claim_template_metadata(metadata, f"{at}.metadata")
    yield from claim_spec(template.get("spec") or NONE, f"{at}.spec", pod.target)


@rule("ephemeral-volume", fix="Add a volumeClaimTemplate.")
def ephemeral_volume(template: Node | None, path: str) -> Causes:
    """An ephemeral volume has a template for its claim.

    What: volumeClaimTemplate is there.
    Why: the claim is made from it.
    Example: `ephemeral: {}`.
    Fix: `ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: ...}}}`.
    Source: validateEphemeralVolumeSource in pkg/apis/core/validation/validation.go
    """
    if template is None:
        yield required(path)


@rule("claim-template-metadata", fix="Keep labels and annotations only; the claim is named after pod and volume.")
def claim_template_metadata(metadata: Node, path: str) -> Causes:
    """The template of an ephemeral claim has labels and annotations only.

    What: no other field of its metadata is set.
    Why: name and namespace follow from the Pod.
    Example: `metadata: {name: scratch}`.
    Fix: remove the name.
    Source: validatePersistentVolumeClaimTemplateObjectMeta in pkg/apis/core/validation/validation.go
    """
    for field, spelt in _OTHER_METADATA.items():
        value = metadata.get(field)
        if value or isinstance(value, list) or (value is not None and field == "deletionGracePeriodSeconds"):
            yield forbidden(f"{path}.{spelt}", "cannot be set")


def _image(source: Node, path: str, pod: PodContext) -> Problems:
    if pod.in_pod:
        yield from image_reference(source, path)
    if "pullPolicy" in source:
        yield from pull_policy(source["pullPolicy"], f"{path}.pullPolicy")


@rule("image-reference", fix="Name the image: `image: {reference: ghcr.io/acme/model:3}`.")
def image_reference(source: Node, path: str) -> Causes:
    """An image volume of a Pod names its image.

    What: `reference` isn't empty in a Pod; a template may leave it to something that fills it in.
    Why: there is nothing to mount otherwise.
    Example: `image: {}`.
    Fix: `image: {reference: ghcr.io/acme/model:3}`.
    Source: validateImageVolumeSource in pkg/apis/core/validation/validation.go
    """
    if not source.get("reference"):
        yield required(f"{path}.reference")


LOCAL_SOURCES: Mapping[str, SourceCheck] = {
    "emptyDir": empty_dir,
    "hostPath": host_path,
    "csi": csi_volume,
    "ephemeral": _ephemeral,
    "image": _image,
}

RULES = (
    empty_dir.rule,
    host_path.rule,
    csi_volume.rule,
    ephemeral_volume.rule,
    claim_template_metadata.rule,
    image_reference.rule,
)
