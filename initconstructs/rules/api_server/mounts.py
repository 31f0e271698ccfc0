"""Where containers mount volumes, and which of them they take as raw devices.

Source: ValidateVolumeMounts and ValidateVolumeDevices in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.rules.api_server.cause import forbidden, invalid, not_found, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import local_path, path_without_back_steps
from initconstructs.rules.api_server.pod_context import NONE, PodContext

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")


def mounts_and_devices(container: Node, path: str, pod: PodContext) -> Problems:
    """A container's volumeMounts, then its volumeDevices."""
    mounts, devices = container.get("volumeMounts") or (), container.get("volumeDevices") or ()
    device_paths = {device.get("name") or "": device.get("devicePath") or "" for device in devices}
    mounted: set[str] = set()
    for index, mount in enumerate(mounts):
        at = f"{path}.volumeMounts[{index}]"
        yield from volume_mount(mount, at, pod, mounted, device_paths)
        if mount.keys() - {"name", "mountPath"}:
            yield from _mount_options(mount, at, f"{path}.volumeMounts", container)
    if devices:
        last = {mount.get("name") or "": mount.get("mountPath") or "" for mount in mounts}
        yield from volume_device(devices, f"{path}.volumeDevices", pod, last)


def _mount_options(mount: Node, path: str, mounts_path: str, container: Node) -> Problems:
    if mount.get("subPath") or mount.get("subPathExpr"):
        yield from mount_sub_path(mount, path, mounts_path)
    if "mountPropagation" in mount:
        yield from mount_propagation(mount["mountPropagation"], f"{mounts_path}.mountPropagation", container)
    if "recursiveReadOnly" in mount:
        yield from recursive_read_only(mount, f"{mounts_path}.recursiveReadOnly")


@rule("volume-mount", fix="Mount a volume that the pod declares, at a path that no other mount of the container uses.")
def volume_mount(mount: Node, path: str, pod: PodContext, mounted: set[str], devices: Mapping[str, str]) -> Causes:
    """A mount names a valid volume of the pod and a path of its own.

    What: `name` is a declared volume that is itself valid; `mountPath` is there, unique in the container to the letter,
    and neither is used by a volumeDevice.
    Why: the second mount would hide the first; a mount of nothing can't start.
    Example: `volumeMounts: [{name: cache, mountPath: /tmp}]` without a volume `cache`.
    Fix: declare the volume below spec.volumes, or correct the name; mend the volume if it has a finding of its own.
    Source: ValidateVolumeMounts in pkg/apis/core/validation/validation.go
    """
    name, mount_path = mount.get("name") or "", mount.get("mountPath") or ""
    if not name:
        yield required(f"{path}.name")
    if name not in pod.volumes:
        yield not_found(f"{path}.name", name)
    if not mount_path:
        yield required(f"{path}.mountPath")
    if mount_path in mounted:
        yield invalid(f"{path}.mountPath", mount_path, "must be unique")
    mounted.add(mount_path)
    if name in devices:
        yield invalid(f"{path}.name", name, "must not already exist in volumeDevices")
    if mount_path in devices.values():
        yield invalid(f"{path}.mountPath", mount_path, "must not already exist as a path in volumeDevices")


@rule("mount-sub-path", fix="Use a relative path without `..`, in either subPath or subPathExpr.")
def mount_sub_path(mount: Node, path: str, mounts_path: str) -> Causes:
    """A subPath stays inside its volume.

    What: subPath and subPathExpr are relative, have no `..`, and exclude each other.
    Why: a path that climbs would leave the volume and reach the node.
    Example: `subPath: ../etc`, `subPath: /data`.
    Fix: `subPath: data`.
    Source: validateLocalDescendingPath in pkg/apis/core/validation/validation.go
    """
    sub_path, expression = mount.get("subPath") or "", mount.get("subPathExpr") or ""
    for complaint in local_path(sub_path) if sub_path else ():
        yield invalid(f"{mounts_path}.subPath", sub_path, complaint)
    if expression and sub_path:
        yield invalid(f"{path}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive")
    for complaint in local_path(expression) if expression else ():
        yield invalid(f"{mounts_path}.subPathExpr", expression, complaint)


