"""Service: its type, its ports, and how traffic is sent to them.

Sources: ValidateService in kubernetes/pkg/apis/core/validation/validation.go, core/v1/defaults.go, and
pkg/registry/core/service/storage, which allocates addresses before anything else is validated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from initconstructs.rules.api_server.cause import duplicate, forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import (
    dns_1035_label,
    dns_label,
    dns_subdomain,
    label_key,
    port,
    port_number,
)
from initconstructs.rules.api_server.object_meta import object_meta
from initconstructs.rules.api_server.selector import labels
from initconstructs.rules.api_server.service_addresses import (
    allocated_node_ports,
    cluster_addresses,
    cluster_ips,
    external_ips,
    load_balancer_source_ranges,
    node_ports,
)
from initconstructs.rules.api_server.target import Target
from initconstructs.rules.rule import Problem

_NONE: Node = {}
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_TRAFFIC_POLICIES = ("Cluster", "Local")
_KUBELET_PORT = 10250
_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
_TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"


@rule("service-type", fix="Use ClusterIP, NodePort, LoadBalancer or ExternalName.")
def service_type(kind: str) -> Causes:
    """A Service is of a type that Kubernetes knows.

    What: type is ClusterIP, the default, NodePort, LoadBalancer or ExternalName.
    Why: it decides who can reach the Service and how.
    Example: `type: Internal` is refused.
    Fix: `type: ClusterIP`.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    if kind not in _TYPES:
        yield not_supported("spec.type", kind, _TYPES)


@rule("service-headless", fix="Leave clusterIP: None out of NodePort and LoadBalancer Services.")
def service_headless(kind: str) -> Causes:
    """A headless Service is of type ClusterIP.

    What: `clusterIP: None` is refused for NodePort and LoadBalancer.
    Why: node ports lead to the cluster IP, so there has to be one.
    Example: `type: LoadBalancer` with `clusterIP: None`.
    Fix: make two Services.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")


@rule("service-kubelet-port", fix="Use another port than 10250.")
def service_kubelet_port(ports: Iterable[Node]) -> Causes:
    """A load balancer doesn't expose the kubelet's port.

    What: up to 1.32 a LoadBalancer Service has no port 10250.
    Why: some clouds would have sent its traffic to the kubelet of the node.
    Example: `ports: [{port: 10250}]` with `type: LoadBalancer`.
    Fix: use another port.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go, Kubernetes 1.32.
    """
    for index, each in enumerate(ports):
        if each.get("port") == _KUBELET_PORT:
            detail = "may not expose port 10250 externally since it is used by kubelet"
            yield invalid(f"spec.ports[{index}]", _KUBELET_PORT, detail)


@rule("service-external-name", fix="Write the host name in externalName, without scheme or port, and no clusterIPs.")
def service_external_name(spec: Node, addresses: Sequence[str]) -> Causes:
    """An ExternalName Service has a host name and no address.

    What: externalName is a DNS subdomain, with or without a trailing dot; clusterIPs, ipFamilies and ipFamilyPolicy are
    unset.
    Why: the cluster's DNS answers with a CNAME record and nothing else.
    Example: `externalName: https://db.example.com` is refused.
    Fix: `externalName: db.example.com`.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    given = {"clusterIPs": bool(addresses), "ipFamilies": bool(spec.get("ipFamilies"))}
    given["ipFamilyPolicy"] = "ipFamilyPolicy" in spec
    for field in (field for field, is_given in given.items() if is_given):
        yield forbidden(f"spec.{field}", "may not be set for ExternalName services")
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        yield required("spec.externalName")
        return
    for complaint in dns_subdomain(name):
        yield invalid("spec.externalName", name, complaint)


