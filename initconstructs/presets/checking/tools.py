"""Checks that a tool makes, in the tool's own image."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Words
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.resources import Resources
from initconstructs.model.stages import Stage
from initconstructs.model.volumes import (
    ConfigMapFiles,
    DownwardApi,
    EmptyDir,
    InlineFiles,
    Mount,
    Projected,
    SecretFiles,
    Volume,
)
from initconstructs.presets import images
from initconstructs.presets.program import TELL_WHY, UNPRIVILEGED, StageOptions, literal
from initconstructs.presets.text import check_text

Severity: TypeAlias = Literal["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"]

_SEVERITIES = ("UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_SEVERE: Sequence[Severity] = ("HIGH", "CRITICAL")
_LAID = (ConfigMapFiles, DownwardApi, InlineFiles, Projected, SecretFiles)
_IMAGE = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9._:/@]*")
_SMALL = Resources(requests={"cpu": "100m", "memory": "64Mi"}, limits={"memory": "256Mi"})
_LARGE = Resources(requests={"cpu": "200m", "memory": "256Mi"}, limits={"memory": "1Gi"})


class ToolOptions(StageOptions, total=False):
    """The options of a stage; `timeout`, the total deadline; and `pull_secret`, with the registry's credentials."""

    timeout: Duration
    pull_secret: str


@ends_at_the_author
def signature(
    reference: str,
    *,
    key: str | None = None,
    identity: str | None = None,
    issuer: str | None = None,
    transparency_log: bool = True,
    **options: Unpack[ToolOptions],
) -> Stage:
    """An image is signed, as cosign sees it: by a key, or by someone whom an OpenID provider knows.

        checking.signature(IMAGE, key="/keys/cosign.pub", mounts=[Volume("keys", ConfigMapFiles("cosign")).at("/keys")])

    Name the image by its digest, as the pod does: a tag may point elsewhere by the time the app is pulled. `key` is the
    path of a public key; else `identity` and `issuer` are those of the signing certificate. The signature must stand in
    Sigstore's public log, unless `transparency_log=False` says that yours is private. `pull_secret` names a Secret of
    type kubernetes.io/dockerconfigjson. It guards against mistakes of those who deploy; who may change this manifest
    may take the check out, so demand signatures by an admission policy as well.

    Runs cosign as user 65532 under "restricted", requests 100m CPU and 64Mi, limit 256Mi; it needs the network. Gives
    up after `timeout`, 2 minutes unless said otherwise.

    Exit codes: cosign's own, 0 signed, others not or not found.

    Sources: https://github.com/sigstore/cosign/blob/main/doc/cosign_verify.md
    https://docs.sigstore.dev/cosign/verifying/verify/
    """
    words = ["verify", f"--timeout={_seconds(options, '2m')}s", *_signer(key, identity, issuer)]
    words += [] if transparency_log else ["--private-infrastructure"]
    home = Volume("cosign-home", EmptyDir(size_limit="16Mi")).at("/home/cosign")
    return _tool(
        "signature",
        [*words, _image("signature: reference", reference)],
        options,
        image=images.COSIGN,
        mounts=[home],
        env={"HOME": "/home/cosign", "TUF_ROOT": "/home/cosign/root"},
        network=True,
    )


def _signer(key: str | None, identity: str | None, issuer: str | None) -> list[str]:
    if key is not None and identity is None and issuer is None:
        return [f"--key={_path('signature: key', key)}"]
    if key is None and identity and issuer:
        return [
            f"--certificate-identity={check_text('signature: identity', identity)}",
            f"--certificate-oidc-issuer={check_text('signature: issuer', issuer)}",
        ]
    raise ModelError("signature(...)", "needs either key= or both identity= and issuer=", "say who signs the image")