@rule("mount-propagation", fix="Use None or HostToContainer; Bidirectional needs a privileged container.")
def mount_propagation(value: str, path: str, container: Node) -> Causes:
    """Mounts propagate in a known way, and to the node only from privileged containers.

    What: mountPropagation is None, HostToContainer or Bidirectional, the last with securityContext.privileged: true.
    Why: Bidirectional changes the node's own mounts.
    Example: `mountPropagation: Bidirectional` in an ordinary container.
    Fix: use HostToContainer.
    Source: validateMountPropagation in pkg/apis/core/validation/validation.go
    """
    if value not in _PROPAGATIONS:
        yield not_supported(path, value, _PROPAGATIONS)
    if value == "Bidirectional" and not container.get("securityContext", NONE).get("privileged"):
        yield forbidden(path, "Bidirectional mount propagation is available only to privileged containers")


@rule("recursive-read-only", fix="Set readOnly: true, and leave mountPropagation out.")
def recursive_read_only(mount: Node, path: str) -> Causes:
    """A mount is recursively read-only only where it is read-only.

    What: recursiveReadOnly is Disabled, IfPossible or Enabled; the last two need readOnly and no
    mountPropagation but None.
    Why: new mounts that propagate in could be writable.
    Example: `recursiveReadOnly: Enabled` without `readOnly: true`.
    Fix: add `readOnly: true`.
    Source: validateMountRecursiveReadOnly in pkg/apis/core/validation/validation.go
    """
    value = mount["recursiveReadOnly"]
    if value not in _RECURSIVE:
        yield not_supported(path, value, _RECURSIVE)
    elif value != "Disabled":
        if not mount.get("readOnly"):
            yield forbidden(path, "may only be specified when readOnly is true")
        if mount.get("mountPropagation", "None") != "None":
            yield forbidden(path, "may only be specified when mountPropagation is None or not specified")


@rule("volume-device", fix="Take a persistentVolumeClaim or ephemeral volume as device, once, at a path of its own.")
def volume_device(devices: list[Node], path: str, pod: PodContext, mounts: Mapping[str, str]) -> Causes:
    """A raw device is a claim's volume at a path of its own.

    What: `name` is a valid volume of type persistentVolumeClaim or ephemeral, `devicePath` is there without `..`;
    both are unique and not used by a mount.
    Why: only a claim can be a block device, and one volume is either mounted or raw.
    Example: a volumeDevice that names an emptyDir.
    Fix: use a claim with volumeMode Block.
    Source: ValidateVolumeDevices in pkg/apis/core/validation/validation.go
    """
    names: set[str] = set()
    paths: set[str] = set()
    for index, device in enumerate(devices):
        name, device_path = device.get("name") or "", device.get("devicePath") or ""
        at = f"{path}[{index}]"
        yield from _device_name(name, f"{at}.name", pod, names)
        yield from _device_path(device_path, f"{at}.devicePath", paths)
        if name in mounts:
            yield invalid(f"{at}.name", name, "must not already exist in volumeMounts")
        if device_path in mounts.values():
            yield invalid(f"{at}.devicePath", device_path, "must not already exist as a path in volumeMounts")


def _device_name(name: str, path: str, pod: PodContext, names: set[str]) -> Causes:
    if not name:
        yield required(path)
    if name in names:
        yield invalid(path, name, "must be unique")
    if name:
        names.add(name)
    volume = pod.volumes.get(name)
    if volume is None:
        yield not_found(path, name)
    elif not {"persistentVolumeClaim", "ephemeral"} & volume.keys():
        yield invalid(
            path, name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        )


def _device_path(device_path: str, path: str, paths: set[str]) -> Causes:
    if not device_path:
        yield required(path)
    if device_path in paths:
        yield invalid(path, device_path, "must be unique")
    if path_without_back_steps(device_path):
        yield invalid(path, device_path, "can not contain backsteps ('..')")
    else:
        paths.add(device_path)


RULES = (
    volume_mount.rule,
    mount_sub_path.rule,
    mount_propagation.rule,
    recursive_read_only.rule,
    volume_device.rule,
)
