"""Deployment, ReplicaSet, DaemonSet and StatefulSet.

Source: kubernetes/pkg/apis/apps/validation/validation.go and apps/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from initconstructs.rules.api_server import pod, storage
from initconstructs.rules.api_server.bounds import not_negative
from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_label, dns_subdomain
from initconstructs.rules.api_server.object_meta import annotation_map, object_meta
from initconstructs.rules.api_server.pod_annotations import pod_annotations
from initconstructs.rules.api_server.pod_context import PodContext
from initconstructs.rules.api_server.selector import is_empty, label_selector, labels, matches
from initconstructs.rules.api_server.strategies import (
    daemonset_update_strategy,
    deployment_strategy,
    statefulset_claim_retention,
    statefulset_pod_management,
    statefulset_update_strategy,
)
from initconstructs.rules.api_server.target import Target
from initconstructs.rules.rule import Problem

_NONE: Node = {}
_TEMPLATE = "spec.template"
_DEFAULT_PROGRESS_DEADLINE = 600


@rule("workload-selector", fix="Give spec.selector the matchLabels that the template's labels carry.")
def workload_selector(selector: Node | None, kind: str, unreadable: bool) -> Causes:
    """A workload says which pods are its own.

    What: Deployment, ReplicaSet and StatefulSet need a selector; an empty one, or one that is no valid label selector,
    is refused.
    Why: an empty selector would adopt every pod of the namespace.
    Example: `selector: {}` is refused.
    Fix: `selector: {matchLabels: {app: web}}`, with the same label on the template.
    Source: ValidateDeploymentSpec and its siblings in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    if selector is None:
        yield required("spec.selector")
    elif is_empty(selector):
        yield invalid("spec.selector", selector, f"empty selector is invalid for {kind}")
    elif unreadable:
        yield invalid("spec.selector", selector, "" if kind == "statefulset" else "invalid label selector")


@rule("selector-matches-template", fix="Give the template the labels that spec.selector asks for.")
def selector_matches_template(selector: Node | None, template: Node) -> Causes:
    """The selector of a workload selects the pods that its template makes.

    What: the template's labels fulfil spec.selector; a missing selector is fulfilled by nothing.
    Why: otherwise the controller would make pods for ever, without recognising any of them.
    Example: a selector `app: web` with the template label `app: api` is refused.
    Fix: write the same labels in both places.
    Source: ValidatePodTemplateSpecForReplicaSet and its siblings in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    template_labels = (template.get("metadata") or _NONE).get("labels")
    if not matches(selector, template_labels or _NONE):
        yield invalid(f"{_TEMPLATE}.metadata.labels", template_labels, "`selector` does not match template `labels`")


@rule("long-running-template", fix="Leave restartPolicy and activeDeadlineSeconds out of the template, or use a Job.")
def long_running_template(spec: Node, kind: str) -> Causes:
    """The pods of a long-running workload restart for ever.

    What: the template of a Deployment, ReplicaSet, DaemonSet or StatefulSet has the restartPolicy Always, which is the
    default, and no activeDeadlineSeconds.
    Why: the controller replaces pods that end; a pod that is meant to end belongs to a Job.
    Example: `restartPolicy: Never` in a Deployment is refused.
    Fix: remove both fields, or make it a Job.
    Source: ValidatePodTemplateSpecForReplicaSet and its siblings in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    policy = spec.get("restartPolicy") or "Always"
    if policy != "Always":
        yield not_supported(f"{_TEMPLATE}.spec.restartPolicy", policy, ["Always"])
    if "activeDeadlineSeconds" in spec:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        yield forbidden(f"{_TEMPLATE}.spec.activeDeadlineSeconds", detail)


@rule("progress-deadline", fix="Make progressDeadlineSeconds greater than minReadySeconds.")
def progress_deadline(spec: Node) -> Causes:
    """A Deployment is given more time to progress than a pod needs to count as available.

    What: progressDeadlineSeconds (600 by default) is greater than minReadySeconds.
    Why: otherwise every rollout would be reported as failed before its first pod may become available.
    Example: `minReadySeconds: 600` without progressDeadlineSeconds is refused.
    Fix: raise progressDeadlineSeconds.
    Source: ValidateDeploymentSpec in kubernetes/pkg/apis/apps/validation/validation.go.
    """
    deadline = spec.get("progressDeadlineSeconds", _DEFAULT_PROGRESS_DEADLINE)
    if deadline <= spec.get("minReadySeconds", 0):
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


@rule("statefulset-service-name", fix="Write the name of a headless Service: a DNS label.")
def statefulset_service_name(name: str) -> Causes:
    """A StatefulSet's serviceName can name a Service.

    What: from 1.33 serviceName, where there is one, is a DNS label of at most 63 characters.
    Why: the DNS names of the pods are made of it; with a wrong one they would have none.
    Example: `serviceName: db.shop` is refused.
    Fix: write the bare name of the Service.
    Source: ValidateStatefulSetSpec in kubernetes/pkg/apis/apps/validation/validation.go, Kubernetes 1.33.
    """
    for complaint in dns_label(name):
        yield invalid("spec.serviceName", name, complaint)


