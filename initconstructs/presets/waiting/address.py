"""Where a dependency is: the checks of hosts, ports and texts that waits share."""

from __future__ import annotations

import re
from ipaddress import ip_address

from initconstructs.model import checks
from initconstructs.model.errors import wrong

_NAME = re.compile(r"(?=.{1,254}\Z)([A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?\.?)+")


def at(function: str, host: str, port: int) -> str:
    """`db:5432`, or `[::1]:5432`."""
    check_host(f"{function}: host", host)
    checks.port_number(f"{function}: port", port)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_host(place: str, host: object) -> None:
    """A DNS name, or an address of either family."""
    if not isinstance(host, str) or not (_NAME.fullmatch(host) or _is_address(host)):
        raise wrong(place, host, "must be a DNS name or an IP address", 'write "db" or "db.shop.svc", say')


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host
