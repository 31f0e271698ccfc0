from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.service import check_service
from initconstructs.rules.api_server.target import target

EXTERNAL = {"type": "ExternalName", "externalName": "db.example.com", "ports": []}
AFFINITY_PATH = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"


def found(
    kubernetes: str = "1.36", name: str = "web", annotations: dict[str, str] | None = None, **spec: Any
) -> list[tuple[str, str]]:
    manifest = {"metadata": {"name": name, "annotations": annotations or {}}, "spec": {"ports": [{"port": 80}], **spec}}
    return [(problem.rule.id, problem.path) for problem in check_service(manifest, target(kubernetes))]


def ports(*ports: dict[str, Any]) -> dict[str, Any]:
    return {"ports": [{"port": 80, **port} for port in ports]}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"clusterIP": "None", "ports": []},
        EXTERNAL,
        {"type": "ExternalName", "externalName": "db.example.com."},
        {"type": "NodePort", "externalTrafficPolicy": "Local", "ports": [{"port": 80, "nodePort": 30080}]},
        {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30000},
        {"type": "LoadBalancer", "loadBalancerClass": "example.com/x", "allocateLoadBalancerNodePorts": False},
        {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}},
        {"externalIPs": ["203.0.113.7"], "externalTrafficPolicy": "Local"},
        ports({"name": "dns", "port": 53}, {"name": "dns-udp", "port": 53, "protocol": "UDP"}),
        ports({"targetPort": 0}, {}) | {"ports": [{"port": 80, "targetPort": 0}]},
        ports({"targetPort": "http", "appProtocol": "kubernetes.io/h2c"}),
    ],
)
def test_a_service_that_can_be_reached_is_fine(spec: dict[str, Any]) -> None:
    assert found(**spec) == []