def check_deployment(manifest: Node, target: Target) -> Problems:
    """A Deployment, as ValidateDeployment walks it."""
    yield from object_meta(manifest, dns_subdomain)
    spec = manifest.get("spec") or _NONE
    yield from not_negative(spec, "spec", "replicas")
    yield from _replicated_template(spec, target)
    yield from deployment_strategy(spec.get("strategy") or _NONE)
    yield from not_negative(spec, "spec", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    yield from progress_deadline(spec)


def check_replicaset(manifest: Node, target: Target) -> Problems:
    """A ReplicaSet, as ValidateReplicaSet walks it."""
    yield from object_meta(manifest, dns_subdomain)
    spec = manifest.get("spec") or _NONE
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from _replicated_template(spec, target)


def check_daemonset(manifest: Node, target: Target) -> Problems:
    """A DaemonSet, as ValidateDaemonSet walks it."""
    yield from object_meta(manifest, dns_subdomain)
    spec = manifest.get("spec") or _NONE
    selector, template = spec.get("selector"), spec.get("template") or _NONE
    unreadable = _unreadable(spec)
    yield from unreadable
    if not unreadable:
        yield from selector_matches_template(selector, template)
    if selector is not None:
        yield from workload_selector(selector, "daemonset", unreadable=False)
    yield from pod.template(template, _TEMPLATE, target)
    yield from long_running_template(template.get("spec") or _NONE, "DaemonSet")
    yield from not_negative(spec, "spec", "minReadySeconds")
    yield from daemonset_update_strategy(spec.get("updateStrategy") or _NONE)
    yield from not_negative(spec, "spec", "revisionHistoryLimit")


def check_statefulset(manifest: Node, target: Target) -> Problems:
    """A StatefulSet, as ValidateStatefulSet walks it."""
    yield from object_meta(manifest, dns_label)
    spec = manifest.get("spec") or _NONE
    if spec.get("podManagementPolicy"):
        yield from statefulset_pod_management(spec["podManagementPolicy"])
    yield from statefulset_update_strategy(spec.get("updateStrategy") or _NONE)
    yield from statefulset_claim_retention(spec.get("persistentVolumeClaimRetentionPolicy") or _NONE)
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or () if target.minor >= 34 else ()):
        yield from storage.claim_spec(claim.get("spec") or _NONE, f"spec.volumeClaimTemplates[{index}].spec", target)
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from not_negative(spec.get("ordinals") or _NONE, "spec.ordinals", "start")
    if spec.get("serviceName") and target.minor >= 33:
        yield from statefulset_service_name(spec["serviceName"])
    yield from _stateful_template(spec, target)


def _replicated_template(spec: Node, target: Target) -> Problems:
    unreadable = _unreadable(spec)
    yield from unreadable
    yield from workload_selector(spec.get("selector"), "deployment", bool(unreadable))
    if not unreadable:
        template = spec.get("template") or _NONE
        yield from selector_matches_template(spec.get("selector"), template)
        yield from pod.template(template, _TEMPLATE, target)
        yield from long_running_template(template.get("spec") or _NONE, "ReplicaSet")


def _stateful_template(spec: Node, target: Target) -> Problems:
    unreadable = _unreadable(spec)
    yield from unreadable
    yield from workload_selector(spec.get("selector"), "statefulset", bool(unreadable))
    template, claims = spec.get("template") or _NONE, spec.get("volumeClaimTemplates") or ()
    if not unreadable:
        yield from selector_matches_template(spec.get("selector"), template)
        if target.minor >= 34:
            yield from pod.template(_with_claims(template, claims), _TEMPLATE, target)
        else:
            yield from _template_metadata(template, target)
    yield from long_running_template(template.get("spec") or _NONE, "StatefulSet")


def _unreadable(spec: Node) -> list[Problem]:
    return list(label_selector(spec.get("selector") or _NONE, "spec.selector"))


def _template_metadata(template: Node, target: Target) -> Problems:
    metadata = template.get("metadata") or _NONE
    annotations = metadata.get("annotations") or _NONE
    context = PodContext(spec=template.get("spec") or _NONE, path=f"{_TEMPLATE}.spec", target=target)
    yield from labels(metadata.get("labels") or _NONE, f"{_TEMPLATE}.labels")
    yield from annotation_map(annotations, f"{_TEMPLATE}.annotations")
    yield from pod_annotations(annotations, f"{_TEMPLATE}.annotations", context)


def _with_claims(template: Node, claims: Iterable[Node]) -> Node:
    """The template as the controller makes a pod of it: claims come first, and the set decides the host name."""
    spec: Node = template.get("spec") or _NONE
    names = dict.fromkeys((claim.get("metadata") or _NONE).get("name") or "" for claim in claims)
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    volumes += [volume for volume in spec.get("volumes") or () if (volume.get("name") or "") not in names]
    rest = {field: value for field, value in spec.items() if field not in {"hostname", "subdomain", "volumes"}}
    return {**template, "spec": {**rest, "volumes": volumes}}


RULES = (
    workload_selector.rule,
    selector_matches_template.rule,
    long_running_template.rule,
    progress_deadline.rule,
    statefulset_service_name.rule,
)
