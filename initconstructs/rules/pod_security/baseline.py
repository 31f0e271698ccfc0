"""Pod Security, level baseline: what no pod needs that does not manage its node.

Source of every check: k8s.io/pod-security-admission/policy/check_*.go and
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from initconstructs.manifests.pod_template import child
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
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
from initconstructs.schemas.capabilities import ADDABLE_AT_BASELINE
from initconstructs.schemas.sysctls import is_safe

FAMILY = "pod-security"
_rule = partial(rule, family=FAMILY, severity=Severity.WARNING)

_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES = frozenset(["RuntimeDefault", "Localhost"])
_SELINUX_TYPES_SINCE = {"": 0, "container_t": 0, "container_init_t": 0, "container_kvm_t": 0, "container_engine_t": 31}


@_rule("apparmor-unconfined", fix="Leave the AppArmor profile out, or choose RuntimeDefault or Localhost.")
def apparmor_unconfined(pod: Pod) -> Places:
    """An AppArmor profile is switched off.

    What: appArmorProfile.type, or the old annotation, is neither RuntimeDefault nor Localhost.
    Why: an unconfined process can use every path and capability that the node's kernel offers.
    Example: `securityContext: {appArmorProfile: {type: Unconfined}}`
    Fix: leave the profile out (the runtime's default holds), or load one on the node and name it.
    Source: Pod Security Standards, baseline, AppArmor.
    """
    pod_sets = _profile(pod.security, "appArmorProfile") not in _PROFILES
    offenders = pod.where(lambda container: _profile(security(container), "appArmorProfile") not in _PROFILES)
    annotations = sorted(
        f'{key}="{value}"'
        for key, value in child(pod.template.metadata, "annotations").items()
        if key.startswith(_APPARMOR_ANNOTATION) and not _allowed_annotation(str(value))
    )
    values = _forbidden_profiles(pod, "appArmorProfile") + annotations
    who = [setters(pod_sets, offenders), plural("annotation", annotations) if annotations else ""]
    if any(who):
        names = " and ".join(filter(None, who))
        path = setter_path(pod, pod_sets, offenders, "securityContext.appArmorProfile.type")
        message = f"{plural('forbidden AppArmor profile', values)} ({names} must not set AppArmor profile type to"
        yield path, f"{message} {quoted(values)})"


def _allowed_annotation(value: str) -> bool:
    return value in ("", "runtime/default") or value.startswith("localhost/")


@_rule("added-capability", fix="Remove the capability; baseline allows only the runtime's defaults.")
def added_capability(pod: Pod) -> Places:
    """A container adds a Linux capability that the runtime does not give by default.

    What: capabilities.add names one outside the default set of container runtimes.
    Why: NET_ADMIN, SYS_ADMIN and their like reach beyond the container.
    Example: `capabilities: {add: [NET_ADMIN]}`
    Fix: let a DaemonSet or a CNI plug-in do it; a sysctl that the kernel namespaces belongs to the pod.
    Source: Pod Security Standards, baseline, Capabilities.
    """
    yield from forbidden_capabilities(pod, ADDABLE_AT_BASELINE, "non-default capabilities")


def forbidden_capabilities(pod: Pod, allowed: frozenset[str], reason: str, also: str = "") -> Places:
    """The containers that add what is not allowed; `also` is a clause that comes first."""
    offenders = pod.where(lambda container: set(_added(container)) - allowed)
    added = {name for _, container in pod.containers() for name in _added(container)} - allowed
    clauses = [also] if also else []
    if offenders:
        clauses.append(f"{offenders} must not include {quoted(sorted(added))} in securityContext.capabilities.add")
    if clauses:
        path = offenders.path("securityContext.capabilities.add") if offenders else pod.path
        yield path, f"{reason} ({'; '.join(clauses)})"


def _added(container: Container) -> list[str]:
    return strings(child(container, "securityContext", "capabilities"), "add")


@_rule(
    "shared-host-namespace", fix="Remove hostNetwork, hostPID and hostIPC; reach the node through a Service or an API."
)
def shared_host_namespace(pod: Pod) -> Places:
    """The pod shares a namespace of its node.

    What: hostNetwork, hostPID or hostIPC is true.
    Why: the pod sees and reaches the node's processes, sockets and loopback services.
    Example: `hostNetwork: true`
    Fix: leave the fields out.
    Source: Pod Security Standards, baseline, Host Namespaces.
    """
    shared = [field for field in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(field) is True]
    if shared:
        yield f"{pod.path}.{shared[0]}", f"host namespaces ({', '.join(f'{field}=true' for field in shared)})"


@_rule("host-path-volume", fix="Use an emptyDir, a persistentVolumeClaim, or a CSI volume instead of hostPath.")
def host_path_volume(pod: Pod) -> Places:
    """A volume is a directory of the node.

    What: a volume of type hostPath.
    Why: whoever writes there changes the node, and whoever reads may find its credentials.
    Example: `volumes: [{name: sock, hostPath: {path: /var/run}}]`
    Fix: keep scratch data in an emptyDir and lasting data in a claim.
    Source: Pod Security Standards, baseline, HostPath Volumes.
    """
    volumes = [
        (path, str(v.get("name"))) for path, v in pod.template.entries("volumes") if v.get("hostPath") is not None
    ]
    if volumes:
        names = [name for _, name in volumes]
        yield f"{volumes[0][0]}.hostPath", f"hostPath volumes ({plural('volume', names)} {quoted(names)})"


@_rule("node-port-taken", fix="Remove hostPort; publish the port by a Service.")
def node_port_taken(pod: Pod) -> Places:
    """A container takes a port of its node.

    What: ports[].hostPort is set; in a Pod with hostNetwork every containerPort counts.
    Why: the port is open to whoever reaches the node, past every NetworkPolicy of the pod.
    Example: `ports: [{containerPort: 80, hostPort: 80}]`
    Fix: name the port and let a Service select it.
    Source: Pod Security Standards, baseline, Host Ports.
    """
    offenders = pod.where(pod.host_ports)
    ports = sorted({str(port) for _, container in pod.containers() for port in pod.host_ports(container)})
    if offenders:
        word = plural("hostPort", ports)
        yield offenders.path("ports"), f"hostPort ({offenders} {offenders.use} {word} {', '.join(ports)})"


@_rule("foreign-probe-host", fix="Remove host from the probe or hook: it then asks the pod itself.")
def foreign_probe_host(pod: Pod) -> Places:
    """A probe or a lifecycle hook calls another host than the pod.

    What: httpGet.host or tcpSocket.host of a probe or hook is set (checked from 1.34 on).
    Why: the kubelet calls from the node's network, so that a pod could let it reach what the pod itself can't.
    Example: `livenessProbe: {tcpSocket: {host: 169.254.169.254, port: 80}}`
    Fix: leave host out.
    Source: Pod Security Standards, baseline, Host Probes and Lifecycle Hooks.
    """
    if pod.minor < 34:
        return
    offenders = pod.where(lambda container: list(_hosts(container))).by_name()
    hosts = sorted({host for _, container in pod.containers() for host in _hosts(container)})
    if offenders:
        word = plural("host", hosts)
        message = f"({offenders} {offenders.use} probe or lifecycle {word} {quoted(hosts)})"
        yield offenders.containers[0][0], f"probe or lifecycle host {message}"


def _hosts(container: Container) -> Iterator[str]:
    lifecycle = child(container, "lifecycle")
    handlers = [child(container, f"{kind}Probe") for kind in ("liveness", "readiness", "startup")]
    handlers += [child(lifecycle, "preStop"), child(lifecycle, "postStart")]
    for handler in handlers:
        for action in ("httpGet", "tcpSocket"):
            if host := child(handler, action).get("host"):
                yield str(host)


@_rule(
    "privileged-container",
    fix="Remove privileged; pod-level sysctls or one added capability do most of what it is used for.",
)
def privileged_container(pod: Pod) -> Places:
    """A container is privileged.

    What: securityContext.privileged is true.
    Why: such a container is root on its node, whatever else the pod says.
    Example: `securityContext: {privileged: true}`
    Fix: set namespaced sysctls at the pod (`spec.securityContext.sysctls`); leave the rest to a DaemonSet.
    Source: Pod Security Standards, baseline, Privileged Containers.
    """
    offenders = pod.where(lambda container: security(container).get("privileged") is True)
    if offenders:
        message = f"privileged ({offenders} must not set securityContext.privileged=true)"
        yield offenders.path("securityContext.privileged"), message


@_rule("unmasked-proc", fix="Remove procMount, or give the pod a user namespace (hostUsers: false, from 1.35 on).")
def unmasked_proc(pod: Pod) -> Places:
    """A container sees an unmasked /proc.

    What: securityContext.procMount is not Default; from 1.35 on a pod with hostUsers=false may do so under baseline.
    Why: the masked parts of /proc change the kernel of the node.
    Example: `securityContext: {procMount: Unmasked}`
    Fix: leave the field out.
    Source: Pod Security Standards, baseline, /proc Mount Type.
    """
    if not pod.has_user_namespace:
        yield from procs_unmasked(pod)


def procs_unmasked(pod: Pod) -> Places:
    """What both levels say of procMount."""
    kinds = sorted({_proc_mount(container) for _, container in pod.containers()} - {"Default"})
    offenders = pod.where(lambda container: _proc_mount(container) != "Default")
    if offenders:
        message = f"procMount ({offenders} must not set securityContext.procMount to {quoted(kinds)})"
        yield offenders.path("securityContext.procMount"), message


def _proc_mount(container: Container) -> str:
    value = security(container).get("procMount")
    return "Default" if value is None else str(value)


@_rule("selinux-type", fix="Remove user and role, and choose one of the container_*_t types or none.")
def selinux_type(pod: Pod) -> Places:
    """SELinux options leave the types meant for containers.

    What: seLinuxOptions sets user, role, or a type outside container_t, container_init_t, container_kvm_t and (from
    1.31 on) container_engine_t.
    Why: another type may read the files of the node or of other pods.
    Example: `seLinuxOptions: {type: spc_t}`
    Fix: keep `level` only.
    Source: Pod Security Standards, baseline, SELinux.
    """
    allowed = {name for name, since in _SELINUX_TYPES_SINCE.items() if pod.minor >= since}
    contexts = [pod.security, *(security(container) for _, container in pod.containers())]
    options = [child(context, "seLinuxOptions") for context in contexts]
    pod_sets = _forbidden_selinux(options[0], allowed)
    offenders = pod.where(lambda container: _forbidden_selinux(child(security(container), "seLinuxOptions"), allowed))
    types = sorted({str(option.get("type") or "") for option in options} - allowed)
    clauses = [f"{plural('type', types)} {quoted(types)}"] if types else []
    clauses += [f"{field} may not be set" for field in ("user", "role") if any(option.get(field) for option in options)]
    if clauses:
        who = setters(pod_sets, offenders)
        message = f"seLinuxOptions ({who} set forbidden securityContext.seLinuxOptions: {'; '.join(clauses)})"
        yield setter_path(pod, pod_sets, offenders, "securityContext.seLinuxOptions"), message


def _forbidden_selinux(options: Mapping[str, object], allowed: set[str]) -> bool:
    return bool(options.get("user") or options.get("role")) or str(options.get("type") or "") not in allowed


@_rule("seccomp-unconfined", fix="Leave seccompProfile out, or choose RuntimeDefault.")
def seccomp_unconfined(pod: Pod) -> Places:
    """The seccomp filter is switched off.

    What: seccompProfile.type is neither RuntimeDefault nor Localhost.
    Why: the filter keeps rare and dangerous system calls from the process.
    Example: `seccompProfile: {type: Unconfined}`
    Fix: `seccompProfile: {type: RuntimeDefault}` at the pod.
    Source: Pod Security Standards, baseline, Seccomp.
    """
    yield from forbidden_seccomp(pod)


def forbidden_seccomp(pod: Pod) -> Places:
    """What both levels say of a seccomp profile that is set and not allowed."""
    pod_sets = _profile(pod.security, "seccompProfile") not in _PROFILES
    offenders = pod.where(lambda container: _profile(security(container), "seccompProfile") not in _PROFILES)
    if who := setters(pod_sets, offenders):
        values = quoted(_forbidden_profiles(pod, "seccompProfile"))
        path = setter_path(pod, pod_sets, offenders, "securityContext.seccompProfile.type")
        yield path, f"seccompProfile ({who} must not set securityContext.seccompProfile.type to {values})"


def _profile(context: Mapping[str, object], field: str) -> str:
    """The profile's type; where none is set, one that is allowed."""
    return str(child(context, field).get("type") or "") if context.get(field) is not None else "RuntimeDefault"


def _forbidden_profiles(pod: Pod, field: str) -> list[str]:
    contexts = [pod.security, *(security(container) for _, container in pod.containers())]
    return sorted({_profile(context, field) for context in contexts} - _PROFILES)


@_rule("unsafe-sysctl", fix="Remove the sysctl; ask the cluster's administrators to set it on the nodes.")
def unsafe_sysctl(pod: Pod) -> Places:
    """The pod sets a sysctl that is not known to be safe.

    What: securityContext.sysctls names one that is not namespaced or not isolated between pods.
    Why: it changes the node, or takes resources from other pods on it.
    Example: `sysctls: [{name: kernel.msgmax, value: "65536"}]`
    Fix: keep to the safe ones, such as net.ipv4.ip_local_port_range.
    Source: Pod Security Standards, baseline, Sysctls.
    """
    sysctls = pod.security.get("sysctls")
    names = [str(child(item).get("name")) for item in sysctls] if isinstance(sysctls, list) else []
    unsafe = [name for name in names if not is_safe(name, pod.minor)]
    if unsafe:
        yield f"{pod.path}.securityContext.sysctls", f"forbidden sysctls ({', '.join(unsafe)})"


@_rule("windows-host-process", fix="Remove hostProcess.")
def windows_host_process(pod: Pod) -> Places:
    """A Windows container runs as a process of its node.

    What: windowsOptions.hostProcess is true.
    Why: it has the node's network, files and rights.
    Example: `windowsOptions: {hostProcess: true}`
    Fix: leave the field out.
    Source: Pod Security Standards, baseline, HostProcess.
    """
    pod_sets = _is_host_process(pod.security)
    offenders = pod.where(lambda container: _is_host_process(security(container)))
    if who := setters(pod_sets, offenders):
        path = setter_path(pod, pod_sets, offenders, "securityContext.windowsOptions.hostProcess")
        yield path, f"hostProcess ({who} must not set securityContext.windowsOptions.hostProcess=true)"


def _is_host_process(context: Mapping[str, object]) -> bool:
    return child(context, "windowsOptions").get("hostProcess") is True


BASELINE: tuple[Check[[Pod]], ...] = (  # in the order of the plug-in's ids, which is that of its message
    apparmor_unconfined,
    added_capability,
    shared_host_namespace,
    host_path_volume,
    node_port_taken,
    foreign_probe_host,
    privileged_container,
    unmasked_proc,
    selinux_type,
    seccomp_unconfined,
    unsafe_sysctl,
    windows_host_process,
)
