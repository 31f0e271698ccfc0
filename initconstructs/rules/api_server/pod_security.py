"""The security context of the pod: what all of its containers share.

Source: validatePodSpecSecurityContext, validateSysctls and validateHostUsers in
pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import re

from initconstructs.rules.api_server.cause import duplicate, forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.pod_context import PodContext
from initconstructs.rules.api_server.security_context import apparmor_profile, seccomp_profile, user_id
from initconstructs.rules.api_server.windows import windows_options

_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL_PATTERN = rf"^({_SEGMENT}[\./])*{_SEGMENT}$"
_SYSCTL = re.compile(rf"({_SEGMENT}[./])*{_SEGMENT}")
_IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "fs.mqueue.")
_POLICIES = {
    "fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "supplementalGroupsPolicy": ("Merge", "Strict"),
}


def pod_security(pod: PodContext) -> Problems:
    """`spec.securityContext`, and shareProcessNamespace, which the server keeps in there."""
    context, path = pod.security_context, f"{pod.path}.securityContext"
    yield from user_id(context, path, ("fsGroup", "runAsUser", "runAsGroup"))
    if pod.spec.get("shareProcessNamespace") and pod.spec.get("hostPID"):
        yield from shared_process_namespace(path)
    if "sysctls" in context:
        yield from sysctl(context["sysctls"], f"{path}.sysctls", pod)
    yield from pod_security_policies(context, path, ("fsGroupChangePolicy",), pod)
    if "seccompProfile" in context:
        yield from seccomp_profile(context["seccompProfile"], f"{path}.seccompProfile")
    if "windowsOptions" in context:
        yield from windows_options(context["windowsOptions"], f"{path}.windowsOptions")
    if "appArmorProfile" in context:
        yield from apparmor_profile(context["appArmorProfile"], f"{path}.appArmorProfile")
    yield from pod_security_policies(context, path, ("supplementalGroupsPolicy", "seLinuxChangePolicy"), pod)


@rule("shared-process-namespace", fix="Remove shareProcessNamespace or hostPID.")
def shared_process_namespace(path: str) -> Causes:
    """A pod shares one process namespace, its own or the node's.

    What: shareProcessNamespace and hostPID aren't both true.
    Why: with the node's namespace there is none of the pod's own.
    Example: `hostPID: true` and `shareProcessNamespace: true`.
    Fix: remove one of them.
    Source: validatePodSpecSecurityContext in pkg/apis/core/validation/validation.go
    """
    detail = "ShareProcessNamespace and HostPID cannot both be enabled"
    yield invalid(f"{path}.shareProcessNamespace", True, detail)


@rule("sysctl", fix="Name each sysctl once, and only those of a namespace that the pod has for itself.")
def sysctl(sysctls: list[Node], path: str, pod: PodContext) -> Causes:
    """A sysctl is well-formed, unique, and in a namespace of the pod's own.

    What: names look like `net.core.somaxconn`, at most 253 characters, each once; net.* needs the pod's own network,
    kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.* its own IPC namespace.
    Why: with hostNetwork or hostIPC the node's own setting would change.
    Example: `net.core.somaxconn` with `hostNetwork: true`.
    Fix: set the node's sysctls on the node.
    Source: validateSysctls in pkg/apis/core/validation/validation.go
    """
    names: set[str] = set()
    for index, each in enumerate(sysctls):
        name, at = each.get("name") or "", f"{path}[{index}].name"
        if not name:
            yield required(at)
        elif len(name) > 253 or not _SYSCTL.fullmatch(name):
            yield invalid(at, name, f"must have at most 253 characters and match regex {_SYSCTL_PATTERN}")
        elif name in names:
            yield duplicate(at, name)
        names.add(name)
        dotted = _dotted(name)
        if pod.host_network and dotted.startswith("net."):
            yield invalid(at, name, "may not be specified when 'hostNetwork' is true")
        elif pod.spec.get("hostIPC") and (dotted == "kernel.sem" or dotted.startswith(_IPC_SYSCTLS)):
            yield invalid(at, name, "may not be specified when 'hostIPC' is true")


def _dotted(name: str) -> str:
    """`net/core/somaxconn` as `net.core.somaxconn`; the first separator tells which spelling it is."""
    first = re.search("[./]", name)
    return name.translate(str.maketrans("./", "/.")) if first and first[0] == "/" else name


@rule("pod-security-policy", fix="Use one of the values that the message lists.")
def pod_security_policies(context: Node, path: str, fields: tuple[str, ...], pod: PodContext) -> Causes:
    """The policies of a security context have known values.

    What: fsGroupChangePolicy is Always or OnRootMismatch, supplementalGroupsPolicy Merge or Strict, seLinuxChangePolicy
    Recursive (MountOption too, where the gate SELinuxMount is on).
    Why: the kubelet knows these.
    Example: `fsGroupChangePolicy: Never`.
    Fix: `fsGroupChangePolicy: OnRootMismatch`.
    Source: validatePodSpecSecurityContext in pkg/apis/core/validation/validation.go
    """
    change = ("MountOption", "Recursive") if pod.target.enabled("SELinuxMount") else ("Recursive",)
    known = {**_POLICIES, "seLinuxChangePolicy": change}
    for field in fields:
        if field in context and context[field] not in known[field]:
            yield not_supported(f"{path}.{field}", context[field], known[field])


@rule("user-namespace", fix="Remove hostNetwork, hostPID, hostIPC and volumeDevices, or hostUsers: false.")
def user_namespace(pod: PodContext) -> Causes:
    """A pod with its own user ids shares no namespace of the node.

    What: `hostUsers: false` excludes hostNetwork, hostPID, hostIPC, and from 1.34 volumeDevices.
    Why: the ids inside mean nothing to what the node owns.
    Example: `hostUsers: false` and `hostNetwork: true`.
    Fix: choose one.
    Source: validateHostUsers in pkg/apis/core/validation/validation.go
    """
    detail = "when `hostUsers` is false" if pod.target.minor >= 34 else "when `pod.Spec.HostUsers` is false"
    for field, name in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if pod.spec.get(field):
            yield forbidden(f"{pod.path}.{name}", detail)
    if pod.target.minor >= 34:
        for container, path in pod.every_container():
            if container.get("volumeDevices"):
                yield forbidden(f"{path}.volumeDevices", detail)


RULES = (shared_process_namespace.rule, sysctl.rule, pod_security_policies.rule, user_namespace.rule)
