"""Init containers, sidecars among them, and ephemeral containers.

Source: validateInitContainers and validateEphemeralContainers in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import forbidden, invalid, not_found
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.containers import container_common, image_white_space, unique_name
from initconstructs.rules.api_server.pod_context import PodContext
from initconstructs.rules.api_server.ports import host_port_conflict
from initconstructs.rules.api_server.probes import PROBES, probes_and_hooks
from initconstructs.rules.api_server.restart_rules import container_restart

_EPHEMERAL_FORBIDDEN = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)


def init_containers(pod: PodContext) -> Problems:
    """The init containers of a pod."""
    path = f"{pod.path}.initContainers"
    names = {container.get("name") or "" for container in pod.spec.get("containers") or ()}
    for index, container in enumerate(pod.spec["initContainers"]):
        at = f"{path}[{index}]"
        yield from container_common(container, at, pod)
        yield from container_restart(container, at, pod, init=True)
        yield from unique_name(container, at, names)
        if "ports" in container:
            yield from host_port_conflict([container], path, pod)
        if container.get("restartPolicy") == "Always":
            yield from probes_and_hooks(container, at, pod)
        else:
            yield from plain_init_container(container, at)
            if "resizePolicy" in container and pod.target.enabled("InPlacePodVerticalScalingInitContainers"):
                yield from init_resize_policy(container, at)


@rule(
    "plain-init-container",
    fix="Remove the probe or hook, or set restartPolicy: Always to make the init container a sidecar.",
)
def plain_init_container(container: Node, path: str) -> Causes:
    """A plain init container has neither probes nor hooks.

    What: lifecycle, livenessProbe, readinessProbe and startupProbe stand only on init containers with
    `restartPolicy: Always`, the sidecars.
    Why: a plain init container is over when its process exits; nothing is there to be probed.
    Example: `readinessProbe` on a migration.
    Fix: put the check into the command, or make the container a sidecar.
    Source: validateInitContainers in pkg/apis/core/validation/validation.go
    """
    for field in ("lifecycle", *PROBES):
        if field in container:
            yield forbidden(f"{path}.{field}", "may not be set for init containers without restartPolicy=Always")


@rule("init-resize-policy", fix="Use NotRequired, or make the init container a sidecar.")
def init_resize_policy(container: Node, path: str) -> Causes:
    """A plain init container isn't restarted to be resized.

    What: from 1.36, RestartContainer in resizePolicy stands only on sidecars.
    Why: a plain init container is meant to end, and to run once.
    Example: `resizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}]` on a migration.
    Fix: use NotRequired.
    Source: validateInitContainers in pkg/apis/core/validation/validation.go
    """
    for index, policy in enumerate(container["resizePolicy"]):
        if policy.get("restartPolicy") == "RestartContainer":
            detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
            yield invalid(f"{path}.resizePolicy[{index}].restartPolicy", "RestartContainer", detail)


def ephemeral_containers(pod: PodContext) -> Problems:
    """The ephemeral containers, which are judged before they are refused altogether."""
    path = f"{pod.path}.ephemeralContainers"
    listed = pod.spec["ephemeralContainers"]
    others = {container.get("name") or "" for container, at in pod.every_container() if not at.startswith(path)}
    names = set(others)
    for index, container in enumerate(listed):
        at = f"{path}[{index}]"
        yield from container_common(container, at, pod)
        yield from unique_name(container, at, names)
        yield from ephemeral_container_fields(container, at, others)
    yield from image_white_space(listed, path)


@rule("ephemeral-container-fields", fix="Keep to image, command, environment, mounts and security context.")
def ephemeral_container_fields(container: Node, path: str, others: set[str]) -> Causes:
    """An ephemeral container has no ports, resources, probes, hooks or restarts.

    What: those fields and sub-paths of mounts are absent; targetContainerName names a container of the pod.
    Why: it comes and goes in a running pod, which neither waits for it nor accounts for it.
    Example: `ports` in an ephemeral container.
    Fix: remove the field.
    Source: validateEphemeralContainers in pkg/apis/core/validation/validation.go
    """
    target = container.get("targetContainerName") or ""
    if target and target not in others:
        yield not_found(f"{path}.targetContainerName", target)
    detail = "cannot be set for an Ephemeral Container"
    for field in _EPHEMERAL_FORBIDDEN:
        if container.get(field) or (field in container and not isinstance(container[field], (list, dict))):
            yield forbidden(f"{path}.{field}", detail)
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        for field in ("subPath", "subPathExpr"):
            if mount.get(field):
                yield forbidden(f"{path}.volumeMounts[{index}].{field}", detail)


RULES = (plain_init_container.rule, init_resize_policy.rule, ephemeral_container_fields.rule)
