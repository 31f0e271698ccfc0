"""Checks of what is in the pod."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Literal

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Words
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.volumes import SecretFiles, Volume
from initconstructs.presets.checking.check import Check, CheckOptions, check
from initconstructs.presets.text import check_text

_PARAMETER = re.compile(r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-_a-z0-9]*[a-z0-9])?)+")


@ends_at_the_author
def certificate(
    path: str, *, valid_for: Duration = "24h", key: str | None = None, **options: Unpack[CheckOptions]
) -> Check:
    """Certificates of a PEM file hold now, and will for `valid_for` more; `key` is the key of the first.

        checking.certificate("/tls/tls.crt", key="/tls/tls.key", mounts=[tls.at("/tls", read_only=True)])

    Every certificate of the file counts, those of the authorities in a chain too. `key` is a path: the key must belong
    to the first certificate and have no password. Whether someone trusts them is not asked, nor how strong they are.

    Exit codes: 1 the file is missing, holds no certificate or a broken one, one has expired, will soon, or is not valid
    yet, or the key is another one's.

    Sources: https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5
    """
    seconds = checks.seconds("certificate: valid_for", valid_for)
    spec = {"check": "certificate", "path": _path("certificate: path", path), "valid_for": seconds}
    return check([spec | ({} if key is None else {"key": _path("certificate: key", key)})], options)


@ends_at_the_author
def checksums(manifest: str, *, directory: str, complete: bool = False, **options: Unpack[CheckOptions]) -> Check:
    """Files are what a manifest says, a text of `sha256sum` (or of 384 or 512 bits).

        checking.checksums("/sums/SHA256SUMS", directory="/data", mounts=[data.at("/data", read_only=True), ...])

    Its names count from `directory`. With `complete`, a file below that is not listed is wrong too. Large data take
    time: some 300 MB/s and more, so give a `timeout`. Who wrote the manifest is not asked; take it from a ConfigMap.

    Exit codes: 1 a file is missing or differs, the manifest lists none or is none (of MD5 or SHA-1, say).

    Sources: https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html
    """
    places = {"manifest": _path("checksums: manifest", manifest), "directory": _path("checksums: directory", directory)}
    return check([{"check": "checksums", **places, "complete": complete}], options)


@ends_at_the_author
def ownership(
    path: str,
    *,
    user: int | None = None,
    group: int | None = None,
    mode: int | None = None,
    at_most: int | None = None,
    recursive: bool = False,
    **options: Unpack[CheckOptions],
) -> Check:
    """A path belongs to `user` and `group`, and has the `mode`, or no right beyond `at_most`.

        checking.ownership("/tls/tls.key", user=1000, at_most=0o600, mounts=[tls.at("/tls", read_only=True)])

    A link is followed to what it names. `recursive` looks at all below a directory too; of links there, only at whom
    they belong to. The user of the check must be able to see them: run it as the app's (`security=`).

    Exit codes: 1 the path is missing, or one or more are wrong.

    Sources: https://pubs.opengroup.org/onlinepubs/9799919799/functions/stat.html
    """
    values = {"user": user, "group": group, "mode": mode, "at_most": at_most}
    if all(value is None for value in values.values()):
        raise ModelError("ownership(...)", "asks for nothing", "give user=, group=, mode= or at_most=")
    for name, value in values.items():
        if value is not None and name in ("user", "group"):
            checks.number(f"ownership: {name}", value, 0, 2**32 - 2)
        elif value is not None and not (type(value) is int and 0 <= value <= 0o7777):
            raise wrong(f"ownership: {name}", value, "must be a mode from 0 to 0o7777", "write 0o640, say")
    if mode is not None and at_most is not None and mode & ~at_most:
        raise ModelError(f"ownership: mode {mode:#o}", f"is more than at_most={at_most:#o}", "leave one of them out")
    spec = {"check": "ownership", "path": _path("ownership: path", path), "recursive": recursive}
    return check([spec | values], options)


@ends_at_the_author
def secret(secret: str, keys: Words, *, at_least: int = 1, **options: Unpack[CheckOptions]) -> Check:
    """A Secret has these keys, and each holds something other than white space: `at_least` bytes.

        checking.secret("shop-db", ["username", "password"])

    Kubernetes starts a container with an empty value, and keeps a pod whose Secret is missing waiting for ever; this
    fails, and names what is missing. The stage mounts the Secret itself, read-only, and never logs what it holds.

    Exit codes: 1 a key is missing, empty or too short.

    Sources: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist
    """
    checks.subdomain("secret", secret)
    checks.number("secret: at_least", at_least, 1)
    kept = checks.words("secret: keys", keys)
    if not kept:
        raise wrong("secret: keys", keys, "must name what the app needs", 'write ["url"], say')
    for key in kept:
        checks.config_key("secret: keys", key)
    directory = f"/checked/{secret}"
    volume = Volume(_volume_name(secret), SecretFiles(secret, optional=True))
    spec = {"check": "secret", "secret": secret, "directory": directory, "keys": list(kept), "at_least": at_least}
    return check([spec], options, [volume.at(directory, read_only=True)])


@ends_at_the_author
def kernel_parameter(
    parameter: str,
    *,
    equals: str | int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    **options: Unpack[CheckOptions],
) -> Check:
    """The node's kernel has a parameter, with a value or in a range.

        checking.kernel_parameter("vm.max_map_count", at_least=262144)

    What a privileged container would set, the administrators of the nodes set better: this tells whether they did.
    Words of a value are compared with one space between them.

    Exit codes: 1 there is no such parameter, or its value is another one.

    Sources: https://docs.kernel.org/admin-guide/sysctl/
    """
    if not _PARAMETER.fullmatch(check_text("kernel_parameter", parameter)):
        raise wrong("kernel_parameter", parameter, "must be words with dots between", 'write "vm.max_map_count", say')
    wanted = None if equals is None else " ".join(check_text("kernel_parameter: equals", str(equals)).split())
    limits = {"equals": wanted, "at_least": at_least, "at_most": at_most}
    for word in ("at_least", "at_most"):
        if limits[word] is not None and type(limits[word]) is not int:
            raise wrong(f"kernel_parameter: {word}", limits[word], "must be a whole number", "take equals= for text")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise wrong("kernel_parameter: at_least", at_least, f"is more than at_most={at_most}", "correct one of them")
    return check([{"check": "kernel_parameter", "name": parameter, **limits}], options)


@ends_at_the_author
def device(path: str, *, kind: Literal["character", "block"] = "character", **options: Unpack[CheckOptions]) -> Check:
    """A device is there, of this kind, and the stage's user may read and write it.

        checking.device("/dev/kvm", resources=Resources(limits={"devices.kubevirt.io/kvm": 1}))

    A container sees the devices that a device plug-in gives it for its limits; ask for the same limits as the app, and
    run as its user (`security=`).

    Exit codes: 1 it is missing, of another kind, or not for this user.

    Sources: https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/
    """
    checks.choice("device: kind", kind, ("character", "block"))
    return check([{"check": "device", "path": _path("device: path", path), "kind": kind}], options)


def _volume_name(secret: str) -> str:
    """A label for a subdomain, another one for another Secret."""
    name = f"checked-{secret}"
    if len(name) <= 63 and "." not in secret:
        return name
    return f"{name.replace('.', '-')[:54]}-{sha256(secret.encode()).hexdigest()[:8]}"


def _path(place: str, path: str) -> str:
    checks.absolute_path(place, check_text(place, path))
    return path
