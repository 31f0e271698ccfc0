"""Which nodes and which other pods a pod wants to be near, or far from.

Source: validateAffinity in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import forbidden, invalid, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_label, dns_subdomain, label_key, label_value
from initconstructs.rules.api_server.match_label_keys import label_keys, merged_keys
from initconstructs.rules.api_server.pod_context import PodContext
from initconstructs.rules.api_server.selector import label_selector

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def affinity(pod: PodContext) -> Problems:
    """`spec.affinity`."""
    node, path = pod.spec["affinity"], f"{pod.path}.affinity"
    if "nodeAffinity" in node:
        yield from _node_affinity(node["nodeAffinity"], f"{path}.nodeAffinity", pod)
    for kind in ("podAffinity", "podAntiAffinity"):
        if kind in node:
            yield from _pod_affinity(node[kind], f"{path}.{kind}", pod)


def _node_affinity(affinity: Node, path: str, pod: PodContext) -> Problems:
    if _REQUIRED in affinity:
        at = f"{path}.{_REQUIRED}.nodeSelectorTerms"
        terms = affinity[_REQUIRED].get("nodeSelectorTerms") or ()
        yield from node_selector_terms(len(terms), at)
        for index, term in enumerate(terms):
            yield from node_selector_term(term, f"{at}[{index}]", values=pod.target.minor >= 33)
    for index, preferred in enumerate(affinity.get(_PREFERRED) or ()):
        at = f"{path}.{_PREFERRED}[{index}]"
        yield from affinity_weight(preferred, at)
        yield from node_selector_term(preferred.get("preference") or {}, f"{at}.preference", values=False)


def _pod_affinity(affinity: Node, path: str, pod: PodContext) -> Problems:
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        yield from _pod_term(term, f"{path}.{_REQUIRED}[{index}]", pod)
    for index, preferred in enumerate(affinity.get(_PREFERRED) or ()):
        at = f"{path}.{_PREFERRED}[{index}]"
        yield from affinity_weight(preferred, at)
        yield from _pod_term(preferred.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm", pod)


def _pod_term(term: Node, path: str, pod: PodContext) -> Problems:
    for field in ("labelSelector", "namespaceSelector"):
        if field in term:
            yield from label_selector(term[field], f"{path}.{field}")
    yield from affinity_namespaces(term, path)
    keys, mismatched = term.get("matchLabelKeys") or (), term.get("mismatchLabelKeys") or ()
    selector = term.get("labelSelector")
    yield from label_keys(keys, f"{path}.matchLabelKeys", selector)
    yield from label_keys(mismatched, f"{path}.mismatchLabelKeys", selector)
    if keys or mismatched:
        yield from merged_keys(keys, mismatched, selector or {}, path, pod)
    yield from affinity_topology(term, path)


@rule("node-selector-terms", fix="Add a term; terms are alternatives, and none would match no node.")
def node_selector_terms(count: int, path: str) -> Causes:
    """A required node affinity has a term.

    What: nodeSelectorTerms holds at least one term.
    Why: terms are alternatives; without any, no node would do.
    Example: `requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}`.
    Fix: remove the node affinity, or add a term.
    Source: ValidateNodeSelector in pkg/apis/core/validation/validation.go
    """
    if not count:
        yield required(path, "must have at least one node selector term")


@rule("node-selector-term", fix="Give In and NotIn values, Gt and Lt one, Exists and DoesNotExist none.")
def node_selector_term(term: Node, path: str, *, values: bool) -> Causes:
    """A node selector term is one that nodes can match.

    What: an expression has the operator In or NotIn with values, Gt or Lt with one, Exists or DoesNotExist without; its
    key is a label key, and from 1.33 its values in a required term are label values. matchFields knows
    metadata.name, with In or NotIn and one node's name.
    Why: what no node could match would keep the pod pending for ever.
    Example: `{key: cpu-count, operator: Gt, values: ["4", "8"]}`.
    Fix: `{key: cpu-count, operator: Gt, values: ["4"]}`.
    Source: ValidateNodeSelectorTerm in pkg/apis/core/validation/validation.go
    """
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        yield from _expression(expression, f"{path}.matchExpressions[{index}]", values)
    for index, expression in enumerate(term.get("matchFields") or ()):
        yield from _field(expression, f"{path}.matchFields[{index}]")


def _expression(expression: Node, path: str, check_values: bool) -> Causes:
    operator, values = expression.get("operator") or "", expression.get("values") or ()
    if operator in {"In", "NotIn"}:
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            yield forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator in {"Gt", "Lt"}:
        if len(values) != 1:
            yield required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = expression.get("key") or ""
    for complaint in label_key(key):
        yield invalid(f"{path}.key", key, complaint)
    for index, value in enumerate(values if check_values else ()):
        for complaint in label_value(value):
            yield invalid(f"{path}.values[{index}]", value, complaint)


def _field(expression: Node, path: str) -> Causes:
    operator, values = expression.get("operator") or "", expression.get("values") or ()
    if operator not in {"In", "NotIn"}:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{path}.values", detail)
    key = expression.get("key") or ""
    if key != "metadata.name":
        yield invalid(f"{path}.key", key, "not a valid field selector key")
        return
    for index, value in enumerate(values):
        for complaint in dns_subdomain(value):
            yield invalid(f"{path}.values[{index}]", value, complaint)


@rule("affinity-weight", fix="Use a weight from 1 to 100.")
def affinity_weight(preferred: Node, path: str) -> Causes:
    """A preference has a weight from 1 to 100.

    What: weight of each preferred term is from 1 to 100.
    Why: the scheduler adds the weights up for each node.
    Example: a preferred term without weight.
    Fix: `weight: 100`.
    Source: ValidatePreferredSchedulingTerms in pkg/apis/core/validation/validation.go
    """
    weight = preferred.get("weight", 0)
    if not 1 <= weight <= 100:
        yield invalid(f"{path}.weight", weight, "must be in the range 1-100")


@rule("affinity-namespaces", fix="List namespaces by name: lower case, digits, hyphens.")
def affinity_namespaces(term: Node, path: str) -> Causes:
    """A pod affinity term looks into namespaces that can exist.

    What: each of `namespaces` is a DNS label.
    Why: nothing else can be a namespace.
    Example: `namespaces: [My_Team]`.
    Fix: `namespaces: [my-team]`.
    Source: validatePodAffinityTerm in pkg/apis/core/validation/validation.go
    """
    for name in term.get("namespaces") or ():
        for complaint in dns_label(name):
            yield invalid(f"{path}.namespace", name, complaint)


@rule("affinity-topology", fix="Set topologyKey to a node's label, such as topology.kubernetes.io/zone.")
def affinity_topology(term: Node, path: str) -> Causes:
    """A pod affinity term says what "near" means.

    What: topologyKey is there, and written as a label's key.
    Why: pods are near each other when their nodes have the same value of that label.
    Example: a term without topologyKey.
    Fix: `topologyKey: kubernetes.io/hostname`.
    Source: validatePodAffinityTerm in pkg/apis/core/validation/validation.go
    """
    key = term.get("topologyKey") or ""
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    for complaint in label_key(key):
        yield invalid(f"{path}.topologyKey", key, complaint)


RULES = (
    node_selector_terms.rule,
    node_selector_term.rule,
    affinity_weight.rule,
    affinity_namespaces.rule,
    affinity_topology.rule,
)
