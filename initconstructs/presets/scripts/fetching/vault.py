"""Secrets of HashiCorp Vault or OpenBao, as files and variables: fetched once, or kept up to date by a sidecar.

https://developer.hashicorp.com/vault/api-docs/auth/kubernetes
https://developer.hashicorp.com/vault/api-docs/secret/kv
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .files import write
from .http import Client
from .secrets import hand_over
from .task import Failed, Task, run

if TYPE_CHECKING:
    from collections.abc import Collection

    from .http import Answer

HIDDEN = (400, 403, 404)
"""What a mount that may not be asked about answers, and a Vault that does not know the question."""


def start() -> None:
    run(fetch)


class Lease:
    """What has to be renewed: its id, the seconds that it was first given, and until when."""

    def __init__(self, name: str, seconds: float, renewable: bool, until: float = 0) -> None:
        self.name, self.seconds, self.renewable = name, seconds, renewable
        self.until = until or time.monotonic() + seconds

    def due(self) -> float:
        """Seconds from now to two thirds of its life; a lease of 0 s has no end."""
        return self.until - self.seconds / 3 - time.monotonic() if self.seconds else float("inf")


class Vault:
    """A login, and the secrets that were read with it."""

    def __init__(self, task: Task, spec: dict[str, Any]) -> None:
        self.task, self.spec = task, spec
        self.client = Client(task, spec.get("ca_file"))
        self.token = Lease("", 0, False)
        self.leases: dict[str, Lease] = {}
        self.texts: dict[str, str] = {}

    def ask(
        self, path: str, body: dict[str, Any] | None = None, method: str = "GET", expect: Collection[int] = ()
    ) -> Answer:
        headers = {"X-Vault-Request": "true"}
        if self.token.name:
            headers["X-Vault-Token"] = self.token.name
        if self.spec.get("namespace"):
            headers["X-Vault-Namespace"] = self.spec["namespace"]
        data = None if body is None else json.dumps(body).encode()
        return self.client.ask(
            f"{self.spec['address']}/v1/{quote(path)}", method=method, headers=headers, body=data, expect=expect
        )

    def log_in(self) -> None:
        """Exchange the pod's service account token for one of Vault's."""
        jwt = self.task.hide(Path(self.spec["token_file"]).read_text("utf-8").strip())
        self.token = Lease("", 0, False)
        body = {"role": self.spec["role"], "jwt": jwt}
        found = self.ask(f"auth/{self.spec['auth_path']}/login", body, "POST").json()["auth"]
        self.use(found)
        self.task.say(f"logged in as role {self.spec['role']} for {found['lease_duration']} s")

    def use(self, auth: dict[str, Any]) -> None:
        token = self.task.hide(auth["client_token"])
        self.token = Lease(token, auth["lease_duration"], auth["renewable"])

    def read(self, path: str) -> bytes:
        """A secret as JSON; one with a lease is asked for once, as Vault makes a new one each time."""
        if path not in self.leases:
            self.texts[path] = json.dumps(self.secret(path), ensure_ascii=False, sort_keys=True)
        return self.texts[path].encode()

    def secret(self, path: str) -> dict[str, Any]:
        mount = self.mount(path)
        versioned = (mount.get("options") or {}).get("version") == "2"
        found = self.ask(below_data(path, mount["path"]) if versioned else path, expect=(404,))
        if found.status == 404:
            raise Failed(f"secret {path} is not there, or was deleted")
        answer = found.json()
        if answer.get("lease_id"):
            self.leases[path] = Lease(answer["lease_id"], answer["lease_duration"], answer["renewable"])
            self.task.say(f"secret {path} has a lease of {answer['lease_duration']} s")
        data = answer.get("data") or {}
        data = data["data"] if versioned or is_version(data) else data
        if not isinstance(data, dict):
            raise Failed(f"secret {path} was deleted")
        return data

    def mount(self, path: str) -> dict[str, Any]:
        """What serves the path, as Vault's own command asks; nothing where the policy hides it."""
        found = self.ask(f"sys/internal/ui/mounts/{path}", expect=HIDDEN)
        return {} if found.status in HIDDEN else dict(found.json()["data"])

    def save(self) -> None:
        """Leave the login and the leases to the sidecar, or to its next start."""
        if "session_file" in self.spec:
            leases = {path: vars(each) for path, each in self.leases.items()}
            texts = {path: self.texts[path] for path in leases}
            found = {"token": vars(self.token), "leases": leases, "texts": texts}
            write(Path(self.spec["session_file"]), json.dumps(found).encode(), 0o400)


def below_data(path: str, mount: str) -> str:
    """Where version 2 of the key-value engine keeps a secret, whether or not its author has said "data"."""
    rest = path[len(mount) :]
    return f"{mount}{rest}" if rest.startswith("data/") else f"{mount}data/{rest}"


def is_version(data: dict[str, Any]) -> bool:
    """Whether this is how version 2 wraps a secret."""
    about = data.get("metadata")
    return (
        data.keys() == {"data", "metadata"} and isinstance(about, dict) and {"version", "created_time"} <= about.keys()
    )


def fetch(task: Task, spec: dict[str, Any]) -> str:
    """Once: log in, read, write."""
    vault = Vault(task, spec)
    vault.log_in()
    last = hand_over(spec, vault.read)
    vault.save()
    if vault.leases and "session_file" not in spec:
        ends = min([*(each.seconds for each in vault.leases.values()), vault.token.seconds or float("inf")])
        last += f"; nobody renews their leases, so what they grant ends in {ends:g} s"
    return last
