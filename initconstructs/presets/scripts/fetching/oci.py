"""The files of an OCI artifact, as `oras push` makes them, each checked against its digest.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from .archive import unpack
from .files import Part, alone
from .http import Client, origin, shown
from .task import Failed, Task, run
from .tree import Tree

if TYPE_CHECKING:
    import urllib.request
    from collections.abc import Collection
    from email.message import Message
    from http.client import HTTPResponse

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ACCEPT = f"{MANIFEST}, application/vnd.docker.distribution.manifest.v2+json"
TITLE, UNPACK = "org.opencontainers.image.title", "io.deis.oras.content.unpack"
CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


def start() -> None:
    run(fetch)


def fetch(task: Task, spec: dict[str, Any]) -> str:
    with alone(task, Path(spec["directory"])):
        return Artifact(task, spec).bring()


class Registry(Client):
    """One registry, and the login that it asks for: a token may be good for a minute, and a layer take many."""

    def __init__(self, task: Task, spec: dict[str, Any]) -> None:
        super().__init__(task, spec.get("ca_file"))
        self.spec, self.proof = spec, ""
        self.base = f"https://{spec['registry']}/v2/{spec['repository']}"

    def opened(self, request: urllib.request.Request, expect: Collection[int]) -> HTTPResponse:
        if self.proof:
            request.add_header("Authorization", self.proof)
        found = super().opened(request, {*expect, 401})
        if found.status != 401:
            return found
        with found:
            if origin(found.geturl()) != origin(request.full_url):  # the login is for nobody else
                raise Failed(f"{shown(found.geturl())}: status 401")
            self.log_in(found.headers)
        request.add_header("Authorization", self.proof)
        return super().opened(request, expect)

    def manifest(self, reference: str) -> bytes:
        answer = self.ask(f"{self.base}/manifests/{reference}", headers={"Accept": ACCEPT})
        said = reference if ":" in reference else answer.headers.get("Docker-Content-Digest") or ""
        if said and digest_of(answer.body) != said:
            raise Failed(f"the manifest's digest is {digest_of(answer.body)}, not {said}")
        return answer.body

    def log_in(self, refused: Message) -> None:
        """https://distribution.github.io/distribution/spec/auth/token/"""
        scheme, _, rest = (refused.get("WWW-Authenticate") or "").partition(" ")
        login = self.login()
        if scheme.lower() == "basic" and login:
            self.proof = f"Basic {login}"
            return
        asked = dict(CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in asked:
            raise Failed(f"{self.spec['registry']} refuses, and offers no login that this program knows")
        realm = urljoin(self.base, asked.pop("realm"))
        if urlsplit(realm).scheme != "https":
            raise Failed(f"{self.spec['registry']} wants a login at {shown(realm)}, which is not HTTPS")
        asked.setdefault("scope", f"repository:{self.spec['repository']}:pull")
        query = urlencode({name: asked[name] for name in ("service", "scope") if name in asked})
        headers = {"Authorization": f"Basic {login}"} if login else {}
        found = Client(self.task, self.spec.get("ca_file")).ask(f"{realm}?{query}", headers=headers).json()
        self.proof = f"Bearer {self.task.hide(found.get('token') or found['access_token'])}"

    def login(self) -> str:
        """The registry's login in the pull secret, as `docker login` writes it; or nothing."""
        if "login_file" not in self.spec:
            return ""
        known = json.loads(Path(self.spec["login_file"]).read_text("utf-8")).get("auths", {})
        hosts = {urlsplit(name if "//" in name else f"//{name}").netloc: each for name, each in known.items()}
        names = (self.spec["registry"], *(("docker.io", "index.docker.io") if self.spec["hub"] else ()))
        found = next((hosts[name] for name in names if name in hosts), None)
        if found is None:
            raise Failed(
                f"the pull secret has no login for {self.spec['registry']}, only for {', '.join(sorted(hosts))}"
            )
        pair = f"{found.get('username', '')}:{found.get('password', '')}"
        return self.task.hide(found.get("auth") or base64.b64encode(pair.encode()).decode())


class Artifact(Registry):
    """What is wanted of it."""

    def tree(self, digest: str) -> Tree:
        source = {"digest": digest, "mode": self.spec["mode"]}
        return Tree(Path(self.spec["directory"]), self.spec["id"], source)

    def bring(self) -> str:
        """A digest that is there already needs no network; a tag is asked for each time."""
        reference = self.spec["reference"]
        if ":" in reference and self.tree(reference).whole():
            return f"all files of {reference} are there already, unchanged"
        text = self.manifest(reference)
        digest, layers = digest_of(text), self.layers(text)
        tree = self.tree(digest)
        if tree.whole():
            return f"all {len(layers)} layers of {digest} are there already, unchanged"
        with tree:
            for each in layers:
                self.one(tree, each)
            tree.keep()
        return f"fetched {len(tree.files)} files of {digest}, each verified"

    def layers(self, text: bytes) -> list[dict[str, Any]]:
        try:
            found = json.loads(text)
        except ValueError:
            raise Failed("the manifest is no JSON") from None
        layers: list[dict[str, Any]] = found.get("layers") or []
        if not layers:
            raise Failed(
                f"a manifest of type {found.get('mediaType', 'unknown')} has no layers; name one of an artifact"
            )
        for each in layers:
            if TITLE not in each.get("annotations", {}):
                raise Failed(f"layer {each['digest']} has no {TITLE}: this is an image and no artifact with files")
        return layers

    def one(self, tree: Tree, layer: dict[str, Any]) -> None:
        name, digest = layer["annotations"][TITLE], layer["digest"]
        if not digest.startswith("sha256:"):
            raise Failed(f"layer {name!r} has the digest {digest[:20]}, and only sha256 is known here")
        packed = layer["annotations"].get(UNPACK) == "true"
        place = tree.root / f"{self.spec['id']}.layer" if packed else tree.place(name)
        with Part(place, self.spec["mode"]) as part:
            self.fetch(f"{self.base}/blobs/{digest}", part)
            part.expect(digest.partition(":")[2], layer["size"])
            unpack(part, tree, 0, self.spec["mode"]) if packed else tree.add(name, part)
        self.task.say(f"{name}: {layer['size']} bytes, digest verified")


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
