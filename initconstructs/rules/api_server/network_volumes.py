"""Volumes of storage systems that Kubernetes names itself, most of them behind CSI today.

Source: the validate...VolumeSource functions of pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from initconstructs.rules.api_server.cause import invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_label, local_path
from initconstructs.rules.api_server.pod_context import NONE, PodContext, SourceCheck

_REQUIRED = {
    "awsElasticBlockStore": ("volumeID",),
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("monitors",),
    "cinder": ("volumeID",),
    "gcePersistentDisk": ("pdName",),
    "gitRepo": ("repository",),
    "glusterfs": ("endpoints", "path"),
    "nfs": ("server", "path"),
    "persistentVolumeClaim": ("claimName",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "rbd": ("monitors", "image"),
    "scaleIO": ("gateway", "system", "volumeName"),
    "vsphereVolume": ("volumePath",),
}
_QUALIFIED_NAMES = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)", re.ASCII),
    "eui": re.compile(r"eui.[A-Za-z0-9]{16}"),
    "naa": re.compile(r"naa.[A-Za-z0-9]{32}"),
}
_MANAGED_URI = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_BLOB_URI = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
_HOST_PORT_LIST = "must be a host:port pair or multiple pairs separated by commas"


@rule("volume-fields", fix="Fill in the fields that the message names.")
def volume_fields(source: Node, path: str, kind: str) -> Causes:
    """A volume source has the fields that find its storage.

    What: persistentVolumeClaim has claimName, nfs server and an absolute path, the others what their system asks for.
    Why: there is nothing to mount otherwise.
    Example: `persistentVolumeClaim: {}`; `nfs: {server: files, path: export}`.
    Fix: `persistentVolumeClaim: {claimName: data}`; `path: /export`.
    Source: the validate...VolumeSource functions of pkg/apis/core/validation/validation.go
    """
    for field in _REQUIRED[kind]:
        if not source.get(field):
            yield required(f"{path}.{field}")
    if kind == "nfs" and not (source.get("path") or "").startswith("/"):
        yield invalid(f"{path}.path", source.get("path") or "", "must be an absolute path")
    if kind == "gitRepo":
        for complaint in local_path(source.get("directory") or ""):
            yield invalid(f"{path}.directory", source["directory"], complaint)
    if not 0 <= source.get("partition", 0) <= 255:
        yield invalid(f"{path}.partition", source["partition"], "must be between 1 and 255, inclusive")
    if kind == "cinder" and "secretRef" in source and not source["secretRef"].get("name"):
        yield required(f"{path}.secretRef.name")


@rule("iscsi-volume", fix="Give iscsi a targetPortal, an iqn, eui or naa name and a lun from 0 to 255.")
def iscsi_volume(source: Node, path: str, _: PodContext) -> Causes:
    """An iSCSI volume names its target.

    What: targetPortal and iqn are there, iqn and initiatorName are iqn., eui. or naa. names, lun is from 0 to 255, and
    CHAP has a secretRef.
    Why: the kubelet logs in to that target.
    Example: `iqn: storage.example.com`.
    Fix: `iqn: iqn.2001-04.com.example:storage.disk2`.
    Source: validateISCSIVolumeSource in pkg/apis/core/validation/validation.go
    """
    if not source.get("targetPortal"):
        yield required(f"{path}.targetPortal")
    iqn = source.get("iqn") or ""
    if not iqn:
        yield required(f"{path}.iqn")
    else:
        yield from _qualified_name(iqn, f"{path}.iqn")
    if not 0 <= source.get("lun", 0) <= 255:
        yield invalid(f"{path}.lun", source["lun"], "must be between 0 and 255, inclusive")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and "secretRef" not in source:
        yield required(f"{path}.secretRef")
    if "initiatorName" in source:
        yield from _qualified_name(source["initiatorName"], f"{path}.initiatorname")


def _qualified_name(name: str, path: str) -> Causes:
    pattern = _QUALIFIED_NAMES.get(name[:3])
    if pattern is None:
        yield invalid(path, name, "must be valid format starting with iqn, eui, or naa")
    elif not (pattern.search(name) if name.startswith("iqn") else pattern.fullmatch(name)):
        yield invalid(path, name, "must be valid format")


@rule("fc-volume", fix="Give fc either targetWWNs with a lun from 0 to 255, or wwids.")
def fc_volume(source: Node, path: str, _: PodContext) -> Causes:
    """A Fibre Channel volume is found in one way.

    What: either wwids, or targetWWNs with a lun from 0 to 255.
    Why: each finds a disk of its own.
    Example: `fc: {targetWWNs: [50060e801049cfd1]}` has no lun.
    Fix: add `lun: 0`.
    Source: validateFCVolumeSource in pkg/apis/core/validation/validation.go
    """
    names, ids = source.get("targetWWNs") or [], source.get("wwids") or []
    if not names and not ids:
        yield required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both")
    if names and ids:
        yield invalid(f"{path}.targetWWNs", names, "targetWWNs and wwids can not be specified simultaneously")
    if names and "lun" not in source:
        yield required(f"{path}.lun", "lun is required if targetWWNs is specified")
    elif names and not 0 <= source["lun"] <= 255:
        yield invalid(f"{path}.lun", source["lun"], "must be between 0 and 255, inclusive")


@rule("flocker-volume", fix="Give flocker either datasetName without `/`, or datasetUUID.")
def flocker_volume(source: Node, path: str, _: PodContext) -> Causes:
    """A Flocker volume is found in one way.

    What: exactly one of datasetName and datasetUUID; the name has no `/`.
    Why: each finds a dataset of its own.
    Example: `flocker: {}`.
    Fix: use a CSI driver; Flocker is gone.
    Source: validateFlockerVolumeSource in pkg/apis/core/validation/validation.go
    """
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    if not name and not uuid:
        yield required(path, "one of datasetName and datasetUUID is required")
    if name and uuid:
        yield invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously")
    if "/" in name:
        yield invalid(f"{path}.datasetName", name, "must not contain '/'")


@rule("quobyte-volume", fix="Give quobyte a registry as host:port, a volume, and a tenant of at most 64 characters.")
def quobyte_volume(source: Node, path: str, _: PodContext) -> Causes:
    """A Quobyte volume names its registry and volume.

    What: registry is host:port, or several separated by commas; tenant has at most 64 characters; volume is there.
    Why: the kubelet asks that registry.
    Example: `registry: storage`.
    Fix: `registry: storage:7861`.
    Source: validateQuobyteVolumeSource in pkg/apis/core/validation/validation.go
    """
    registry = source.get("registry") or ""
    if not registry:
        yield required(f"{path}.registry", _HOST_PORT_LIST)
    elif len(source.get("tenant") or "") > 64:
        yield required(f"{path}.tenant", "must be a UUID and may not exceed a length of 64 characters")
    else:
        for pair in registry.split(","):
            if not re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*):[^:\[\]]*", pair):
                yield invalid(f"{path}.registry", registry, _HOST_PORT_LIST)
    if not source.get("volume"):
        yield required(f"{path}.volume")


@rule("flex-volume", fix="Name the driver, and keep kubernetes.io and k8s.io out of its options.")
def flex_volume(source: Node, path: str, _: PodContext) -> Causes:
    """A Flex volume names its driver and keeps to its own options.

    What: `driver` is there; no key of `options` is in the domain kubernetes.io or k8s.io.
    Why: the kubelet passes its own options under these.
    Example: `options: {kubernetes.io/fsType: ext4}`.
    Fix: use a CSI driver.
    Source: validateFlexVolumeSource in pkg/apis/core/validation/validation.go
    """
    if not source.get("driver"):
        yield required(f"{path}.driver")
    for key in source.get("options") or ():
        if f".{key.partition('/')[0].lower()}".endswith((".kubernetes.io", ".k8s.io")):
            yield invalid(f"{path}.options[{key}]", key, "kubernetes.io and k8s.io namespaces are reserved")


@rule("azure-disk", fix="Give azureDisk diskName and diskURI, and a kind that fits the URI.")
def azure_disk(source: Node, path: str, _: PodContext) -> Causes:
    """An Azure disk has a name, and a URI that fits its kind.

    What: diskName and diskURI are there; cachingMode is None, ReadOnly or ReadWrite; kind is Shared, Dedicated or
    Managed; a managed disk's URI begins with /subscriptions/, another's with https://.
    Why: the two sorts of disk are attached in different ways.
    Example: `kind: Managed` with a blob's URI.
    Fix: correct kind, or use a CSI driver.
    Source: validateAzureDisk in pkg/apis/core/validation/validation.go
    """
    uri, kind = source.get("diskURI") or "", source.get("kind") or "Shared"
    for field in ("diskName", "diskURI"):
        if not source.get(field):
            yield required(f"{path}.{field}")
    caching = source.get("cachingMode") or "ReadWrite"
    if caching not in {"None", "ReadOnly", "ReadWrite"}:
        yield not_supported(f"{path}.cachingMode", caching, ("None", "ReadOnly", "ReadWrite"))
    if kind not in {"Dedicated", "Managed", "Shared"}:
        yield not_supported(f"{path}.kind", kind, ("Dedicated", "Managed", "Shared"))
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        yield not_supported(f"{path}.diskURI", uri, (_MANAGED_URI,))
    if kind != "Managed" and not uri.startswith("https://"):
        yield not_supported(f"{path}.diskURI", uri, (_BLOB_URI,))


@rule("storageos-volume", fix="Give storageos a volumeName in lower case, and its secret a name.")
def storageos_volume(source: Node, path: str, _: PodContext) -> Causes:
    """A StorageOS volume has a name.

    What: volumeName is a DNS label, volumeNamespace too where there is one, and secretRef has a name.
    Why: the volume is found by them.
    Example: `storageos: {}`.
    Fix: use a CSI driver; StorageOS volumes are gone.
    Source: validateStorageOSVolumeSource in pkg/apis/core/validation/validation.go
    """
    if not source.get("volumeName"):
        yield required(f"{path}.volumeName")
    for field in ("volumeName", "volumeNamespace"):
        value = source.get(field) or ""
        for complaint in dns_label(value) if value else ():
            yield invalid(f"{path}.{field}", value, complaint)
    if "secretRef" in source and not (source["secretRef"] or NONE).get("name"):
        yield required(f"{path}.secretRef.name")


def _with_fields(kind: str) -> SourceCheck:
    def check(source: Node, path: str, _: PodContext) -> Problems:
        return volume_fields(source, path, kind)

    return check


NETWORK_SOURCES: Mapping[str, SourceCheck] = {
    **{kind: _with_fields(kind) for kind in _REQUIRED},
    "azureDisk": azure_disk,
    "fc": fc_volume,
    "flexVolume": flex_volume,
    "flocker": flocker_volume,
    "iscsi": iscsi_volume,
    "quobyte": quobyte_volume,
    "storageos": storageos_volume,
}

RULES = (
    volume_fields.rule,
    iscsi_volume.rule,
    fc_volume.rule,
    flocker_volume.rule,
    quobyte_volume.rule,
    flex_volume.rule,
    azure_disk.rule,
    storageos_volume.rule,
)
