"""Annotations of pods that the server reads: mirrors, deletion costs, and the security profiles of old.

Source: ValidatePodSpecificAnnotations, validateSeccompAnnotationsAndFields and
validateAppArmorAnnotationsAndFieldsMatchOnCreate in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from initconstructs import schemas
from initconstructs.rules.api_server.cause import forbidden, invalid
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import local_path
from initconstructs.rules.api_server.pod_context import NONE, PodContext
from initconstructs.rules.api_server.scheduling import toleration

_MIRROR = "kubernetes.io/config.mirror"
_TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
_TOLERATION = "io.k8s.api.core.v1.Toleration"
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_VALUES = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default", "docker/default")}
_APPARMOR_VALUES = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)}


def pod_annotations(annotations: Node, path: str, pod: PodContext) -> Problems:
    """The annotations of a pod or template, as far as they mean something to the server."""
    if _MIRROR in annotations:
        yield from mirror_pod(annotations[_MIRROR], path, pod)
    if annotations.get(_TOLERATIONS):
        yield from _tolerations(annotations[_TOLERATIONS], path, pod)
    if _DELETION_COST in annotations:
        yield from deletion_cost(annotations[_DELETION_COST], f"{path}[{_DELETION_COST}]")
    yield from seccomp_annotation(annotations, path)
    yield from apparmor_annotation(annotations, path, pod)


def profiles_agree(annotations: Node, pod: PodContext) -> Problems:
    """The annotations of old against the fields that replace them."""
    yield from seccomp_agrees(annotations, pod)
    if (pod.spec.get("os") or NONE).get("name") != "windows":
        yield from apparmor_agrees(annotations, pod)


def static_pod_claims(annotations: Node, pod: PodContext) -> Problems:
    """A mirror of a static pod, against the resource claims that static pods can't have."""
    if _MIRROR in annotations and pod.spec.get("resourceClaims") and pod.target.minor >= 33:
        yield from static_pod()


@rule("static-pod", fix="Remove spec.resourceClaims, or the annotation kubernetes.io/config.mirror.")
def static_pod() -> Causes:
    """A static pod has no resource claims.

    What: from 1.33, a Pod with the annotation kubernetes.io/config.mirror has no resourceClaims.
    Why: nothing allocates devices for a pod that the scheduler never sees.
    Example: the annotation beside `resourceClaims: [{name: gpu, resourceClaimName: gpu}]`.
    Fix: remove the annotation; the kubelet sets it.
    Source: validatePodResourceClaims in pkg/apis/core/validation/validation.go
    """
    yield forbidden("[]", "static pods do not support resource claims")


@rule("mirror-pod", fix="Remove the annotation kubernetes.io/config.mirror; the kubelet sets it.")
def mirror_pod(value: str, path: str, pod: PodContext) -> Causes:
    """A mirror pod has a node.

    What: the annotation kubernetes.io/config.mirror stands with spec.nodeName.
    Why: a mirror shows a static pod of one node.
    Example: the annotation in a Deployment's template.
    Fix: remove it.
    Source: ValidatePodSpecificAnnotations in pkg/apis/core/validation/validation.go
    """
    if not pod.spec.get("nodeName"):
        yield invalid(f"{path}[{_MIRROR}]", value, "must set spec.nodeName if mirror pod annotation is set")


def _tolerations(text: str, path: str, pod: PodContext) -> Problems:
    decoded, error = _decoded_tolerations(text, pod)
    if error:
        yield from tolerations_annotation(error, path)
    else:
        yield from toleration(decoded, f"{path}.{_TOLERATIONS}", pod)


def _decoded_tolerations(text: str, pod: PodContext) -> tuple[list[Node], str]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        return [], str(error)
    listed = [] if parsed is None else parsed
    if not isinstance(listed, list) or not all(each is None or isinstance(each, dict) for each in listed):
        return [], "json: cannot unmarshal into Go value of type []core.Toleration"
    decoded = [schemas.decode(each or {}, _TOLERATION, pod.target.minor) for each in listed]
    mistyped = [error.message for each in decoded for error in each.errors if not error.unknown]
    return [each.value for each in decoded], "".join(mistyped[:1])


@rule("tolerations-annotation", fix="Remove the annotation; write spec.tolerations.")
def tolerations_annotation(error: str, path: str) -> Causes:
    """The annotation with tolerations holds a JSON list.

    What: scheduler.alpha.kubernetes.io/tolerations is a JSON list of tolerations.
    Why: the server still reads it, though nothing else does.
    Example: the value `true`.
    Fix: use spec.tolerations.
    Source: ValidateTolerationsInPodAnnotations in pkg/apis/core/validation/validation.go
    """
    yield invalid(path, _TOLERATIONS, error)


@rule("pod-deletion-cost", fix="Write a whole number of 32 bits without plus sign or leading zeros.")
def deletion_cost(value: str, path: str) -> Causes:
    """A deletion cost is a number.

    What: controller.kubernetes.io/pod-deletion-cost is a 32-bit integer without plus sign and leading zeros.
    Why: a ReplicaSet deletes its cheapest pods first.
    Example: `"+10"`, `"1.5"`.
    Fix: `"10"`.
    Source: GetDeletionCostFromPodAnnotations in pkg/apis/core/helper/helpers.go
    """
    number = re.fullmatch(r"0|-[0-9]{1,18}|[1-9][0-9]{0,18}", value)
    if number is None or not -(2**31) <= int(value) < 2**31:
        yield invalid(path, value, "must be a 32bit integer")


