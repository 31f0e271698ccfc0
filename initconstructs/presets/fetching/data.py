"""Files of the web, of registries and of the Hugging Face Hub, each known by a checksum."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import unquote

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Quantity, Words
from initconstructs.model.environment import SecretKey, check_secret_key
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.resources import Resources
from initconstructs.model.stages import Directory, Stage
from initconstructs.model.volumes import ClaimTemplate, Mount, SecretFiles, Volume
from initconstructs.presets import images
from initconstructs.presets.fetching import cloud
from initconstructs.presets.fetching.cloud import FetchOptions
from initconstructs.presets.program import python
from initconstructs.presets.text import check_text

TIMEOUT, HUB = "10m", "https://huggingface.co"
RESOURCES = Resources(requests={"cpu": "100m", "memory": "64Mi"}, limits={"memory": "128Mi"})

_LOGIN, _TOKEN = "/var/run/secrets/registry", "TOKEN"
_SHA256 = re.compile("[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][-.\w]*(/[A-Za-z0-9][-.\w]*)?", re.ASCII)
_REFERENCE = re.compile(
    r"(?P<registry>[a-zA-Z0-9.-]+(:\d+)?)/(?P<repository>[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)"
    r"(:(?P<tag>\w[\w.-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


class DataOptions(FetchOptions, total=False):
    """What every fetch of data takes besides its own parameters.

    `mode` of the files is "0644" unless said otherwise. `volume` is where they stay beyond the pod,
    `Volume("models", Claim("models"))`, which user 65532 must be able to write, `PodSecurityContext(fs_group=65532)`;
    without it they are in an `emptyDir` of at most `size_limit`. With
    `required=False` a fetch that fails, or is not done when `timeout` is over, exits 0 and says so: the app starts
    without it.
    """

    mode: str
    volume: Volume | ClaimTemplate
    size_limit: Quantity
    required: bool


@ends_at_the_author
def https(
    url: str,
    *,
    sha256: str,
    file: str | None = None,
    extract: bool = False,
    strip: int = 0,
    token: SecretKey | None = None,
    headers: Mapping[str, SecretKey] | None = None,
    **options: Unpack[DataOptions],
) -> Stage:
    """Fetch a file, or an archive and unpack it, whose SHA-256 is known.

        fetching.https("https://releases.acme.example/geo-2026-11.tar.gz", sha256=GEO_SHA256, extract=True)

    The file is called `file` below `stage.output`, or as the URL ends. `extract=True` unpacks a tar (gzip, bzip2, xz)
    or zip archive, without the first `strip` parts of its paths; an archive with a path or link that leads out of the
    directory, or with a device, is refused. `token` is sent as a bearer token, `headers` as they are, to the URL's own
    host and not to one that it redirects to. A download that breaks off is continued where the server allows it.

    A second run fetches nothing if the file has the SHA-256, or each file the one that it had when it was unpacked.

    Sources: RFC 9110; https://docs.python.org/3/library/tarfile.html#extraction-filters
    """
    path = check_url("https: url", url)
    if not matched(_SHA256, sha256):
        raise wrong("https: sha256", sha256, "must be 64 digits of 0 to 9 and a to f", "take what sha256sum prints")
    names, env = header_variables(headers or {})
    env |= _token(token)
    spec: dict[str, object] = {"url": url, "sha256": sha256, "headers": names}
    if token is not None:
        spec["token"] = _TOKEN
    if extract:
        checks.number("https: strip", strip)
        if file is not None:
            raise wrong("https: file", file, "names a file, and an archive is unpacked", "leave out one of the two")
        spec |= {"extract": True, "strip": strip}
    elif strip != 0:
        raise wrong("https: strip", strip, "is of an archive that is unpacked", "say extract=True, or leave it out")
    else:
        spec["file"] = check_file("https: file", unquote(path.rpartition("/")[2]) if file is None else file)
    return step("https", spec, env, options)


@ends_at_the_author
def huggingface(
    repository: str,
    *,
    revision: str,
    kind: Literal["model", "dataset"] = "model",
    files: Words = (),
    token: SecretKey | None = None,
    endpoint: str = HUB,
    **options: Unpack[DataOptions],
) -> Stage:
    """Fetch the files of a model or data set of the Hugging Face Hub.

        fetching.huggingface("acme/shop-ranker", revision=COMMIT, files=["*.safetensors", "*.json"])

    `revision` is a commit, or a branch or tag, which can change between two pods. `files` are patterns as in a shell,
    where `*` crosses directories too; without them all is fetched. Each file is checked: large ones have a SHA-256 at
    the Hub, the others their git blob. `token` is needed for what is private or gated; it never goes to the hosts that
    the Hub redirects to. `endpoint` is for a mirror.

    A second run reads what is there and fetches nothing if it is unchanged; for a commit it doesn't ask the Hub. Files
    that were finished when a run was killed or out of time are taken up, if the volume outlives it.

    Sources: https://huggingface.co/docs/hub/api, https://huggingface.co/docs/hub/security-tokens
    """
    if not matched(_REPOSITORY, repository) or ".." in repository:
        raise wrong("huggingface: repository", repository, "must be owner/name", 'write "acme/shop-ranker", say')
    checks.text("huggingface: revision", check_text("huggingface: revision", revision), "name a commit, branch or tag")
    checks.choice("huggingface: kind", kind, ("model", "dataset"))
    patterns = [check_text("huggingface: files", each) for each in checks.words("huggingface: files", files)]
    spec: dict[str, object] = {"repository": repository, "revision": revision, "kind": kind, "files": patterns}
    spec["endpoint"] = cloud.origin("huggingface: endpoint", endpoint, plain=token is None)
    if token is not None:
        spec["token"] = _TOKEN
    return step("huggingface", spec, _token(token), options)


@ends_at_the_author
def oci(reference: str, *, pull_secret: str | None = None, **options: Unpack[DataOptions]) -> Stage:
    """Fetch the files of an OCI artifact, as `oras push` makes them.

        fetching.oci("ghcr.io/acme/geo-data@sha256:...", pull_secret="regcred")

    Each layer is a file that its title names, or a directory that is unpacked. Manifest and layers are checked against
    their digests. A tag is asked for at each run and can change between two pods; a digest can't. `pull_secret` is a
    Secret of type kubernetes.io/dockerconfigjson, such as pods pull their images with. An image without titles, and an
    index, are refused; to mount an image's files take `Volume("geo", Image("ghcr.io/acme/geo:1"))`.

    A second run fetches nothing if all files are as they were; for a digest it doesn't ask the registry.

    Sources: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md,
    https://oras.land/docs/how_to_guides/pushing_and_pulling
    """
    found = matched(_REFERENCE, reference)
    if found is None or not (found["tag"] or found["digest"]) or not re.search("[.:]|localhost", found["registry"]):
        rule = "must be registry/name:tag or registry/name@sha256:..., the registry written out"
        raise wrong("oci: reference", reference, rule, 'write "ghcr.io/acme/geo-data:2026.11", say')
    hub = found["registry"] == "docker.io"
    registry = "registry-1.docker.io" if hub else found["registry"]
    spec: dict[str, object] = {"registry": registry, "repository": found["repository"], "hub": hub}
    spec["reference"] = found["digest"] or found["tag"]
    mounts: list[Mount] = []
    if pull_secret is not None:
        spec["login_file"] = f"{_LOGIN}/config.json"
        login = SecretFiles(pull_secret, items={".dockerconfigjson": "config.json"})
        name = options.get("name", "oci")[:57].rstrip("-")
        mounts.append(Volume(f"{name}-login", login).at(_LOGIN, read_only=True))
    return step("oci", spec, {}, options, mounts)


def step(
    function: str,
    spec: Mapping[str, object],
    env: Mapping[str, SecretKey],
    options: DataOptions,
    mounts: Sequence[Mount] = (),
) -> Stage:
    """The stage that scripts/fetching/<function>.py is for."""
    seconds = checks.seconds(f"{function}: timeout", options.get("timeout", TIMEOUT), 1)
    about = {**spec, "directory": cloud.DATA, "id": options.get("name", function)}
    about["mode"] = cloud.octal(f"{function}: mode", options.get("mode", "0644"))
    if "ca_file" in options:
        checks.absolute_path(f"{function}: ca_file", options["ca_file"])
        about["ca_file"] = options["ca_file"]
    if not options.get("required", True):
        about["required"] = False
    return python("fetching", function).stage(
        Stage,
        function,
        [str(seconds), check_text(function, json.dumps(about, ensure_ascii=False))],
        options,
        image=images.PYTHON,
        resources=RESOURCES,
        mounts=mounts,
        env=env,
        network=True,
        produces=[Directory(cloud.DATA, volume=options.get("volume"), size_limit=options.get("size_limit"))],
    )


def header_variables(headers: Mapping[str, SecretKey]) -> tuple[dict[str, str], dict[str, SecretKey]]:
    """The variable of each header, and the variables."""
    for name, key in headers.items():
        _check_header(name, key)
    names = {name: f"HEADER_{index}" for index, name in enumerate(headers)}
    return names, {names[name]: key for name, key in headers.items()}


def _token(token: SecretKey | None) -> dict[str, SecretKey]:
    if token is None:
        return {}
    check_secret_key("fetching: token", token, 'write SecretKey("acme", "token")')
    return {_TOKEN: token}


def matched(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    """The match of all of a text; a value of another kind has none."""
    return pattern.fullmatch(value) if isinstance(value, str) else None


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", name):
        raise wrong("https: headers", name, "must be the name of a header", 'write "PRIVATE-TOKEN", say')
    check_secret_key(f"https: headers[{name!r}]", value, 'write SecretKey("acme", "token")')


def check_url(place: str, url: object) -> str:
    """The path of a URL that can be asked as it stands."""
    remedy = 'write "https://releases.acme.example/geo.tar.gz", say, other characters percent-encoded'
    if not isinstance(url, str) or not url.isascii() or any(each <= " " or each == "\x7f" for each in url):
        raise ModelError(place, "must be ASCII without white space", remedy)
    server, _, path = url.partition("?")[0].partition("#")[0].replace("://", ":", 1).partition("/")
    if "@" in server:
        raise ModelError(place, "must hold no login, which everyone could read", "give it as token= or headers=")
    cloud.origin(place, server.replace(":", "://", 1))
    return path


def check_file(place: str, name: object) -> str:
    """A path below a directory, as it is."""
    parts = check_text(place, name).split("/")
    if any(each in ("", ".", "..") for each in parts) or "\\" in str(name):
        raise wrong(place, name, "must be a path below the directory", 'write file="geo.db", say')
    return "/".join(parts)
