from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.rules.api_server.formats import Check, dns_label, dns_subdomain, path_segment
from initconstructs.rules.api_server.object_meta import object_meta

OWNER = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u"}


def found(grammar: Check = dns_subdomain, /, **metadata: Any) -> list[tuple[str, str]]:
    manifest = {"metadata": {"name": "web", **metadata}}
    return [(problem.rule.id, problem.path) for problem in object_meta(manifest, grammar)]


def test_plain_metadata_is_fine() -> None:
    assert found(namespace="shop", labels={"app": "web"}, annotations={"Example.COM/note": "any text"}) == []


def test_a_name_or_a_generate_name_is_needed() -> None:
    assert found(name="") == [("object-name", "metadata.name")]
    assert found(name="", generateName="web-") == []
    assert [p.path for p in object_meta({}, dns_subdomain)] == ["metadata.name"]


def test_a_wrong_generate_name_is_wrong_twice() -> None:
    assert found(name="", generateName="Web_") == [
        ("object-name", "metadata.generateName"),
        ("object-name", "metadata.name"),
    ]


def test_a_generated_name_is_cut_to_fit() -> None:
    assert found(dns_label, name="", generateName="a" * 63) == []


@pytest.mark.parametrize(
    ("grammar", "name", "fine"),
    [
        (dns_subdomain, "a.b", True),
        (dns_label, "a.b", False),
        (path_segment, "System:Any Thing", True),
        (path_segment, "a/b", False),
    ],
)
def test_the_kind_decides_what_a_name_may_be(grammar: Check, name: str, fine: bool) -> None:
    assert (found(grammar, name=name) == []) is fine


def test_a_path_segment_may_begin_with_anything_that_is_no_slash() -> None:
    assert found(path_segment, name="", generateName=".") == []
    assert found(path_segment, name="", generateName="a/") != []


def test_cluster_wide_objects_have_no_namespace() -> None:
    manifest = {"metadata": {"name": "admin", "namespace": "shop"}}
    assert [p.path for p in object_meta(manifest, path_segment, namespaced=False)] == ["metadata.namespace"]
    assert found(namespace="My_Shop") == [("namespace", "metadata.namespace")]


def test_the_generation_counts_only_where_the_server_does_not() -> None:
    manifest = {"metadata": {"name": "web", "generation": -1}}
    assert [p.path for p in object_meta(manifest, dns_subdomain, counted=False)] == ["metadata.generation"]
    assert list(object_meta(manifest, dns_subdomain)) == []


def test_annotations_have_keys_like_labels_and_a_size() -> None:
    assert found(annotations={"a b": "x"}) == [("annotations", "metadata.annotations")]
    assert found(annotations={"a": "x" * 262143}) == []
    assert found(annotations={"a": "x" * 262144}) == [("annotations", "metadata.annotations")]


@pytest.mark.parametrize("missing", ["apiVersion", "kind", "name", "uid"])
def test_an_owner_is_complete(missing: str) -> None:
    owner = {key: value for key, value in OWNER.items() if key != missing}
    assert found(ownerReferences=[owner]) == [("owner-reference", f"metadata.ownerReferences.{missing}")]


@pytest.mark.parametrize("api_version", ["", "/", "a/b/c", "apps/"])
def test_an_owner_has_a_version(api_version: str) -> None:
    owner = OWNER | {"apiVersion": api_version}
    assert found(ownerReferences=[owner]) == [("owner-reference", "metadata.ownerReferences.apiVersion")]


def test_owners_are_no_events_and_have_one_controller() -> None:
    event = OWNER | {"apiVersion": "v1", "kind": "Event"}
    controller = OWNER | {"controller": True}
    assert found(ownerReferences=[OWNER, controller]) == []
    assert found(ownerReferences=[event]) == [("owner-reference", "metadata.ownerReferences")]
    assert found(ownerReferences=[controller, controller]) == [("owner-reference", "metadata.ownerReferences")]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["example.com/cleanup", "kubernetes", "orphan"], []),
        (["plain"], ["metadata.finalizers[0]"]),
        (["orphan", "foregroundDeletion"], ["metadata.finalizers"]),
        (["bad finalizer"], ["metadata.finalizers", "metadata.finalizers[0]"]),
    ],
)
def test_finalizers_are_qualified_names(names: list[str], expected: list[str]) -> None:
    assert [path for _, path in found(finalizers=names)] == expected


def test_the_generic_check_lets_any_finalizer_name_pass() -> None:
    manifest = {"metadata": {"name": "web", "finalizers": ["plain"]}}
    assert list(object_meta(manifest, path_segment, generic=True)) == []


@given(st.text(max_size=80), st.sampled_from([dns_subdomain, dns_label, path_segment]))
def test_what_is_a_name_is_the_beginning_of_one_too(name: str, grammar: Check) -> None:
    if name and not found(grammar, name=name):
        assert ("object-name", "metadata.generateName") not in found(grammar, name="", generateName=f"{name}")
