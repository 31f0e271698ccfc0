"""What is asked, as the arguments and the environment say it."""

from __future__ import annotations

import json
import os
from typing import Any

VARIABLE = "from variable"
NO_URL = "what is asked is no http or https URL with a host"


def read(word: str) -> tuple[dict[str, Any], list[str]]:
    """The JSON of one dependency, `{"from variable": NAME}` in it replaced, and the values that nobody may see."""
    hidden: list[str] = []
    spec = filled(json.loads(word), hidden)
    if isinstance(spec["at"], dict):
        spec["at"] = address(**spec["at"])
    if spec["wait"] == "http":
        check_url(spec["at"])
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
    """`db:5432`, or `[::1]:5432`; a wrong value is not shown, as it may be a secret."""
    if not host.isprintable() or " " in host or "/" in host or host.count(":") == 1:
        raise ValueError("the host is no name and no address: a port or a URL has no place in it")
    if not str(port).isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("the port is no number from 1 to 65535")
    return f"[{host}]:{int(port)}" if ":" in host else f"{host}:{int(port)}"


def check_url(url: str) -> None:
    from urllib.parse import urlsplit  # noqa: PLC0415 -- only for those who need it

    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise ValueError(NO_URL) from None  # whose own text shows a part of it
    if not known:
        raise ValueError(NO_URL)
    if "@" in parts.netloc:
        raise ValueError("the URL holds credentials, which the log would show")