@ends_at_the_author
def vulnerabilities(
    reference: str,
    *,
    severities: Sequence[Severity] = _SEVERE,
    unfixed: bool = False,
    database: Mount | None = None,
    **options: Unpack[ToolOptions],
) -> Stage:
    """An image has no known vulnerability of these severities, as Trivy sees it.

        checking.vulnerabilities(IMAGE, severities=["CRITICAL"], timeout="10m")

    Without `unfixed`, those count alone for which there is a fix. Trivy loads its database (some 60 MB) from a registry
    each time; `database` is a volume that has it already, under its path, which pods may share, and then nothing is
    loaded. A new vulnerability stops pods that start tomorrow, not those that run: scan in the pipeline too.

    Runs Trivy as user 65532 under "restricted", requests 200m CPU and 256Mi, limit 1Gi; it needs the network. Gives up
    after `timeout`, 5 minutes unless said otherwise.

    Exit codes: 0 none; 3 there are; 1 Trivy failed or gave up.

    Sources: https://trivy.dev/latest/docs/references/configuration/cli/trivy_image/
    https://trivy.dev/docs/latest/configuration/cache/#scan-cache-backend
    """
    offline = ["--skip-db-update", "--skip-java-db-update", "--offline-scan"] if database else []
    fixed = [] if unfixed else ["--ignore-unfixed"]
    # The cache in a file is locked: pods that share a volume would shut each other out.
    words = ["image", "--scanners=vuln", "--image-src=remote", "--cache-backend=memory", *fixed, *offline]
    name = _image("vulnerabilities: reference", reference)
    return _trivy("vulnerabilities", words, name, severities, options, cache=database)


@ends_at_the_author
def misconfiguration(path: str, *, severities: Sequence[Severity] = _SEVERE, **options: Unpack[ToolOptions]) -> Stage:
    """Configuration files have no misconfiguration of these severities, as Trivy sees it.

        checking.misconfiguration("/config", mounts=[Volume("config", ConfigMapFiles("shop")).at("/config")])

    Kubernetes, Helm, Terraform, Dockerfiles and others, by the checks that the image brings; none is loaded. Runs Trivy
    as user 65532 under "restricted", requests 200m CPU and 256Mi, limit 1Gi. Gives up after `timeout`, 5 minutes unless
    said otherwise.

    Exit codes: 0 none; 3 there are; 1 Trivy failed or gave up.

    Sources: https://trivy.dev/latest/docs/references/configuration/cli/trivy_config/
    """
    place = _path("misconfiguration: path", path)
    return _trivy("misconfiguration", ["config", "--skip-check-update"], place, severities, options)


def _trivy(
    name: str,
    words: Sequence[str],
    subject: str,
    severities: Sequence[Severity],
    options: ToolOptions,
    *,
    cache: Mount | None = None,
) -> Stage:
    kept = checks.items(f"{name}: severities", severities, str, 'write ["HIGH", "CRITICAL"], say')
    if not kept:
        raise wrong(f"{name}: severities", severities, "must name what is too severe", 'write ["HIGH"], say')
    for each in kept:
        checks.choice(f"{name}: severities", each, _SEVERITIES)
    if cache is not None:
        checks.instance(f"{name}: database", cache, Mount, 'write Volume("trivy", Claim("trivy")).at("/trivy"), say')
    cache = cache or Volume("trivy-cache", EmptyDir(size_limit="2Gi")).at("/cache")
    told = [f"--severity={','.join(kept)}", "--exit-code=3", f"--timeout={_seconds(options, '5m')}s"]
    told += [f"--cache-dir={cache.path}", "--quiet", "--skip-version-check"]
    scratch = Volume("trivy-scratch", EmptyDir(size_limit="4Gi")).at("/tmp")  # noqa: S108 -- a volume of the pod's own
    return _tool(
        name,
        [*words, *told, subject],
        options,
        image=images.TRIVY,
        mounts=[cache, scratch],
        resources=_LARGE,
        network=words[0] == "image",
    )


