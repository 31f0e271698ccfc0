"""When one container starts again: its own restart policy and rules.

Source: validateContainerRestartPolicy and validateInitContainers in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import Cause, forbidden, not_supported, required, too_many
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.gates import FORGETS_RESTART_POLICIES
from initconstructs.rules.api_server.pod_context import PodContext

_POLICIES = ("Always", "Never", "OnFailure")


def container_restart(container: Node, path: str, pod: PodContext, *, init: bool = False) -> Problems:
    """A container's restartPolicy, then its restartPolicyRules."""
    if "restartPolicy" in container:
        yield from container_restart_policy(container["restartPolicy"], f"{path}.restartPolicy", pod, init)
    if container.get("restartPolicyRules"):
        yield from restart_rules(container, path, pod, init)


@rule(
    "container-restart-policy",
    fix="Use Always on an init container to make it a sidecar; other policies need Kubernetes 1.35.",
)
def container_restart_policy(value: str, path: str, pod: PodContext, init: bool) -> Causes:
    """A container's own restart policy is one that the target knows.

    What: from 1.35 Always, Never or OnFailure on any container; before 1.34 only Always, and only on init containers.
    1.34 takes the others and forgets them (see gated-field).
    Why: the kubelet restarts the container by it instead of by the pod's policy.
    Example: `restartPolicy: OnFailure` on an init container before 1.34.
    Fix: set the pod's restartPolicy, or target 1.35.
    Source: validateContainerRestartPolicy in pkg/apis/core/validation/validation.go
    """
    if pod.target.enabled("ContainerRestartRules"):
        if value not in _POLICIES:
            yield not_supported(path, value, _POLICIES)
    elif pod.target.minor >= FORGETS_RESTART_POLICIES:
        return
    elif not init:
        yield forbidden(path, "may not be set for non-init containers")
    elif value != "Always":
        yield not_supported(path, value, ("Always",))


@rule("restart-rules", fix="Set restartPolicy, and give each rule an action and exitCodes with In or NotIn.")
def restart_rules(container: Node, path: str, pod: PodContext, init: bool) -> Causes:
    """A restart rule says for which exit codes the container starts again.

    What: rules need the container's restartPolicy; there are at most 20, each with the action Restart (from 1.36 also
    RestartAllContainers) and exitCodes with In or NotIn and at most 255 values. Sidecars may have rules from 1.36.
    Why: the first rule that matches decides; else restartPolicy does.
    Example: `restartPolicyRules: [{action: Restart}]`.
    Fix: `[{action: Restart, exitCodes: {operator: In, values: [42]}}]` below `restartPolicy: Never`.
    Source: validateContainerRestartPolicy in pkg/apis/core/validation/validation.go
    """
    rules = container["restartPolicyRules"]
    everywhere = pod.target.enabled("RestartAllContainersOnContainerExits")
    if "restartPolicy" not in container:
        yield required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")
        if init:
            return
    elif init and container["restartPolicy"] == "Always" and not everywhere:
        detail = "restartPolicyRules are not allowed for init containers with restart policy Always"
        yield forbidden(f"{path}.restartPolicyRules", detail)
        return
    if len(rules) > 20:
        yield _too_many_rules(f"{path}.restartPolicyRules", len(rules), pod)
    actions = ("Restart", "RestartAllContainers") if everywhere else ("Restart",)
    for index, each in enumerate(rules):
        yield from _restart_rule(each, f"{path}.restartPolicyRules[{index}]", actions)


def _too_many_rules(path: str, count: int, pod: PodContext) -> Cause:
    if pod.target.minor >= 36:
        return too_many(path, count, 20)
    return Cause(path, "FieldValueTooLong", "Too long: may not be more than 20 bytes")


def _restart_rule(each: Node, path: str, actions: tuple[str, ...]) -> Causes:
    action = each.get("action") or ""
    if action not in actions:
        yield not_supported(f"{path}.action", action, actions)
    if "exitCodes" not in each:
        yield required(f"{path}.exitCodes", "must be specified")
        return
    operator, values = each["exitCodes"].get("operator") or "", each["exitCodes"].get("values") or ()
    if operator not in {"In", "NotIn"}:
        yield not_supported(f"{path}.exitCodes.operator", operator, ("In", "NotIn"))
    if len(values) > 255:
        yield too_many(f"{path}.exitCodes.values", len(values), 255)


RULES = (container_restart_policy.rule, restart_rules.rule)
