from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.storage import check_claim, claim_spec
from initconstructs.rules.api_server.target import target

SNAPSHOT = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "daily"}


def found(kubernetes: str = "1.36", **spec: Any) -> list[tuple[str, str]]:
    whole = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    manifest = {"metadata": {"name": "data"}, "spec": whole}
    return [(problem.rule.id, problem.path) for problem in check_claim(manifest, target(kubernetes))]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"accessModes": ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]},
        {"storageClassName": "", "volumeMode": "Block"},
        {"resources": {"requests": {"storage": 1}, "limits": {"storage": "0"}}},
        {"dataSource": SNAPSHOT},
        {"dataSourceRef": {"apiGroup": "example.com", "kind": "Backup", "name": "daily"}},
        {"dataSource": {"kind": "Nonsense"}},
        {"selector": {}},
    ],
)
def test_a_claim_that_can_be_bound_is_fine(spec: dict[str, Any]) -> None:
    assert found(**spec) == []


@pytest.mark.parametrize(
    ("spec", "rule", "path"),
    [
        ({"accessModes": []}, "claim-access-mode", "accessModes"),
        ({"accessModes": ["RWO"]}, "claim-access-mode", "accessModes"),
        ({"accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]}, "claim-access-mode", "accessModes"),
        ({"resources": {"limits": {"storage": "1Gi"}}}, "claim-storage", "resources[storage]"),
        ({"resources": {"requests": {"storage": "0"}}}, "claim-storage", "resources[storage]"),
        ({"storageClassName": "Fast_SSD"}, "claim-class", "storageClassName"),
        ({"volumeAttributesClassName": "Fast_SSD"}, "claim-class", "volumeAttributesClassName"),
        ({"volumeMode": "Raw"}, "claim-volume-mode", "volumeMode"),
        ({"volumeMode": ""}, "claim-volume-mode", "volumeMode"),
        ({"selector": {"matchLabels": {"a b": ""}}}, "label-selector", "selector.matchLabels"),
    ],
)
def test_a_claim_that_can_not_be_bound_is_refused(spec: dict[str, Any], rule: str, path: str) -> None:
    assert found(**spec) == [(rule, f"spec.{path}")]


def test_a_lone_source_is_copied_and_so_are_its_problems() -> None:
    assert found(dataSourceRef={"apiGroup": "Bad_Group", "kind": "Backup", "name": "x"}) == [
        ("claim-data-source", "spec.dataSource.apiGroup"),
        ("claim-data-source", "spec.dataSourceRef.apiGroup"),
    ]


def test_a_source_of_the_core_group_is_a_claim() -> None:
    assert found(dataSourceRef={"kind": "Pod", "name": "x"})[0] == ("claim-data-source", "spec.dataSource")


def test_a_source_has_name_and_kind() -> None:
    paths = [path for _, path in found(dataSourceRef={"apiGroup": "example.com"})]
    assert paths[:2] == ["spec.dataSource.name", "spec.dataSource.kind"]


def test_two_sources_agree() -> None:
    assert found(dataSource=SNAPSHOT, dataSourceRef=SNAPSHOT) == []
    other = SNAPSHOT | {"name": "weekly"}
    assert found(dataSource=SNAPSHOT, dataSourceRef=other) == [("claim-data-sources", "spec")]


def test_a_source_of_an_unknown_kind_is_forgotten_only_when_it_stands_alone() -> None:
    unknown = {"apiGroup": "example.com", "kind": "Backup", "name": "daily"}
    assert found(dataSource=unknown) == found(dataSource={}) == []
    assert found(dataSource=unknown, dataSourceRef=SNAPSHOT) == [("claim-data-sources", "spec")]


def test_a_source_of_another_namespace_stands_alone() -> None:
    away = SNAPSHOT | {"namespace": "backups"}
    assert found(dataSourceRef=away | {"namespace": "My_Backups"})[0][1] == "spec.dataSourceRef.namespace"
    assert found(dataSourceRef=away) == []
    assert found(dataSource=SNAPSHOT, dataSourceRef=away) == [("claim-data-sources", "spec")]


def test_attributes_classes_count_from_1_34() -> None:
    assert found("1.33", volumeAttributesClassName="Bad_Class") == []


def test_the_path_tells_where_a_template_stands() -> None:
    paths = [problem.path for problem in claim_spec({}, "spec.volumeClaimTemplates[1].spec", target("1.36"))]
    assert paths == [
        "spec.volumeClaimTemplates[1].spec.accessModes",
        "spec.volumeClaimTemplates[1].spec.resources[storage]",
    ]
