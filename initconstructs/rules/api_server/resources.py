"""What containers and pods request and are limited to.

Sources: validateResourceRequirements, ValidatePodResources and validateOverhead in
pkg/apis/core/validation/validation.go; SetDefaults_Pod in pkg/apis/core/v1/defaults.go;
pkg/apis/core/helper/helpers.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TypeAlias

from initconstructs.rules.api_server.cause import (
    Cause,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import Complaints, dns_label, label_key
from initconstructs.rules.api_server.pod_context import PodContext
from initconstructs.schemas.quantity import NANO, Quantity, QuantityError, parse, read

Amounts: TypeAlias = Mapping[str, Quantity]
NameCheck: TypeAlias = Callable[[str, str], Iterable[Cause]]
"""What is wrong with the name of a resource, at a path."""

_CONTAINER_RESOURCES = {"cpu", "memory", "ephemeral-storage"}
_COUNTED = {
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
}
_STANDARD = {
    *_COUNTED,
    *_CONTAINER_RESOURCES,
    *(f"{side}.{name}" for side in ("limits", "requests") for name in _CONTAINER_RESOURCES),
    "storage",
    "requests.storage",
}
_EMPTY: Amounts = {}
_TOO_MANY = 2**63 * NANO  # bytes that no int64 counts, which is why the server counts none


def resources(container: Node, path: str, pod: PodContext) -> Problems:
    """A container's `resources`."""
    node = container["resources"]
    limits, requests = amounts(node.get("limits")), requests_of(node, pod)
    if limits or requests:
        yield from resource_amounts(limits, requests, path, _container_resource)
    if "claims" in node:
        yield from resource_claims(node["claims"], f"{path}.claims", pod)


def requests_of(node: Node, pod: PodContext) -> Amounts:
    """The requests of a container; in a Pod, a limit without a request is the request as well."""
    requests = amounts(node.get("requests"))
    return {**requests, **_without(amounts(node.get("limits")), requests)} if pod.in_pod else requests


def _without(these: Amounts, those: Amounts) -> Amounts:
    return {name: amount for name, amount in these.items() if name not in those}


def amounts(resource_list: Node | None) -> Amounts:
    """A resource list as quantities, which the server rounds up to thousandths."""
    if not resource_list:
        return _EMPTY
    return {name: _rounded(value) for name, value in resource_list.items()}


@lru_cache(maxsize=4096)
def _rounded(value: str | float) -> Quantity:
    return read(value).rounded_up()


def is_hugepages(name: str) -> bool:
    """Whether a resource is made of huge pages."""
    return name.startswith("hugepages-")


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def _is_extended(name: str) -> bool:
    return not _is_native(name) and not name.startswith("requests.") and not label_key(f"requests.{name}")


def _container_resource(name: str, path: str) -> Iterable[Cause]:
    return [invalid(path, name, complaint) for complaint in resource_name(name)]


def any_resource_name(name: str) -> Complaints:
    """What is wrong with the name of any resource, of a container, a pod or a quota."""
    malformed = label_key(name)
    standard = name in _STANDARD or name.startswith(("hugepages-", "requests.hugepages-"))
    if malformed or standard or "/" in name:
        return malformed
    return ("must be a standard resource type or fully qualified",)


@lru_cache(maxsize=1024)
def resource_name(name: str) -> Complaints:
    """What is wrong with the name of a container's resource."""
    malformed = any_resource_name(name)
    if "/" in name:
        unknown = not _is_native(name) and not _is_extended(name)
        return (*malformed, "doesn't follow extended resource name standard") if unknown else malformed
    allowed = name in _CONTAINER_RESOURCES or is_hugepages(name)
    return malformed if allowed else (*malformed, "must be a standard resource for containers")


@rule(
    "resource-amounts",
    fix="Use cpu, memory, ephemeral-storage, hugepages-* or example.com/device, and requests of at most the limits.",
)
def resource_amounts(limits: Amounts, requests: Amounts, path: str, grammar: NameCheck) -> Causes:
    """Requests and limits name known resources, and a request is at most the limit.

    What: names are cpu, memory, ephemeral-storage, hugepages-<size> or a qualified extended resource; amounts aren't
    negative, extended ones are whole, huge pages come in whole pages and with cpu or memory. Extended resources and
    huge pages can't be overcommitted: their request equals their limit.
    Why: the scheduler and the kubelet could not honour anything else.
    Example: `requests: {memory: 1Gi}` with `limits: {memory: 512Mi}`; `limits: {gpu: 1}`.
    Fix: raise the limit or lower the request; write nvidia.com/gpu.
    Source: validateResourceRequirements in pkg/apis/core/validation/validation.go
    """
    for name, amount in limits.items():
        yield from _amount(name, amount, f"{path}.limits[{name}]", grammar)
        yield from _pages(name, amount, f"{path}.limits[{name}]")
    for name, amount in requests.items():
        yield from _amount(name, amount, f"{path}.requests[{name}]", grammar)
        yield from _against_limit(name, amount, limits.get(name), path)
        yield from _pages(name, amount, f"{path}.requests[{name}]")
    names = {*limits, *requests}
    if any(map(is_hugepages, names)) and not names & {"cpu", "memory"}:
        yield forbidden(path, "HugePages require cpu or memory")