@rule("service-ports", fix="Give the Service a port; without one it has to be headless or an ExternalName.")
def service_ports() -> Causes:
    """A Service has a port.

    What: only a headless or an ExternalName Service may have no ports.
    Why: there would be nothing to connect to.
    Example: `spec: {selector: {app: web}}` alone is refused.
    Fix: `ports: [{port: 80, targetPort: http}]`.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    yield required("spec.ports")


@rule("service-port", fix="Give each port a number, a protocol in capitals and, when there are several, a unique name.")
def service_port(each: Node, path: str, names: Sequence[str], several: bool) -> Causes:
    """A Service's port is complete.

    What: port and a numeric targetPort are 1 to 65535, a named targetPort is a port name of at most 15 characters, the
    protocol is TCP, UDP or SCTP, the appProtocol a qualified name; with several ports each has a unique name, a DNS
    label.
    Why: names tell ports apart in DNS and in endpoints.
    Example: `targetPort: "8080"` is refused, because a name needs a letter.
    Fix: `targetPort: 8080`.
    Source: validateServicePort in kubernetes/pkg/apis/core/validation/validation.go.
    """
    name, number, protocol = each.get("name") or "", each.get("port", 0), each.get("protocol") or "TCP"
    if several and not name:
        yield required(f"{path}.name")
    for complaint in dns_label(name) if name else ():
        yield invalid(f"{path}.name", name, complaint)
    if name and name in names:
        yield duplicate(f"{path}.name", name)
    for complaint in port_number(number):
        yield invalid(f"{path}.port", number, complaint)
    if protocol not in _PROTOCOLS:
        yield not_supported(f"{path}.protocol", protocol, _PROTOCOLS)
    target = each.get("targetPort") or number
    for complaint in port(target):
        yield invalid(f"{path}.targetPort", target, complaint)
    if "appProtocol" in each:
        for complaint in label_key(each["appProtocol"]):
            yield invalid(f"{path}.appProtocol", each["appProtocol"], complaint)


@rule("service-port-unique", fix="List each protocol and port, and each node port, once.")
def service_port_unique(ports: Sequence[Node], node_ports: Sequence[int | str]) -> Causes:
    """A Service lists each of its ports once.

    What: no two ports share protocol and port, or protocol and nodePort.
    Why: a packet could go either way.
    Example: two ports 80 with different targetPorts are refused; TCP 53 and UDP 53 are fine.
    Fix: remove one, or give it another number.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    protocols = [each.get("protocol") or "TCP" for each in ports]
    taken: set[tuple[str, int | str]] = set()
    for index, key in enumerate(zip(protocols, node_ports, strict=True)):
        if key[1] and key in taken:
            yield duplicate(f"spec.ports[{index}].nodePort", key[1])
        taken.add(key)
    seen: set[tuple[str, int]] = set()
    for index, each in enumerate(ports):
        number = each.get("port", 0)
        if (protocols[index], number) in seen:
            yield duplicate(f"spec.ports[{index}]", {"protocol": protocols[index], "port": number})
        seen.add((protocols[index], number))


@rule("service-node-port", fix="Leave nodePort out, or use type NodePort or LoadBalancer.")
def service_node_port(ports: Iterable[Node]) -> Causes:
    """A node port needs a Service that is reached through nodes.

    What: nodePort stands only in Services of type NodePort or LoadBalancer.
    Why: a ClusterIP Service opens no port on any node.
    Example: `nodePort: 30080` without type is refused.
    Fix: `type: NodePort`.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    for index, each in enumerate(ports):
        if each.get("nodePort"):
            yield forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")


@rule("service-session-affinity", fix="Use None or ClientIP, with a timeout of 1 to 86400 seconds.")
def service_session_affinity(spec: Node) -> Causes:
    """Session affinity is by client address, for a day at most.

    What: sessionAffinity is None, the default, or ClientIP; its timeout is 1 to 86400 seconds, 10800 by default.
    Why: the proxies know no other way.
    Example: `sessionAffinity: Cookie` is refused.
    Fix: use ClientIP, or an Ingress that knows cookies.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    affinity = spec.get("sessionAffinity") or "None"
    if affinity not in {"ClientIP", "None"}:
        yield not_supported("spec.sessionAffinity", affinity, ["ClientIP", "None"])
    if affinity == "ClientIP":
        client = (spec.get("sessionAffinityConfig") or _NONE).get("clientIP") or _NONE
        timeout = client.get("timeoutSeconds", 10800)
        if not 0 < timeout <= 86400:
            path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
            yield invalid(path, timeout, "must be greater than 0 and less than 86400")


