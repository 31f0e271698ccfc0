"""The Pod, and the pod template inside every workload: the walk over a pod spec, in the server's order.

Source: ValidatePodCreate, ValidatePodTemplateSpec and ValidatePodSpec in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.affinity import affinity
from initconstructs.rules.api_server.cause import invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.containers import containers, ephemeral_container, image_white_space
from initconstructs.rules.api_server.dns import dns_config, dns_policy, host_alias, hostname_override, pod_names
from initconstructs.rules.api_server.env import env_file_volume
from initconstructs.rules.api_server.formats import dns_subdomain
from initconstructs.rules.api_server.init_containers import ephemeral_containers, init_containers
from initconstructs.rules.api_server.object_meta import annotation_map, object_meta
from initconstructs.rules.api_server.pod_annotations import pod_annotations, profiles_agree, static_pod_claims
from initconstructs.rules.api_server.pod_context import NONE, PodContext
from initconstructs.rules.api_server.pod_resources import pod_resources
from initconstructs.rules.api_server.pod_security import pod_security, user_namespace
from initconstructs.rules.api_server.ports import host_network_port
from initconstructs.rules.api_server.resources import overhead
from initconstructs.rules.api_server.scheduling import (
    gated_node_name,
    pod_resource_claim,
    readiness_gate,
    scheduling_gate,
    toleration,
    topology_spread,
)
from initconstructs.rules.api_server.selector import labels
from initconstructs.rules.api_server.target import Target
from initconstructs.rules.api_server.volumes import volumes
from initconstructs.rules.api_server.windows import host_process, pod_os

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")


def check(manifest: Node, target: Target) -> Problems:
    """A Pod, as ValidatePodCreate walks it."""
    metadata = manifest.get("metadata") or NONE
    pod = PodContext(spec=manifest.get("spec") or NONE, path="spec", target=target, pod=metadata)
    yield from object_meta(manifest, dns_subdomain)
    yield from _annotations(metadata, "metadata.annotations", pod)
    yield from pod_spec(pod)
    for kind in ("containers", "initContainers"):
        yield from image_white_space(pod.spec.get(kind) or [], f"spec.{kind}")
    if pod.spec.get("ephemeralContainers"):
        yield from ephemeral_container(pod)
    if pod.spec.get("nodeName") and pod.spec.get("schedulingGates"):
        yield from gated_node_name(pod)
    yield from _profiles(metadata, pod)
    yield from static_pod_claims(metadata.get("annotations") or NONE, pod)


def template(template: Node, path: str, target: Target) -> Problems:
    """A pod template; `path` is where it stands, such as `spec.template`."""
    metadata = template.get("metadata") or NONE
    pod = PodContext(spec=template.get("spec") or NONE, path=f"{path}.spec", target=target)
    if "labels" in metadata:
        yield from labels(metadata["labels"], f"{path}.labels")
    if "annotations" in metadata:
        yield from annotation_map(metadata["annotations"], f"{path}.annotations")
    yield from _annotations(metadata, f"{path}.annotations", pod)
    yield from pod_spec(pod)
    yield from _profiles(metadata, pod)
    if pod.spec.get("ephemeralContainers"):
        yield from ephemeral_container(pod)


def _annotations(metadata: Node, path: str, pod: PodContext) -> Problems:
    if metadata.get("annotations"):
        yield from pod_annotations(metadata["annotations"], path, pod)


def _profiles(metadata: Node, pod: PodContext) -> Problems:
    if metadata.get("annotations"):
        yield from profiles_agree(metadata["annotations"], pod)


def pod_spec(pod: PodContext) -> Problems:
    """A pod's spec, as ValidatePodSpec walks it."""
    spec = pod.spec
    if "volumes" in spec:
        yield from volumes(pod)
    if "resourceClaims" in spec:
        yield from pod_resource_claim(spec["resourceClaims"], f"{pod.path}.resourceClaims")
    yield from containers(pod)
    if "initContainers" in spec:
        yield from init_containers(pod)
    if spec.get("ephemeralContainers"):
        yield from ephemeral_containers(pod)
    if "resources" in spec:
        yield from pod_resources(pod)
    yield from _lifetime(pod)
    yield from _placement(pod)
    yield from _identity(pod)
    if "os" in spec:
        yield from pod_os(pod)
    if pod.target.enabled("EnvFiles"):
        yield from env_file_volume(pod)


