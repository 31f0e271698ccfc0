from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.network_policy import check_network_policy
from initconstructs.rules.api_server.target import target

BLOCK = {"cidr": "10.0.0.0/8"}


def found(kubernetes: str = "1.36", **spec: Any) -> list[tuple[str, str]]:
    manifest = {"metadata": {"name": "web"}, "spec": {"podSelector": {}, **spec}}
    return [(problem.rule.id, problem.path) for problem in check_network_policy(manifest, target(kubernetes))]


def port(**port: Any) -> list[tuple[str, str]]:
    return found(ingress=[{"ports": [port]}])


def block(**change: Any) -> list[tuple[str, str]]:
    return found(egress=[{"to": [{"ipBlock": BLOCK | change}]}])


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"ingress": [{}], "policyTypes": ["Ingress", "Egress"]},
        {"ingress": [{"from": [{"podSelector": {}, "namespaceSelector": {}}]}]},
        {"ingress": [{"ports": [{}, {"port": "http"}, {"port": 80, "endPort": 80, "protocol": "SCTP"}]}]},
        {"egress": [{"to": [{"ipBlock": {"cidr": "fd00::/8", "except": ["fd00::/16"]}}]}]},
    ],
)
def test_a_policy_that_can_be_matched_is_fine(spec: dict[str, Any]) -> None:
    assert found(**spec) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"protocol": "ICMP"}, "protocol"),
        ({"port": 0}, "port"),
        ({"port": "80"}, "port"),
        ({"port": 90, "endPort": 80}, "endPort"),
        ({"port": 80, "endPort": 65536}, "endPort"),
        ({"port": "http", "endPort": 90}, "endPort"),
        ({"endPort": 90}, "endPort"),
    ],
)
def test_a_port_that_no_packet_has_is_refused(change: dict[str, Any], path: str) -> None:
    assert port(**change) == [("network-policy-port", f"spec.ingress[0].ports[0].{path}")]


def test_a_peer_is_pods_or_addresses() -> None:
    path = "spec.ingress[0].from[0]"
    assert found(ingress=[{"from": [{}]}]) == [("network-policy-peer", path)]
    assert found(ingress=[{"from": [{"ipBlock": BLOCK, "podSelector": {}}]}]) == [("network-policy-peer", path)]


def test_selectors_are_checked_where_they_stand() -> None:
    wrong = {"matchLabels": {"a b": ""}}
    assert found(podSelector=wrong) == [("label-selector", "spec.podSelector.matchLabels")]
    assert found(egress=[{"to": [{"namespaceSelector": wrong}]}]) == [
        ("label-selector", "spec.egress[0].to[0].namespaceSelector.matchLabels")
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"cidr": ""}, "cidr"),
        ({"cidr": "10.0.0.0", "except": ["x"]}, "cidr"),
        ({"except": ["x"]}, "except[0]"),
        ({"except": ["10.0.0.0/8"]}, "except[0]"),
        ({"except": ["10.1.0.0/16", "192.168.0.0/16"]}, "except[1]"),
        ({"except": ["fd00::/16"]}, "except[0]"),
    ],
)
def test_a_block_is_a_network_with_holes(change: dict[str, Any], path: str) -> None:
    assert block(**change) == [("network-policy-block", f"spec.egress[0].to[0].ipBlock.{path}")]


def test_an_exception_in_an_odd_spelling_is_held_against_its_network_too() -> None:
    found_twice = block(cidr="10.0.0.1/8", **{"except": ["192.168.0.1/16"]})
    assert [path.rpartition(".")[2] for _, path in found_twice] == ["cidr", "except[0]", "except[0]"]


def test_networks_are_canonical_from_1_36() -> None:
    egress = [{"to": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]}]
    assert found("1.35", egress=egress) == []
    assert [rule for rule, _ in found("1.36", egress=egress)] == ["network-policy-block"]


def test_there_are_two_directions() -> None:
    assert found(policyTypes=["Egress", "ingress"]) == [("network-policy-types", "spec.policyTypes[1]")]
    assert found(policyTypes=["Egress"] * 3) == [("network-policy-types", "spec.policyTypes")]
