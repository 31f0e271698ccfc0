"""What the fetches of secrets share: files, variables, and where a server is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.checks import Duration
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.stages import Directory, EnvironmentFile, Stage
from initconstructs.presets import images
from initconstructs.presets.program import Parts, StageOptions, python
from initconstructs.presets.text import check_text

Check: TypeAlias = Callable[[str, str], None]

SECRETS, VARIABLES, DATA = "/secrets", "/environment/variables", "/data"
SECRETS_SIZE = "16Mi"
"""How much memory the files of secrets may take; the largest secret of the three clouds has 64 KiB."""


class FetchOptions(StageOptions, total=False):
    """What every fetch takes besides its own parameters: the total deadline, and a PEM file of authorities to trust.

    `ca_file` is a path that a mount provides, `mounts=[Volume("ca", ConfigMapFiles("ca")).at("/ca")]`; without it,
    the image's authorities are trusted. The login of AWS or Azure trusts both. The others are those of a `Stage`.
    """

    timeout: Duration
    ca_file: str


def secrets(
    function: str,
    about: Mapping[str, object],
    *,
    files: Mapping[str, str] | None,
    environment: Mapping[str, str] | None,
    mode: str,
    check: Check,
    options: FetchOptions,
    env: Mapping[str, EnvValue] | None = None,
) -> Stage:
    """The stage that scripts/fetching/<function>.py is for; `about` tells it where, `check` refuses a secret's name."""
    found = {path: _reference(f"{function}: files", name, check) for path, name in _pairs(function, "files", files)}
    variables = _pairs(function, "environment", environment)
    named = {name: _reference(f"{function}: environment", text, check) for name, text in variables}
    check_paths(f"{function}: files", found)
    for name in named:
        _check_variable(f"{function}: environment", name)
    if not found and not named and "path" not in about:
        raise ModelError(function, "fetches nothing", 'name secrets: files={"db.json": "shop/db"}')
    spec = {**about, "files": found, "environment": named, "mode": octal(f"{function}: mode", mode)}
    spec |= {"directory": SECRETS, "environment_file": VARIABLES}
    produces: list[Directory | EnvironmentFile] = []
    if found or "path" in about:
        produces.append(Directory(SECRETS, memory=True, size_limit=SECRETS_SIZE))
    if named:
        produces.append(EnvironmentFile(VARIABLES, name="environment", size_limit=SECRETS_SIZE))
    return _stage(function, spec, options, "2m", env=env or {}, produces=produces)


def _stage(
    function: str, spec: Mapping[str, object], options: FetchOptions, timeout: str, **parts: Unpack[Parts]
) -> Stage:
    seconds = checks.seconds(f"{function}: timeout", options.get("timeout", timeout), 1)
    if "ca_file" in options:
        checks.absolute_path(f"{function}: ca_file", options["ca_file"])
        spec = {**spec, "ca_file": options["ca_file"]}
    args = [str(seconds), check_text(function, json.dumps(spec, ensure_ascii=False))]
    program = python("fetching", function)
    return program.stage(Stage, _named(function), args, options, image=images.PYTHON, network=True, **parts)


def _named(function: str) -> str:
    return function.replace("_", "-")


def _pairs(function: str, what: str, given: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return list(checks.strings(f"{function}: {what}", given or {}).items())


def _reference(place: str, text: str, check: Check) -> str:
    """A secret's name, with `#key` for one key of a secret that is JSON."""
    name, mark, key = check_text(place, text).partition("#")
    check(place, name)
    if mark and not key:
        raise wrong(place, text, "must name a key after '#'", 'write "shop/db#password", say')
    return text


def check_paths(place: str, paths: Mapping[str, str]) -> None:
    """Files of one directory: none leads out of it, and none is a directory of another."""
    for path in paths:
        parts = check_text(place, path).split("/")
        if any(each in ("", ".", "..") for each in parts) or "\\" in path:
            raise wrong(place, path, "must be a path below the directory", 'write "db.json" or "db/url", say')
        parents = {"/".join(parts[:count]) for count in range(1, len(parts))} & paths.keys()
        if parents:
            raise wrong(place, path, f"can't be a file below {min(parents)!r}, which is one too", "rename one")


def _check_variable(place: str, name: str) -> None:
    """https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-via-file/"""
    if not re.fullmatch(r"[-._a-zA-Z][-._a-zA-Z0-9]*", name):
        rule = "must be the name of a variable: letters, digits, '_', '-' and '.', and no digit first"
        raise wrong(place, name, rule, 'write "DB_PASSWORD", say')


def octal(place: str, mode: object) -> int:
    """A file mode, written as chmod takes it."""
    if not isinstance(mode, str) or not re.fullmatch("0?[0-7]{3}", mode):
        raise wrong(place, mode, "must be three octal digits", 'write "0400" or "0440", say')
    return int(mode, 8)


def matching(pattern: str, rule: str, example: str) -> Check:
    """A check of a name that must have the form of `pattern`."""

    def check(place: str, name: str) -> None:
        if not re.fullmatch(pattern, name):
            raise wrong(place, name, rule, f'write "{example}", say')

    return check


def origin(
    place: str, url: object, *, plain: bool = False, remedy: str = 'write "https://store.example:9000", say'
) -> str:
    """The URL of a server: HTTPS, but for this machine, or where what is sent is no secret (`plain`)."""
    if isinstance(url, str) and ("@" in url or "?" in url):
        raise ModelError(place, "must be a URL with no login and no query, which everyone could read", remedy)
    if not isinstance(url, str) or not re.fullmatch(r"https?://[-.:_~%/\[\]A-Za-z0-9]+", url):
        raise wrong(place, url, "must be an http or https URL with a host", remedy)
    host = _host(place, url, remedy)
    if url.startswith("http:") and not plain and not _is_here(host):
        raise wrong(place, url, "must be https: a token would travel in the clear", remedy)
    return url.rstrip("/")


def _host(place: str, url: str, remedy: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if not host:
        raise wrong(place, url, "must have a host, and a port from 1 to 65535", remedy)
    return host


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
