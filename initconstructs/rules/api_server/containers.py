"""Containers: what all of them have in common, and what regular ones have alone.

Source: validateContainers and validateContainerCommon in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import duplicate, forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.env import env, env_from
from initconstructs.rules.api_server.formats import dns_label
from initconstructs.rules.api_server.mounts import mounts_and_devices
from initconstructs.rules.api_server.pod_context import PodContext
from initconstructs.rules.api_server.ports import container_port, host_port_conflict
from initconstructs.rules.api_server.probes import probes_and_hooks
from initconstructs.rules.api_server.resources import resize_policy, resources
from initconstructs.rules.api_server.restart_rules import container_restart
from initconstructs.rules.api_server.security_context import container_security

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")


def containers(pod: PodContext) -> Problems:
    """The regular containers of a pod."""
    path = f"{pod.path}.containers"
    listed = pod.spec.get("containers") or ()
    if not listed:
        yield from no_containers(path)
        return
    names: set[str] = set()
    for index, container in enumerate(listed):
        at = f"{path}[{index}]"
        yield from container_common(container, at, pod)
        yield from unique_name(container, at, names)
        yield from probes_and_hooks(container, at, pod)
        yield from container_restart(container, at, pod)
    if any("ports" in container for container in listed):
        yield from host_port_conflict(listed, path, pod)


def container_common(container: Node, path: str, pod: PodContext) -> Problems:
    """What holds for regular, init and ephemeral containers alike."""
    yield from container_name(container, path)
    yield from container_image(container, path)
    if "ports" in container:
        yield from container_port(container["ports"], f"{path}.ports", pod)
    if "env" in container:
        yield from env(container["env"], f"{path}.env", pod)
    if "envFrom" in container:
        yield from env_from(container["envFrom"], f"{path}.envFrom", pod)
    if "volumeMounts" in container or "volumeDevices" in container:
        yield from mounts_and_devices(container, path, pod)
    if "imagePullPolicy" in container:
        yield from pull_policy(container["imagePullPolicy"], f"{path}.imagePullPolicy")
    if "resources" in container:
        yield from resources(container, f"{path}.resources", pod)
    if "resizePolicy" in container:
        yield from resize_policy(container["resizePolicy"], f"{path}.resizePolicy", pod)
    if "securityContext" in container:
        yield from container_security(container["securityContext"], f"{path}.securityContext", pod)


@rule("no-containers", fix="Add a container; init containers alone make no pod.")
def no_containers(path: str) -> Causes:
    """A pod has a container.

    What: spec.containers holds at least one container.
    Why: init containers prepare something for a container to do.
    Example: `containers: []`.
    Fix: add the container that does the work.
    Source: validateContainers in pkg/apis/core/validation/validation.go
    """
    yield required(path)


@rule("container-name", fix="Give every container a lower-case DNS label of at most 63 characters.")
def container_name(container: Node, path: str) -> Causes:
    """A container has a name, which is a DNS label.

    What: at most 63 lower-case letters, digits and inner hyphens.
    Why: logs, probes and other tools address a container by its name.
    Example: `name: Wait_For_DB`.
    Fix: `name: wait-for-db`.
    Source: validateContainerCommon in pkg/apis/core/validation/validation.go
    """
    name = container.get("name") or ""
    if not name:
        yield required(f"{path}.name")
    for complaint in dns_label(name) if name else ():
        yield invalid(f"{path}.name", name, complaint)


@rule("unique-container-name", fix="Rename one of them; init containers and containers share one set of names.")
def unique_name(container: Node, path: str, names: set[str]) -> Causes:
    """A container's name is unique in its pod.

    What: no two containers have the same name, init containers and sidecars included.
    Why: status, logs and exec find a container by its name alone.
    Example: an init container `app` in front of the container `app`.
    Fix: rename the init container after what it does: `app-migrate`.
    Source: validateContainers and validateInitContainers in pkg/apis/core/validation/validation.go
    """
    name = container.get("name") or ""
    if name in names:
        yield duplicate(f"{path}.name", name)
    if name or ".initContainers[" not in path:
        names.add(name)


@rule("container-image", fix="Name an image; terminationMessagePolicy is File or FallbackToLogsOnError.")
def container_image(container: Node, path: str) -> Causes:
    """A container has an image, and says in a known way where its last words are.

    What: image isn't empty; terminationMessagePolicy is File or FallbackToLogsOnError.
    Why: there is nothing to run otherwise.
    Example: `image: ""`.
    Fix: `image: ghcr.io/acme/shop:1.4.2`.
    Source: validateContainerCommon in pkg/apis/core/validation/validation.go
    """
    if not container.get("image"):
        yield required(f"{path}.image")
    policy = container.get("terminationMessagePolicy") or "File"
    if policy not in _MESSAGE_POLICIES:
        yield not_supported(f"{path}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)


@rule("pull-policy", fix="Use Always, IfNotPresent or Never.")
def pull_policy(value: str, path: str) -> Causes:
    """An image is pulled always, when absent, or never.

    What: imagePullPolicy (of an image volume: pullPolicy) is Always, IfNotPresent or Never.
    Why: the kubelet knows these three; absent means Always for the tag latest, else IfNotPresent.
    Example: `imagePullPolicy: always`.
    Fix: `imagePullPolicy: IfNotPresent`.
    Source: validatePullPolicy in pkg/apis/core/validation/validation.go
    """
    if value and value not in PULL_POLICIES:
        yield not_supported(path, value, PULL_POLICIES)


@rule("image-white-space", fix="Remove the white space around the image.")
def image_white_space(listed: list[Node], path: str) -> Causes:
    """A Pod's image has no white space around it.

    What: in a Pod, though not in a template, an image neither begins nor ends with white space.
    Why: no registry knows such a name; templates may only say it for compatibility's sake, and fail later.
    Example: `image: " nginx"`.
    Fix: `image: nginx`.
    Source: validateContainersOnlyForPod in pkg/apis/core/validation/validation.go
    """
    for index, container in enumerate(listed):
        image = container.get("image") or ""
        if image != image.strip():
            yield invalid(f"{path}[{index}].image", image, "must not have leading or trailing whitespace")


@rule("ephemeral-container", fix="Leave ephemeralContainers out; add one to a running pod by `kubectl debug`.")
def ephemeral_container(pod: PodContext) -> Causes:
    """Ephemeral containers are added to running pods only.

    What: neither a new Pod nor a template has ephemeralContainers.
    Why: they exist for debugging, are never restarted, and have a subresource of their own.
    Example: `ephemeralContainers: [{name: debug, image: busybox}]`.
    Fix: `kubectl debug POD --image busybox --target app`.
    Source: ValidatePodCreate and ValidatePodTemplateSpec in pkg/apis/core/validation/validation.go
    """
    detail = "cannot be set on create" if pod.in_pod else "ephemeral containers not allowed in pod template"
    yield forbidden(f"{pod.path}.ephemeralContainers", detail)


RULES = (
    no_containers.rule,
    container_name.rule,
    unique_name.rule,
    container_image.rule,
    pull_policy.rule,
    image_white_space.rule,
    ephemeral_container.rule,
)
