"""The volumes of a pod: each has a name and one source.

Source: ValidateVolumes and validateVolumeSource in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.rules.api_server.cause import duplicate, forbidden, invalid, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_label, dns_subdomain
from initconstructs.rules.api_server.network_volumes import NETWORK_SOURCES
from initconstructs.rules.api_server.pod_context import PodContext, SourceCheck
from initconstructs.rules.api_server.volume_files import FILE_SOURCES
from initconstructs.rules.api_server.volume_sources import LOCAL_SOURCES

_CHECKS: Mapping[str, SourceCheck] = {**LOCAL_SOURCES, **FILE_SOURCES, **NETWORK_SOURCES}

# In the order in which the server looks for them: the first one counts, the others are forbidden.
_ORDER = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)
# Some paths in the server's messages are not the field's.
_SPELT = {"gcePersistentDisk": "persistentDisk"}
_FORBIDDEN_SPELT = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}


def volumes(pod: PodContext) -> Problems:
    """The volumes of a pod; the valid ones are kept in the context for mounts to find."""
    path = f"{pod.path}.volumes"
    listed = pod.spec["volumes"]
    claims = _created_claims(listed, pod)
    for index, volume in enumerate(listed):
        name, at = volume.get("name") or "", f"{path}[{index}]"
        problems = [*_source(volume, at, pod), *volume_name(name, f"{at}.name", pod)]
        if not problems:
            pod.volumes[name] = volume
        yield from problems
        if claims and "persistentVolumeClaim" in volume:
            yield from claim_of_ephemeral_volume(volume["persistentVolumeClaim"], at, claims)


def _source(volume: Node, path: str, pod: PodContext) -> Problems:
    given = [name for name in _ORDER if name in volume]
    if not given:
        return
    first = given[0]
    check = _CHECKS.get(first)
    if check:
        yield from check(volume[first], f"{path}.{_SPELT.get(first, first)}", pod)
    if first == "iscsi" and "initiatorName" in volume["iscsi"]:
        yield from iscsi_name_length(volume, path)
    if first == "ephemeral" and pod.pod_name and volume.get("name"):
        yield from ephemeral_claim_name(f"{pod.pod_name}-{volume['name']}", volume["name"], path)
    if len(given) > 1:
        yield from volume_type(given[1:], path)


def _created_claims(listed: list[Node], pod: PodContext) -> frozenset[str]:
    if not pod.pod_name:
        return frozenset()
    return frozenset(f"{pod.pod_name}-{volume.get('name') or ''}" for volume in listed if "ephemeral" in volume)


@rule("volume-name", fix="Give each volume a lower-case DNS label of its own, at most 63 characters.")
def volume_name(name: str, path: str, pod: PodContext) -> Causes:
    """A volume has a name of its own.

    What: at most 63 lower-case letters, digits and inner hyphens, unique in the pod.
    Why: containers mount it by this name.
    Example: two volumes `tmp`.
    Fix: rename one, and the mounts that mean it.
    Source: ValidateVolumes in pkg/apis/core/validation/validation.go
    """
    if not name:
        yield required(path)
    for complaint in dns_label(name) if name else ():
        yield invalid(path, name, complaint)
    if name in pod.volumes:
        yield duplicate(path, name)


@rule("volume-type", fix="Keep one source per volume; make two volumes of it.")
def volume_type(others: list[str], path: str) -> Causes:
    """A volume has one source.

    What: one of emptyDir, configMap, secret, persistentVolumeClaim and the others; none at all means emptyDir.
    Why: a volume can't be two things; projected is what puts several together.
    Example: `{name: data, emptyDir: {}, persistentVolumeClaim: {claimName: data}}`.
    Fix: remove all but one.
    Source: validateVolumeSource in pkg/apis/core/validation/validation.go
    """
    for name in others:
        yield forbidden(f"{path}.{_FORBIDDEN_SPELT.get(name, name)}", "may not specify more than 1 volume type")


@rule("iscsi-name-length", fix="Shorten the volume's name, or leave initiatorName out.")
def iscsi_name_length(volume: Node, path: str) -> Causes:
    """An iSCSI interface's name fits.

    What: with initiatorName, the volume's name, `:` and the target portal have at most 64 characters together.
    Why: the kubelet names an interface so.
    Example: a volume's name of 60 characters with initiatorName.
    Fix: shorten the name.
    Source: validateVolumeSource in pkg/apis/core/validation/validation.go
    """
    name, portal = volume.get("name") or "", volume["iscsi"].get("targetPortal") or ""
    if len(f"{name}:{portal}") > 64:
        detail = (
            "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is "
            "specified."
        )
        yield invalid(f"{path}.name", name, detail)


@rule("ephemeral-claim-name", fix="Shorten the names of the Pod and of the volume.")
def ephemeral_claim_name(claim: str, name: str, path: str) -> Causes:
    """The claim of an ephemeral volume can be named.

    What: in a Pod, its name, `-` and the volume's name together are a DNS subdomain.
    Why: the claim that is created gets this name.
    Example: a Pod's name of 250 characters.
    Fix: shorten it.
    Source: validateVolumeSource in pkg/apis/core/validation/validation.go
    """
    for complaint in dns_subdomain(claim):
        yield invalid(f"{path}.name", name, f'PVC name "{claim}": {complaint}')


@rule("claim-of-ephemeral-volume", fix="Mount the ephemeral volume itself.")
def claim_of_ephemeral_volume(source: Node, path: str, claims: frozenset[str]) -> Causes:
    """A volume doesn't name the claim that another volume creates.

    What: in a Pod, no claimName is `<pod>-<volume>` of one of its ephemeral volumes.
    Why: that claim comes and goes with the Pod.
    Example: claimName `web-scratch` in the Pod `web` with the ephemeral volume `scratch`.
    Fix: mount `scratch`.
    Source: ValidateVolumes in pkg/apis/core/validation/validation.go
    """
    name = source.get("claimName") or ""
    if name in claims:
        detail = "must not reference a PVC that gets created for an ephemeral volume"
        yield invalid(f"{path}.persistentVolumeClaim.claimName", name, detail)


RULES = (
    volume_name.rule,
    volume_type.rule,
    iscsi_name_length.rule,
    ephemeral_claim_name.rule,
    claim_of_ephemeral_volume.rule,
)
