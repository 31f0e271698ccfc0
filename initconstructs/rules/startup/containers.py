"""Hazards of how an init container is declared: image, resources, security context."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from initconstructs.manifests.pod_template import child, entries, is_sidecar
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.startup.stage import Stage, Workload
from initconstructs.schemas.quantity import QuantityError, parse

_warning = partial(rule, family="startup", severity=Severity.WARNING)
_info = partial(rule, family="startup", severity=Severity.INFO)


@_warning("mutable-image", fix="Name the image by a version tag, better by digest: busybox:1.36.1@sha256:...")
def mutable_image(workload: Workload) -> Places:
    """An init container's image may be another one tomorrow.

    What: the image has no tag and no digest, or the tag is `latest`.
    Why: two replicas may run different code, a restart may change it, and imagePullPolicy becomes Always, so that no
    pod starts while the registry is down. Seen in 88 of 254 images of 82 public repositories.
    Example: `image: busybox`
    Fix: `image: busybox:1.36.1`
    Source: https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
    """
    for stage in workload.stages:
        if stage.image and "@" not in stage.image and stage.tag in ("", "latest"):
            yield f"{stage.path}.image", f"image {stage.image!r} of {stage.name!r} has no fixed version"


@_info("no-resources", fix="Give the init container requests and limits for cpu and memory.")
def no_resources(workload: Workload) -> Places:
    """An init container asks for nothing.

    What: no resource requests and no limits, and the pod has none of its own.
    Why: a quota that wants limits refuses the pod, a Guaranteed pod becomes Burstable, and the stage gets CPU only when
    nobody else wants it. Seen in 297 of 445 init containers of 82 public repositories.
    Example: an init container without `resources`
    Fix: `resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 16Mi}}`
    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
    """
    if child(workload.spec, "resources"):
        return
    for stage in workload.stages:
        resources = child(stage.container, "resources")
        if not any(child(resources, field) for field in ("requests", "limits")) and not resources.get("claims"):
            yield stage.path, f"{stage.name!r} requests no resources"


@_info("init-request-decides", fix="Lower the stage's request to what the app requests, or do its work in a Job.")
def init_request_decides(workload: Workload) -> Places:
    """An init container's request decides what the pod holds for ever.

    What: an init container, with the sidecars before it, requests more of a resource than all app containers together.
    Why: the scheduler counts the largest phase, and what a finished init container requested is never released, so that
    every replica holds it while it runs.
    Example: a migration that requests 2 CPU in front of an app that requests 200m
    Fix: request what the app requests; a limit may be higher.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
    """
    if child(workload.spec, "resources"):
        return
    for resource in ("cpu", "memory"):
        requests = [_request(stage.container, resource) for stage in workload.stages]
        if not any(requests):
            continue
        needs, beside = [], 0  # what each stage needs together with the sidecars that run by then
        for stage, request in zip(workload.stages, requests, strict=True):
            needs.append(beside + request)
            beside += request if stage.is_sidecar else 0
        running = beside + sum(_request(container, resource) for _, container in workload.template.app_containers())
        if max(needs) > running:
            stage = workload.stages[needs.index(max(needs))]
            path = f"{stage.path}.resources.requests.{resource}"
            yield (
                path,
                f"the {resource} that {stage.name!r} requests decides what the pod holds for ever; the app needs less",
            )


def _request(container: Mapping[str, object], resource: str) -> int:
    """In nanos; a limit stands in for a request that is not written."""
    resources = child(container, "resources")
    value = child(resources, "requests").get(resource)
    if value is None:
        value = child(resources, "limits").get(resource)
    try:
        return parse(str(value)).nano if value is not None else 0
    except QuantityError:
        return 0


@_info("no-security-context", fix="Set runAsNonRoot, allowPrivilegeEscalation: false, drop ALL and seccompProfile.")
def no_security_context(workload: Workload) -> Places:
    """An init container runs with whatever rights its image takes.

    What: neither the init container nor the pod has a security context.
    Why: most images run as root with the default capabilities; an init container gets no exception from Pod
    Security. Seen in 268 of 422 init containers of 82 public repositories.
    Example: an init container without `securityContext` in a pod without one
    Fix: `securityContext: {runAsNonRoot: true, runAsUser: 1000, allowPrivilegeEscalation: false,
    capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}`
    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    if child(workload.spec, "securityContext"):
        return
    for stage in workload.stages:
        if not child(stage.container, "securityContext"):
            kind = "sidecar" if is_sidecar(stage.container) else "init container"
            yield stage.path, f"{kind} {stage.name!r} has no security context, nor has its pod"


@_warning("shared-port", fix="Give one of the two another port, in its own configuration and in the manifest.")
def shared_port(workload: Workload) -> Places:
    """A sidecar and another container that runs beside it serve the same port.

    What: two of the pod's sidecars and app containers, a sidecar at least, name one containerPort and protocol.
    Why: the containers of a pod share one network, so who comes second can't listen. It ends with "address already in
    use" and is started again for ever; a sidecar's startup probe may pass all the same, answered by the other one.
    Example: two log shippers beside the app, both with `containerPort: 2020`
    Fix: `containerPort: 2021`, and the same number in the second one's configuration
    Source: https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking
    """
    served: dict[str, Stage] = {}
    for stage in (*(stage for stage in workload.stages if stage.is_sidecar), *workload.apps):
        for path, port in entries(stage.container, "ports", stage.path):
            what = f"{port.get('protocol') or 'TCP'} {port.get('containerPort')}"
            other = served.setdefault(what, stage)
            if other is not stage and other.is_sidecar:
                yield f"{path}.containerPort", f"{stage.name!r} serves {what}, as {other.name!r} beside it does"


CHECKS: tuple[Check[[Workload]], ...] = (
    mutable_image,
    no_resources,
    init_request_decides,
    no_security_context,
    shared_port,
)
