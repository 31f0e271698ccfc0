"""Volumes, where they come from, and where a container sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal, TypeAlias, get_args, get_origin

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Quantity
from initconstructs.model.environment import FieldRef, ResourceFieldRef
from initconstructs.model.errors import wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import Raw, raw_fields

AccessMode: TypeAlias = Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]
_ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")


def _mode(place: str, value: int | None) -> None:
    if value is not None:
        checks.number(place, value, 0, 0o777)


@frozen
class EmptyDir:
    """A directory that lives as long as the pod; `medium="Memory"` keeps it off the disk and counts as memory."""

    medium: Literal["Memory"] | None = None
    size_limit: Quantity | None = None

    def __post_init__(self) -> None:
        if self.medium is not None:
            checks.choice("EmptyDir.medium", self.medium, ("Memory",))
        if self.size_limit is not None:
            object.__setattr__(self, "size_limit", checks.quantity("EmptyDir.size_limit", self.size_limit))


@frozen
class ConfigMapFiles:
    """The keys of a ConfigMap as files; `items` picks keys and names their paths."""

    name: str = field(kw_only=False)
    items: Mapping[str, str] | None = None
    default_mode: int | None = None
    optional: bool | None = None

    def __post_init__(self) -> None:
        checks.subdomain("ConfigMapFiles.name", self.name)
        _mode("ConfigMapFiles.default_mode", self.default_mode)
        _items(self, "ConfigMapFiles.items", self.items)


@frozen
class SecretFiles:
    """The keys of a Secret as files; `items` picks keys and names their paths."""

    name: str = field(kw_only=False)
    items: Mapping[str, str] | None = None
    default_mode: int | None = None
    optional: bool | None = None

    def __post_init__(self) -> None:
        checks.subdomain("SecretFiles.name", self.name)
        _mode("SecretFiles.default_mode", self.default_mode)
        _items(self, "SecretFiles.items", self.items)


def _items(owner: ConfigMapFiles | SecretFiles, place: str, items: Mapping[str, str] | None) -> None:
    if items is None:
        return
    for path in checks.strings(place, items).values():
        checks.relative_path(place, path)
    object.__setattr__(owner, "items", checks.strings(place, items))


@frozen
class InlineFiles:
    """Literal text files. A ConfigMap that holds them comes out beside the workload."""

    files: Mapping[str, str] = field(kw_only=False)
    default_mode: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", checks.strings("InlineFiles.files", self.files))
        for name in self.files:
            checks.config_key("InlineFiles.files", name)
        _mode("InlineFiles.default_mode", self.default_mode)


@frozen
class Claim:
    """An existing PersistentVolumeClaim."""

    name: str = field(kw_only=False)
    read_only: bool | None = None

    def __post_init__(self) -> None:
        checks.subdomain("Claim.name", self.name)


@frozen
class HostPath:
    """A path of the node. Pod Security "baseline" and "restricted" forbid it."""

    path: str = field(kw_only=False)
    type: str | None = None

    def __post_init__(self) -> None:
        checks.text("HostPath.path", self.path, "name a path of the node")


@frozen
class Nfs:
    """An NFS export."""

    server: str
    path: str
    read_only: bool | None = None

    def __post_init__(self) -> None:
        checks.text("Nfs.server", self.server, "name the server")
        checks.absolute_path("Nfs.path", self.path)


@frozen
class Csi:
    """A volume that a CSI driver makes for this pod."""

    driver: str = field(kw_only=False)
    attributes: Mapping[str, str] | None = None
    fs_type: str | None = None
    read_only: bool | None = None
    node_publish_secret: str | None = None

    def __post_init__(self) -> None:
        checks.text("Csi.driver", self.driver, "name the driver")
        if self.attributes is not None:
            object.__setattr__(self, "attributes", checks.strings("Csi.attributes", self.attributes))


@frozen
class Image:
    """The file system of an image, read-only (on by default from Kubernetes 1.35)."""

    reference: str = field(kw_only=False)
    pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None

    def __post_init__(self) -> None:
        checks.text("Image.reference", self.reference, "name an image")
        if self.pull_policy is not None:
            checks.choice("Image.pull_policy", self.pull_policy, ("Always", "IfNotPresent", "Never"))


@frozen
class DownwardApi:
    """Fields of the pod, or of a container's resources, as files by path."""

    items: Mapping[str, FieldRef | tuple[str, ResourceFieldRef]] = field(kw_only=False)
    default_mode: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", checks.mapping("DownwardApi.items", self.items))
        for path in self.items:
            checks.relative_path("DownwardApi.items", path)
        _mode("DownwardApi.default_mode", self.default_mode)


@frozen
class ServiceAccountToken:
    """A token of the pod's service account that the kubelet renews; only inside `Projected`."""

    path: str = field(kw_only=False)
    audience: str | None = None
    expiration: Duration | None = None

    def __post_init__(self) -> None:
        checks.relative_path("ServiceAccountToken.path", self.path)
        if self.expiration is not None:
            span = checks.seconds("ServiceAccountToken.expiration", self.expiration, 600)
            object.__setattr__(self, "expiration", span)


Projection: TypeAlias = ConfigMapFiles | SecretFiles | DownwardApi | ServiceAccountToken


