"""AWS Signature Version 4: the headers that prove who sends a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """What AWS knows a caller by; those of a role come with a token."""

    key_id: str
    secret: str
    token: str = ""


class Scope(NamedTuple):
    """Which service of which region a signature is for."""

    region: str
    service: str


def path_of(text: str) -> str:
    """A path as it is sent and signed: each byte but the unreserved ones and the slash as `%XX`."""
    return quote(text, safe="/-_.~")


def query_of(parameters: Mapping[str, str]) -> str:
    """A query string as it is sent and signed: encoded, then in the order of its names' bytes."""
    pairs = sorted((quote(name, safe="-_.~"), quote(text, safe="-_.~")) for name, text in parameters.items())
    return "&".join(f"{name}={text}" for name, text in pairs)


def signed(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    scope: Scope,
    now: datetime,
) -> dict[str, str]:
    """The headers, which must name the host, and those that the signature adds.

    `path` and `query` come from `path_of` and `query_of`; `now` is in UTC. S3 demands the header x-amz-content-sha256.
    """
    payload = hashlib.sha256(body).hexdigest()
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    found = {name.lower(): " ".join(text.split()) for name, text in headers.items()}
    found["x-amz-date"] = stamp
    if credentials.token:
        found["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(found))
    lines = [f"{name}:{found[name]}\n" for name in sorted(found)]
    request = "\n".join([method, path, query, "".join(lines), names, payload])
    where = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = "\n".join([ALGORITHM, stamp, where, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{credentials.secret}".encode()
    for part in where.split("/"):
        key = _keyed(key, part)
    proof = _keyed(key, text).hex()
    found["authorization"] = (
        f"{ALGORITHM} Credential={credentials.key_id}/{where}, SignedHeaders={names}, Signature={proof}"
    )
    return found


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
