"""ServiceAccount, Role, RoleBinding, ClusterRole and ClusterRoleBinding.

Sources: kubernetes/pkg/apis/rbac/validation/validation.go and rbac/v1/defaults.go; ValidateServiceAccount in
kubernetes/pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from initconstructs.rules.api_server.cause import invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import dns_subdomain, path_segment
from initconstructs.rules.api_server.object_meta import object_meta
from initconstructs.rules.api_server.selector import label_selector
from initconstructs.rules.api_server.target import Target

_NONE: Node = {}
_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")


@rule("rbac-rule", fix='Give each rule verbs, apiGroups ("" for core) and resources; nonResourceURLs go alone.')
def policy_rule(each: Node, path: str, namespaced: bool) -> Causes:
    """An RBAC rule grants something.

    What: a rule has verbs and either apiGroups and resources or, in a ClusterRole, nonResourceURLs.
    Why: a rule without one of them would grant nothing, and hide that it does.
    Example: `{resources: [pods], verbs: [get]}` lacks `apiGroups: [""]`.
    Fix: add the group.
    Source: ValidatePolicyRule in kubernetes/pkg/apis/rbac/validation/validation.go.
    """
    if not each.get("verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    urls = each.get("nonResourceURLs") or ()
    if urls:
        if namespaced:
            yield invalid(f"{path}.nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs")
        if any(each.get(field) for field in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", urls, detail)
        return
    if not each.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not each.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


@rule("rbac-aggregation", fix="Give aggregationRule at least one selector of ClusterRoles.")
def aggregation_rule(selectors: Sequence[Node]) -> Causes:
    """An aggregated ClusterRole says what it aggregates.

    What: aggregationRule has at least one clusterRoleSelector.
    Why: the controller overwrites the rules with what the selectors find.
    Example: `aggregationRule: {}` is refused.
    Fix: select ClusterRoles by a label, or remove the field.
    Source: ValidateClusterRole in kubernetes/pkg/apis/rbac/validation/validation.go.
    """
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        yield required("aggregationRule.clusterRoleSelectors", detail)


@rule("rbac-role-reference", fix="Refer to a Role or ClusterRole by name; a ClusterRoleBinding only to a ClusterRole.")
def role_reference(reference: Node, kinds: Sequence[str]) -> Causes:
    """A binding grants a role.

    What: roleRef has the kind Role or ClusterRole (in a ClusterRoleBinding only the latter), a name that is a path
    segment, and the group rbac.authorization.k8s.io, which is the default.
    Why: a binding can't be changed later, only replaced.
    Example: `roleRef: {name: reader}` lacks the kind.
    Fix: `roleRef: {kind: Role, name: reader}`.
    Source: ValidateRoleBinding in kubernetes/pkg/apis/rbac/validation/validation.go.
    """
    group, kind, name = reference.get("apiGroup") or _GROUP, reference.get("kind") or "", reference.get("name") or ""
    if group != _GROUP:
        yield not_supported("roleRef.apiGroup", group, [_GROUP])
    if kind not in kinds:
        yield not_supported("roleRef.kind", kind, kinds)
    if not name:
        yield required("roleRef.name")
    for complaint in path_segment(name):
        yield invalid("roleRef.name", name, complaint)


@rule("rbac-subject", fix="Name a ServiceAccount (with namespace, without apiGroup), a User or a Group.")
def subject(each: Node, path: str, namespaced: bool) -> Causes:
    """A subject of a binding can exist.

    What: a subject has a name and the kind ServiceAccount, User or Group. A ServiceAccount is named as objects are, has
    no apiGroup, and in a ClusterRoleBinding a namespace; the others have the group rbac.authorization.k8s.io, which is
    the default.
    Why: a grant to nobody is a typing error.
    Example: `{kind: ServiceAccount, name: web, apiGroup: rbac.authorization.k8s.io}` is refused.
    Fix: remove apiGroup.
    Source: ValidateRoleBindingSubject in kubernetes/pkg/apis/rbac/validation/validation.go.
    """
    name, kind, group = each.get("name") or "", each.get("kind") or "", each.get("apiGroup") or ""
    if not name:
        yield required(f"{path}.name")
    if kind == "ServiceAccount":
        for complaint in dns_subdomain(name) if name else ():
            yield invalid(f"{path}.name", name, complaint)
        if group:
            yield not_supported(f"{path}.apiGroup", group, [""])
        if not namespaced and not each.get("namespace"):
            yield required(f"{path}.namespace")
    elif kind not in _SUBJECTS:
        yield not_supported(f"{path}.kind", kind, _SUBJECTS)
    elif group not in {"", _GROUP}:
        yield not_supported(f"{path}.apiGroup", group, [_GROUP])


def check_service_account(manifest: Node, _target: Target) -> Problems:
    """A ServiceAccount, of which only the metadata is validated."""
    yield from object_meta(manifest, dns_subdomain, counted=False)


def check_role(manifest: Node, _target: Target) -> Problems:
    """A Role, as ValidateRole walks it."""
    yield from object_meta(manifest, path_segment, counted=False)
    yield from _rules(manifest, namespaced=True)


def check_cluster_role(manifest: Node, _target: Target) -> Problems:
    """A ClusterRole, as ValidateClusterRole walks it."""
    yield from object_meta(manifest, path_segment, namespaced=False, counted=False)
    yield from _rules(manifest, namespaced=False)
    if "aggregationRule" in manifest:
        selectors = manifest["aggregationRule"].get("clusterRoleSelectors") or ()
        yield from aggregation_rule(selectors)
        for index, selector in enumerate(selectors):
            yield from label_selector(selector, f"aggregationRule.clusterRoleSelectors[{index}]")


def check_role_binding(manifest: Node, _target: Target) -> Problems:
    """A RoleBinding, as ValidateRoleBinding walks it."""
    yield from object_meta(manifest, path_segment, counted=False)
    yield from role_reference(manifest.get("roleRef") or _NONE, ("Role", "ClusterRole"))
    yield from _subjects(manifest, namespaced=True)


def check_cluster_role_binding(manifest: Node, _target: Target) -> Problems:
    """A ClusterRoleBinding, as ValidateClusterRoleBinding walks it."""
    yield from object_meta(manifest, path_segment, namespaced=False, counted=False)
    yield from role_reference(manifest.get("roleRef") or _NONE, ("ClusterRole",))
    yield from _subjects(manifest, namespaced=False)


def _rules(manifest: Node, *, namespaced: bool) -> Problems:
    for index, each in enumerate(manifest.get("rules") or ()):
        yield from policy_rule(each, f"rules[{index}]", namespaced)


def _subjects(manifest: Node, *, namespaced: bool) -> Problems:
    for index, each in enumerate(manifest.get("subjects") or ()):
        yield from subject(each, f"subjects[{index}]", namespaced)


RULES = (policy_rule.rule, aggregation_rule.rule, role_reference.rule, subject.rule)
