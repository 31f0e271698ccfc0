"""A Vault, as far as its clients see it, written from its API's documents.

https://developer.hashicorp.com/vault/api-docs/auth/kubernetes, .../secret/kv, .../auth/token and .../system/leases
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.presets.fetching_clouds import Reply, Request, answer

JWT, ROLE = "eyJ-the-pods-own-token", "shop"
MOUNTS = {"secret/": {"type": "kv", "options": {"version": "2"}}, "old/": {"type": "kv", "options": None}}


@dataclass
class Lease:
    path: str
    token: str
    until: float
    last_end: float


@dataclass
class Vault:
    """`ttl` is of tokens, `lease` of database logins, which can be renewed up to `most`, all in seconds."""

    ttl: int = 3600
    lease: int = 3600
    most: int = 36000
    namespace: str | None = None
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    hides_mounts: bool = False
    down: bool = False
    odd: bool = False
    tokens: dict[str, float] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        path = request.path.removeprefix("/v1/")
        self.log.append(f"{request.method} {path}")
        if self.down:
            return Reply(503)
        if self.odd:
            return answer({"hello": "canary"})
        if request.headers["X-Vault-Request"] != "true" or request.headers.get("X-Vault-Namespace") != self.namespace:
            return error(400, "missing header")
        body = json.loads(request.body or b"{}")
        if path == "auth/kubernetes/login":
            return self.log_in(body)
        token = request.headers.get("X-Vault-Token", "")
        if self.tokens.get(token, 0) < time.monotonic():
            return error(403, "permission denied")
        return self.asked(request.method, path, token, body)

    def log_in(self, body: dict[str, Any]) -> Reply:
        if body != {"role": ROLE, "jwt": JWT}:
            return error(403, "service account name not authorized")
        token = f"hvs.canary-{len(self.tokens)}"
        self.tokens[token] = time.monotonic() + self.ttl
        return answer({"auth": {"client_token": token, "lease_duration": self.ttl, "renewable": True}})

    def asked(self, method: str, path: str, token: str, body: dict[str, Any]) -> Reply:  # noqa: PLR0911
        if path.startswith("sys/internal/ui/mounts/"):
            name = path.split("/")[4] + "/"
            if self.hides_mounts:
                return error(403, "preflight capability check returned 403")
            return answer({"data": {"path": name, **MOUNTS.get(name, {"type": "database", "options": {}})}})
        if path == "auth/token/lookup-self":
            return answer({"data": {}})
        if (method, path) == ("POST", "auth/token/renew-self"):
            self.tokens[token] = time.monotonic() + self.ttl
            return answer({"auth": {"client_token": token, "lease_duration": self.ttl, "renewable": True}})
        if (method, path) == ("POST", "sys/leases/renew"):
            return self.renewed(body["lease_id"])
        if path.startswith("database/creds/"):
            return self.login(path, token)
        return self.read(path)

    def renewed(self, name: str) -> Reply:
        lease, now = self.leases.get(name), time.monotonic()
        if lease is None or lease.until < now or self.tokens.get(lease.token, 0) < now:
            return error(400, "lease not found")
        lease.until = min(now + self.lease, lease.last_end)
        return answer({"lease_id": name, "lease_duration": int(lease.until - now), "renewable": True})

    def login(self, path: str, token: str) -> Reply:
        now, name = time.monotonic(), f"{path}/{len(self.leases)}"
        self.leases[name] = Lease(path, token, now + self.lease, now + self.most)
        data = {"username": f"v-{len(self.leases)}", "password": f"canary-password-{len(self.leases)}"}
        return answer({"lease_id": name, "lease_duration": self.lease, "renewable": True, "data": data})

    def read(self, path: str) -> Reply:
        """https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version"""
        found = self.secrets.get(path)
        if found is None:
            return error(404)
        if path.startswith("secret/data/"):
            about = {"version": 3, "created_time": "2026-11-22T20:00:00Z", "deletion_time": "", "destroyed": False}
            return answer({"lease_id": "", "lease_duration": 0, "data": {"data": found, "metadata": about}})
        return answer({"lease_id": "", "lease_duration": 2764800, "data": found})


def error(status: int, *texts: str) -> Reply:
    return answer({"errors": list(texts)}, status)
