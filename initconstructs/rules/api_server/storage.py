"""PersistentVolumeClaims: as objects, as claim templates of a StatefulSet, and inside ephemeral volumes.

Sources: ValidatePersistentVolumeClaimSpec in kubernetes/pkg/apis/core/validation/validation.go;
pkg/api/persistentvolumeclaim/util.go and pkg/registry/core/persistentvolumeclaim/strategy.go.
"""

from __future__ import annotations

from collections.abc import Collection

from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_label, dns_subdomain
from initconstructs.rules.api_server.object_meta import object_meta
from initconstructs.rules.api_server.selector import label_selector
from initconstructs.rules.api_server.target import Target
from initconstructs.schemas.quantity import read

_NONE: Node = {}
_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES = ("Block", "Filesystem")
_KNOWN_SOURCES = {("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io")}


@rule("claim-access-mode", fix="Write ReadWriteOnce, ReadOnlyMany, ReadWriteMany, or ReadWriteOncePod alone.")
def claim_access_modes(modes: Collection[str], path: str) -> Causes:
    """A claim says how it wants to be mounted.

    What: there is at least one access mode; each is ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod; the
    last stands alone.
    Why: a claim without a mode binds to no volume, and one for a single pod can't be for many nodes as well.
    Example: `accessModes: [RWO]` is refused.
    Fix: write the long name; `accessModes: [ReadWriteOnce]` fits most.
    Source: ValidatePersistentVolumeClaimSpec in kubernetes/pkg/apis/core/validation/validation.go.
    """
    if not modes:
        yield required(path, "at least 1 access mode is required")
    for mode in modes:
        if mode not in _ACCESS_MODES:
            yield not_supported(path, mode, _ACCESS_MODES)
    if "ReadWriteOncePod" in modes and any(mode in _ACCESS_MODES[:3] for mode in modes):
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


@rule("claim-storage", fix="Ask for storage in resources.requests.storage, such as 1Gi.")
def claim_storage(resources: Node, path: str) -> Causes:
    """A claim asks for some storage.

    What: resources.requests.storage is there and above zero.
    Why: the provisioner makes a volume of that size.
    Example: a claim with `limits` only is refused.
    Fix: `resources: {requests: {storage: 1Gi}}`.
    Source: ValidatePersistentVolumeClaimSpec in kubernetes/pkg/apis/core/validation/validation.go.
    """
    requests = resources.get("requests") or _NONE
    if "storage" not in requests:
        yield required(f"{path}[storage]")
        return
    amount = read(requests["storage"])
    if amount.nano <= 0:
        yield invalid(f"{path}[storage]", str(amount), "must be greater than zero")


@rule("claim-class", fix="Write the name of a StorageClass or VolumeAttributesClass: a DNS subdomain.")
def claim_class(name: str, path: str) -> Causes:
    """A claim names its classes as objects are named.

    What: storageClassName and volumeAttributesClassName, unless empty, are DNS subdomains.
    Why: no class could have another name, so the claim would stay pending for ever.
    Example: `storageClassName: Fast_SSD` is refused.
    Fix: write the name that `kubectl get storageclass` shows.
    Source: ValidatePersistentVolumeClaimSpec in kubernetes/pkg/apis/core/validation/validation.go.
    """
    for complaint in dns_subdomain(name) if name else ():
        yield invalid(path, name, complaint)


@rule("claim-volume-mode", fix="Use Filesystem or Block.")
def claim_volume_mode(mode: str, path: str) -> Causes:
    """A claim's volume is a file system or a device.

    What: volumeMode is Filesystem, the default, or Block.
    Why: the kubelet knows no other way to hand it over.
    Example: `volumeMode: Raw` is refused.
    Fix: use Block.
    Source: ValidatePersistentVolumeClaimSpec in kubernetes/pkg/apis/core/validation/validation.go.
    """
    if mode not in _VOLUME_MODES:
        yield not_supported(path, mode, _VOLUME_MODES)


