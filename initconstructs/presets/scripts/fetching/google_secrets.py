"""Secrets of Google Secret Manager, as files and variables.

https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from .crc import crc32c
from .google import Google
from .secrets import hand_over
from .task import Failed, Task, run

ENDPOINT = "https://secretmanager.googleapis.com"


def start() -> None:
    run(fetch)


def fetch(task: Task, spec: dict[str, Any]) -> str:
    client = Google(spec, task)

    def read(name: str) -> bytes:
        url = f"{spec.get('endpoint') or ENDPOINT}/v1/{quote(version_of(name, spec.get('project')))}:access"
        payload = client.ask(url).json()["payload"]
        try:
            data = base64.b64decode(payload.get("data", ""), validate=True)
        except binascii.Error:
            raise Failed(f"secret {name}: what was sent is no base64") from None
        check(name, data, payload.get("dataCrc32c"))
        return data

    return hand_over(spec, read)


def version_of(name: str, project: str | None) -> str:
    """The full name of a version: the latest one, unless the name says which."""
    full = name if name.startswith("projects/") else f"projects/{project}/secrets/{name}"
    return full if "/versions/" in full else f"{full}/versions/latest"


def check(name: str, data: bytes, claim: str | None) -> None:
    """https://cloud.google.com/secret-manager/docs/data-integrity"""
    if claim is None:
        return
    found = crc32c()
    found.update(data)
    if int.from_bytes(found.digest(), "big") != int(claim):
        raise Failed(f"secret {name}: what was sent does not have its CRC-32C")