def _amount(name: str, amount: Quantity, path: str, grammar: NameCheck) -> Causes:
    yield from grammar(name, path)
    if amount.nano < 0:
        yield invalid(path, str(amount), "must be greater than or equal to 0")
    if not amount.is_integer and (name in _COUNTED or _is_extended(name)):
        yield invalid(path, str(amount), "must be an integer")


def _pages(name: str, amount: Quantity, path: str) -> Iterable[Cause]:
    if is_hugepages(name) and not _is_whole_pages(name, amount):
        yield invalid(path, str(amount), f"{amount} is not positive integer multiple of {name}")


def _is_whole_pages(name: str, amount: Quantity) -> bool:
    try:
        page = parse(name.removeprefix("hugepages-"))
    except QuantityError:
        return False
    whole = amount.rounded_up(NANO).nano
    return page.nano > 0 and page.is_integer and (whole % page.nano == 0 or abs(whole) >= _TOO_MANY)


def _against_limit(name: str, request: Quantity, limit: Quantity | None, path: str) -> Causes:
    overcommittable = _is_native(name) and not is_hugepages(name)
    if limit is None:
        if not overcommittable:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
    elif not overcommittable and request.nano != limit.nano:
        yield invalid(f"{path}.requests", str(request), f"must be equal to {name} limit of {limit}")
    elif request.nano > limit.nano:
        yield invalid(f"{path}.requests", str(request), f"must be less than or equal to {name} limit of {limit}")


@rule("resource-claims", fix="Declare the claim below spec.resourceClaims, and refer to it once per container.")
def resource_claims(claims: list[Node], path: str, pod: PodContext) -> Causes:
    """A container refers to each resource claim of its pod once.

    What: a claim's name stands below spec.resourceClaims; the same claim, or claim and request, appears once.
    Why: the container could not start without the devices.
    Example: `claims: [{name: gpu}, {name: gpu}]`.
    Fix: remove the repetition, or name one request of the claim each.
    Source: validateResourceClaimNames in pkg/apis/core/validation/validation.go
    """
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        name, request = claim.get("name") or "", claim.get("request") or ""
        at = f"{path}[{index}]"
        if not name:
            yield required(at)
            continue
        for complaint in dns_label(request) if request and name not in seen else ():
            yield invalid(f"{at}.request", request, complaint)
        key = f"{name}/{request}" if request else name
        if name in seen or key in seen:
            yield duplicate(at, name if name in seen else key)
        elif not request and any(each.startswith(f"{name}/") for each in seen):
            yield duplicate(at, name)
        seen.add(key)
        if name not in pod.claims:
            listed = f": {', '.join(sorted(pod.claims))}" if pod.claims else " which is empty"
            yield not_found(at, name, f"must be one of the names in pod.spec.resourceClaims{listed}")


@rule("resize-policy", fix="Name cpu and memory once each, with NotRequired or RestartContainer.")
def resize_policy(policies: list[Node], path: str, pod: PodContext) -> Causes:
    """A resize policy says once for cpu and for memory what a resize does.

    What: resourceName is cpu or memory and unique; restartPolicy is NotRequired or, unless the pod never restarts,
    RestartContainer.
    Why: the kubelet resizes these two in place; a pod that never restarts can't restart for it.
    Example: `resizePolicy: [{resourceName: ephemeral-storage, restartPolicy: NotRequired}]`.
    Fix: `[{resourceName: memory, restartPolicy: RestartContainer}]`.
    Source: validateResizePolicy in pkg/apis/core/validation/validation.go
    """
    names: set[str] = set()
    for index, policy in enumerate(policies):
        name, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if name in names:
            yield duplicate(f"{path}[{index}]", name)
        names.add(name)
        yield from _one_of(name, ("cpu", "memory"), path)
        yield from _one_of(restart, ("NotRequired", "RestartContainer"), path)
        if pod.restart_policy == "Never" and restart != "NotRequired":
            whose = "pod `restartPolicy`" if pod.target.minor >= 36 else "`restartPolicy`"
            yield invalid(path, restart, f"must be 'NotRequired' when {whose} is 'Never'")


def _one_of(value: str, supported: tuple[str, ...], path: str) -> Causes:
    if not value:
        yield required(path)
    elif value not in supported:
        yield not_supported(path, value, supported)


def overhead(pod: PodContext) -> Problems:
    """A pod's overhead, which the server checks as if it were a container's limits."""
    yield from resource_amounts(amounts(pod.spec["overhead"]), _EMPTY, f"{pod.path}.overhead", _container_resource)


RULES = (resource_amounts.rule, resource_claims.rule, resize_policy.rule)
