"""HorizontalPodAutoscaler, in the versions v2 and v1.

Sources: kubernetes/pkg/apis/autoscaling/validation/validation.go, autoscaling/v2/defaults.go and v1/conversion.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_label, dns_subdomain, path_segment
from initconstructs.rules.api_server.object_meta import object_meta
from initconstructs.rules.api_server.resources import resource_name
from initconstructs.rules.api_server.target import Target
from initconstructs.schemas.quantity import read

_NONE: Node = {}
_LONGEST_WINDOW = 3600
_LONGEST_PERIOD = 1800
# By the field of its source, in the order in which the server looks for sources.
_SOURCES = {
    "object": "Object",
    "external": "External",
    "pods": "Pods",
    "resource": "Resource",
    "containerResource": "ContainerResource",
}
_SOURCE_TYPES = sorted(_SOURCES.values())
_TARGET_TYPES = {"Utilization", "Value", "AverageValue"}


class _Amounts(NamedTuple):
    """The amounts that a metric's target can be given in, and what is said when there is none, or more than one."""

    any_of: set[str]
    missing: str
    detail: str
    surplus: str = ""
    both: str = ""


_RAW_OR_UTILIZATION = _Amounts(
    {"averageUtilization", "averageValue"},
    missing="averageUtilization",
    detail="must set either a target raw value or a target utilization",
    surplus="averageValue",
    both="may not set both a target raw value and a target utilization",
)
_AMOUNTS = {
    "resource": _RAW_OR_UTILIZATION,
    "containerResource": _RAW_OR_UTILIZATION,
    "pods": _Amounts({"averageValue"}, "averageValue", "must specify a positive target averageValue"),
    "object": _Amounts({"value", "averageValue"}, "averageValue", "must set either a target value or averageValue"),
    "external": _Amounts(
        {"value", "averageValue"},
        missing="averageValue",
        detail="must set either a target value for metric or a per-pod target",
        surplus="value",
        both="may not set both a target value for metric and a per-pod target",
    ),
}