@rule(
    "claim-data-source", fix="Name kind and name of the source, with its apiGroup unless it is a claim; give it once."
)
def claim_data_source(source: Node, path: str) -> Causes:
    """A claim's data source is complete.

    What: dataSource and dataSourceRef have name and kind; without apiGroup the kind is PersistentVolumeClaim; the
    apiGroup is a DNS subdomain and the namespace a DNS label.
    Why: the provisioner could not find anything else.
    Example: `dataSource: {kind: VolumeSnapshot, name: daily}` lacks `apiGroup: snapshot.storage.k8s.io`.
    Fix: add the apiGroup.
    Source: validateDataSource in kubernetes/pkg/apis/core/validation/validation.go.
    """
    for field in ("name", "kind"):
        if not source.get(field):
            yield required(f"{path}.{field}")
    group, kind = source.get("apiGroup") or "", source.get("kind") or ""
    if not group and kind != "PersistentVolumeClaim":
        yield invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
    for complaint in dns_subdomain(group) if group else ():
        yield invalid(f"{path}.apiGroup", group, complaint)
    if source.get("namespace"):
        for complaint in dns_label(source["namespace"]):
            yield invalid(f"{path}.namespace", source["namespace"], complaint)


@rule("claim-data-sources", fix="Give dataSourceRef alone; the server fills dataSource in from it.")
def claim_data_sources(source: Node, reference: Node, path: str) -> Causes:
    """A claim has one data source.

    What: where both stand, dataSource and dataSourceRef say the same; dataSourceRef.namespace excludes dataSource.
    Why: a volume is filled from one source.
    Example: two different snapshot names are refused.
    Fix: remove dataSource.
    Source: ValidatePersistentVolumeClaimSpec in kubernetes/pkg/apis/core/validation/validation.go.
    """
    if reference.get("namespace"):
        yield invalid(path, {}, "may not be specified when dataSourceRef.namespace is specified")
    elif any(source.get(field) != reference.get(field) for field in ("apiGroup", "kind", "name")):
        yield invalid(path, {}, "must match dataSourceRef")


def check_claim(manifest: Node, target: Target) -> Problems:
    """A PersistentVolumeClaim, as ValidatePersistentVolumeClaim walks it."""
    yield from object_meta(manifest, dns_subdomain, counted=False)
    yield from claim_spec(_with_both_sources(manifest.get("spec") or _NONE), "spec", target)


def claim_spec(spec: Node, path: str, target: Target) -> Problems:
    """The spec of a claim, wherever it stands."""
    modes = spec.get("accessModes") or ()
    if not modes:
        yield from claim_access_modes(modes, f"{path}.accessModes")
    if "selector" in spec:
        yield from label_selector(spec["selector"], f"{path}.selector")
    if modes:
        yield from claim_access_modes(modes, f"{path}.accessModes")
    yield from claim_storage(spec.get("resources") or _NONE, f"{path}.resources")
    if "storageClassName" in spec:
        yield from claim_class(spec["storageClassName"], f"{path}.storageClassName")
    if "volumeMode" in spec:
        yield from claim_volume_mode(spec["volumeMode"], f"{path}.volumeMode")
    yield from _sources(spec, path)
    if "volumeAttributesClassName" in spec and target.enabled("VolumeAttributesClass"):
        yield from claim_class(spec["volumeAttributesClassName"], f"{path}.volumeAttributesClassName")


def _sources(spec: Node, path: str) -> Problems:
    for field in ("dataSource", "dataSourceRef"):
        if field in spec:
            yield from claim_data_source(spec[field], f"{path}.{field}")
    if "dataSource" in spec and "dataSourceRef" in spec:
        yield from claim_data_sources(spec["dataSource"], spec["dataSourceRef"], path)


def _with_both_sources(spec: Node) -> Node:
    """The spec as the registry rewrites it: a lone source is copied, a lone dataSource of an unknown kind forgotten."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is None and reference is None:
        return spec
    if reference is None and not _is_known(source or _NONE):
        source = None
    if source is None and not (reference or _NONE).get("namespace"):
        source = reference
    both = {"dataSource": source, "dataSourceRef": reference or source}
    rest = {field: value for field, value in spec.items() if field not in both}
    return rest | {field: value for field, value in both.items() if value is not None}


def _is_known(source: Node) -> bool:
    return (source.get("kind"), source.get("apiGroup") or "") in _KNOWN_SOURCES


RULES = (
    claim_access_modes.rule,
    claim_storage.rule,
    claim_class.rule,
    claim_volume_mode.rule,
    claim_data_source.rule,
    claim_data_sources.rule,
)