def _lifetime(pod: PodContext) -> Problems:
    """From the host network to the pull secrets."""
    if pod.host_network:
        yield from host_network_port(pod)
    if "restartPolicy" in pod.spec:
        yield from pod_restart_policy(pod)
    if "dnsPolicy" in pod.spec:
        yield from dns_policy(pod)
    if "nodeSelector" in pod.spec:
        yield from labels(pod.spec["nodeSelector"], f"{pod.path}.nodeSelector")
    if "securityContext" in pod.spec or "shareProcessNamespace" in pod.spec:
        yield from pod_security(pod)


def _placement(pod: PodContext) -> Problems:
    """From affinity to user namespaces."""
    spec, path = pod.spec, pod.path
    if "affinity" in spec:
        yield from affinity(pod)
    if "dnsConfig" in spec or "dnsPolicy" in spec:
        yield from dns_config(pod)
    if "readinessGates" in spec:
        yield from readiness_gate(spec["readinessGates"], f"{path}.readinessGates")
    if "schedulingGates" in spec:
        yield from scheduling_gate(pod)
    if "topologySpreadConstraints" in spec:
        yield from topology_spread(pod)
    yield from host_process(pod)
    if not pod.host_users:
        yield from user_namespace(pod)


def _identity(pod: PodContext) -> Problems:
    """From the service account to overhead."""
    spec, path = pod.spec, pod.path
    yield from pod_names(pod, ("serviceAccountName", "nodeName"))
    if "activeDeadlineSeconds" in spec:
        yield from active_deadline(spec["activeDeadlineSeconds"], f"{path}.activeDeadlineSeconds")
    yield from pod_names(pod, ("hostname", "subdomain"))
    if "hostnameOverride" in spec:
        yield from hostname_override(pod)
    if "tolerations" in spec:
        yield from toleration(spec["tolerations"], f"{path}.tolerations", pod)
    if "hostAliases" in spec:
        yield from host_alias(spec["hostAliases"], f"{path}.hostAliases", pod)
    yield from pod_names(pod, ("priorityClassName", "runtimeClassName"))
    if "preemptionPolicy" in spec:
        yield from preemption_policy(spec["preemptionPolicy"], f"{path}.preemptionPolicy")
    if "overhead" in spec:
        yield from overhead(pod)


@rule("pod-restart-policy", fix="Use Always, OnFailure or Never.")
def pod_restart_policy(pod: PodContext) -> Causes:
    """A pod restarts its containers always, on failure, or never.

    What: restartPolicy is Always (the default), OnFailure or Never.
    Why: the kubelet knows these; workloads allow a part of them.
    Example: `restartPolicy: always`.
    Fix: leave it out for Always.
    Source: validateRestartPolicy in pkg/apis/core/validation/validation.go
    """
    if pod.restart_policy not in _RESTART_POLICIES:
        yield not_supported(f"{pod.path}.restartPolicy", pod.restart_policy, _RESTART_POLICIES)


@rule("active-deadline", fix="Use 1 to 2147483647 seconds, or leave it out.")
def active_deadline(seconds: int, path: str) -> Causes:
    """A pod's deadline is at least a second away.

    What: activeDeadlineSeconds is from 1 to 2147483647; init containers count into it.
    Why: the pod fails when it has been active for so long.
    Example: `activeDeadlineSeconds: 0`.
    Fix: leave it out for no deadline.
    Source: ValidatePodSpec in pkg/apis/core/validation/validation.go
    """
    if not 1 <= seconds < 2**31:
        yield invalid(path, seconds, "must be between 1 and 2147483647, inclusive")


@rule("preemption-policy", fix="Use PreemptLowerPriority or Never, or leave it to the priority class.")
def preemption_policy(value: str, path: str) -> Causes:
    """A pod preempts pods of lower priority, or none.

    What: preemptionPolicy is PreemptLowerPriority or Never.
    Why: the scheduler knows these.
    Example: `preemptionPolicy: ""`.
    Fix: leave it out.
    Source: ValidatePreemptionPolicy in pkg/apis/core/validation/validation.go
    """
    if not value:
        yield required(path)
    elif value not in _PREEMPTION_POLICIES:
        yield not_supported(path, value, _PREEMPTION_POLICIES)


RULES = (pod_restart_policy.rule, active_deadline.rule, preemption_policy.rule)
