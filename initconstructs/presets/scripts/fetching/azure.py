"""Azure: requests with a token for the pod's workload identity, or else for the node's managed identity.

https://learn.microsoft.com/azure/aks/workload-identity-overview
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .refusals import Explained, Near
from .task import Failed, Task

if TYPE_CHECKING:
    import urllib.request
    from collections.abc import Collection, Mapping
    from http.client import HTTPResponse

METADATA = "http://169.254.169.254"
AUTHORITY = "https://login.microsoftonline.com"
EARLY_SECONDS = 60


class Azure(Explained):
    """Sends a token for `audience` with each request, and takes a new one before it expires."""

    def __init__(self, spec: dict[str, Any], task: Task, audience: str, headers: Mapping[str, str]) -> None:
        super().__init__(task, spec.get("ca_file"))
        self.audience, self.headers, self.ca_file = audience, headers, spec.get("ca_file")
        self.token, self.expires = "", 0.0

    def opened(self, request: urllib.request.Request, expect: Collection[int]) -> HTTPResponse:
        if time.monotonic() > self.expires:
            found = federated(self.task, self.audience, self.ca_file) or managed(self.task, self.audience)
            self.token = self.task.hide(found["access_token"])
            self.expires = time.monotonic() + max(0.0, float(found.get("expires_in", 0)) - EARLY_SECONDS)
        for name, text in {"Authorization": f"Bearer {self.token}", **self.headers}.items():
            request.add_header(name, text)
        return super().opened(request, expect)


def federated(task: Task, audience: str, ca_file: str | None) -> dict[str, Any] | None:
    """The token that the service account's own is exchanged for, where the webhook has set workload identity up."""
    path, tenant, client = (
        os.environ.get(f"AZURE_{each}") for each in ("FEDERATED_TOKEN_FILE", "TENANT_ID", "CLIENT_ID")
    )
    if not path:
        return None
    if not tenant or not client:
        raise Failed("AZURE_FEDERATED_TOKEN_FILE is set, and AZURE_TENANT_ID or AZURE_CLIENT_ID is not")
    try:
        assertion = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeError):
        assertion = ""
    if not assertion:
        raise Failed(f"the token of AZURE_FEDERATED_TOKEN_FILE, {path}, can't be read, or is empty")
    question = {
        "grant_type": "client_credentials",
        "client_id": client,
        "scope": f"{audience}/.default",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": task.hide(assertion),
    }
    authority = (os.environ.get("AZURE_AUTHORITY_HOST") or AUTHORITY).rstrip("/")
    url, headers = f"{authority}/{tenant}/oauth2/v2.0/token", {"Content-Type": "application/x-www-form-urlencoded"}
    entra = Explained(task, ca_file, besides=True)
    return dict(entra.ask(url, method="POST", headers=headers, body=urlencode(question).encode()).json())


def managed(task: Task, audience: str) -> dict[str, Any]:
    """The token of the node's identity, which every pod on it shares; AZURE_CLIENT_ID chooses among several."""
    host = (os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or METADATA).rstrip("/")
    client = os.environ.get("AZURE_CLIENT_ID")
    question = {"api-version": "2018-02-01", "resource": audience, **({"client_id": client} if client else {})}
    url = f"{host}/metadata/identity/oauth2/token?{urlencode(question)}"
    try:
        return dict(Near(task).ask(url, headers={"Metadata": "true"}).json())
    except Failed as error:
        raise Failed(f"no Azure credentials: neither workload identity, nor an identity of the node: {error}") from None
