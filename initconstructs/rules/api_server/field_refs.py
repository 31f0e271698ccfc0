"""References to the pod's own fields and resources, from variables and from downward API volumes.

Source: validateObjectFieldSelector and validateContainerResourceFieldSelector in
pkg/apis/core/validation/validation.go, ConvertDownwardAPIFieldLabel in pkg/apis/core/pods/helpers.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, rule
from initconstructs.rules.api_server.formats import label_key
from initconstructs.schemas.quantity import read

_FIELDS = {
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.phase",
    "status.podIP",
    "status.podIPs",
}
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_HUGEPAGES = ("limits.hugepages-", "requests.hugepages-")
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
# How the server names a resource, and which units one may divide it by.
_DIVISORS = {
    "cpu": ("cpu", ("1m", "1")),
    "memory": ("memory", _BYTE_DIVISORS),
    "ephemeral-storage": ("local ephemeral storage", _BYTE_DIVISORS),
    "hugepages": ("hugepages", _BYTE_DIVISORS),
}


@rule("field-ref", fix="Use a field that the downward API offers here; subscript only metadata.labels and annotations.")
def field_ref(reference: Node, path: str, supported: tuple[str, ...]) -> Causes:
    """A fieldRef names a field of the pod that the downward API offers.

    What: in variables the name, namespace, uid, node, service account and addresses, in volumes name, namespace, uid,
    labels and annotations; one label or annotation in both, as metadata.labels['key']. apiVersion is v1.
    Why: the kubelet fills the value in before the container starts; other fields aren't known or aren't stable.
    Example: `fieldPath: status.phase`, `fieldPath: spec.hostname`.
    Fix: `fieldPath: metadata.name`, `fieldPath: metadata.labels['app']`.
    Source: validateObjectFieldSelector in pkg/apis/core/validation/validation.go
    """
    version, given = reference.get("apiVersion") or "v1", reference.get("fieldPath") or ""
    if not given:
        yield required(f"{path}.fieldPath")
        return
    field, subscript = _split(given)
    error = _conversion_error(version, given, field, subscript)
    if error:
        yield invalid(f"{path}.fieldPath", given, f"error converting fieldPath: {error}")
    elif subscript is not None:
        key = subscript.lower() if field == "metadata.annotations" else subscript
        for complaint in label_key(key):
            yield invalid(path, key, complaint)
    elif _converted(field) not in supported:
        yield not_supported(f"{path}.fieldPath", _converted(field), supported)


def _split(path: str) -> tuple[str, str | None]:
    """`metadata.labels['app']` is metadata.labels and app."""
    field, bracket, subscript = path.partition("['")
    return (field, subscript[:-2]) if field and bracket and path.endswith("']") else (path, None)


def _converted(field: str) -> str:
    return "spec.nodeName" if field == "spec.host" else field


def _conversion_error(version: str, path: str, field: str, subscript: str | None) -> str | None:
    if version != "v1":
        return f"unsupported pod version: {version}"
    if subscript is not None:
        known = field in {"metadata.annotations", "metadata.labels"}
        return None if known else f"field label does not support subscript: {path}"
    return None if _converted(field) in _FIELDS else f"field label not supported: {path}"


@rule(
    "resource-ref",
    fix="Use limits or requests of cpu, memory, ephemeral-storage or hugepages, and a unit as divisor.",
)
def resource_ref(reference: Node, path: str, *, in_volume: bool) -> Causes:
    """A resourceFieldRef names a resource and a unit that fits it.

    What: limits or requests of cpu, memory, ephemeral-storage or hugepages-*; the divisor of cpu is 1 or 1m, of the
    others 1 or a unit such as 1Mi. In a volume, containerName says whose resource it is.
    Why: the value is printed as a whole number of divisors.
    Example: `{resource: limits.cpu, divisor: 100m}`.
    Fix: `{resource: limits.cpu, divisor: 1m}`.
    Source: validateContainerResourceFieldSelector in pkg/apis/core/validation/validation.go
    """
    resource = reference.get("resource") or ""
    if in_volume and not reference.get("containerName"):
        yield required(f"{path}.containerName")
    elif not resource:
        yield required(f"{path}.resource")
    elif resource not in _RESOURCES and not resource.startswith(_HUGEPAGES):
        yield not_supported(f"{path}.resource", resource, _RESOURCES)
    yield from _divisor(resource, str(read(reference.get("divisor", "0"))), f"{path}.divisor")


def _divisor(resource: str, divisor: str, path: str) -> Causes:
    kind = "hugepages" if resource.startswith(_HUGEPAGES) else resource.partition(".")[2]
    if divisor == "0" or (kind != "hugepages" and resource not in _RESOURCES):
        return
    name, units = _DIVISORS[kind]
    if divisor not in units:
        listed = " and ".join(units) if kind == "cpu" else ", ".join(units)
        yield invalid(path, resource, f"only divisor's values {listed} are supported with the {name} resource")


RULES = (field_ref.rule, resource_ref.rule)
