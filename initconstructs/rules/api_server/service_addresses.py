"""The addresses of a Service: cluster IPs and their families, external IPs, ranges of a load balancer.

Sources: ValidateServiceClusterIPsRelatedFields in kubernetes/pkg/apis/core/validation/validation.go, initIPFamilyFields
in kubernetes/pkg/registry/core/service/storage/alloc.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from initconstructs.rules.api_server.addresses import Address, cidr, ip, parse_ip
from initconstructs.rules.api_server.cause import duplicate, forbidden, invalid, not_supported
from initconstructs.rules.api_server.check import Causes, Node, rule

_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_IPS = "spec.clusterIPs"
_TAKEN = "provided port is already allocated"


def cluster_ips(spec: Node) -> Sequence[str]:
    """The cluster IPs, as the registry completes them from the single one."""
    several: Sequence[str] = spec.get("clusterIPs") or ()
    return several or ([spec["clusterIP"]] if spec.get("clusterIP") else ())


@rule(
    "service-cluster-ip",
    fix="Leave clusterIP to the cluster or write None; what you do set has to be an address of the family it names.",
)
def cluster_addresses(spec: Node, strict: bool) -> Causes:
    """A Service's cluster addresses fit its address families.

    What: clusterIP is None or an address, clusterIPs at most one for each family, the first of them equal to clusterIP;
    ipFamilies are IPv4 and IPv6 without repetition and in the order of the addresses; ipFamilyPolicy is SingleStack,
    PreferDualStack or RequireDualStack, one of the last two when there are two families.
    Why: the allocator looks at these before anything else is validated.
    Example: `clusterIP: 10.96.300.1` is refused.
    Fix: remove the field.
    Source: ValidateServiceClusterIPsRelatedFields in kubernetes/pkg/apis/core/validation/validation.go.
    """
    addresses = cluster_ips(spec)
    found = [*_agreement(spec, addresses), *_families(spec), *_addresses(addresses, strict)]
    if len(addresses) > 2:
        found.append(invalid(_IPS, addresses, "may only hold up to 2 values"))
    yield from found
    parsed = [address for address in map(parse_ip, addresses) if address]
    if len(parsed) == len(addresses):
        yield from _address_families(parsed, addresses, spec.get("ipFamilies") or ())
    if not found:
        yield from _dual_stack(spec, addresses)


def _agreement(spec: Node, addresses: Sequence[str]) -> Causes:
    first = spec.get("clusterIP") or ""
    if first and addresses[0] != first:
        yield invalid(_IPS, addresses, "first value must match `clusterIP`")
    if addresses and not first:
        yield invalid(_IPS, addresses, "must be empty when `clusterIP` is not specified")


def _families(spec: Node) -> Causes:
    families: Sequence[str] = spec.get("ipFamilies") or ()
    for index, family in enumerate(families):
        if family not in _FAMILIES:
            yield not_supported(f"spec.ipFamilies[{index}]", family, _FAMILIES)
        if family in families[:index]:
            yield duplicate(f"spec.ipFamilies[{index}]", family)
    if "ipFamilyPolicy" in spec and spec["ipFamilyPolicy"] not in _FAMILY_POLICIES:
        yield not_supported("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], _FAMILY_POLICIES)


def _addresses(addresses: Sequence[str], strict: bool) -> Causes:
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                yield invalid(_IPS, addresses, "'None' must be the first and only value")
            continue
        for complaint in ip(address, strict=strict):
            yield invalid(f"{_IPS}[{index}]", address, complaint)


def _address_families(parsed: Sequence[Address], addresses: Sequence[str], families: Sequence[str]) -> Causes:
    if len(parsed) > 1 and sorted(address.version for address in parsed) != [4, 6]:
        yield invalid(_IPS, addresses, "may specify no more than one IP for each IP family")
    for index, (address, family) in enumerate(zip(parsed, families, strict=False)):
        if family in _FAMILIES and family != f"IPv{address.version}":
            detail = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            yield invalid(f"{_IPS}[{index}]", addresses[index], detail)


def _dual_stack(spec: Node, addresses: Sequence[str]) -> Causes:
    selectorless = spec.get("clusterIP") == "None" and not spec.get("selector")
    policy = spec.get("ipFamilyPolicy", "RequireDualStack" if selectorless else "SingleStack")
    several = {"cluster IPs": addresses, "IP families": spec.get("ipFamilies") or ()}
    for what, values in several.items():
        if len(values) > 1 and policy == "SingleStack":
            detail = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
            yield invalid("spec.ipFamilyPolicy", policy, detail)


@rule("service-node-port-taken", fix="Give each port a nodePort of its own, or leave nodePort to the cluster.")
def allocated_node_ports(spec: Node) -> Causes:
    """A node port leads to one port of a Service.

    What: ports of different numbers have different node ports, and none is the healthCheckNodePort.
    Why: the allocator hands each out once, before anything else of the Service is validated.
    Example: ports 80 and 443 with `nodePort: 30080` each are refused; TCP 53 and UDP 53 may share one.
    Fix: give the second another nodePort.
    Source: initNodePorts in kubernetes/pkg/registry/core/service/storage/alloc.go.
    """
    taken: dict[int, int] = {}  # the port that each node port leads to first
    for index, number, node_port in _requested_node_ports(spec):
        if node_port in taken:
            if taken[node_port] != number:
                yield invalid(f"spec.ports[{index}].nodePort", node_port, _TAKEN)
                return
        else:
            taken[node_port] = number
    health = spec.get("healthCheckNodePort")
    if health in taken and spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local":
        yield invalid("spec.healthCheckNodePort", health, _TAKEN)


def _requested_node_ports(spec: Node) -> Iterator[tuple[int, int, int]]:
    """Index, port and node port of each port whose node port is known."""
    for index, (each, node_port) in enumerate(zip(spec.get("ports") or (), node_ports(spec), strict=True)):
        if node_port and isinstance(node_port, int):
            yield index, each.get("port", 0), node_port


def node_ports(spec: Node) -> list[int | str]:
    """The node port of each port: its own, that of another port of the same number, a text for one to be picked, or 0.

    Source: initNodePorts in kubernetes/pkg/registry/core/service/storage/alloc.go.
    """
    ports = spec.get("ports") or ()
    shared = {each.get("port", 0): each["nodePort"] for each in reversed(ports) if each.get("nodePort")}
    kind = spec.get("type")
    allocates = kind == "NodePort" or (
        kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )
    picked = ((each.get("port", 0), f"the node port of {each.get('port', 0)}") for each in ports)
    others = {**dict(picked), **shared} if allocates else {}
    return [each.get("nodePort") or others.get(each.get("port", 0), 0) for each in ports]


@rule("service-external-ip", fix="Write addresses that routers outside the cluster can reach.")
def external_ips(addresses: Iterable[str], strict: bool) -> Causes:
    """A Service's external addresses can come from outside.

    What: each is an IP address, and none is unspecified, of the loopback range, link-local or link-local multicast.
    Why: nodes would capture traffic that never leaves them.
    Example: `externalIPs: [127.0.0.1]` is refused.
    Fix: use an address that is routed to the nodes.
    Source: ValidateNonSpecialIP in kubernetes/pkg/apis/core/validation/validation.go.
    """
    for index, text in enumerate(addresses):
        complaints = ip(text, strict=strict) or _special(text)
        for complaint in complaints:
            yield invalid(f"spec.externalIPs[{index}]", text, complaint)


def _special(text: str) -> tuple[str, ...]:
    address = parse_ip(text)
    address = getattr(address, "ipv4_mapped", None) or address
    if address is None:
        return ()
    link_local_multicast = address.is_multicast and str(address).startswith(("224.0.0.", "ff02:"))
    wrong = {
        f"may not be unspecified ({text})": address.is_unspecified,
        "may not be in the loopback range (127.0.0.0/8, ::1/128)": address.is_loopback,
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)": address.is_link_local,
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)": link_local_multicast,
    }
    return tuple(complaint for complaint, applies in wrong.items() if applies)


@rule("service-source-ranges", fix="Write CIDRs such as 203.0.113.0/24, and only for type LoadBalancer.")
def load_balancer_source_ranges(spec: Node, annotations: Node, is_load_balancer: bool, strict: bool) -> Causes:
    """The ranges that a load balancer admits are networks.

    What: loadBalancerSourceRanges, or the annotation of old, holds CIDRs and needs type LoadBalancer.
    Why: a firewall rule made of anything else would admit nobody, or everybody.
    Example: `loadBalancerSourceRanges: [203.0.113.7]` is refused.
    Fix: `203.0.113.7/32`.
    Source: ValidateService in kubernetes/pkg/apis/core/validation/validation.go.
    """
    ranges = spec.get("loadBalancerSourceRanges") or ()
    if ranges:
        path = "spec.LoadBalancerSourceRanges"
        places = [(f"{path}[{index}]", text.strip()) for index, text in enumerate(ranges)]
    elif _SOURCE_RANGES in annotations:
        path = f"metadata.annotations[{_SOURCE_RANGES}]"
        text = (annotations[_SOURCE_RANGES] or "").strip()
        places = [(path, part.strip()) for part in text.split(",")] if text else []
    else:
        return
    if not is_load_balancer:
        yield forbidden(path, "may only be used when `type` is 'LoadBalancer'")
    for place, text in places:
        for complaint in cidr(text, strict=strict):
            yield invalid(place, text, complaint)


RULES = (cluster_addresses.rule, allocated_node_ports.rule, external_ips.rule, load_balancer_source_ranges.rule)
