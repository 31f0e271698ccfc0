"""What Windows pods may and may not say, and what only they may.

Source: validateWindowsSecurityContextOptions, validateWindowsHostProcessPod, validateOS, validateLinux and
validateWindows in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import re

from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import Complaints, dns_subdomain, size
from initconstructs.rules.api_server.pod_context import NONE, PodContext

_NETBIOS = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ODD_USER = re.compile(r'["/\\:;|=,+*?<>@\[\]]')
# The server keeps the namespaces in the security context as well, and looks at them in between.
_POD_FIELDS = (
    "appArmorProfile",
    "seLinuxOptions",
    "hostUsers",
    "hostPID",
    "hostIPC",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "shareProcessNamespace",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
_NAMESPACES = {"hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"}
_UNSET_WHEN_EMPTY = {"hostPID", "hostIPC", "sysctls"}
_CONTAINER_FIELDS = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


@rule("windows-options", fix="Name an existing credential spec, and a user as USER or DOMAIN\\USER.")
def windows_options(options: Node, path: str) -> Causes:
    r"""Windows options name a credential spec and a user that can exist.

    What: gmsaCredentialSpecName is a DNS subdomain, gmsaCredentialSpec at most 64 KiB and not empty; runAsUserName is
    USER or DOMAIN\USER in the form that Windows asks for.
    Why: the container could not be started with another one.
    Example: `runAsUserName: a\b\c`.
    Fix: `runAsUserName: ContainerUser`.
    Source: validateWindowsSecurityContextOptions in pkg/apis/core/validation/validation.go
    """
    name, spec, user = (options.get(key) for key in ("gmsaCredentialSpecName", "gmsaCredentialSpec", "runAsUserName"))
    for complaint in dns_subdomain(name) if name is not None else ():
        yield invalid(f"{path}.gmsaCredentialSpecName", name, complaint)
    if spec is not None and not spec:
        yield invalid(f"{path}.gmsaCredentialSpec", spec, "gmsaCredentialSpec cannot be an empty string")
    elif spec is not None and size(spec) > 64 * 1024:
        yield invalid(f"{path}.gmsaCredentialSpec", spec, "gmsaCredentialSpec size must be under 64 KiB")
    for complaint in _run_as(user) if user is not None else ():
        yield invalid(f"{path}.runAsUserName", user, f"runAsUserName{complaint}")


def _run_as(name: str) -> Complaints:
    if not name:
        return (" cannot be an empty string",)
    if _CONTROL.search(name):
        return (" cannot contain control characters",)
    if name.count("\\") > 1:
        return (" cannot contain more than one backslash",)
    domain, backslash, user = name.rpartition("\\")
    return (*(_domain(domain) if backslash else ()), *_user(user))


def _domain(domain: str) -> Complaints:
    wrong = {
        "'s Domain length must be under 256 characters": size(domain) >= 256,
        "'s Domain doesn't match the NetBios nor the DNS format": not (
            _NETBIOS.fullmatch(domain) or _DNS.fullmatch(domain)
        ),
    }
    return tuple(complaint for complaint, applies in wrong.items() if applies)


def _user(user: str) -> Complaints:
    wrong = {
        "'s User cannot be empty": not user,
        "'s User length must not be longer than 104 characters": size(user) > 104,
        "'s User cannot contain only periods or spaces": user and not user.strip(". "),
        "'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]": _ODD_USER.search(user),
    }
    return tuple(complaint for complaint, applies in wrong.items() if applies)


@rule("host-process", fix="Make every container a HostProcess container, with hostNetwork: true, or none.")
def host_process(pod: PodContext) -> Causes:
    """A pod's containers are all HostProcess containers, or none is.

    What: once one container (init containers included) has hostProcess, all have it, pod and containers agree, and
    hostNetwork is true.
    Why: Windows runs such a pod directly on the node.
    Example: hostProcess below one container's windowsOptions only.
    Fix: set it once, below the pod's securityContext.windowsOptions.
    Source: validateWindowsHostProcessPod in pkg/apis/core/validation/validation.go
    """
    on_pod = _host_process(pod.security_context)
    each: list[bool] = []
    for container, path in pod.every_container():
        own = _host_process(container.get("securityContext") or NONE)
        if on_pod is not None and own is not None and own != on_pod:
            detail = f"pod hostProcess value must be identical if both are specified, was {str(on_pod).lower()}"
            yield invalid(f"{path}.securityContext.windowsOptions.hostProcess", own, detail)
        each.append(bool(on_pod if own is None else own))
    if any(each):
        if not all(each):
            detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
            yield invalid(pod.path, "", detail)
        if not pod.host_network:
            detail = "hostNetwork must be true if pod contains any hostProcess containers"
            yield invalid(f"{pod.path}.hostNetwork", False, detail)


def _host_process(context: Node) -> bool | None:
    value: bool | None = (context.get("windowsOptions") or NONE).get("hostProcess")
    return value


def pod_os(pod: PodContext) -> Problems:
    """`spec.os`, and what the system it names excludes."""
    name = pod.spec["os"].get("name") or ""
    if name == "linux":
        yield from linux_fields(pod)
    elif name == "windows":
        yield from windows_fields(pod)
    else:
        yield from os_name(name, f"{pod.path}.os")


@rule("os-name", fix="Set os.name to linux or windows.")
def os_name(name: str, path: str) -> Causes:
    """The operating system of a pod is linux or windows.

    What: `os` has the name linux or windows.
    Why: Kubernetes has nodes of these two.
    Example: `os: {name: Linux}`.
    Fix: `os: {name: linux}`.
    Source: validateOS in pkg/apis/core/validation/validation.go
    """
    if not name:
        yield required(f"{path}.name")
    else:
        yield not_supported(path, name, ("linux", "windows"))


@rule("linux-fields", fix="Remove windowsOptions, or set os.name to windows.")
def linux_fields(pod: PodContext) -> Causes:
    """A Linux pod has no Windows options.

    What: with `os: {name: linux}` neither the pod nor a container has securityContext.windowsOptions.
    Why: they would have no effect.
    Example: `os: {name: linux}` and `windowsOptions: {runAsUserName: admin}`.
    Fix: remove windowsOptions.
    Source: validateLinux in pkg/apis/core/validation/validation.go
    """
    detail = "windows options cannot be set for a linux pod"
    if "windowsOptions" in pod.security_context:
        yield forbidden(f"{pod.path}.securityContext.windowsOptions", detail)
    for container, path in pod.every_container():
        if "windowsOptions" in (container.get("securityContext") or NONE):
            yield forbidden(f"{path}.securityContext.windowsOptions", detail)


@rule("windows-fields", fix="Remove the Linux security settings, or set os.name to linux.")
def windows_fields(pod: PodContext) -> Causes:
    """A Windows pod has no Linux security settings.

    What: with `os: {name: windows}` there are no host namespaces, user namespaces, shared process namespace, and none
    of the security context's fields that only Linux knows.
    Why: they would have no effect, which is worse than an error for security settings.
    Example: `os: {name: windows}` and `securityContext: {runAsUser: 1000}`.
    Fix: remove the field; use windowsOptions instead.
    Source: validateWindows in pkg/apis/core/validation/validation.go
    """
    detail = "cannot be set for a windows pod"
    for field in _POD_FIELDS:
        on_spec = field in _NAMESPACES
        node = pod.spec if on_spec else pod.security_context
        if field in node and (node[field] or field not in _UNSET_WHEN_EMPTY):
            yield forbidden(f"{pod.path}.{field}" if on_spec else f"{pod.path}.securityContext.{field}", detail)
    for container, path in pod.every_container():
        for field in _CONTAINER_FIELDS:
            if field in (container.get("securityContext") or NONE):
                yield forbidden(f"{path}.securityContext.{field}", detail)


RULES = (windows_options.rule, host_process.rule, os_name.rule, linux_fields.rule, windows_fields.rule)