@ends_at_the_author
def policy(
    *paths: str, policies: str, namespaces: Words = (), warnings: bool = False, **options: Unpack[ToolOptions]
) -> Stage:
    """Configuration files satisfy policies in Rego, as conftest sees it.

        checking.policy("/config/app.yaml", policies="/policies", mounts=[...])

    `policies` is a directory that `mounts` bring; `namespaces` are the Rego packages that count, "main" unless said
    otherwise. With `warnings`, a warning fails it too. Runs conftest as user 65532 under "restricted", requests 100m
    CPU and 64Mi, limit 256Mi; nothing is loaded. Gives up after `timeout`, 1 minute unless said otherwise, by the
    `timeout` of its image.

    Exit codes: conftest's own, 0 satisfied, 1 not or unreadable (with `warnings`, 1 warnings alone and 2 failures), and
    others when it gave up.

    Sources: https://www.conftest.dev/options/
    """
    if not paths:
        raise ModelError("policy(...)", "has no file to look at", 'write policy("/config/app.yaml", ...), say')
    directory = _listed("policy: policies", _path("policy: policies", policies))
    words = ["test", "--no-color", f"--policy={_once(directory, options.get('mounts', ()))}"]
    words += [f"--namespace={_listed('policy: namespaces', each)}" for each in checks.words("policy", namespaces)]
    words += ["--fail-on-warn"] if warnings else []
    files = [_path("policy: path", each) for each in paths]
    command = ["timeout", "-k", "5", str(_seconds(options, "1m")), "conftest"]
    return _tool("policy", [*words, *files], options, image=images.CONFTEST, command=command)


def _listed(place: str, text: str) -> str:
    """Text for an option that conftest reads as a line of CSV."""
    if set(check_text(place, text)) & set(',"\r\n'):
        raise wrong(
            place, text, "must be without commas, quotes and line ends, which conftest takes apart", "rename it"
        )
    return text


def _once(directory: str, mounts: Sequence[Mount]) -> str:
    """The directory where each file is once: conftest follows the links by which the kubelet lays a ConfigMap.

    A `default` rule that it reads twice is an error: https://github.com/open-policy-agent/conftest/issues/497
    """
    for mount in mounts:
        laid = isinstance(mount.volume, Volume) and isinstance(mount.volume.source, _LAID) and not mount.sub_path
        if laid and mount.path.rstrip("/") == directory.rstrip("/"):
            return f"{mount.path.rstrip('/')}/..data"
    return directory


def _tool(
    name: str,
    words: Sequence[str],
    options: ToolOptions,
    *,
    image: str,
    command: Words | None = None,
    mounts: Sequence[Mount] = (),
    env: Mapping[str, str] | None = None,
    resources: Resources = _SMALL,
    network: bool = False,
) -> Stage:
    name = options.get("name", name)
    credentials, variables = _registry(name, options)
    return Stage(
        name,
        image=options.get("image", image),
        command=command,
        args=[literal(each) for each in words],
        env={**(env or {}), **variables},
        mounts=[*mounts, *credentials, *options.get("mounts", ())],
        resources=options.get("resources", resources),
        security=options.get("security", UNPRIVILEGED),
        after=options.get("after", ()),
        before=options.get("before", ()),
        raw=TELL_WHY | dict(options.get("raw", {})),
        network=network,
    )


def _registry(stage: str, options: ToolOptions) -> tuple[list[Mount], dict[str, str]]:
    """Where both tools look for credentials, as Docker does: https://docs.docker.com/reference/cli/docker/login/"""
    if "pull_secret" not in options:
        return [], {}
    files = SecretFiles(options["pull_secret"], items={".dockerconfigjson": "config.json"})
    return [Volume(f"{stage[:54].rstrip('-')}-registry", files).at("/registry", read_only=True)], {
        "DOCKER_CONFIG": "/registry"
    }


def _seconds(options: ToolOptions, default: str) -> int:
    return checks.seconds("checking: timeout", options.get("timeout", default), 1)


def _image(place: str, reference: str) -> str:
    if not _IMAGE.fullmatch(check_text(place, reference)):
        raise wrong(place, reference, "must be an image", 'write "ghcr.io/acme/shop@sha256:...", say')
    return reference


def _path(place: str, path: str) -> str:
    checks.absolute_path(place, check_text(place, path))
    return path