@rule("service-load-balancer", fix="Use these fields with type LoadBalancer only; loadBalancerClass is a label key.")
def service_load_balancer(spec: Node, kind: str) -> Causes:
    """Fields of load balancers stand in load balancers.

    What: allocateLoadBalancerNodePorts and loadBalancerClass need type LoadBalancer; the class is a qualified name.
    Why: nothing else would read them.
    Example: `loadBalancerClass: example.com/internal` with type NodePort is refused.
    Fix: change the type, or remove the field.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    if kind != "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if field in spec:
                yield forbidden(f"spec.{field}", _ONLY_LOAD_BALANCER)
    elif "loadBalancerClass" in spec:
        for complaint in label_key(spec["loadBalancerClass"]):
            yield invalid("spec.loadBalancerClass", spec["loadBalancerClass"], complaint)


@rule(
    "service-traffic-policy", fix="Use Cluster or Local; externalTrafficPolicy needs a Service reachable from outside."
)
def service_traffic_policy(spec: Node, kind: str) -> Causes:
    """A traffic policy fits the type of the Service.

    What: externalTrafficPolicy (Cluster or Local) needs type NodePort or LoadBalancer, or externalIPs;
    healthCheckNodePort, a port from 1 to 65535, needs LoadBalancer and Local; internalTrafficPolicy is Cluster or
    Local.
    Why: only traffic from outside can be kept on the node where it arrives.
    Example: `externalTrafficPolicy: Local` on a ClusterIP Service is refused.
    Fix: use internalTrafficPolicy for traffic inside the cluster.
    Source: validateServiceExternalTrafficPolicy in kubernetes/pkg/apis/core/validation/validation.go.
    """
    policy = spec.get("externalTrafficPolicy") or ""
    reachable = kind in {"LoadBalancer", "NodePort"} or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    if policy and not reachable:
        yield invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services")
    elif policy and policy not in _TRAFFIC_POLICIES:
        yield not_supported("spec.externalTrafficPolicy", policy, _TRAFFIC_POLICIES)
    yield from _health_check_port(spec.get("healthCheckNodePort") or 0, kind == "LoadBalancer" and policy == "Local")
    if "internalTrafficPolicy" in spec and spec["internalTrafficPolicy"] not in _TRAFFIC_POLICIES:
        yield not_supported("spec.internalTrafficPolicy", spec["internalTrafficPolicy"], _TRAFFIC_POLICIES)


def _health_check_port(port: int, needed: bool) -> Causes:
    if port and not needed:
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield invalid("spec.healthCheckNodePort", port, detail)
    for complaint in port_number(port) if port and needed else ():
        yield invalid("spec.healthCheckNodePort", port, complaint)


@rule("service-traffic-distribution", fix="Use PreferClose; from 1.34 also PreferSameZone and PreferSameNode.")
def service_traffic_distribution(distribution: str, target: Target) -> Causes:
    """A traffic distribution is one that the target knows.

    What: trafficDistribution is PreferClose, or from 1.34 PreferSameZone or PreferSameNode.
    Why: the proxies know no other way.
    Example: `trafficDistribution: Nearest` is refused.
    Fix: `trafficDistribution: PreferClose`.
    Source: validateServiceTrafficDistribution in kubernetes/pkg/apis/core/validation/validation.go.
    """
    supported = ["PreferClose"]
    if target.enabled("PreferSameTrafficDistribution"):
        supported += ["PreferSameZone", "PreferSameNode"]
    if distribution not in supported:
        yield not_supported("spec.trafficDistribution", distribution, supported)


@rule("service-topology-annotations", fix="Give topology-mode alone; topology-aware-hints is its old name.")
def service_topology_annotations(annotations: Node) -> Causes:
    """The two topology annotations don't contradict each other.

    What: service.kubernetes.io/topology-mode and topology-aware-hints are equal where both stand.
    Why: they are two names of one setting.
    Example: `topology-mode: Auto` beside `topology-aware-hints: Disabled`.
    Fix: remove the old one.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    mode, hints = annotations.get(_TOPOLOGY_MODE), annotations.get(_TOPOLOGY_HINTS)
    if mode is not None and hints is not None and mode != hints:
        detail = f"must match annotations[{_TOPOLOGY_HINTS}] when both are specified"
        yield invalid(f"metadata.annotations[{_TOPOLOGY_MODE}]", mode, detail)