@frozen
class Projected:
    """Several sources in one directory."""

    sources: Sequence[Projection] = field(kw_only=False)
    default_mode: int | None = None

    def __post_init__(self) -> None:
        kinds = (ConfigMapFiles, SecretFiles, DownwardApi, ServiceAccountToken)
        kept = checks.items("Projected.sources", self.sources, kinds, "list sources such as SecretFiles")
        object.__setattr__(self, "sources", kept)
        _mode("Projected.default_mode", self.default_mode)


@frozen
class ClaimSpec:
    """What a new PersistentVolumeClaim asks for."""

    size: Quantity
    access_modes: Sequence[AccessMode] = ("ReadWriteOnce",)
    storage_class: str | None = None
    volume_mode: Literal["Filesystem", "Block"] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    raw: Raw = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checks.quantity("ClaimSpec.size", self.size))
        object.__setattr__(self, "access_modes", checks.items("access_modes", self.access_modes, str, "list modes"))
        for mode in self.access_modes:
            checks.choice("ClaimSpec.access_modes", mode, _ACCESS_MODES)
        if self.volume_mode is not None:
            checks.choice("ClaimSpec.volume_mode", self.volume_mode, ("Filesystem", "Block"))
        for name in ("labels", "annotations"):
            object.__setattr__(self, name, checks.strings(f"ClaimSpec.{name}", getattr(self, name)))
        object.__setattr__(self, "raw", raw_fields("ClaimSpec.raw", self.raw, "core.v1.PersistentVolumeClaimSpec"))


@frozen
class EphemeralClaim:
    """A claim that is made with the pod and deleted with it."""

    spec: ClaimSpec = field(kw_only=False)

    def __post_init__(self) -> None:
        checks.instances("EphemeralClaim", self, {"spec": ClaimSpec})


Source: TypeAlias = (
    EmptyDir
    | ConfigMapFiles
    | SecretFiles
    | InlineFiles
    | Claim
    | HostPath
    | Nfs
    | Csi
    | Image
    | DownwardApi
    | Projected
    | EphemeralClaim
    | Raw
)
"""What a volume holds; a raw mapping such as `{"azureFile": {...}}` for the sources without a type here."""

_SOURCES: tuple[type, ...] = tuple(each for each in get_args(Source) if get_origin(each) is None)


@frozen
class Volume:
    """A named volume of a pod: `Volume("cache", EmptyDir(size_limit="1Gi"))`.

    A workload finds its volumes through the mounts; list one under `volumes` only when nothing mounts it.
    """

    name: str = field(kw_only=False)
    source: Source = field(default_factory=EmptyDir, kw_only=False)

    def __post_init__(self) -> None:
        checks.label("Volume.name", self.name)
        if isinstance(self.source, Mapping):
            object.__setattr__(self, "source", raw_fields(f'Volume "{self.name}"', self.source, "core.v1.Volume"))
        elif not isinstance(self.source, _SOURCES):
            rule = "must be a volume source"
            raise wrong(f'Volume "{self.name}".source', self.source, rule, 'write EmptyDir(), or {"azureFile": {...}}')

    @ends_at_the_author
    def at(self, path: str, *, read_only: bool = False, sub_path: str | None = None) -> Mount:
        """This volume, as a container sees it under `path`."""
        return Mount(path, volume=self, read_only=read_only, sub_path=sub_path)


@frozen
class ClaimTemplate:
    """A claim that a StatefulSet makes for each replica: `ClaimTemplate("data", ClaimSpec(size="10Gi"))`."""

    name: str = field(kw_only=False)
    spec: ClaimSpec = field(kw_only=False)

    def __post_init__(self) -> None:
        checks.label("ClaimTemplate.name", self.name)
        checks.instances(f'ClaimTemplate "{self.name}"', self, {"spec": ClaimSpec})

    @ends_at_the_author
    def at(self, path: str, *, read_only: bool = False, sub_path: str | None = None) -> Mount:
        """This claim, as a container sees it under `path`."""
        return Mount(path, volume=self, read_only=read_only, sub_path=sub_path)


@frozen
class Output:
    """A directory that a stage hands to whatever starts after it; take it from `stage.output`."""

    stage: str
    name: str
    volume: Volume | ClaimTemplate

    @ends_at_the_author
    def at(self, path: str, *, read_only: bool = True, sub_path: str | None = None) -> Mount:
        """The directory, as a later container sees it under `path`: read-only unless said otherwise."""
        return Mount(path, volume=self, read_only=read_only, sub_path=sub_path)


@frozen
class Mount:
    """A volume under a path of one container; made by `volume.at(...)` or `stage.output.at(...)`."""

    path: str = field(kw_only=False)
    volume: Volume | ClaimTemplate | Output
    read_only: bool = False
    sub_path: str | None = None
    raw: Raw = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.absolute_path("Mount.path", self.path)
        kinds = (Volume, ClaimTemplate, Output)
        checks.instance("Mount.volume", self.volume, kinds, 'take volume.at("/path") or stage.output.at("/path")')
        if self.sub_path is not None:
            checks.relative_path("Mount.sub_path", self.sub_path)
        object.__setattr__(self, "raw", raw_fields("Mount.raw", self.raw, "core.v1.VolumeMount"))


def mounts(place: str, value: Sequence[Mount]) -> tuple[Mount, ...]:
    """Mounts of one container, no path twice."""
    kept = checks.items(place, value, Mount, 'write volume.at("/path")')
    checks.unique(f"{place} path", (mount.path for mount in kept), "mount each volume under a path of its own")
    return kept
