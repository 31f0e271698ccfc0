"""Where a dependency is: the checks of hosts, ports and texts that waits share."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TypeAlias

from initconstructs.model import checks
from initconstructs.model.environment import ConfigMapKey, FieldRef, FileKey, SecretKey
from initconstructs.model.errors import wrong

Source: TypeAlias = ConfigMapKey | SecretKey | FieldRef | FileKey
"""Where only the cluster knows a value: the program reads it from an environment variable."""

SOURCES = (ConfigMapKey, SecretKey, FieldRef, FileKey)

Host: TypeAlias = str | Source
"""A DNS name or an IP address, or where it stands: `ConfigMapKey("db", "host")`, `FieldRef("status.hostIP")`."""

Port: TypeAlias = int | Source
"""A port from 1 to 65535, or where it stands."""

_LABEL = "[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,254}}\Z){_LABEL}(\.{_LABEL})*\.?")


def at(function: str, host: Host, port: Port) -> object:
    """`db:5432`, or `[::1]:5432`; host and port apart where one of them is a source."""
    check_host(f"{function}: host", host)
    if not isinstance(port, SOURCES):
        checks.port_number(f"{function}: port", port)
    if not isinstance(host, str) or not isinstance(port, int):
        return {"host": host, "port": port}
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_host(place: str, host: object) -> None:
    """A DNS name, an address of either family, or a source of one."""
    if isinstance(host, SOURCES):
        return
    if not isinstance(host, str) or not (_NAME.fullmatch(host) or _is_address(host)):
        remedy = 'write "db" or "db.shop.svc", say, or where it stands: ConfigMapKey("db", "host")'
        raise wrong(place, host, "must be a DNS name or an IP address", remedy)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def label(host: Host) -> str:
    """What a stage is named after: the host, or the words of its source."""
    if isinstance(host, str):
        return host
    return " ".join(each for each in vars(host).values() if isinstance(each, str))
