"""Secrets of AWS Secrets Manager, as files and variables.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

from __future__ import annotations

import base64
from typing import Any

from .aws import Action
from .secrets import hand_over
from .task import Task, run


def start() -> None:
    run(fetch)


def fetch(task: Task, spec: dict[str, Any]) -> str:
    ask = Action(spec, task, "secretsmanager", "secretsmanager")

    def read(name: str) -> bytes:
        found = ask("GetSecretValue", {"SecretId": name})
        binary = found.get("SecretBinary")
        return base64.b64decode(binary) if binary else str(found["SecretString"]).encode()

    return hand_over(spec, read)
