"""Settings that a platform gives once, for an app or a chart, and that everything below inherits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, fields, replace
from typing import Literal, TypeAlias, get_args

from initconstructs.model import checks
from initconstructs.model.checks import Words
from initconstructs.model.errors import wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.kubernetes import minor_of
from initconstructs.model.security import PROFILES, Profile

Mesh: TypeAlias = Literal["none", "istio", "istio-native", "linkerd", "linkerd-native"]
"""The service mesh whose proxy is injected into pods: beside the app, or as a native sidecar before the stages."""

_MESHES: tuple[Mesh, ...] = get_args(Mesh)


@frozen
class ImagePolicy:
    """Where images come from.

    `mirrors` maps a prefix to the one to pull from (`{"docker.io/": "mirror.acme.internal/hub/"}`); an image without a
    registry counts as one of docker.io, as for the container runtime. `digests` maps an image as written to its digest
    (`sha256:...`), which is then pinned. `pull_secrets` are added to every pod.
    """

    mirrors: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    pull_secrets: Words = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "mirrors", checks.strings("ImagePolicy.mirrors", self.mirrors))
        object.__setattr__(self, "digests", checks.strings("ImagePolicy.digests", self.digests))
        object.__setattr__(self, "pull_secrets", checks.words("ImagePolicy.pull_secrets", self.pull_secrets))
        for index, secret in enumerate(self.pull_secrets):
            checks.subdomain(f"ImagePolicy.pull_secrets[{index}]", secret)
        for image, digest in self.digests.items():
            if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
                raise wrong(
                    f"ImagePolicy.digests[{image!r}]", digest, "must be sha256: and 64 hex digits", "correct it"
                )

    def pull(self, image: str) -> str:
        """The reference to pull for an image as an author wrote it."""
        if not self.mirrors and not self.digests:
            return image
        pinned = f"{image}@{self.digests[image]}" if image in self.digests else image
        full = _with_registry(pinned)
        for prefix in sorted(self.mirrors, key=len, reverse=True):
            if full.startswith(prefix):
                return self.mirrors[prefix] + full[len(prefix) :]
        return pinned


def _with_registry(image: str) -> str:
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return image
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"


@frozen
class Settings:
    """The target and the house rules. What is None is inherited from the construct above, or is the default.

    Defaults: `kubernetes="1.36"`, `profile="restricted"`, no image policy, no mesh.
    """

    kubernetes: str | None = None
    profile: Profile | None = None
    images: ImagePolicy | None = None
    mesh: Mesh | None = None

    def __post_init__(self) -> None:
        if self.kubernetes is not None:
            minor_of(self.kubernetes)
        checks.instances("Settings", self, {"images": ImagePolicy})
        if self.profile is not None:
            checks.choice("Settings.profile", self.profile, PROFILES)
        if self.mesh is not None:
            checks.choice("Settings.mesh", self.mesh, _MESHES)

    def over(self, inherited: Settings) -> Settings:
        """These settings, and the inherited ones where these say nothing."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(inherited, **{name: each for name, each in given.items() if each is not None})

    @property
    def target(self) -> str:
        """The target's version, such as "1.36"."""
        return self.kubernetes or "1.36"

    @property
    def minor(self) -> int:
        """The target's minor version."""
        return minor_of(self.target)

    @property
    def ceiling(self) -> Profile:
        """The Pod Security level that the whole pod must meet."""
        return self.profile or "restricted"

    def pull(self, image: str) -> str:
        """The reference to pull for an image as an author wrote it."""
        return self.images.pull(image) if self.images else image


DEFAULTS = Settings(kubernetes="1.36", profile="restricted")
