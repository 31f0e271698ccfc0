"""Requests and limits of the whole pod.

Sources: ValidatePodResources in pkg/apis/core/validation/validation.go; setDefaultPodRequests and
setDefaultHugePageLimits in pkg/apis/core/v1/defaults.go; AggregateContainerRequests in component-helpers/resource.
"""

from __future__ import annotations

from collections.abc import Callable

from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.pod_context import NONE, PodContext
from initconstructs.rules.api_server.resources import (
    Amounts,
    amounts,
    any_resource_name,
    is_hugepages,
    requests_of,
    resource_amounts,
    resource_claims,
)
from initconstructs.schemas.quantity import Quantity

_SUPPORTED = ("cpu", "hugepages-", "memory")
_OVERCOMMITTABLE = {"cpu", "memory"}


def pod_resources(pod: PodContext) -> Problems:
    """`spec.resources`, in the server's order."""
    node, path = pod.spec["resources"], f"{pod.path}.resources"
    if (pod.spec.get("os") or NONE).get("name") == "windows":
        yield from pod_resource_kinds(pod, path)
        return
    limits, requests = _defaulted(amounts(node.get("limits")), amounts(node.get("requests")), pod)
    if "claims" in node:
        yield from pod_resource_kinds(pod, path)
    yield from resource_amounts(limits, requests, path, _pod_resource)
    if "claims" in node:
        yield from resource_claims(node["claims"], f"{path}.claims", pod)
    yield from pod_resource_sums(limits, requests, path, pod)


@rule("pod-resource-kinds", fix="Move claims to a container; leave pod-level resources out on Windows.")
def pod_resource_kinds(pod: PodContext, path: str) -> Causes:
    """Pod-level resources are amounts, on Linux.

    What: there are no claims at pod level, and os.name isn't windows.
    Why: claims are made by containers, and Windows accounts for containers only.
    Example: `resources: {claims: [{name: gpu}]}` below spec.
    Fix: move the claims to a container.
    Source: ValidatePodResources in pkg/apis/core/validation/validation.go
    """
    if (pod.spec.get("os") or NONE).get("name") == "windows":
        yield forbidden(path, "may not be set for a windows pod")
    else:
        yield forbidden(f"{path}.claims", "claims may not be set for Resources at pod-level")


def _pod_resource(name: str, path: str) -> Causes:
    malformed = any_resource_name(name)
    for complaint in malformed:
        yield invalid(path, name, complaint)
    if not malformed and name not in _SUPPORTED and not is_hugepages(name):
        yield not_supported(path, name, _SUPPORTED)


@rule(
    "pod-resource-sums",
    fix="Request for the pod what its containers request, or more; limit no container above the pod.",
)
def pod_resource_sums(limits: Amounts, requests: Amounts, path: str, pod: PodContext) -> Causes:
    """Pod-level resources hold what the containers need.

    What: the pod's request is at least that of its containers together, init containers and sidecars counted as the
    scheduler does; the pod's huge pages likewise for limits; no container's limit exceeds the pod's.
    Why: the containers share what the pod has.
    Example: a pod that requests 500m with two containers that request 300m each.
    Fix: raise the pod's value, or remove it.
    Source: validatePodResourceConsistency in pkg/apis/core/validation/validation.go
    """
    needed = _aggregate(pod, lambda node: requests_of(node, pod))
    for name, amount in needed.items():
        if name in requests and amount.nano > requests[name].nano:
            detail = f"must be greater than or equal to aggregate container requests of {amount}"
            yield invalid(f"{path}.requests[{name}]", str(requests[name]), detail)
    for name, amount in _aggregate(pod, _limits).items():
        if is_hugepages(name) and name in limits and amount.nano > limits[name].nano:
            detail = f"must be greater than or equal to aggregate container limits of {amount}"
            yield invalid(f"{path}.limits[{name}]", str(limits[name]), detail)
    for index, container in enumerate(pod.spec.get("containers") or ()):
        for name, amount in _limits(container.get("resources") or NONE).items():
            if name in limits and amount.nano > limits[name].nano:
                detail = f"must be less than or equal to pod limits of {limits[name]}"
                yield invalid(f"{path}.containers[{index}][{name}].limits", str(amount), detail)


def _limits(node: Node) -> Amounts:
    return amounts(node.get("limits"))


def _defaulted(limits: Amounts, requests: Amounts, pod: PodContext) -> tuple[Amounts, Amounts]:
    """In a Pod, limits and requests that are not all absent take what the containers say, then requests the limits."""
    if not pod.in_pod or not (limits or requests):
        return limits, requests
    pages = {name: amount for name, amount in _aggregate(pod, _limits).items() if is_hugepages(name)}
    limits = {**{name: amount for name, amount in pages.items() if name not in requests}, **limits}
    if not limits:
        return limits, requests
    needed = _aggregate(pod, lambda node: requests_of(node, pod))
    shared = {name: amount for name, amount in needed.items() if name in _OVERCOMMITTABLE}
    supported = {name: limit for name, limit in limits.items() if name in _OVERCOMMITTABLE or is_hugepages(name)}
    return limits, {**supported, **shared, **requests}


def _aggregate(pod: PodContext, read: Callable[[Node], Amounts]) -> dict[str, Quantity]:
    """What the containers need together: all that run at once, or the init container at the peak."""
    total: dict[str, Quantity] = {}
    for container in pod.spec.get("containers") or ():
        _add(total, read(container.get("resources") or NONE))
    sidecars: dict[str, Quantity] = {}
    peak: dict[str, Quantity] = {}
    for container in pod.spec.get("initContainers") or ():
        own = read(container.get("resources") or NONE)
        if container.get("restartPolicy") == "Always":
            _add(total, own)
            _add(sidecars, own)
            _raise(peak, sidecars)
        else:
            use = dict(sidecars)
            _add(use, own)
            _raise(peak, use)
    _raise(total, peak)
    return total


def _add(total: dict[str, Quantity], more: Amounts) -> None:
    for name, amount in more.items():
        before = total.get(name)
        total[name] = Quantity(before.nano + amount.nano, before.style) if before else amount


def _raise(least: dict[str, Quantity], other: Amounts) -> None:
    for name, amount in other.items():
        if name not in least or least[name].nano < amount.nano:
            least[name] = amount


RULES = (pod_resource_kinds.rule, pod_resource_sums.rule)
