"""AWS: who we are, and requests that prove it.

Credentials are looked for where AWS' own tools look, in their order: environment variables, a web identity (IRSA),
the container's endpoint (EKS Pod Identity), the instance's metadata (version 2).
https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from datetime import datetime, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from .http import Client
from .refusals import Explained, Near, first
from .sigv4 import Credentials, Scope, signed
from .task import Failed, Task

if TYPE_CHECKING:
    import urllib.request
    from collections.abc import Collection
    from http.client import HTTPResponse

RENEW_SECONDS = 240
"""A node has the next credentials of its role at least five minutes before the ones that it gives end."""

METADATA = "http://169.254.169.254"
CONTAINER_HOSTS = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")


class Aws(Explained):
    """Signs each request when it is sent, since a signature lasts for minutes only, with credentials that are new."""

    def __init__(self, spec: dict[str, Any], task: Task, service: str) -> None:
        super().__init__(task, spec.get("ca_file"))
        self.scope = Scope(region(spec), service)
        self.credentials, self.found = Credentials("", ""), float("-inf")
        self.giver = Explained(task, spec.get("ca_file"), besides=True)

    def opened(self, request: urllib.request.Request, expect: Collection[int]) -> HTTPResponse:
        if time.monotonic() - self.found > RENEW_SECONDS:
            self.credentials, self.found = credentials(self.giver, self.scope.region), time.monotonic()
        parts = urlsplit(request.full_url)
        body = request.data if isinstance(request.data, bytes) else b""
        headers = {"host": parts.netloc, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        headers.update(
            {name: text for name, text in request.header_items() if name.startswith(("X-amz-", "Content-t"))}
        )
        who, now = self.credentials, datetime.now(timezone.utc)
        proof = signed(
            request.get_method(), parts.path, parts.query, headers, body, credentials=who, scope=self.scope, now=now
        )
        for name, text in proof.items():
            request.add_header(name, text)
        return super().opened(request, expect)


class Action:
    """Calls the actions of a service that speaks AWS JSON 1.1, under the name that it has there.

    https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
    """

    def __init__(self, spec: dict[str, Any], task: Task, service: str, target: str) -> None:
        self.client, self.target = Aws(spec, task, service), target
        self.url = spec.get("endpoint") or endpoint(service, self.client.scope.region)

    def __call__(self, name: str, question: dict[str, Any]) -> dict[str, Any]:
        headers = {"X-Amz-Target": f"{self.target}.{name}", "Content-Type": "application/x-amz-json-1.1"}
        body = json.dumps(question).encode()
        found = self.client.ask(f"{self.url}/", method="POST", headers=headers, body=body).json()
        return dict(found)


def region(spec: dict[str, Any]) -> str:
    """The region that the author names, or else the one that the cluster gives to its containers."""
    found = spec.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not found:
        raise Failed("no region: neither region= nor the environment variable AWS_REGION says which")
    return str(found)


def endpoint(service: str, where: str) -> str:
    """The service's own address in a region.

    https://docs.aws.amazon.com/general/latest/gr/rande.html
    """
    suffix = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}.get(where.partition("-")[0], "amazonaws.com")
    return f"https://{service}.{where}.{suffix}"


def credentials(client: Client, where: str) -> Credentials:
    """Those of the first source that is there."""
    variables = os.environ
    if variables.get("AWS_ACCESS_KEY_ID"):
        token = variables.get("AWS_SESSION_TOKEN", "")
        return kept(client, variables["AWS_ACCESS_KEY_ID"], variables.get("AWS_SECRET_ACCESS_KEY", ""), token)
    if variables.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return of_web_identity(client, where)
    if variables.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        return of_container(client, variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
    return of_instance(client)


def kept(client: Client, key_id: str, secret: str, token: str) -> Credentials:
    """Credentials that no line of the log will show."""
    if not key_id or not secret:
        raise Failed("the AWS credentials are incomplete: the access key has no secret")
    for each in filter(None, (secret, token)):
        client.task.hide(each)
    return Credentials(key_id.strip(), secret.strip(), token.strip())


def of_web_identity(client: Client, where: str) -> Credentials:
    """The role that the service account's token is exchanged for.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    role = os.environ.get("AWS_ROLE_ARN") or ""
    if not role:
        raise Failed("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not")
    question = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": os.environ.get("AWS_ROLE_SESSION_NAME") or "initconstructs",
        "WebIdentityToken": token_in(client, "AWS_WEB_IDENTITY_TOKEN_FILE"),
    }
    url = os.environ.get("AWS_ENDPOINT_URL_STS") or endpoint("sts", where)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.ask(f"{url}/", method="POST", headers=headers, body=urlencode(question).encode()).body
    return kept(client, first(answer, "AccessKeyId"), first(answer, "SecretAccessKey"), first(answer, "SessionToken"))


def of_container(client: Client, url: str) -> Credentials:
    """What the node's agent gives for the pod's token, which goes to this node or over TLS only.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not of_this_node(parts.hostname or ""):
        raise Failed("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither HTTPS nor an address of this node")
    token = token_in(client, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    asked = client if parts.scheme == "https" else Explained(client.task, direct=True)
    return of_answer(client, asked.ask(url, headers={"Authorization": token}).json())


def of_this_node(host: str) -> bool:
    try:
        return host in CONTAINER_HOSTS or ip_address(host).is_loopback
    except ValueError:
        return False


def of_instance(client: Client) -> Credentials:
    """The role of the node, which every pod on it shares.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
    """
    near = Near(client.task)
    home = f"{os.environ.get('AWS_EC2_METADATA_SERVICE_ENDPOINT') or METADATA}/latest"
    try:
        seconds = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
        token = near.ask(f"{home}/api/token", method="PUT", headers=seconds).body.decode()
        proof = {"X-aws-ec2-metadata-token": hidden(client, token, "the instance's metadata")}
        roles = f"{home}/meta-data/iam/security-credentials/"
        role = near.ask(roles, headers=proof).body.decode().split()[0]
        return of_answer(client, near.ask(roles + role, headers=proof).json())
    except (Failed, IndexError) as error:
        raise Failed(
            f"no AWS credentials: neither keys nor IRSA nor Pod Identity, nor a role of the node: {error}"
        ) from None


def of_answer(client: Client, found: dict[str, str]) -> Credentials:
    return kept(client, found.get("AccessKeyId", ""), found.get("SecretAccessKey", ""), found.get("Token", ""))


def token_in(client: Client, variable: str) -> str:
    """The token in the file that the variable names; the kubelet renews it."""
    path = Path(os.environ.get(variable, ""))
    try:
        return hidden(client, path.read_text("utf-8").strip(), variable)
    except (OSError, UnicodeError):
        raise Failed(f"the token of {variable}, {path}, can't be read") from None


def hidden(client: Client, token: str, source: str) -> str:
    """A token that no line of the log will show."""
    if not token:
        raise Failed(f"the token of {source} is empty")
    return client.task.hide(token)
