"""ConfigMap and Secret.

Sources: ValidateConfigMap and ValidateSecret in kubernetes/pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import NoReturn

from initconstructs.rules.api_server.cause import Cause, invalid, required, too_long
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import config_key, dns_subdomain, size
from initconstructs.rules.api_server.object_meta import object_meta
from initconstructs.rules.api_server.target import Target

_NONE: Node = {}
_LARGEST = 1024 * 1024
_ACCOUNT_NAME = "kubernetes.io/service-account.name"
# The keys that a type asks for, each of them or, for basic-auth, any.
_DOCKER_KEYS = {"kubernetes.io/dockercfg": ".dockercfg", "kubernetes.io/dockerconfigjson": ".dockerconfigjson"}


@rule("config-key", fix="Write keys of letters, digits, '-', '_' and '.', at most 253, each in one place only.")
def config_keys(data: Node, path: str, others: Node) -> Causes:
    """The keys of ConfigMaps and Secrets can be file names.

    What: a key has at most 253 letters, digits, `-`, `_` and `.`, is neither `.` nor `..`, does not start with `..`,
    and does not stand in both data and binaryData.
    Why: mounted as a volume, each key becomes a file.
    Example: `data: {"conf/app.ini": ...}` is refused.
    Fix: use `app.ini`, and give the path in the volume's items.
    Source: ValidateConfigMap in kubernetes/pkg/apis/core/validation/validation.go, IsConfigMapKey.
    """
    for key in data:
        for complaint in config_key(key):
            yield invalid(f"{path}[{key}]", key, complaint)
        if key in others:
            yield invalid(f"{path}[{key}]", key, "duplicate of key present in binaryData")


@rule("config-size", fix="Keep the values below 1 MiB together; put more into a volume or an image.")
def config_size(total: int, path: str) -> Causes:
    """A ConfigMap or Secret holds at most 1 MiB.

    What: all values together, decoded, have at most 1048576 bytes.
    Why: objects are stored in etcd and sent whole to every watcher.
    Example: a ConfigMap with a database dump is refused.
    Fix: fetch large data in an init container.
    Source: ValidateConfigMap and ValidateSecret in kubernetes/pkg/apis/core/validation/validation.go.
    """
    if total > _LARGEST:
        yield too_long(path, _LARGEST)


@rule("secret-type", fix="Give the Secret the keys that its type asks for, or leave type out.")
def secret_type(kind: str, data: Node, annotations: Node) -> Causes:
    """A typed Secret has what its type promises.

    What: service-account-token has the annotation kubernetes.io/service-account.name; dockercfg and dockerconfigjson
    have a JSON object in .dockercfg or .dockerconfigjson; basic-auth has username or password; ssh-auth has
    ssh-privatekey, not empty; tls has tls.crt and tls.key.
    Why: who reads the Secret finds it by its type.
    Example: `type: kubernetes.io/tls` with the keys `cert` and `key` is refused.
    Fix: rename the keys.
    Source: ValidateSecret in kubernetes/pkg/apis/core/validation/validation.go.
    """
    if kind == "kubernetes.io/service-account-token":
        if not annotations.get(_ACCOUNT_NAME):
            yield required(f"metadata.annotations[{_ACCOUNT_NAME}]")
    elif kind in _DOCKER_KEYS:
        yield from _docker_config(data, _DOCKER_KEYS[kind])
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            yield from (required(f"data[{key}]") for key in ("username", "password"))
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            yield required("data[ssh-privatekey]")
    elif kind == "kubernetes.io/tls":
        yield from (required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data)


def _docker_config(data: Node, key: str) -> Causes:
    if key not in data:
        yield required(f"data[{key}]")
        return
    text = data[key].decode(errors="replace")
    try:
        config = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        return
    except ValueError as error:
        yield _redacted(key, str(error))
        return
    if config is not None and not isinstance(config, dict):
        yield _redacted(key, "json: cannot unmarshal into Go value of type map[string]interface {}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"invalid character '{name[0]}' looking for beginning of value")


def _redacted(key: str, detail: str) -> Cause:
    return invalid(f"data[{key}]", "<secret contents redacted>", detail)


def check_config_map(manifest: Node, _target: Target) -> Problems:
    """A ConfigMap, as ValidateConfigMap walks it."""
    yield from object_meta(manifest, dns_subdomain, counted=False)
    data, binary = manifest.get("data") or _NONE, manifest.get("binaryData") or _NONE
    yield from config_keys(data, "data", binary)
    yield from config_keys(binary, "binaryData", _NONE)
    yield from config_size(sum(map(size, data.values())) + sum(map(_decoded_size, binary.values())), "[]")


def check_secret(manifest: Node, _target: Target) -> Problems:
    """A Secret, as ValidateSecret walks it."""
    yield from object_meta(manifest, dns_subdomain, counted=False)
    encoded, plain = manifest.get("data") or _NONE, manifest.get("stringData") or _NONE
    keys = {**encoded, **plain}
    yield from config_keys(keys, "data", _NONE)
    covered = (value for key, value in encoded.items() if key not in plain)
    yield from config_size(sum(map(size, plain.values())) + sum(map(_decoded_size, covered)), "data")
    annotations = (manifest.get("metadata") or _NONE).get("annotations") or _NONE
    kind = manifest.get("type") or "Opaque"
    if kind != "Opaque":
        yield from secret_type(kind, _bytes(encoded, plain), annotations)


def _bytes(encoded: Node, plain: Node) -> dict[str, bytes]:
    data = {key: b64decode(value) for key, value in encoded.items()}
    return data | {key: value.encode(errors="replace") for key, value in plain.items()}


def _decoded_size(text: str) -> int:
    body = text.replace("\r", "").replace("\n", "")
    return len(body) // 4 * 3 - body[-2:].count("=")


RULES = (config_keys.rule, config_size.rule, secret_type.rule)
