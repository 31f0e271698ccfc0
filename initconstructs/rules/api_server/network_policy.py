"""NetworkPolicy.

Source: kubernetes/pkg/apis/networking/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from initconstructs.rules.api_server.addresses import Network, cidr, parse_cidr
from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_subdomain, port_name, port_number
from initconstructs.rules.api_server.object_meta import object_meta
from initconstructs.rules.api_server.selector import label_selector
from initconstructs.rules.api_server.target import Target

_NONE: Node = {}
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_TYPES = ("Ingress", "Egress")
_PEERS = {"ingress": "from", "egress": "to"}


@rule("network-policy-port", fix="Give a port from 1 to 65535, or a name; endPort needs a number below or equal to it.")
def network_policy_port(each: Node, path: str) -> Causes:
    """A policy's port can be matched.

    What: the protocol is TCP, UDP or SCTP, a number is 1 to 65535, a name a port name; endPort stands beside a number
    and is not below it.
    Why: a packet carries a number, and a range needs two of them.
    Example: `{port: http, endPort: 90}` is refused.
    Fix: `{port: 80, endPort: 90}`.
    Source: ValidateNetworkPolicyPort in kubernetes/pkg/apis/networking/validation/validation.go.
    """
    protocol, number = each.get("protocol", "TCP"), each.get("port")
    if protocol not in _PROTOCOLS:
        yield not_supported(f"{path}.protocol", protocol, _PROTOCOLS)
    if isinstance(number, int):
        for complaint in port_number(number):
            yield invalid(f"{path}.port", number, complaint)
    if "endPort" in each:
        yield from _end_port(number, each["endPort"], f"{path}.endPort")
    if isinstance(number, str):
        for complaint in port_name(number):
            yield invalid(f"{path}.port", number, complaint)


def _end_port(number: int | str | None, end: int, path: str) -> Causes:
    if number is None:
        yield invalid(path, end, "may not be specified when `port` is not specified")
    elif isinstance(number, str):
        yield invalid(path, end, "may not be specified when `port` is non-numeric")
    else:
        if end < number:
            yield invalid(path, number, "must be greater than or equal to `port`")
        for complaint in port_number(end):
            yield invalid(path, end, complaint)


@rule("network-policy-peer", fix="Give a peer either selectors or an ipBlock.")
def network_policy_peer(peer: Node, path: str) -> Causes:
    """A policy's peer is pods or addresses.

    What: a peer has a podSelector, a namespaceSelector, both, or an ipBlock alone.
    Why: addresses of pods change, so the two can't be combined.
    Example: `from: [{}]` is refused.
    Fix: `from: [{podSelector: {}}]` means every pod of the namespace.
    Source: ValidateNetworkPolicyPeer in kubernetes/pkg/apis/networking/validation/validation.go.
    """
    peers = [field for field in ("podSelector", "namespaceSelector", "ipBlock") if field in peer]
    if not peers:
        yield required(path, "must specify a peer")
    elif len(peers) > 1 and "ipBlock" in peers:
        yield forbidden(path, "may not specify both ipBlock and another peer")


@rule("network-policy-block", fix="Write a CIDR, such as 10.0.0.0/8, and exceptions inside it.")
def network_policy_block(block: Node, path: str, strict: bool) -> Causes:
    """A policy's address block is a network with holes.

    What: cidr is a CIDR, from 1.36 in its canonical form, and each exception is a smaller network inside it.
    Why: an exception outside of it would change nothing.
    Example: `{cidr: 10.0.0.0/8, except: [192.168.0.0/16]}` is refused.
    Fix: except a part of 10.0.0.0/8.
    Source: ValidateIPBlock in kubernetes/pkg/apis/networking/validation/validation.go.
    """
    text = block.get("cidr") or ""
    if not text:
        yield required(f"{path}.cidr")
        return
    for complaint in cidr(text, strict=strict):
        yield invalid(f"{path}.cidr", text, complaint)
    network = parse_cidr(text)
    if network is not None:
        yield from _exceptions(block.get("except") or (), network, f"{path}.except", strict)


def _exceptions(texts: Sequence[str], network: Network, path: str, strict: bool) -> Causes:
    for index, text in enumerate(texts):
        for complaint in cidr(text, strict=strict):
            yield invalid(f"{path}[{index}]", text, complaint)
        part = parse_cidr(text)
        if part is not None and not _is_strict_subset(part, network):
            yield invalid(f"{path}[{index}]", text, "must be a strict subset of `cidr`")


def _is_strict_subset(part: Network, whole: Network) -> bool:
    return part.network_address in whole and part.prefixlen > whole.prefixlen


@rule("network-policy-types", fix="List Ingress, Egress, or both.")
def network_policy_types(types: Sequence[str]) -> Causes:
    """A policy is for traffic that comes in or goes out.

    What: policyTypes holds Ingress or Egress, at most two entries.
    Why: there are no other directions.
    Example: `policyTypes: [ingress]` is refused.
    Fix: write it capitalised.
    Source: ValidateNetworkPolicySpec in kubernetes/pkg/apis/networking/validation/validation.go.
    """
    if len(types) > len(_TYPES):
        yield invalid("spec.policyTypes", types, "may not specify more than two policyTypes")
        return
    for index, each in enumerate(types):
        if each not in _TYPES:
            yield not_supported(f"spec.policyTypes[{index}]", each, _TYPES)


def check_network_policy(manifest: Node, target: Target) -> Problems:
    """A NetworkPolicy, as ValidateNetworkPolicy walks it."""
    yield from object_meta(manifest, dns_subdomain)
    spec, strict = manifest.get("spec") or _NONE, target.enabled("StrictIPCIDRValidation")
    yield from label_selector(spec.get("podSelector") or _NONE, "spec.podSelector")
    for direction, peers in _PEERS.items():
        for index, each in enumerate(spec.get(direction) or ()):
            yield from _direction(each, peers, f"spec.{direction}[{index}]", strict)
    yield from network_policy_types(spec.get("policyTypes") or ())


def _direction(each: Node, peers: str, path: str, strict: bool) -> Problems:
    for index, port in enumerate(each.get("ports") or ()):
        yield from network_policy_port(port, f"{path}.ports[{index}]")
    for index, peer in enumerate(each.get(peers) or ()):
        yield from _peer(peer, f"{path}.{peers}[{index}]", strict)


def _peer(peer: Node, path: str, strict: bool) -> Problems:
    for field in ("podSelector", "namespaceSelector"):
        if field in peer:
            yield from label_selector(peer[field], f"{path}.{field}")
    if "ipBlock" in peer:
        yield from network_policy_block(peer["ipBlock"], f"{path}.ipBlock", strict)
    yield from network_policy_peer(peer, path)


RULES = (
    network_policy_port.rule,
    network_policy_peer.rule,
    network_policy_block.rule,
    network_policy_types.rule,
)