@rule("autoscaler-replicas", fix="Give maxReplicas, at least minReplicas, which is at least 1.")
def autoscaler_replicas(spec: Node, target: Target) -> Causes:
    """An autoscaler has room to scale.

    What: minReplicas is at least 1, the default, and maxReplicas at least minReplicas.
    Why: scaling to zero needs a gate that no default cluster has on.
    Example: an autoscaler without maxReplicas is refused.
    Fix: `maxReplicas: 10`.
    Source: validateHorizontalPodAutoscalerSpec in kubernetes/pkg/apis/autoscaling/validation/validation.go.
    """
    low, high = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    lowest = 0 if target.enabled("HPAScaleToZero") else 1
    if low < lowest:
        yield invalid("spec.minReplicas", low, f"must be greater than or equal to {lowest}")
    if high < 1 and target.minor <= 35:
        yield invalid("spec.maxReplicas", high, "must be greater than 0")
    elif high == 0:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    elif high < 0:
        yield invalid("spec.maxReplicas", high, "must be greater than or equal to 1")
    if high < low:
        yield invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`")


@rule("autoscaler-reference", fix="Give kind, name and apiVersion with its group, such as apps/v1.")
def autoscaler_reference(reference: Node, path: str, target: Target, needs_group: bool) -> Causes:
    """An autoscaler's references name an object.

    What: kind and name are path segments; from 1.34 the apiVersion is `group/version`, and that of scaleTargetRef has a
    group, unless the kind is ReplicationController.
    Why: without a group the controller would look in the core API, where nothing else can be scaled.
    Example: `scaleTargetRef: {kind: Deployment, name: web}` is refused from 1.34.
    Fix: add `apiVersion: apps/v1`.
    Source: ValidateCrossVersionObjectReference in kubernetes/pkg/apis/autoscaling/validation/validation.go.
    """
    for field in ("kind", "name"):
        value = reference.get(field) or ""
        if not value:
            yield required(f"{path}.{field}")
        for complaint in path_segment(value):
            yield invalid(f"{path}.{field}", value, complaint)
    if target.minor < 34:
        return
    version = reference.get("apiVersion") or ""
    if version.count("/") > 1:
        yield invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    elif needs_group and not version.rpartition("/")[0] and reference.get("kind") != "ReplicationController":
        yield invalid(f"{path}.apiVersion", version, "apiVersion must specify API group")


@rule("autoscaler-metric", fix="Give each metric a type and the one source of that type.")
def autoscaler_metric(metric: Node, path: str) -> Causes:
    """A metric has a type and the source that belongs to it.

    What: type is Resource, ContainerResource, Pods, Object or External, and the field of that name is the only source.
    Why: the controller reads the field that the type names.
    Example: `{type: Pods, resource: {...}}` is refused.
    Fix: `type: Resource`.
    Source: validateMetricSpec in kubernetes/pkg/apis/autoscaling/validation/validation.go.
    """
    kind, present = metric.get("type") or "", [field for field in _SOURCES if field in metric]
    expected = next((field for field, name in _SOURCES.items() if name == kind), "")
    if expected and expected not in present:
        yield required(f"{path}.{expected}", "must populate information for the given metric source")
    elif not expected:
        yield not_supported(f"{path}.type", kind, _SOURCE_TYPES)
    if len(present) != 1:
        for field in present:
            if field != expected:
                yield forbidden(f"{path}.{field}", "must populate the given metric source only")


@rule("autoscaler-metric-type", fix="Write Resource, ContainerResource, Pods, Object or External.")
def autoscaler_metric_type(kind: str, path: str) -> Causes:
    """A metric's type is one that the controller knows.

    What: type is Resource, ContainerResource, Pods, Object or External.
    Why: it names the API from which the controller reads.
    Example: `type: Cpu` is refused.
    Fix: `type: Resource`, with `resource: {name: cpu}`.
    Source: validateMetricSpec in kubernetes/pkg/apis/autoscaling/validation/validation.go.
    """
    if not kind:
        yield required(path, "must specify a metric source type")
    if kind not in _SOURCE_TYPES:
        yield not_supported(path, kind, _SOURCE_TYPES)


@rule("autoscaler-metric-name", fix="Name the metric or resource, and for a container resource the container.")
def autoscaler_metric_name(field: str, source: Node, path: str) -> Causes:
    """A metric has a name.

    What: pods, object and external metrics have a name that is a path segment; resource metrics name a resource, and
    container resources one that containers can have, and a container.
    Why: the controller asks for it in a URL.
    Example: `containerResource: {name: gpu, container: app}` is refused.
    Fix: `name: cpu`, or `example.com/gpu`.
    Source: validateMetricIdentifier in kubernetes/pkg/apis/autoscaling/validation/validation.go.
    """
    named = source if field in {"resource", "containerResource"} else source.get("metric") or _NONE
    what, at = ("resource", path) if named is source else ("metric", f"{path}.metric")
    name = named.get("name") or ""
    if not name:
        yield required(f"{at}.name", f"must specify a {what} name")
    elif field != "resource":
        for complaint in path_segment(name) if what == "metric" else resource_name(name):
            yield invalid(f"{at}.name", name, complaint)
    if field == "containerResource":
        container = source.get("container") or ""
        if not container:
            yield required(f"{path}.container", "must specify a container")
        for complaint in dns_label(container) if container else ():
            yield invalid(f"{path}.container", container, complaint)


@rule("autoscaler-target", fix="Give the target a type and a positive amount of the kind that the metric allows.")
def autoscaler_target(field: str, target: Node, path: str) -> Causes:
    """A metric has a target to reach.

    What: the target's type is Utilization, Value or AverageValue; amounts are positive. Resources have either
    averageUtilization or averageValue, pods averageValue, objects value or averageValue, external metrics one of these.
    Why: the controller divides by it.
    Example: `target: {type: Utilization, averageUtilization: 0}` is refused.
    Fix: `averageUtilization: 80`.
    Source: validateMetricTarget in kubernetes/pkg/apis/autoscaling/validation/validation.go.
    """
    yield from _target_type(target.get("type") or "", f"{path}.type")
    for amount in ("value", "averageValue"):
        if amount in target and read(target[amount]).nano <= 0:
            yield invalid(f"{path}.{amount}", str(read(target[amount])), "must be positive")
    if target.get("averageUtilization", 1) < 1:
        yield invalid(f"{path}.averageUtilization", target["averageUtilization"], "must be greater than 0")
    yield from _target_amounts(field, target, path)


def _target_type(kind: str, path: str) -> Causes:
    if not kind:
        yield required(path, "must specify a metric target type")
    if kind not in _TARGET_TYPES:
        yield invalid(path, kind, "must be either Utilization, Value, or AverageValue")


def _target_amounts(field: str, target: Node, path: str) -> Causes:
    given = {name for name in ("value", "averageValue", "averageUtilization") if name in target}
    need = _AMOUNTS[field]
    if not given & need.any_of:
        yield required(f"{path}.{need.missing}", need.detail)
    if need.both and given >= need.any_of:
        yield forbidden(f"{path}.{need.surplus}", need.both)


@rule("autoscaler-scale-to-zero", fix="Add an Object or External metric, or keep minReplicas at 1.")
def autoscaler_scale_to_zero(metrics: Sequence[Node]) -> Causes:
    """Scaling to zero needs a metric that exists without pods.

    What: with minReplicas 0 one metric is of type Object or External.
    Why: nothing that pods report could ever start the first one.
    Example: `minReplicas: 0` with a cpu metric.
    Fix: use the length of a queue.
    Source: validateMetrics in kubernetes/pkg/apis/autoscaling/validation/validation.go.
    """
    if not any(metric.get("type") in {"Object", "External"} for metric in metrics):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield forbidden("spec.metrics", detail)


@rule(
    "autoscaler-behavior", fix="Give positive values and periods, a window of at most 3600 s, and Max, Min or Disabled."
)
def autoscaler_behavior(rules: Node, path: str) -> Causes:
    """The speed of scaling has limits that the controller knows.

    What: stabilizationWindowSeconds is 0 to 3600, selectPolicy Max, Min or Disabled, tolerance not negative; a policy
    has the type Pods or Percent, a positive value, and a period of 1 to 1800 seconds; an explicit list is not empty.
    Why: the controller looks no further back.
    Example: `selectPolicy: Average` is refused.
    Fix: `selectPolicy: Min`.
    Source: validateScalingRules in kubernetes/pkg/apis/autoscaling/validation/validation.go.
    """
    window = rules.get("stabilizationWindowSeconds", 0)
    if window < 0:
        yield invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
    if window > _LONGEST_WINDOW:
        detail = f"must be less than or equal to {_LONGEST_WINDOW}"
        yield invalid(f"{path}.stabilizationWindowSeconds", window, detail)
    if "selectPolicy" in rules and rules["selectPolicy"] not in {"Disabled", "Max", "Min"}:
        yield not_supported(f"{path}.selectPolicy", rules["selectPolicy"], ["Disabled", "Max", "Min"])
    if "policies" in rules and not rules["policies"]:
        yield required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(rules.get("policies") or ()):
        yield from _scaling_policy(policy, f"{path}.policies[{index}]")
    if "tolerance" in rules and read(rules["tolerance"]).nano < 0:
        yield invalid(f"{path}.tolerance", str(read(rules["tolerance"])), "must be greater than or equal to 0")


def _scaling_policy(policy: Node, path: str) -> Causes:
    kind, value, period = policy.get("type") or "", policy.get("value", 0), policy.get("periodSeconds", 0)
    if kind not in {"Percent", "Pods"}:
        yield not_supported(f"{path}.type", kind, ["Percent", "Pods"])
    if value <= 0:
        yield invalid(f"{path}.value", value, "must be greater than zero")
    if period <= 0:
        yield invalid(f"{path}.periodSeconds", period, "must be greater than zero")
    if period > _LONGEST_PERIOD:
        yield invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {_LONGEST_PERIOD}")


def check_autoscaler(manifest: Node, target: Target) -> Problems:
    """A HorizontalPodAutoscaler v2, as ValidateHorizontalPodAutoscaler walks it."""
    yield from object_meta(manifest, dns_subdomain, counted=False)
    yield from _spec(manifest.get("spec") or _NONE, target)


def check_autoscaler_v1(manifest: Node, target: Target) -> Problems:
    """A HorizontalPodAutoscaler v1, which is validated as the v2 that it means."""
    yield from object_meta(manifest, dns_subdomain, counted=False)
    spec = manifest.get("spec") or _NONE
    if "targetCPUUtilizationPercentage" in spec:
        utilization = {"type": "Utilization", "averageUtilization": spec["targetCPUUtilizationPercentage"]}
        spec = {**spec, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}]}
    yield from _spec(spec, target)


def _spec(spec: Node, target: Target) -> Problems:
    yield from autoscaler_replicas(spec, target)
    yield from autoscaler_reference(spec.get("scaleTargetRef") or _NONE, "spec.scaleTargetRef", target, True)
    metrics = spec.get("metrics") or ()
    for index, metric in enumerate(metrics):
        yield from _metric(metric, f"spec.metrics[{index}]", target)
    if spec.get("minReplicas", 1) == 0:
        yield from autoscaler_scale_to_zero(metrics)
    behavior = spec.get("behavior") or _NONE
    for field in ("scaleUp", "scaleDown"):
        if field in behavior:
            yield from autoscaler_behavior(behavior[field], f"spec.behavior.{field}")


def _metric(metric: Node, path: str, target: Target) -> Problems:
    yield from autoscaler_metric_type(metric.get("type") or "", f"{path}.type")
    field = next((field for field in _SOURCES if field in metric), "")
    if field:
        source = metric[field]
        if field == "object":
            described = source.get("describedObject") or _NONE
            yield from autoscaler_reference(described, f"{path}.object.describedObject", target, False)
        yield from autoscaler_metric_name(field, source, f"{path}.{field}")
        yield from autoscaler_target(field, source.get("target") or _NONE, f"{path}.{field}.target")
    yield from autoscaler_metric(metric, path)


RULES = (
    autoscaler_replicas.rule,
    autoscaler_reference.rule,
    autoscaler_metric_type.rule,
    autoscaler_metric.rule,
    autoscaler_metric_name.rule,
    autoscaler_target.rule,
    autoscaler_scale_to_zero.rule,
    autoscaler_behavior.rule,
)
