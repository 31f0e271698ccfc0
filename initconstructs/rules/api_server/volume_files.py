"""Volumes whose files Kubernetes writes: secret, configMap, downwardAPI, projected.

Source: validateSecretVolumeSource, validateConfigMapVolumeSource, validateDownwardAPIVolumeSource and
validateProjectedVolumeSource in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.rules.api_server.cause import forbidden, invalid, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.field_refs import field_ref, resource_ref
from initconstructs.rules.api_server.formats import local_unreserved_path
from initconstructs.rules.api_server.pod_context import PodContext, SourceCheck

_VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_KINDS = ("secret", "configMap", "downwardAPI", "serviceAccountToken")


def _secret(source: Node, path: str, _: PodContext) -> Problems:
    return _keys(source, path, "secretName")


def _config_map(source: Node, path: str, _: PodContext) -> Problems:
    return _keys(source, path, "name")


def _keys(source: Node, path: str, name: str) -> Problems:
    yield from files_of(source, f"{path}.{name}", name)
    yield from file_mode(source, path, "defaultMode")
    yield from _items(source, path)


def _items(source: Node, path: str) -> Problems:
    for index, item in enumerate(source.get("items") or ()):
        yield from file_item(item, f"{path}.items[{index}]")
        yield from file_mode(item, f"{path}.items[{index}]", "mode")


def _downward_api(source: Node, path: str, _: PodContext) -> Problems:
    yield from file_mode(source, path, "defaultMode")
    for item in source.get("items") or ():
        yield from _downward_item(item, path)


def _downward_item(item: Node, path: str) -> Problems:
    yield from downward_item(item, path)
    if "fieldRef" in item:
        yield from field_ref(item["fieldRef"], f"{path}.fieldRef", _VOLUME_FIELDS)
    elif "resourceFieldRef" in item:
        yield from resource_ref(item["resourceFieldRef"], f"{path}.resourceFieldRef", in_volume=True)
    yield from downward_source(item, path)
    yield from file_mode(item, path, "mode")


def _projected(source: Node, path: str, pod: PodContext) -> Problems:
    yield from file_mode(source, path, "defaultMode")
    taken: set[str] = set()
    for index, each in enumerate(source.get("sources") or ()):
        given = [kind for kind in _KINDS if kind in each]
        at = f"{path}.sources[{index}]"
        for kind in given if pod.target.minor >= 31 else given[:1]:
            yield from _projection(each[kind], kind, f"{at}.{kind}", path, taken)
        if len(given) > 1:
            yield from projected_source(given[1:], at, pod)


def _projection(source: Node, kind: str, path: str, volume_path: str, taken: set[str]) -> Problems:
    if kind == "serviceAccountToken":
        yield from service_account_token(source, path, volume_path)
        return
    items = source.get("items") or ()
    if kind != "downwardAPI":
        yield from files_of(source, f"{path}.name", "name")
    for index, item in enumerate(items):
        if kind == "downwardAPI":
            yield from _downward_item(item, path)
        else:
            yield from file_item(item, f"{path}.items[{index}]")
            yield from file_mode(item, f"{path}.items[{index}]", "mode")
        if item.get("path"):
            value = item["path"] if kind == "downwardAPI" else source.get("name") or ""
            yield from projected_paths(item["path"], value, volume_path, taken)


@rule("files-of", fix="Name the Secret (secretName; name in a projection) or the ConfigMap (name).")
def files_of(source: Node, path: str, field: str) -> Causes:
    """A volume of files says whose files they are.

    What: a secret volume has secretName, a configMap volume and each projection of one has name.
    Why: there is nothing to mount otherwise; the pod would wait for ever.
    Example: `secret: {name: tls}` (the field is secretName).
    Fix: `secret: {secretName: tls}`.
    Source: validateSecretVolumeSource in pkg/apis/core/validation/validation.go
    """
    if not source.get(field):
        yield required(path)


@rule("file-mode", fix="Use a mode from 0 to 0777 octal, which is 511 in JSON.")
def file_mode(source: Node, path: str, field: str) -> Causes:
    """A file's mode has nine permission bits.

    What: mode and defaultMode are from 0 to 0777 octal.
    Why: the kubelet sets permissions, not set-user-id or sticky bits; YAML 1.1 reads 0644 as octal, JSON can't.
    Example: `defaultMode: 644` is 01204 octal.
    Fix: `defaultMode: 0644` in YAML, 420 in JSON.
    Source: validateSecretVolumeSource in pkg/apis/core/validation/validation.go
    """
    if not 0 <= source.get(field, 0) <= 0o777:
        detail = "must be a number between 0 and 0777 (octal), both inclusive"
        yield invalid(f"{path}.{field}", source[field], detail)


@rule("file-item", fix="Give each item a key, and a relative path without `..`.")
def file_item(item: Node, path: str) -> Causes:
    """An item puts one key at one path inside the volume.

    What: `key` and `path` are there; the path is relative, has no `..` and doesn't begin with two dots.
    Why: a path that climbs would leave the volume; names that begin with `..` are the kubelet's own.
    Example: `{key: app.conf, path: /etc/app.conf}`.
    Fix: `{key: app.conf, path: app.conf}`.
    Source: validateKeyToPath in pkg/apis/core/validation/validation.go
    """
    if not item.get("key"):
        yield required(f"{path}.key")
    yield from _file_path(item.get("path") or "", f"{path}.path")


def _file_path(value: str, path: str) -> Causes:
    if not value:
        yield required(path)
    for complaint in local_unreserved_path(value) if value else ():
        yield invalid(path, value, complaint)


@rule("downward-item", fix="Give each item a relative path without `..`.")
def downward_item(item: Node, path: str) -> Causes:
    """A file of the downward API has a path inside the volume.

    What: `path` is there, relative, has no `..` and doesn't begin with two dots.
    Why: a path that climbs would leave the volume.
    Example: `{path: ../labels, fieldRef: {fieldPath: metadata.labels}}`.
    Fix: `path: labels`.
    Source: validateDownwardAPIVolumeFile in pkg/apis/core/validation/validation.go
    """
    yield from _file_path(item.get("path") or "", f"{path}.path")


@rule("downward-source", fix="Give each item one of fieldRef and resourceFieldRef.")
def downward_source(item: Node, path: str) -> Causes:
    """A file of the downward API has one content.

    What: exactly one of fieldRef and resourceFieldRef.
    Why: a file can't hold both, nor nothing.
    Example: `{path: name}`.
    Fix: `{path: name, fieldRef: {fieldPath: metadata.name}}`.
    Source: validateDownwardAPIVolumeFile in pkg/apis/core/validation/validation.go
    """
    if "fieldRef" not in item and "resourceFieldRef" not in item:
        yield required(path, "one of fieldRef and resourceFieldRef is required")
    elif "fieldRef" in item and "resourceFieldRef" in item:
        yield invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")


@rule("projected-source", fix="Put one of secret, configMap, downwardAPI and serviceAccountToken into each source.")
def projected_source(others: list[str], path: str, pod: PodContext) -> Causes:
    """A source of a projected volume is one thing.

    What: each entry of sources has one of its kinds; an empty entry is allowed and adds nothing.
    Why: the entries are what is put together.
    Example: `sources: [{secret: {...}, configMap: {...}}]`.
    Fix: make two entries of it.
    Source: validateProjectionSources in pkg/apis/core/validation/validation.go
    """
    if pod.target.minor >= 31:
        yield forbidden(path, "may not specify more than 1 volume type per source")
        return
    for kind in others:
        yield forbidden(f"{path}.{kind}", "may not specify more than 1 volume type")


@rule("projected-paths", fix="Give each file of the projected volume another path.")
def projected_paths(path: str, value: str, volume_path: str, taken: set[str]) -> Causes:
    """No two sources of a projected volume write the same file.

    What: each path of an item appears once over all secret, configMap and downwardAPI sources.
    Why: one would overwrite the other.
    Example: `path: config` in two sources.
    Fix: rename one.
    Source: validateProjectionSources in pkg/apis/core/validation/validation.go
    """
    if path in taken:
        yield invalid(volume_path, value, "conflicting duplicate paths")
    taken.add(path)


@rule("service-account-token", fix="Give the token a path, and expirationSeconds of at least 600.")
def service_account_token(source: Node, path: str, volume_path: str) -> Causes:
    """A projected token has a path and lives for ten minutes at least.

    What: `path` is there, relative and without `..`; expirationSeconds is from 600 to 2^32.
    Why: the kubelet has to renew it in time.
    Example: `expirationSeconds: 60`.
    Fix: `expirationSeconds: 3600`, which is the default.
    Source: validateProjectionSources in pkg/apis/core/validation/validation.go
    """
    seconds = source.get("expirationSeconds", 3600)
    if seconds < 600:
        yield invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
    elif seconds > 2**32:
        yield invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
    yield from _file_path(source.get("path") or "", f"{volume_path}.path")


FILE_SOURCES: Mapping[str, SourceCheck] = {
    "secret": _secret,
    "configMap": _config_map,
    "downwardAPI": _downward_api,
    "projected": _projected,
}

RULES = (
    files_of.rule,
    file_mode.rule,
    file_item.rule,
    downward_item.rule,
    downward_source.rule,
    projected_source.rule,
    projected_paths.rule,
    service_account_token.rule,
)