@pytest.mark.parametrize(
    ("spec", "rule", "path"),
    [
        ({"type": "Internal"}, "service-type", "spec.type"),
        ({"ports": []}, "service-ports", "spec.ports"),
        ({"type": "NodePort", "clusterIP": "None"}, "service-headless", "spec.clusterIPs[0]"),
        (EXTERNAL | {"externalName": ""}, "service-external-name", "spec.externalName"),
        (EXTERNAL | {"externalName": "http://db"}, "service-external-name", "spec.externalName"),
        (EXTERNAL | {"clusterIP": "None"}, "service-external-name", "spec.clusterIPs"),
        (EXTERNAL | {"ipFamilies": ["IPv4"]}, "service-external-name", "spec.ipFamilies"),
        (EXTERNAL | {"ipFamilyPolicy": "SingleStack"}, "service-external-name", "spec.ipFamilyPolicy"),
        (ports({"port": 0, "targetPort": 80}), "service-port", "spec.ports[0].port"),
        (ports({"name": "my_http"}), "service-port", "spec.ports[0].name"),
        (ports({"name": "a"}, {"port": 81}), "service-port", "spec.ports[1].name"),
        (ports({"name": "a"}, {"name": "a", "port": 81}), "service-port", "spec.ports[1].name"),
        (ports({"protocol": "tcp"}), "service-port", "spec.ports[0].protocol"),
        (ports({"targetPort": "8080"}), "service-port", "spec.ports[0].targetPort"),
        (ports({"targetPort": 65536}), "service-port", "spec.ports[0].targetPort"),
        (ports({"appProtocol": "ht tp"}), "service-port", "spec.ports[0].appProtocol"),
        (ports({"nodePort": 30080}), "service-node-port", "spec.ports[0].nodePort"),
        (ports({"name": "a"}, {"name": "b"}), "service-port-unique", "spec.ports[1]"),
        ({"selector": {"a b": "x"}}, "labels", "spec.selector"),
        ({"sessionAffinity": "Cookie"}, "service-session-affinity", "spec.sessionAffinity"),
        ({"loadBalancerClass": "x"}, "service-load-balancer", "spec.loadBalancerClass"),
        ({"allocateLoadBalancerNodePorts": True}, "service-load-balancer", "spec.allocateLoadBalancerNodePorts"),
        ({"type": "LoadBalancer", "loadBalancerClass": "a b"}, "service-load-balancer", "spec.loadBalancerClass"),
        ({"externalTrafficPolicy": "Local"}, "service-traffic-policy", "spec.externalTrafficPolicy"),
        ({"type": "NodePort", "externalTrafficPolicy": "Node"}, "service-traffic-policy", "spec.externalTrafficPolicy"),
        ({"healthCheckNodePort": 30000}, "service-traffic-policy", "spec.healthCheckNodePort"),
        (
            {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": -1},
            "service-traffic-policy",
            "spec.healthCheckNodePort",
        ),
        ({"internalTrafficPolicy": ""}, "service-traffic-policy", "spec.internalTrafficPolicy"),
        ({"trafficDistribution": "Nearest"}, "service-traffic-distribution", "spec.trafficDistribution"),
        ({"externalIPs": ["127.0.0.1"]}, "service-external-ip", "spec.externalIPs[0]"),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8"]}, "service-source-ranges", "spec.LoadBalancerSourceRanges"),
    ],
)
def test_a_service_that_can_not_be_reached_is_refused(spec: dict[str, Any], rule: str, path: str) -> None:
    assert found(**spec) == [(rule, path)]


def test_a_port_that_is_listed_twice_would_get_one_node_port() -> None:
    twice = ports({"name": "a"}, {"name": "b"})
    both = [("service-port-unique", "spec.ports[1].nodePort"), ("service-port-unique", "spec.ports[1]")]
    assert found(type="NodePort", **twice) == both
    assert found(type="LoadBalancer", **twice) == both
    assert found(type="LoadBalancer", allocateLoadBalancerNodePorts=False, **twice) == both[1:]


def test_a_node_port_is_listed_once() -> None:
    spec = ports({"name": "a", "nodePort": 30080}, {"name": "b", "nodePort": 30080})
    assert found(type="NodePort", **spec) == [
        ("service-port-unique", "spec.ports[1].nodePort"),
        ("service-port-unique", "spec.ports[1]"),
    ]


@pytest.mark.parametrize("timeout", [0, -1, 86401])
def test_affinity_lasts_a_day_at_most(timeout: int) -> None:
    config = {"clientIP": {"timeoutSeconds": timeout}}
    assert found(sessionAffinity="ClientIP", sessionAffinityConfig=config) == [
        ("service-session-affinity", AFFINITY_PATH)
    ]
    assert found(sessionAffinity="None", sessionAffinityConfig=config) == []


def test_the_name_may_start_with_a_digit_from_1_36() -> None:
    assert found("1.36", name="1web") == []
    assert found("1.35", name="1web") == [("object-name", "metadata.name")]


def test_the_port_of_the_kubelet_is_free_from_1_33() -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 10250}]}
    assert found("1.33", **spec) == []
    assert found("1.32", **spec) == [("service-kubelet-port", "spec.ports[0]")]


def test_zones_and_nodes_are_preferred_from_1_34() -> None:
    assert found("1.34", trafficDistribution="PreferSameZone") == []
    assert found("1.33", trafficDistribution="PreferSameZone") != []


def test_the_topology_annotations_agree() -> None:
    prefix = "service.kubernetes.io/topology-"
    assert found(annotations={f"{prefix}mode": "Auto"}) == []
    assert found(annotations={f"{prefix}mode": "Auto", f"{prefix}aware-hints": "Off"}) == [
        ("service-topology-annotations", f"metadata.annotations[{prefix}mode]")
    ]


def test_the_allocator_speaks_first_and_alone() -> None:
    spec = ports({"name": "a", "nodePort": 30080}, {"name": "b", "port": 81, "nodePort": 30080})
    assert found(name="Web_1", type="NodePort", **spec) == [("service-node-port-taken", "spec.ports[1].nodePort")]
    assert found(name="Web_1", clusterIP="10.96.300.1") == [("service-cluster-ip", "spec.clusterIPs[0]")]


def test_what_is_missing_is_no_reason_to_crash() -> None:
    paths = [problem.path for problem in check_service({}, target("1.36"))]
    assert paths == ["metadata.name", "spec.ports"]
