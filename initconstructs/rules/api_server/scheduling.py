"""Where a pod may run: tolerations, gates, spread, claims.

Source: ValidateTolerations, validateSchedulingGates, validateTopologySpreadConstraints and
validatePodResourceClaims in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import duplicate, forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_label, dns_subdomain, label_key, label_value
from initconstructs.rules.api_server.match_label_keys import label_keys, merged_keys
from initconstructs.rules.api_server.pod_context import PodContext
from initconstructs.rules.api_server.selector import label_selector

_TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_SPREAD_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")


@rule("toleration", fix="Use Equal with a value or Exists without one, and a known effect.")
def toleration(tolerations: list[Node], path: str, pod: PodContext) -> Causes:
    """A toleration is one that a taint can match.

    What: `key` is a label key, or absent with the operator Exists; Equal takes a label value, Exists none; `effect` is
    NoSchedule, PreferNoSchedule or NoExecute, the last where tolerationSeconds is set.
    Why: what no taint could match would tolerate nothing.
    Example: `{operator: Exists, key: gpu, value: "true"}`.
    Fix: `{operator: Equal, key: gpu, value: "true"}`.
    Source: ValidateTolerations in pkg/apis/core/validation/validation.go
    """
    for index, each in enumerate(tolerations):
        yield from _toleration(each, f"{path}[{index}]", pod)


def _toleration(each: Node, path: str, pod: PodContext) -> Causes:
    key, operator, effect = (each.get(name) or "" for name in ("key", "operator", "effect"))
    for complaint in label_key(key) if key else ():
        yield invalid(f"{path}.key", key, complaint)
    if not key and operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid(f"{path}.operator", operator, detail)
    if "tolerationSeconds" in each and effect != "NoExecute":
        yield invalid(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    yield from _operator(operator, each.get("value") or "", f"{path}.operator", pod)
    if effect and effect not in _TAINT_EFFECTS:
        yield not_supported(f"{path}.effect", effect, _TAINT_EFFECTS)


def _operator(operator: str, value: str, path: str, pod: PodContext) -> Causes:
    if operator in {"", "Equal"}:
        complaints = label_value(value)
        if complaints:
            yield invalid(path, value, ";".join(complaints))
    elif operator == "Exists":
        if value:
            yield invalid(path, value, "value must be empty when `operator` is 'Exists'")
    else:
        compares = operator in {"Lt", "Gt"} and pod.target.minor >= 35
        yield not_supported(path, operator, ("Equal", "Exists", "Lt", "Gt") if compares else ("Equal", "Exists"))


@rule("scheduling-gate", fix="Name each gate once, as example.com/gate, and leave nodeName out.")
def scheduling_gate(pod: PodContext) -> Causes:
    """A scheduling gate is a unique qualified name.

    What: each gate is written as a label's key is, and appears once.
    Why: a controller takes its gate away by that name.
    Example: two gates `example.com/quota`.
    Fix: remove one.
    Source: validateSchedulingGates in pkg/apis/core/validation/validation.go
    """
    names: set[str] = set()
    for index, gate in enumerate(pod.spec["schedulingGates"]):
        name, at = gate.get("name") or "", f"{pod.path}.schedulingGates[{index}]"
        for complaint in label_key(name):
            yield invalid(at, name, complaint)
        if name in names:
            yield duplicate(at, name)
        names.add(name)


@rule("gated-node-name", fix="Leave nodeName out; the scheduler sets it once the gates are gone.")
def gated_node_name(pod: PodContext) -> Causes:
    """A Pod that waits for its gates has no node yet.

    What: in a Pod, nodeName and schedulingGates exclude each other.
    Why: a pod with a node isn't scheduled any more.
    Example: `nodeName: node-1` and `schedulingGates: [{name: example.com/quota}]`.
    Fix: remove nodeName.
    Source: ValidatePodCreate in pkg/apis/core/validation/validation.go
    """
    yield forbidden(f"{pod.path}.nodeName", "cannot be set until all schedulingGates have been cleared")


@rule("readiness-gate", fix="Write conditionType as example.com/condition.")
def readiness_gate(gates: list[Node], path: str) -> Causes:
    """A readiness gate names a condition.

    What: conditionType is written as a label's key is.
    Why: a controller sets the condition of that name.
    Example: `conditionType: "my gate"`.
    Fix: `conditionType: example.com/load-balanced`.
    Source: validateReadinessGates in pkg/apis/core/validation/validation.go
    """
    for index, gate in enumerate(gates):
        name = gate.get("conditionType") or ""
        for complaint in label_key(name):
            yield invalid(f"{path}[{index}].conditionType", name, complaint)


@rule(
    "pod-resource-claim",
    fix="Give each claim a unique name, and resourceClaimName or resourceClaimTemplateName.",
)
def pod_resource_claim(claims: list[Node], path: str) -> Causes:
    """A pod's resource claim has a name and one source.

    What: `name` is a unique DNS label; exactly one of resourceClaimName and resourceClaimTemplateName is a DNS
    subdomain.
    Why: the kubelet waits for that claim before the first container starts.
    Example: `resourceClaims: [{name: gpu}]`.
    Fix: `[{name: gpu, resourceClaimTemplateName: gpu}]`.
    Source: validatePodResourceClaims in pkg/apis/core/validation/validation.go
    """
    names: set[str] = set()
    for index, claim in enumerate(claims):
        name, at = claim.get("name") or "", f"{path}[{index}]"
        if not name:
            yield required(f"{at}.name")
        elif name in names:
            yield duplicate(f"{at}.name", name)
        for complaint in dns_label(name) if name and name not in names else ():
            yield invalid(f"{at}.name", name, complaint)
        names.add(name)
        yield from _claim_source(claim, at)


def _claim_source(claim: Node, path: str) -> Causes:
    fields = ("resourceClaimName", "resourceClaimTemplateName")
    given = [field for field in fields if field in claim]
    if len(given) > 1:
        detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
        yield invalid(path, claim, detail)
    if not given:
        yield invalid(path, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
    for field in given:
        for complaint in dns_subdomain(claim[field]):
            yield invalid(f"{path}.{field}", claim[field], complaint)


def topology_spread(pod: PodContext) -> Problems:
    """`spec.topologySpreadConstraints`."""
    constraints = pod.spec["topologySpreadConstraints"]
    for index, constraint in enumerate(constraints):
        path = f"{pod.path}.topologySpreadConstraints[{index}]"
        yield from topology_spread_constraint(constraint, constraints[index + 1 :], path)
        if constraint.get("matchLabelKeys"):
            yield from _spread_keys(constraint, path, pod)
        if "labelSelector" in constraint:
            yield from label_selector(constraint["labelSelector"], f"{path}.labelSelector")


def _spread_keys(constraint: Node, path: str, pod: PodContext) -> Problems:
    keys, selector = constraint["matchLabelKeys"], constraint.get("labelSelector")
    yield from label_keys(keys, f"{path}.matchLabelKeys", selector)
    if selector is not None:
        yield from merged_keys(keys, (), selector, path, pod, spread=True)


@rule(
    "topology-spread",
    fix="Set maxSkew of at least 1, a topologyKey, and DoNotSchedule or ScheduleAnyway; minDomains needs the former.",
)
def topology_spread_constraint(constraint: Node, later: list[Node], path: str) -> Causes:
    """A spread constraint is complete and not repeated.

    What: maxSkew and minDomains are positive, topologyKey is there, whenUnsatisfiable is DoNotSchedule or
    ScheduleAnyway, minDomains stands with DoNotSchedule only, the inclusion policies are Honor or Ignore; key and
    action together appear once.
    Why: the scheduler counts pods by topologyKey; two constraints of one sort would contradict each other.
    Example: `{topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}` has no maxSkew.
    Fix: add `maxSkew: 1`.
    Source: validateTopologySpreadConstraints in pkg/apis/core/validation/validation.go
    """
    key, action = constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
    if constraint.get("maxSkew", 0) <= 0:
        yield invalid(f"{path}.maxSkew", constraint.get("maxSkew", 0), "must be greater than zero")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    if action not in _SPREAD_ACTIONS:
        yield not_supported(f"{path}.whenUnsatisfiable", action, _SPREAD_ACTIONS)
    if any((each.get("topologyKey") or "", each.get("whenUnsatisfiable") or "") == (key, action) for each in later):
        yield duplicate(f"{path}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}")
    if "minDomains" in constraint:
        yield from _min_domains(constraint["minDomains"], action, f"{path}.minDomains")
    for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        if constraint.get(field, "Honor") not in {"Honor", "Ignore"}:
            yield not_supported(f"{path}.{field}", constraint[field], ("Honor", "Ignore"))


def _min_domains(count: int, action: str, path: str) -> Causes:
    if count <= 0:
        yield invalid(path, count, "must be greater than zero")
    if action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        yield invalid(path, count, detail)


RULES = (
    toleration.rule,
    scheduling_gate.rule,
    gated_node_name.rule,
    readiness_gate.rule,
    pod_resource_claim.rule,
    topology_spread_constraint.rule,
)
