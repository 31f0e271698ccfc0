"""IP addresses and CIDRs, read as leniently as the API server always has, or as strictly as it does from 1.36.

Sources: k8s.io/apimachinery/pkg/util/validation/ip.go, k8s.io/utils/internal/third_party/forked/golang/net (which keeps
leading zeros legal), and the gate StrictIPCIDRValidation.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from initconstructs.rules.api_server.formats import Complaints

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_IP_WRONG = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_CIDR_WRONG = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

_without_leading_zeros = re.compile("(?<![0-9A-Fa-f])0+(?=[0-9A-Fa-f])").sub


@lru_cache(maxsize=1024)
def parse_ip(text: str) -> Address | None:
    """The address, leading zeros ignored; None for what is no address."""
    if "%" in text or "/" in text:
        return None
    try:
        return ip_address(_without_leading_zeros("", text))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def parse_cidr(text: str) -> Network | None:
    """The network, leading zeros and host bits ignored; None for what is no CIDR."""
    address, _, prefix = text.partition("/")
    parsed = parse_ip(address)
    if parsed is None or not (prefix.isascii() and prefix.isdecimal()) or int(prefix) > parsed.max_prefixlen:
        return None
    return ip_network((parsed, int(prefix)), strict=False)


def ip(text: str, *, strict: bool) -> Complaints:
    """What is wrong with an IP address."""
    parsed = parse_ip(text)
    if parsed is None:
        return (_IP_WRONG,)
    if not strict:
        return ()
    if not _is_canonical(text):
        return ("must not have leading 0s",)
    return ("must not be an IPv4-mapped IPv6 address",) if _is_mapped(parsed) else ()


def cidr(text: str, *, strict: bool) -> Complaints:
    """What is wrong with a CIDR."""
    network = parse_cidr(text)
    if network is None:
        return (_CIDR_WRONG,)
    return _strict_cidr(text, network) if strict else ()


def _strict_cidr(text: str, network: Network) -> Complaints:
    address, _, prefix = text.partition("/")
    parsed = parse_ip(address)
    if not _is_canonical(address) or prefix != str(int(prefix)):
        return ("must not have leading 0s in IP or prefix length",)
    if parsed is not None and _is_mapped(parsed):
        return ("must not have an IPv4-mapped IPv6 address",)
    return ("must not have bits set beyond the prefix length",) if parsed != network.network_address else ()


def _is_canonical(address: str) -> bool:
    # The standard library refuses leading zeros, as Go's net/netip does.
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


def _is_mapped(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None
