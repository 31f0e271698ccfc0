from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.service_addresses import (
    allocated_node_ports,
    cluster_addresses,
    external_ips,
    load_balancer_source_ranges,
)

ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"
DUAL = ["10.96.0.1", "fd00::1"]


def addresses(strict: bool = True, **spec: Any) -> list[str]:
    problems = list(cluster_addresses(spec, strict))
    assert {problem.rule.id for problem in problems} <= {"service-cluster-ip"}
    return [problem.path.removeprefix("spec.") for problem in problems]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"clusterIP": ""},
        {"clusterIP": "None"},
        {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ipFamilies": ["IPv4"]},
        {"clusterIP": "10.96.0.1", "clusterIPs": DUAL, "ipFamilyPolicy": "RequireDualStack"},
        {"ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "PreferDualStack"},
        {"clusterIP": "None", "ipFamilies": ["IPv4", "IPv6"]},
    ],
)
def test_addresses_that_can_be_allocated_are_fine(spec: dict[str, Any]) -> None:
    assert addresses(**spec) == []


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"clusterIP": "10.96.300.1"}, "clusterIPs[0]"),
        ({"clusterIP": "010.96.0.1"}, "clusterIPs[0]"),
        ({"clusterIP": "10.96.0.2", "clusterIPs": ["10.96.0.1"]}, "clusterIPs"),
        ({"clusterIPs": ["10.96.0.1"]}, "clusterIPs"),
        ({"clusterIP": "None", "clusterIPs": ["None", "10.96.0.1"]}, "clusterIPs"),
        ({"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1", "10.96.0.2"]}, "clusterIPs"),
        ({"clusterIP": "10.96.0.1", "clusterIPs": [*DUAL, "fd00::2"]}, "clusterIPs"),
        ({"clusterIP": "fd00::1", "ipFamilies": ["IPv4"]}, "clusterIPs[0]"),
        ({"ipFamilies": ["IPv5"]}, "ipFamilies[0]"),
        ({"ipFamilies": ["IPv4", "IPv4"]}, "ipFamilies[1]"),
        ({"ipFamilyPolicy": "Dual"}, "ipFamilyPolicy"),
        ({"ipFamilies": ["IPv4", "IPv6"]}, "ipFamilyPolicy"),
        ({"clusterIP": "None", "ipFamilies": ["IPv4", "IPv6"], "selector": {"app": "web"}}, "ipFamilyPolicy"),
        ({"clusterIP": "None", "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "SingleStack"}, "ipFamilyPolicy"),
    ],
)
def test_addresses_that_can_not_be_allocated_are_refused(spec: dict[str, Any], path: str) -> None:
    assert addresses(**spec)[0] == path


def test_leading_zeros_are_refused_from_1_36_only() -> None:
    assert addresses(strict=False, clusterIP="010.96.0.1") == []


def node_ports(*pairs: tuple[int, int], **spec: Any) -> list[str]:
    ports = [{"port": port, "nodePort": node_port} for port, node_port in pairs]
    return [problem.path for problem in allocated_node_ports({"type": "LoadBalancer", "ports": ports, **spec})]


def test_a_node_port_leads_to_one_port() -> None:
    assert node_ports((80, 30080), (443, 30443), (81, 0), (82, 0)) == []
    assert node_ports((53, 30053), (53, 30053)) == []
    assert node_ports((80, 30080), (443, 30080)) == ["spec.ports[1].nodePort"]
    assert node_ports((53, 30053), (53, 30054), (54, 30054)) == ["spec.ports[2].nodePort"]
    assert node_ports((80, 30080), (443, 0), (443, 30080)) == ["spec.ports[1].nodePort"]
    assert node_ports((80, 30080), (443, 0), (443, 30080), allocateLoadBalancerNodePorts=False) == [
        "spec.ports[2].nodePort"
    ]


def test_a_health_check_has_a_node_port_of_its_own() -> None:
    local = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    assert node_ports((80, 30080), healthCheckNodePort=30080, **local) == ["spec.healthCheckNodePort"]
    assert node_ports((80, 30080), healthCheckNodePort=30081, **local) == []


@pytest.mark.parametrize("address", ["203.0.113.10", "10.0.0.1", "2001:db8::1"])
def test_an_address_from_outside_is_fine(address: str) -> None:
    assert list(external_ips([address], strict=True)) == []


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "::", "127.1.2.3", "::1", "169.254.1.1", "fe80::1", "224.0.0.7", "ff02::1", "example.com", "1.2.3.04"],
)
def test_an_address_that_never_leaves_the_node_is_refused(address: str) -> None:
    (problem,) = external_ips([address], strict=True)
    assert (problem.rule.id, problem.path) == ("service-external-ip", "spec.externalIPs[0]")


def ranges(spec: dict[str, Any], annotations: dict[str, str] | None = None, balancer: bool = True) -> list[str]:
    problems = list(load_balancer_source_ranges(spec, annotations or {}, balancer, True))
    assert {problem.rule.id for problem in problems} <= {"service-source-ranges"}
    return [problem.path for problem in problems]


def test_a_load_balancer_admits_networks() -> None:
    assert ranges({"loadBalancerSourceRanges": [" 10.0.0.0/8 ", "fd00::/8"]}) == []
    assert ranges({"loadBalancerSourceRanges": ["10.0.0.0/8", ""]}) == ["spec.LoadBalancerSourceRanges[1]"]
    assert ranges({"loadBalancerSourceRanges": ["10.0.0.0/8"]}, balancer=False) == ["spec.LoadBalancerSourceRanges"]


def test_the_annotation_of_old_counts_without_the_field() -> None:
    path = f"metadata.annotations[{ANNOTATION}]"
    assert ranges({}, {ANNOTATION: "10.0.0.0/8, 192.168.0.0/16"}) == []
    assert ranges({}, {ANNOTATION: " "}) == []
    assert ranges({}, {ANNOTATION: "10.0.0.0/8,x"}) == [path]
    assert ranges({}, {ANNOTATION: "10.0.0.0/8"}, balancer=False) == [path]
    assert ranges({"loadBalancerSourceRanges": ["10.0.0.0/8"]}, {ANNOTATION: "x"}) == []
