from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.rbac import (
    check_cluster_role,
    check_cluster_role_binding,
    check_role,
    check_role_binding,
    check_service_account,
)
from initconstructs.rules.api_server.target import target

RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
URLS = {"nonResourceURLs": ["/healthz"], "verbs": ["get"]}
ROLE = {"kind": "Role", "name": "reader"}
CLUSTER_ROLE = {"kind": "ClusterRole", "name": "reader"}
ACCOUNT = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}
GROUP = "rbac.authorization.k8s.io"


def found(check: Any, **fields: Any) -> list[tuple[str, str]]:
    manifest = {"metadata": {"name": "System:Reader"}, **fields}
    return [(problem.rule.id, problem.path) for problem in check(manifest, target("1.36"))]


def role(**change: Any) -> list[tuple[str, str]]:
    return found(check_role, rules=[RULE | change])


def binding(role: dict[str, Any] = ROLE, check: Any = check_role_binding, **subject: Any) -> list[tuple[str, str]]:
    return found(check, roleRef=role, subjects=[ACCOUNT | subject])


def test_a_role_that_grants_something_is_fine() -> None:
    assert role() == found(check_role) == []
    assert found(check_cluster_role, rules=[RULE, URLS]) == []


@pytest.mark.parametrize("field", ["verbs", "apiGroups", "resources"])
def test_a_rule_that_grants_nothing_is_refused(field: str) -> None:
    assert role(**{field: []}) == [("rbac-rule", f"rules[0].{field}")]


def test_urls_belong_to_cluster_roles_and_stand_alone() -> None:
    assert found(check_role, rules=[URLS]) == [("rbac-rule", "rules[0].nonResourceURLs")]
    assert found(check_cluster_role, rules=[RULE | URLS]) == [("rbac-rule", "rules[0].nonResourceURLs")]


def test_an_aggregation_selects_something() -> None:
    assert found(check_cluster_role, aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "x"}}]}) == []
    assert found(check_cluster_role, aggregationRule={}) == [
        ("rbac-aggregation", "aggregationRule.clusterRoleSelectors")
    ]
    assert found(check_cluster_role, aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a b": ""}}]}) == [
        ("label-selector", "aggregationRule.clusterRoleSelectors[0].matchLabels")
    ]


def test_a_binding_that_grants_a_role_is_fine() -> None:
    assert binding() == binding(CLUSTER_ROLE, check_cluster_role_binding) == []
    assert binding(kind="User", name="jane@example.com", apiGroup="") == []
    assert binding(kind="Group", name="system:masters", apiGroup=GROUP) == []
    assert binding(namespace="") == []


@pytest.mark.parametrize(
    ("change", "path"),
    [({"kind": ""}, "kind"), ({"kind": "Group"}, "kind"), ({"name": ""}, "name"), ({"name": "a/b"}, "name")],
)
def test_a_binding_names_a_role(change: dict[str, str], path: str) -> None:
    assert binding(ROLE | change) == [("rbac-role-reference", f"roleRef.{path}")]


def test_the_group_of_a_role_is_known() -> None:
    assert binding(ROLE | {"apiGroup": GROUP}) == []
    assert binding(ROLE | {"apiGroup": "v1"}) == [("rbac-role-reference", "roleRef.apiGroup")]


def test_a_cluster_role_binding_grants_cluster_roles_to_accounts_with_namespace() -> None:
    assert binding(ROLE, check_cluster_role_binding) == [("rbac-role-reference", "roleRef.kind")]
    assert binding(CLUSTER_ROLE, check_cluster_role_binding, namespace="") == [
        ("rbac-subject", "subjects[0].namespace")
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "Bad Name"}, "name"),
        ({"apiGroup": GROUP}, "apiGroup"),
        ({"kind": "Robot"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"kind": "User", "apiGroup": "v1"}, "apiGroup"),
    ],
)
def test_a_subject_that_can_not_exist_is_refused(change: dict[str, str], path: str) -> None:
    assert binding(**change) == [("rbac-subject", f"subjects[0].{path}")]


def test_cluster_wide_kinds_have_no_namespace() -> None:
    manifest = {"metadata": {"name": "x", "namespace": "shop"}, "roleRef": CLUSTER_ROLE}
    for check in (check_cluster_role, check_cluster_role_binding):
        assert [problem.path for problem in check(manifest, target("1.36"))] == ["metadata.namespace"]


def test_an_account_is_named_like_an_object() -> None:
    assert found(check_service_account) == [("object-name", "metadata.name")]
    assert list(check_service_account({"metadata": {"name": "web"}}, target("1.36"))) == []
