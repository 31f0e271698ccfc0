"""What is asked, as the arguments and the environment say it."""

from __future__ import annotations

import json
import os
import re
import socket
from typing import Any

VARIABLE = "from variable"
LABEL = "[-!-,0-9;-~]{1,63}"  # ASCII without ".", "/" and ":"
NAME = re.compile(rf"{LABEL}(\.{LABEL})*\.?")
NO_URL = "what is asked is no http or https URL with a host, other characters percent-encoded"


def read(word: str) -> tuple[dict[str, Any], list[str]]:
    """The JSON of one dependency, `{"from variable": NAME}` in it replaced, and the values that nobody may see."""
    hidden: list[str] = []
    spec = filled(json.loads(word), hidden)
    if isinstance(spec["at"], dict):
        spec["at"] = address(**spec["at"])
    if spec["wait"] == "dns":
        check_host(spec["at"])
    if spec["wait"] == "http":
        host = host_of(spec["at"])
        check_headers(spec.get("headers", {}))
        if spec["at"] in hidden:
            hidden.append(host)
    hidden += [each.rstrip(".") for each in hidden if each.strip(".")]  # as a name is shown that a certificate lacks
    return spec, hidden


def filled(value: Any, hidden: list[str]) -> Any:
    if isinstance(value, list):
        return [filled(each, hidden) for each in value]
    if not isinstance(value, dict):
        return value
    if VARIABLE not in value:
        return {key: filled(each, hidden) for key, each in value.items()}
    found = os.environ.get(value[VARIABLE], "").strip()
    if not found:
        raise ValueError(f"{value[VARIABLE]} is not set")
    if value.get("secret"):
        hidden.append(found)
    return found


def address(host: str, port: Any) -> str:
    """`db:5432`, or `[::1]:5432`."""
    check_host(host)
    if not str(port).isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("the port is no number from 1 to 65535")
    return f"[{host}]:{int(port)}" if ":" in host else f"{host}:{int(port)}"


def check_host(host: str) -> None:
    """A name or an address; a wrong value is not shown, here and below, as it may be a secret."""
    try:
        known = socket.inet_pton(socket.AF_INET6, host) if ":" in host else NAME.fullmatch(host)
    except (OSError, ValueError):
        known = None
    if not known:
        raise ValueError("the host is no name and no address: a port or a URL has no place in it")


def host_of(url: str) -> str:
    """The host of a URL that can be asked as it stands."""
    from urllib.parse import urlsplit  # noqa: PLC0415 -- only for those who need it

    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.port != 0 and re.fullmatch("[!-~]+", url)
    except ValueError:
        raise ValueError(NO_URL) from None  # whose own text shows a part of it
    if not known or not parts.hostname:
        raise ValueError(NO_URL)
    if "@" in parts.netloc:
        raise ValueError("the URL holds credentials, which the log would show")
    check_host(parts.hostname)
    return parts.hostname


def check_headers(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not re.fullmatch("[ -~]*", value):
            raise ValueError(f"the header {name} is no printable ASCII text")