def check_service(manifest: Node, target: Target) -> Problems:
    """A Service, as the registry and ValidateService walk it."""
    spec = manifest.get("spec") or _NONE
    kind, strict = spec.get("type") or "ClusterIP", target.enabled("StrictIPCIDRValidation")
    # The allocator looks first, and when it complains nobody else is asked.
    unallocatable = _unallocatable(spec, kind, strict)
    if unallocatable:
        yield from unallocatable
        return
    relaxed = target.enabled("RelaxedServiceNameValidation")
    yield from object_meta(manifest, dns_label if relaxed else dns_1035_label, counted=False)
    annotations = (manifest.get("metadata") or _NONE).get("annotations") or _NONE
    yield from service_topology_annotations(annotations)
    yield from _by_type(spec, kind, target)
    yield from _ports(spec.get("ports") or ())
    yield from labels(spec.get("selector") or _NONE, "spec.selector")
    yield from service_session_affinity(spec)
    yield from external_ips(spec.get("externalIPs") or (), strict)
    yield from service_type(kind)
    yield from _numbers(spec, kind)
    yield from load_balancer_source_ranges(spec, annotations, kind == "LoadBalancer", strict)
    yield from service_load_balancer(spec, kind)
    yield from service_traffic_policy(spec, kind)
    if "trafficDistribution" in spec:
        yield from service_traffic_distribution(spec["trafficDistribution"], target)


def _unallocatable(spec: Node, kind: str, strict: bool) -> list[Problem]:
    if kind == "ExternalName":
        return []
    unallocatable = list(cluster_addresses(spec, strict))
    if not unallocatable and kind in {"LoadBalancer", "NodePort"}:
        unallocatable = list(allocated_node_ports(spec))
    return unallocatable


def _by_type(spec: Node, kind: str, target: Target) -> Problems:
    headless = list(cluster_ips(spec)) == ["None"]
    if not spec.get("ports") and not headless and kind != "ExternalName":
        yield from service_ports()
    if kind == "LoadBalancer" and target.minor <= 32:
        yield from service_kubelet_port(spec.get("ports") or ())
    if headless and kind in {"LoadBalancer", "NodePort"}:
        yield from service_headless(kind)
    if kind == "ExternalName":
        yield from service_external_name(spec, cluster_ips(spec))


def _ports(ports: Sequence[Node]) -> Problems:
    names: list[str] = []
    for index, each in enumerate(ports):
        yield from service_port(each, f"spec.ports[{index}]", names, len(ports) > 1)
        names.append(each.get("name") or "")


def _numbers(spec: Node, kind: str) -> Problems:
    ports = spec.get("ports") or ()
    if kind == "ClusterIP":
        yield from service_node_port(ports)
    yield from service_port_unique(ports, node_ports(spec))


RULES = (
    service_type.rule,
    service_headless.rule,
    service_kubelet_port.rule,
    service_external_name.rule,
    service_ports.rule,
    service_port.rule,
    service_port_unique.rule,
    service_node_port.rule,
    service_session_affinity.rule,
    service_load_balancer.rule,
    service_traffic_policy.rule,
    service_traffic_distribution.rule,
    service_topology_annotations.rule,
)
