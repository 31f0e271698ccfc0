"""Pod Security is decided as the admission plug-in decides it, in its own words."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from initconstructs.rules import pod_security

RECORDED = Path(__file__).parents[1] / "data" / "psa" / "verdicts.jsonl.gz"  # of a kube-apiserver 1.36.2


def denial(
    spec: dict[str, Any], level: str, *, kubernetes: str = "1.36", metadata: dict[str, Any] | None = None
) -> str:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata or {"name": "web"}, "spec": spec}
    return pod_security.denial(pod_security.check(pod, level=level, kubernetes=kubernetes))


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_every_recorded_verdict_is_repeated_word_for_word(level: str) -> None:
    rows = [json.loads(line) for line in gzip.decompress(RECORDED.read_bytes()).splitlines()]
    differing = {
        row["id"]: pod_security.denial(found)
        for row in rows
        if pod_security.denial(found := pod_security.check(row["manifest"], level=level)) != row["denials"][level]
    }
    assert len(rows) > 700
    assert differing == {}


RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
APP = {"name": "app", "image": "a:1", "securityContext": RESTRICTED}
INIT = {"name": "init", "image": "a:1"}


def test_a_restricted_pod_passes() -> None:
    assert denial({"containers": [APP]}, "restricted") == ""


def test_an_init_container_gets_no_exception_and_comes_first() -> None:
    text = denial({"containers": [{"name": "app", "image": "a:1"}], "initContainers": [INIT]}, "restricted")
    assert text.startswith('allowPrivilegeEscalation != false (containers "init", "app" must set')


def test_nothing_is_asked_of_a_privileged_namespace() -> None:
    assert denial({"hostPID": True, "containers": [INIT]}, "privileged") == ""


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="baseline"):
        denial({"containers": [INIT]}, "strict")


# By rule: what fails it at which level, and the text; without its key fields the pod passes.
FAILING: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "apparmor-unconfined": (
        "baseline",
        {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
        {},
        'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ),
    "added-capability": (
        "baseline",
        {},
        {"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}},
        'non-default capabilities (container "app" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ),
    "shared-host-namespace": (
        "baseline",
        {"hostPID": True, "hostIPC": True},
        {},
        "host namespaces (hostPID=true, hostIPC=true)",
    ),
    "host-path-volume": (
        "baseline",
        {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
        {},
        'hostPath volumes (volume "v")',
    ),
    "node-port-taken": (
        "baseline",
        {"initContainers": [{"name": "i", "ports": [{"containerPort": 1, "hostPort": 80}]}]},
        {},
        'hostPort (container "i" uses hostPort 80)',
    ),
    "foreign-probe-host": (
        "baseline",
        {
            "initContainers": [
                {"name": "z", "livenessProbe": {"httpGet": {"host": "b"}}},
                {"name": "i", "lifecycle": {"preStop": {"tcpSocket": {"host": "a"}}}},
            ]
        },
        {},
        'probe or lifecycle host (containers "i", "z" use probe or lifecycle hosts "a", "b")',
    ),
    "privileged-container": (
        "baseline",
        {},
        {"privileged": True},
        'privileged (container "app" must not set securityContext.privileged=true)',
    ),
    "unmasked-proc": (
        "baseline",
        {},
        {"procMount": "Unmasked"},
        'procMount (container "app" must not set securityContext.procMount to "Unmasked")',
    ),
    "selinux-type": (
        "baseline",
        {},
        {"seLinuxOptions": {"type": "spc_t", "user": "u"}},
        'seLinuxOptions (container "app" set forbidden securityContext.seLinuxOptions: '
        'type "spc_t"; user may not be set)',
    ),
    "seccomp-unconfined": (
        "baseline",
        {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
        {"seccompProfile": {"type": "Unconfined"}},
        'seccompProfile (pod and container "app" must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
    "unsafe-sysctl": (
        "baseline",
        {"securityContext": {"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}},
        {},
        "forbidden sysctls (kernel.msgmax)",
    ),
    "windows-host-process": (
        "baseline",
        {"securityContext": {"windowsOptions": {"hostProcess": True}}},
        {},
        "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
    ),
    "escalation-allowed": (
        "restricted",
        {},
        {**RESTRICTED, "allowPrivilegeEscalation": True},
        'allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false)',
    ),
    "undropped-capabilities": (
        "restricted",
        {},
        {**RESTRICTED, "capabilities": {"add": ["CHOWN"]}},
        'unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"]; '
        'container "app" must not include "CHOWN" in securityContext.capabilities.add)',
    ),
    "unmasked-proc-restricted": (
        "restricted",
        {"hostUsers": False},
        {**RESTRICTED, "procMount": "Unmasked"},
        'procMount (container "app" must not set securityContext.procMount to "Unmasked")',
    ),
    "restricted-volume": (
        "restricted",
        {"volumes": [{"name": "n", "nfs": {}}, {"name": "e"}, {"name": "h", "hostPath": {}}]},
        RESTRICTED,
        'restricted volume types (volumes "n", "h" use restricted volume types "hostPath", "nfs")',
    ),
    "may-run-as-root": (
        "restricted",
        {"securityContext": {"runAsNonRoot": True}},
        {**RESTRICTED, "runAsNonRoot": False},
        'runAsNonRoot != true (container "app" must not set securityContext.runAsNonRoot=false)',
    ),
    "run-as-user-zero": (
        "restricted",
        {"securityContext": {"runAsUser": 0}},
        RESTRICTED,
        "runAsUser=0 (pod must not set runAsUser=0)",
    ),
    "missing-seccomp-profile": (
        "restricted",
        {},
        {field: value for field, value in RESTRICTED.items() if field != "seccompProfile"},
        'seccompProfile (pod or container "app" must set securityContext.seccompProfile.type to '
        '"RuntimeDefault" or "Localhost")',
    ),
}


@pytest.mark.parametrize("rule", FAILING)
def test_a_check_fails_by_its_own_field_alone(rule: str) -> None:
    level, spec, context, text = FAILING[rule]
    pod = {**spec, "containers": [{**APP, "securityContext": context}]}
    found = pod_security.check({"apiVersion": "v1", "kind": "Pod", "spec": pod}, level=level)
    assert [(problem.rule.id, problem.message) for problem in found] == [(rule, text)]


def test_every_rule_has_an_example() -> None:
    assert list(FAILING) == [rule.id for rule in pod_security.RULES]


@pytest.mark.parametrize(
    ("rule", "passes_in", "fails_in"),
    [
        ("foreign-probe-host", "1.33", "1.34"),
        ("unmasked-proc-restricted", None, "1.35"),
    ],
)
def test_a_check_holds_from_its_minor_on(rule: str, passes_in: str | None, fails_in: str) -> None:
    level, spec, context, _ = FAILING[rule]
    pod = {**spec, "containers": [{**APP, "securityContext": context}]}
    if passes_in:
        assert denial(pod, level, kubernetes=passes_in) == ""
    assert denial(pod, level, kubernetes=fails_in) != ""


@pytest.mark.parametrize(("kubernetes", "waived"), [("1.34", False), ("1.35", True)])
def test_a_user_namespace_waives_root_from_1_35_on(kubernetes: str, waived: bool) -> None:
    context = {**RESTRICTED, "runAsNonRoot": False, "runAsUser": 0}
    pod = {"hostUsers": False, "containers": [{**APP, "securityContext": context}]}
    assert (denial(pod, "restricted", kubernetes=kubernetes) == "") == waived


@pytest.mark.parametrize(("kubernetes", "allowed"), [("1.32", False), ("1.33", True)])
def test_image_volumes_are_allowed_from_1_33_on(kubernetes: str, allowed: bool) -> None:
    pod = {"volumes": [{"name": "v", "image": {"reference": "a:1"}}], "containers": [APP]}
    assert (denial(pod, "restricted", kubernetes=kubernetes) == "") == allowed


def test_host_network_makes_every_port_of_a_pod_a_host_port_but_not_of_a_template() -> None:
    spec = {"hostNetwork": True, "containers": [{"name": "app", "ports": [{"containerPort": 80}]}]}
    template = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": spec}}}
    assert "hostPort (" in denial(spec, "baseline")
    assert pod_security.denial(pod_security.check(template, level="baseline")) == "host namespaces (hostNetwork=true)"


def test_windows_is_not_asked_for_what_only_linux_has() -> None:
    pod = {"os": {"name": "windows"}, "containers": [{"name": "app", "securityContext": {"runAsNonRoot": True}}]}
    assert denial(pod, "restricted") == ""


def test_an_old_apparmor_annotation_counts() -> None:
    annotations = {"container.apparmor.security.beta.kubernetes.io/app": "unconfined"}
    text = denial({"containers": [APP]}, "baseline", metadata={"name": "web", "annotations": annotations})
    assert text.startswith("forbidden AppArmor profile (annotation must not set AppArmor profile type to")
