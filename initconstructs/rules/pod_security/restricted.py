"""Pod Security, level restricted: the current best practice for a pod that needs nothing of its node.

Source of every check: k8s.io/pod-security-admission/policy/check_*.go and
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from initconstructs.manifests.pod_template import child
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.pod_security import baseline
from initconstructs.rules.pod_security.pod import (
    Container,
    Pod,
    plural,
    quoted,
    security,
    setter_path,
    setters,
    strings,
)
from initconstructs.schemas.capabilities import ADDABLE_AT_RESTRICTED

_rule = partial(rule, family=baseline.FAMILY, severity=Severity.WARNING)

_VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)


@_rule("escalation-allowed", fix="Set allowPrivilegeEscalation: false on every container.")
def escalation_allowed(pod: Pod) -> Places:
    """A container may gain more rights than it started with.

    What: securityContext.allowPrivilegeEscalation is not false; it can be set on containers only, not on the pod.
    Why: a setuid program in the image would lift the process above what the manifest grants.
    Example: an init container that was added without a security context.
    Fix: `securityContext: {allowPrivilegeEscalation: false}`
    Source: Pod Security Standards, restricted, Privilege Escalation.
    """
    offenders = pod.where(lambda container: security(container).get("allowPrivilegeEscalation") is not False)
    if offenders and not pod.is_windows:
        message = f"({offenders} must set securityContext.allowPrivilegeEscalation=false)"
        yield (
            offenders.path("securityContext.allowPrivilegeEscalation"),
            f"allowPrivilegeEscalation != false {message}",
        )


@_rule("undropped-capabilities", fix='Set capabilities: {drop: ["ALL"]} on every container; add only NET_BIND_SERVICE.')
def undropped_capabilities(pod: Pod) -> Places:
    """A container keeps Linux capabilities that it does not need.

    What: capabilities.drop does not hold ALL, or add holds anything but NET_BIND_SERVICE.
    Why: the defaults let a process change owners and forge packets.
    Example: an init container that was added without a security context.
    Fix: `securityContext: {capabilities: {drop: ["ALL"]}}`
    Source: Pod Security Standards, restricted, Capabilities.
    """
    if pod.is_windows:
        return
    undropped = pod.where(lambda container: "ALL" not in _dropped(container))
    clause = f'{undropped} must set securityContext.capabilities.drop=["ALL"]' if undropped else ""
    reason = "unrestricted capabilities"
    for path, message in baseline.forbidden_capabilities(pod, ADDABLE_AT_RESTRICTED, reason, clause):
        yield undropped.path("securityContext.capabilities") if undropped else path, message


def _dropped(container: Container) -> list[str]:
    return strings(child(container, "securityContext", "capabilities"), "drop")


@_rule("unmasked-proc-restricted", fix="Remove procMount.")
def unmasked_proc_restricted(pod: Pod) -> Places:
    """A container sees an unmasked /proc.

    What: securityContext.procMount is not Default; under restricted a user namespace does not waive it.
    Why: the masked parts of /proc change the kernel of the node.
    Example: `securityContext: {procMount: Unmasked}`
    Fix: leave the field out.
    Source: Pod Security Standards, restricted, from 1.35 on.
    """
    yield from baseline.procs_unmasked(pod)


@_rule(
    "restricted-volume",
    fix="Use a configMap, csi, downwardAPI, emptyDir, ephemeral, claim, projected or secret volume.",
)
def restricted_volume(pod: Pod) -> Places:
    """A volume is of a type that reaches the node or a storage system directly.

    What: any type but configMap, csi, downwardAPI, emptyDir, ephemeral, persistentVolumeClaim, projected, secret and
    (from 1.33 on) image.
    Why: hostPath opens the node, and the in-tree network types carry credentials past the storage classes.
    Example: `volumes: [{name: data, nfs: {server: nas, path: /}}]`
    Fix: let a PersistentVolume name the storage, and claim it.
    Source: Pod Security Standards, restricted, Volume Types.
    """
    allowed = _VOLUMES if pod.minor >= 33 else _VOLUMES - {"image"}
    found = [
        (path, str(volume.get("name")), kind)
        for path, volume in pod.template.entries("volumes")
        if (kind := _kind(volume)) not in allowed
    ]
    if found:
        names, kinds = [name for _, name, _ in found], sorted({kind for *_, kind in found})
        verb = "uses" if len(names) == 1 else "use"
        clause = f"{plural('volume', names)} {quoted(names)} {verb} {plural('restricted volume type', kinds)}"
        yield found[0][0], f"restricted volume types ({clause} {quoted(kinds)})"


def _kind(volume: Mapping[str, object]) -> str:
    """A volume with only a name becomes an emptyDir before anyone looks at it."""
    return next((field for field, value in volume.items() if field != "name" and value is not None), "emptyDir")


@_rule("may-run-as-root", fix="Set runAsNonRoot: true at the pod, and a numeric runAsUser where the image has root.")
def may_run_as_root(pod: Pod) -> Places:
    """A container may run as root.

    What: runAsNonRoot is not true, neither at the pod nor at the container; from 1.35 on hostUsers=false waives it.
    Why: root in a container is root in whatever the container breaks into.
    Example: an init container that sets `runAsNonRoot: false` to chown a volume.
    Fix: `spec.securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000}`
    Source: Pod Security Standards, restricted, Running as Non-root.
    """
    if pod.has_user_namespace:
        return
    own = pod.security.get("runAsNonRoot")
    explicit = pod.where(lambda container: security(container).get("runAsNonRoot") is False)
    implicit = pod.where(lambda container: security(container).get("runAsNonRoot") is None)
    if who := setters(own is False, explicit):
        path = setter_path(pod, own is False, explicit, "securityContext.runAsNonRoot")
        yield path, f"runAsNonRoot != true ({who} must not set securityContext.runAsNonRoot=false)"
    elif implicit and own is not True:
        message = f"runAsNonRoot != true (pod or {implicit} must set securityContext.runAsNonRoot=true)"
        yield implicit.path("securityContext.runAsNonRoot"), message


@_rule("run-as-user-zero", fix="Set runAsUser to a uid above 0; fsGroup gives it the volumes.")
def run_as_user_zero(pod: Pod) -> Places:
    """A container runs as uid 0.

    What: runAsUser is 0 at the pod or at a container; from 1.35 on hostUsers=false waives it.
    Why: root in a container is root in whatever the container breaks into.
    Example: `securityContext: {runAsUser: 0}` on an init container that fixes permissions.
    Fix: `spec.securityContext: {fsGroup: 1000, fsGroupChangePolicy: OnRootMismatch}` makes that container needless.
    Source: Pod Security Standards, restricted, Running as Non-root user.
    """
    pod_sets = _is_zero(pod.security)
    offenders = pod.where(lambda container: _is_zero(security(container)))
    if (who := setters(pod_sets, offenders)) and not pod.has_user_namespace:
        path = setter_path(pod, pod_sets, offenders, "securityContext.runAsUser")
        yield path, f"runAsUser=0 ({who} must not set runAsUser=0)"


def _is_zero(context: Mapping[str, object]) -> bool:
    user = context.get("runAsUser")
    return user == 0 and user is not False


@_rule("missing-seccomp-profile", fix="Set seccompProfile: {type: RuntimeDefault} at the pod.")
def missing_seccomp_profile(pod: Pod) -> Places:
    """A container runs without a seccomp profile.

    What: seccompProfile.type is neither RuntimeDefault nor Localhost, or is set nowhere.
    Why: without it the process may use every system call, unless the kubelet defaults it.
    Example: a pod without a security context.
    Fix: `spec.securityContext: {seccompProfile: {type: RuntimeDefault}}` covers every container.
    Source: Pod Security Standards, restricted, Seccomp.
    """
    if pod.is_windows:
        return
    forbidden = list(baseline.forbidden_seccomp(pod))
    unset = pod.where(lambda container: security(container).get("seccompProfile") is None)
    if forbidden:
        yield from forbidden
    elif unset and pod.security.get("seccompProfile") is None:
        wanted = '"RuntimeDefault" or "Localhost"'
        message = f"seccompProfile (pod or {unset} must set securityContext.seccompProfile.type to {wanted})"
        yield unset.path("securityContext.seccompProfile"), message


RESTRICTED: tuple[Check[[Pod]], ...] = (  # in the order of the plug-in's ids
    escalation_allowed,
    undropped_capabilities,
    unmasked_proc_restricted,
    restricted_volume,
    may_run_as_root,
    run_as_user_zero,
    missing_seccomp_profile,
)
