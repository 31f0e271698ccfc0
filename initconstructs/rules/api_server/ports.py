"""The ports of containers, and the ports they take on the node.

Source: validateContainerPorts, AccumulateUniqueHostPorts and validatePodHostNetworkDeps in
pkg/apis/core/validation/validation.go; SetDefaults_HostNetworkPorts in pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from initconstructs.rules.api_server.cause import duplicate, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, rule
from initconstructs.rules.api_server.formats import port_name, port_number
from initconstructs.rules.api_server.pod_context import PodContext

_PROTOCOLS = ("SCTP", "TCP", "UDP")


def host_port(port: Node, pod: PodContext) -> int:
    """The port on the node: a Pod on the host network gets the container's port, a template doesn't."""
    given: int = port.get("hostPort") or 0
    if not given and pod.in_pod and pod.host_network:
        return port.get("containerPort") or 0
    return given


@rule("container-port", fix="Use ports from 1 to 65535 and the protocol TCP, UDP or SCTP.")
def container_port(ports: Iterable[Node], path: str, pod: PodContext) -> Causes:
    """A container's port is a real port with a unique, short name.

    What: containerPort is there and, like hostPort, from 1 to 65535; protocol is TCP, UDP or SCTP; a name has at
    most 15 lower-case letters, digits and single inner hyphens, one letter at least, and appears once in the container.
    Why: Services and probes refer to ports by these names.
    Example: `name: metrics_endpoint`, `protocol: tcp`.
    Fix: `{name: metrics, containerPort: 9090}`; TCP is the default.
    Source: validateContainerPorts in pkg/apis/core/validation/validation.go
    """
    names: set[str] = set()
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        yield from _name(port.get("name") or "", f"{at}.name", names)
        yield from _number(port, at, pod)
        protocol = port.get("protocol") or "TCP"
        if protocol not in _PROTOCOLS:
            yield not_supported(f"{at}.protocol", protocol, _PROTOCOLS)


def _name(name: str, path: str, names: set[str]) -> Causes:
    complaints = port_name(name) if name else ()
    for complaint in complaints:
        yield invalid(path, name, complaint)
    if name in names:
        yield duplicate(path, name)
    elif name and not complaints:
        names.add(name)


def _number(port: Node, path: str, pod: PodContext) -> Causes:
    number = port.get("containerPort") or 0
    if not number:
        yield required(f"{path}.containerPort")
    for complaint in port_number(number) if number else ():
        yield invalid(f"{path}.containerPort", number, complaint)
    on_host = host_port(port, pod)
    for complaint in port_number(on_host) if on_host else ():
        yield invalid(f"{path}.hostPort", on_host, complaint)


@rule("host-port-conflict", fix="Give each container another hostPort, or none at all.")
def host_port_conflict(containers: Iterable[Node], path: str, pod: PodContext) -> Causes:
    """No two containers of a pod take the same port of the node.

    What: protocol, hostIP and hostPort together appear once among the containers, and once inside each init container;
    on the host network of a Pod every port is a host port.
    Why: the second container could not bind it.
    Example: two containers with `hostPort: 9000`.
    Fix: change one, or use a Service instead of host ports.
    Source: AccumulateUniqueHostPorts in pkg/apis/core/validation/validation.go
    """
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or ()):
            on_host = host_port(port, pod)
            place = f"{port.get('protocol') or 'TCP'}/{port.get('hostIP') or ''}/{on_host}"
            if on_host and place in taken:
                yield duplicate(f"{path}[{index}].ports[{number}].hostPort", place)
            taken.add(place)


@rule("host-network-port", fix="Leave hostPort out, or make it equal to containerPort.")
def host_network_port(pod: PodContext) -> Causes:
    """On the host network, a container's port is the node's port.

    What: with `hostNetwork: true`, a hostPort equals its containerPort; a template may leave it out.
    Why: there is no network in between that could map one to the other.
    Example: `hostNetwork: true` with `{containerPort: 8080, hostPort: 80}`.
    Fix: remove hostPort.
    Source: validatePodHostNetworkDeps in pkg/apis/core/validation/validation.go
    """
    for index, container in enumerate(pod.spec.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            on_host = host_port(port, pod)
            if (on_host or pod.in_pod) and on_host != port.get("containerPort", 0):
                path = f"{pod.path}.containers[{index}].ports[{number}].hostPort"
                yield invalid(path, on_host, "must match `containerPort` when `hostNetwork` is true")


RULES = (container_port.rule, host_port_conflict.rule, host_network_port.rule)