@rule("seccomp-annotation", fix="Remove the annotation; write securityContext.seccompProfile.")
def seccomp_annotation(annotations: Node, path: str) -> Causes:
    """A seccomp annotation names a profile.

    What: its value is runtime/default, docker/default, unconfined, or localhost/ and a relative path.
    Why: the server still checks it, though since 1.27 nothing heeds it.
    Example: the value `default`.
    Fix: use `seccompProfile: {type: RuntimeDefault}`.
    Source: ValidateSeccompPodAnnotations in pkg/apis/core/validation/validation.go
    """
    for key, value in annotations.items():
        if key != _SECCOMP_POD and not key.startswith(_SECCOMP):
            continue
        if value.startswith("localhost/"):
            for complaint in local_path(value.removeprefix("localhost/")):
                yield invalid(f"{path}.{key}", value.removeprefix("localhost/"), complaint)
        elif value not in {"runtime/default", "docker/default", "unconfined"}:
            yield invalid(f"{path}.{key}", value, "must be a valid seccomp profile")


@rule("apparmor-annotation", fix="Name a container of the pod, or write securityContext.appArmorProfile instead.")
def apparmor_annotation(annotations: Node, path: str, pod: PodContext) -> Causes:
    """An AppArmor annotation names a container and a profile.

    What: the key ends in the name of a container or init container; the value is empty, runtime/default, unconfined or
    localhost/ and a name.
    Why: the kubelet still heeds it for containers without the field.
    Example: the key for a container that was renamed.
    Fix: use `appArmorProfile: {type: RuntimeDefault}`.
    Source: ValidateAppArmorPodAnnotations in pkg/apis/core/validation/validation.go
    """
    for key, value in annotations.items():
        if not key.startswith(_APPARMOR):
            continue
        name = key.removeprefix(_APPARMOR)
        if not any(container.get("name") == name for container, _ in pod.every_container()):
            yield invalid(f"{path}[{key}]", name, "container not found")
        if value not in {"", "runtime/default", "unconfined"} and not value.startswith("localhost/"):
            yield invalid(f"{path}[{key}]", value, f'invalid AppArmor profile name: "{value}"')


@rule("seccomp-agrees", fix="Remove the seccomp annotation; the field is what counts.")
def seccomp_agrees(annotations: Node, pod: PodContext) -> Causes:
    """A seccomp annotation says what the field says.

    What: where both are there, annotation and seccompProfile name the same profile.
    Why: readers of one would be wrong about the other.
    Example: the annotation `unconfined` beside `type: RuntimeDefault`.
    Fix: remove the annotation.
    Source: validateSeccompAnnotationsAndFields in pkg/apis/core/validation/validation.go
    """
    places = [(pod.security_context, f"{pod.path}.securityContext", _SECCOMP_POD)]
    for container, path in pod.every_container():
        context = container.get("securityContext") or NONE
        places.append((context, f"{path}.securityContext", f"{_SECCOMP}{container.get('name') or ''}"))
    for context, path, key in places:
        if "seccompProfile" in context and key in annotations:
            profile = context["seccompProfile"]
            yield from _agrees(annotations[key], profile, f"{path}.seccompProfile", _SECCOMP_VALUES, "seccomp")


@rule("apparmor-agrees", fix="Remove the AppArmor annotation; the field is what counts.")
def apparmor_agrees(annotations: Node, pod: PodContext) -> Causes:
    """An AppArmor annotation says what the field says.

    What: where both are there, annotation and appArmorProfile (the container's, else the pod's) name the same profile.
    Why: readers of one would be wrong about the other.
    Example: the annotation `unconfined` beside `type: RuntimeDefault`.
    Fix: remove the annotation.
    Source: validateAppArmorAnnotationsAndFieldsMatchOnCreate in pkg/apis/core/validation/validation.go
    """
    on_pod = pod.security_context.get("appArmorProfile")
    for container, path in pod.every_container():
        profile = (container.get("securityContext") or NONE).get("appArmorProfile", on_pod)
        key = f"{_APPARMOR}{container.get('name') or ''}"
        if profile is not None and key in annotations:
            at = f"{path}.securityContext.appArmorProfile"
            yield from _agrees(annotations[key], profile, at, _APPARMOR_VALUES, "apparmor")


def _agrees(value: str, profile: Node, path: str, values: Mapping[str, tuple[str, ...]], word: str) -> Causes:
    kind = profile.get("type") or ""
    if (kind in values and value not in values[kind]) or (kind == "Localhost" and not value.startswith("localhost/")):
        yield forbidden(f"{path}.type", f"{word} type in annotation and field must match")
    elif kind == "Localhost" and value.removeprefix("localhost/") != profile.get("localhostProfile"):
        yield forbidden(f"{path}.localhostProfile", f"{word} profile in annotation and field must match")


RULES = (
    mirror_pod.rule,
    static_pod.rule,
    tolerations_annotation.rule,
    deletion_cost.rule,
    seccomp_annotation.rule,
    apparmor_annotation.rule,
    seccomp_agrees.rule,
    apparmor_agrees.rule,
)
