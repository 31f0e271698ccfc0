"""Volumes and claims as Kubernetes fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from initconstructs.model.environment import FieldRef
from initconstructs.model.raw import merged, plain
from initconstructs.model.settings import Settings
from initconstructs.model.volumes import (
    Claim,
    ClaimSpec,
    ClaimTemplate,
    ConfigMapFiles,
    Csi,
    DownwardApi,
    EmptyDir,
    EphemeralClaim,
    HostPath,
    Image,
    InlineFiles,
    Mount,
    Nfs,
    Projected,
    Projection,
    SecretFiles,
    ServiceAccountToken,
    Volume,
)
from initconstructs.rendering.values import Fields, flat, given, resource_field


def volume(value: Volume, config_map: str, settings: Settings) -> Fields:
    """A pod's volume; `config_map` names the ConfigMap that holds its inline files, if it has any."""
    source = value.source
    if isinstance(source, Image):
        return {"name": value.name, "image": flat(source) | {"reference": settings.pull(source.reference)}}
    if isinstance(source, InlineFiles):
        held = given(name=config_map, default_mode=source.default_mode)
        return {"name": value.name, "configMap": held}
    if isinstance(source, Mapping):
        return {"name": value.name} | cast(Fields, plain(source))
    key, render = _SOURCES[type(source)]
    return {"name": value.name, key: render(source)}


def mount(value: Mount, name: str) -> Fields:
    """One mount of the volume `name`."""
    found = given(name=name, mount_path=value.path, sub_path=value.sub_path, read_only=value.read_only or None)
    return merged(found, value.raw)


def claim_template(value: ClaimTemplate) -> Fields:
    """A StatefulSet's claim template."""
    return {"metadata": {"name": value.name} | _claim_metadata(value.spec), "spec": claim_spec(value.spec)}


def claim_spec(value: ClaimSpec) -> Fields:
    """What a claim asks for."""
    found = given(
        access_modes=list(value.access_modes),
        storage_class_name=value.storage_class,
        volume_mode=value.volume_mode,
        resources={"requests": {"storage": value.size}},
    )
    return merged(found, value.raw)


def _claim_metadata(value: ClaimSpec) -> Fields:
    return given(labels=dict(value.labels) or None, annotations=dict(value.annotations) or None)


def _keyed_files(value: ConfigMapFiles | SecretFiles) -> Fields:
    items = None if value.items is None else [{"key": key, "path": path} for key, path in value.items.items()]
    return given(items=items, default_mode=value.default_mode, optional=value.optional)


def _downward(value: DownwardApi) -> Fields:
    items: list[Fields] = []
    for path, each in value.items.items():
        if isinstance(each, FieldRef):
            items.append({"path": path, "fieldRef": {"fieldPath": each.path}})
        else:
            container, reference = each
            items.append({"path": path, "resourceFieldRef": {"containerName": container} | resource_field(reference)})
    return given(items=items, default_mode=value.default_mode)


def _ephemeral(value: EphemeralClaim) -> Fields:
    metadata = _claim_metadata(value.spec)
    template: Fields = {"metadata": metadata} if metadata else {}
    return {"volumeClaimTemplate": template | {"spec": claim_spec(value.spec)}}


def _csi(value: Csi) -> Fields:
    secret = None if value.node_publish_secret is None else {"name": value.node_publish_secret}
    return given(
        driver=value.driver,
        read_only=value.read_only,
        fs_type=value.fs_type,
        volume_attributes=plain(value.attributes),
        node_publish_secret_ref=secret,
    )


def _projection(value: Projection) -> Fields:
    if isinstance(value, ServiceAccountToken):
        token = given(audience=value.audience, expiration_seconds=value.expiration, path=value.path)
        return {"serviceAccountToken": token}
    if isinstance(value, DownwardApi):
        return {"downwardAPI": _downward(value)}
    key = "configMap" if isinstance(value, ConfigMapFiles) else "secret"
    return {key: {"name": value.name} | _keyed_files(value)}


def _projected(value: Projected) -> Fields:
    return given(sources=[_projection(each) for each in value.sources], default_mode=value.default_mode)


_SOURCES: dict[type, tuple[str, Callable[[Any], Fields]]] = {
    EmptyDir: ("emptyDir", flat),
    ConfigMapFiles: ("configMap", lambda value: {"name": value.name} | _keyed_files(value)),
    SecretFiles: ("secret", lambda value: {"secretName": value.name} | _keyed_files(value)),
    Claim: ("persistentVolumeClaim", lambda value: given(claim_name=value.name, read_only=value.read_only)),
    HostPath: ("hostPath", flat),
    Nfs: ("nfs", flat),
    Csi: ("csi", _csi),
    DownwardApi: ("downwardAPI", _downward),
    Projected: ("projected", _projected),
    EphemeralClaim: ("ephemeral", _ephemeral),
}
