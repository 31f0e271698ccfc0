"""Secrets of Azure Key Vault, as files and variables.

https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .azure import Azure
from .secrets import hand_over
from .task import Task, run

API_VERSION = "7.4"


def start() -> None:
    run(fetch)


def fetch(task: Task, spec: dict[str, Any]) -> str:
    client = Azure(spec, task, spec["audience"], {})

    def read(name: str) -> bytes:
        url = f"{spec['vault']}/secrets/{quote(name)}?api-version={API_VERSION}"
        return str(client.ask(url).json()["value"]).encode()

    return hand_over(spec, read)
