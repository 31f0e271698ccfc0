"""The Hugging Face Hub and an OCI registry, as far as their clients see them, written from their documents."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.presets.fetching_clouds import Reply, Request, answer

COMMIT = "6" * 40


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass
class Hub:
    """https://huggingface.co/docs/hub/api; `elsewhere` is where large files are, as at the Hub."""

    files: dict[str, bytes]
    commit: str = COMMIT
    token: str = ""
    elsewhere: str = ""
    lies: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request.path)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return answer({"error": "Repository not found"}, 401)
        if request.path.startswith("/api/models/acme/ranker/revision/") and request.query == {"blobs": "true"}:
            if request.path.rpartition("/")[2] not in ("main", self.commit):
                return answer({"error": "Invalid rev id"}, 404)
            return answer({"sha": self.commit, "siblings": [self.about(name) for name in self.files]})
        name = request.path.removeprefix(f"/acme/ranker/resolve/{self.commit}/")
        if name not in self.files:
            return answer({"error": "Entry not found"}, 404)
        if self.elsewhere and len(self.files[name]) > 100:
            return Reply(302, headers={"Location": f"{self.elsewhere}/{name}"})
        return Reply(200, self.lies.get(name, self.files[name]))

    def about(self, name: str) -> dict[str, Any]:
        body = self.files[name]
        blob = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
        found: dict[str, Any] = {"rfilename": name, "size": len(body), "blobId": blob}
        if len(body) > 100:
            found |= {"blobId": "7" * 40, "lfs": {"size": len(body), "sha256": sha256(body), "pointerSize": 130}}
        return found


@dataclass
class Registry:
    """https://github.com/opencontainers/distribution-spec, with the login of the distribution project."""

    layers: list[tuple[dict[str, str], bytes]]
    login: str = ""
    base: str = ""
    basic: bool = False
    lies: dict[str, bytes] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    uses: int = 1000
    """For how many requests a token is good."""
    tokens: int = 0
    left: int = 0

    @property
    def manifest(self) -> bytes:
        media = "application/vnd.oci.image.manifest.v1+json"
        layers = [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": f"sha256:{sha256(body)}",
                "size": len(body),
                "annotations": annotations,
            }
            for annotations, body in self.layers
        ]
        return json.dumps({"schemaVersion": 2, "mediaType": media, "layers": layers, **self.config}).encode()

    @property
    def digest(self) -> str:
        return f"sha256:{sha256(self.manifest)}"

    def __call__(self, path: str, query: str, authorization: str) -> Reply:
        self.asked.append(path)
        encoded = base64.b64encode(self.login.encode()).decode()
        if path == "/token":
            if "scope=repository%3Aacme%2Fgeo%3Apull" not in query or authorization != f"Basic {encoded}":
                return answer({"errors": [{"code": "UNAUTHORIZED", "message": "login refused"}]}, 401)
            self.tokens, self.left = self.tokens + 1, self.uses
            return answer({"token": f"canary-bearer-{self.tokens}"})
        good = f"Basic {encoded}" if self.basic else f"Bearer canary-bearer-{self.tokens}" if self.left else "none"
        self.left -= authorization == good
        if self.login and authorization != good:
            realm = f'Bearer realm="{self.base}/token",service="registry",scope="repository:acme/geo:pull"'
            return Reply(401, headers={"WWW-Authenticate": 'Basic realm="r"' if self.basic else realm})
        if path in ("/v2/acme/geo/manifests/1.0", f"/v2/acme/geo/manifests/{self.digest}"):
            return Reply(200, self.lies.get("manifest", self.manifest), {"Docker-Content-Digest": self.digest})
        blobs = {f"/v2/acme/geo/blobs/sha256:{sha256(body)}": body for _, body in self.layers}
        if path in blobs:
            return Reply(200, self.lies.get("blob", blobs[path]))
        return answer({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}, 404)
