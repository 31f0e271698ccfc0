"""Profiles: what they fill in, where they say it, and what they refuse."""

from __future__ import annotations

from typing import Any, cast

import pytest

from initconstructs import (
    Capabilities,
    Container,
    DeploymentSpec,
    ModelError,
    PodSecurityContext,
    SeccompProfile,
    SecurityContext,
    Settings,
    Stage,
    render,
)
from initconstructs.model.security import Profile
from initconstructs.rules import Finding, check

Manifest = dict[str, Any]

APP = Container("app", image="shop:1")
WAIT = Stage("wait", image="busybox:1.36")
LOOSE = Stage("chown", image="busybox:1.36", profile="baseline")
DROPPED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
NON_ROOT = {"runAsNonRoot": True}
SECCOMP = {"seccompProfile": {"type": "RuntimeDefault"}}


def pod_of(profile: Profile | None = None, **keywords: Any) -> Manifest:
    given: Manifest = {"containers": [APP], "stages": [WAIT]} | keywords
    manifest = cast(Any, render(DeploymentSpec("shop", **given), settings=Settings(profile=profile))[0])
    return cast(Manifest, manifest["spec"]["template"]["spec"])


def contexts(pod: Manifest) -> list[Manifest | None]:
    """The pod's own, then those of the stages and the app."""
    return [pod.get("securityContext"), *(each.get("securityContext") for each in containers(pod))]


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def test_restricted_is_the_default_and_says_what_all_share_once() -> None:
    assert contexts(pod_of()) == contexts(pod_of("restricted")) == [NON_ROOT | SECCOMP, DROPPED, DROPPED]


@pytest.mark.parametrize("profile", ["baseline", "privileged"])
def test_a_looser_ceiling_leaves_the_app_alone_and_hardens_the_stages(profile: Profile) -> None:
    assert contexts(pod_of(profile)) == [None, DROPPED | NON_ROOT | SECCOMP, None]


def test_none_adds_nothing_and_checks_nothing() -> None:
    root = Stage("root", image="a:1", profile="none", security=SecurityContext(privileged=True))
    assert contexts(pod_of("none", stages=[WAIT, root])) == [None, None, {"privileged": True}, None]


def test_a_restricted_app_below_a_looser_ceiling_is_hardened() -> None:
    app = Container("app", image="shop:1", profile="restricted")
    assert contexts(pod_of("baseline", containers=[app])) == [NON_ROOT | SECCOMP, DROPPED, DROPPED]


def test_a_looser_stage_in_a_hardened_pod_may_still_be_root() -> None:
    app = Container("app", image="shop:1", profile="restricted")
    found = contexts(pod_of("baseline", containers=[app], stages=[WAIT, LOOSE]))
    assert found == [NON_ROOT | SECCOMP, DROPPED, {"runAsNonRoot": False}, DROPPED]


def test_one_looser_app_container_moves_the_rest_to_the_containers() -> None:
    tight = Container("tight", image="shop:1", profile="restricted")
    hardened = DROPPED | NON_ROOT | SECCOMP
    assert contexts(pod_of("baseline", containers=[APP, tight])) == [None, hardened, None, hardened]


def test_what_the_author_says_goes_before_the_profile() -> None:
    own = SecurityContext(
        run_as_user=1000,
        capabilities=Capabilities(add=["NET_BIND_SERVICE"]),
        seccomp_profile=SeccompProfile("Localhost", localhost_profile="shop.json"),
        raw={"procMount": "Default"},
    )
    app = Container("app", image="shop:1", security=own)
    assert contexts(pod_of(containers=[app]))[2] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        "runAsUser": 1000,
        "seccompProfile": {"type": "Localhost", "localhostProfile": "shop.json"},
        "procMount": "Default",
    }


def test_dropped_capabilities_of_the_authors_own_replace_the_profiles() -> None:
    app = Container("app", image="shop:1", security=SecurityContext(capabilities=Capabilities(drop=["ALL", "KILL"])))
    found = contexts(pod_of(containers=[app]))[2]
    assert found == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL", "KILL"]}}


def test_the_pods_own_context_is_merged_over_the_profile() -> None:
    own = PodSecurityContext(run_as_user=1000, fs_group=2000, seccomp_profile=SeccompProfile("RuntimeDefault"))
    assert contexts(pod_of(security=own))[0] == NON_ROOT | SECCOMP | {"runAsUser": 1000, "fsGroup": 2000}


def test_a_pod_without_seccomp_leaves_each_hardened_container_its_own() -> None:
    app = Container("app", image="shop:1", profile="restricted")
    own = PodSecurityContext(seccomp_profile=SeccompProfile("Unconfined"))
    pod = pod_of("privileged", containers=[app], security=own)
    assert contexts(pod) == [
        NON_ROOT | {"seccompProfile": {"type": "Unconfined"}},
        DROPPED | SECCOMP,
        DROPPED | SECCOMP,
    ]


def test_a_windows_pod_gets_no_linux_fields() -> None:
    assert contexts(pod_of(pod_raw={"os": {"name": "windows"}})) == [NON_ROOT, None, None]


@pytest.mark.parametrize("profile", ["baseline", "privileged", "none"])
def test_a_stage_that_needs_more_than_the_ceiling_is_refused(profile: Profile) -> None:
    stage = Stage("sysctl", image="a:1", profile=profile)
    message = rf'^Stage "sysctl"\.profile is "{profile}".*no more than "restricted".*Settings\(profile="{profile}"\)'
    with pytest.raises(ModelError, match=message):
        pod_of(stages=[stage])


@pytest.mark.parametrize(
    ("profile", "security", "way"),
    [
        ("baseline", SecurityContext(run_as_user=0), r"PodSecurityContext\(fs_group="),
        ("baseline", SecurityContext(capabilities=Capabilities(add=["CHOWN"])), r"PodSecurityContext\(fs_group="),
        ("privileged", SecurityContext(privileged=True), r"PodSecurityContext\(sysctls="),
        ("privileged", SecurityContext(capabilities=Capabilities(add=["NET_ADMIN"])), "network plug-in"),
    ],
)
def test_a_looser_stage_that_is_refused_hears_how_to_do_without(
    profile: Profile, security: SecurityContext, way: str
) -> None:
    stage = Stage("stage", image="a:1", profile=profile, security=security)
    with pytest.raises(ModelError, match=rf'no more than "restricted".*{way}.*Settings\(profile="{profile}"\)'):
        pod_of(stages=[stage])


FORBIDDEN: dict[str, tuple[Profile, SecurityContext, str]] = {
    "privileged": ("baseline", SecurityContext(privileged=True), r"privileged=True.*PodSecurityContext\(sysctls="),
    "capability": ("baseline", SecurityContext(capabilities=Capabilities(add=["SYS_ADMIN"])), "capability SYS_ADMIN"),
    "unconfined": ("baseline", SecurityContext(seccomp_profile=SeccompProfile("Unconfined")), "Unconfined"),
    "root": ("restricted", SecurityContext(run_as_user=0), r"run_as_user=0.*PodSecurityContext\(fs_group="),
    "may be root": ("restricted", SecurityContext(run_as_non_root=False), "run_as_non_root=False"),
    "escalation": ("restricted", SecurityContext(allow_privilege_escalation=True), "allow_privilege_escalation=True"),
    "chown": ("restricted", SecurityContext(capabilities=Capabilities(add=["CHOWN"])), r"CHOWN.*fs_group="),
    "kept capabilities": ("restricted", SecurityContext(capabilities=Capabilities(drop=["KILL"])), "not all dropped"),
}


@pytest.mark.parametrize(("profile", "security", "message"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_container_asks_for_no_more_than_its_profile(
    profile: Profile, security: SecurityContext, message: str
) -> None:
    with pytest.raises(ModelError, match=f'asks for .*Pod Security "{profile}" forbids'):
        Stage("stage", image="a:1", profile=profile, security=security)
    with pytest.raises(ModelError, match=message):
        pod_of(profile, containers=[Container("app", image="shop:1", security=security)])
    assert pod_of("none", containers=[Container("app", image="shop:1", security=security)])


@pytest.mark.parametrize(
    ("profile", "security"),
    [
        ("restricted", PodSecurityContext(run_as_user=0)),
        ("restricted", PodSecurityContext(run_as_non_root=False)),
        ("restricted", PodSecurityContext(seccomp_profile=SeccompProfile("Unconfined"))),
        ("baseline", PodSecurityContext(seccomp_profile=SeccompProfile("Unconfined"))),
    ],
    ids=["root", "may be root", "unconfined", "unconfined under baseline"],
)
def test_a_pod_asks_for_no_more_than_its_profile(profile: Profile, security: PodSecurityContext) -> None:
    with pytest.raises(ModelError, match=f'Pod Security "{profile}" forbids'):
        pod_of(profile, security=security)
    assert pod_of("none", security=security)


def test_what_restricted_fills_in_satisfies_pod_security() -> None:
    def findings(profile: Profile) -> list[Finding]:
        manifests = render(DeploymentSpec("shop", containers=[APP], stages=[WAIT]), settings=Settings(profile=profile))
        return check(manifests, profile="restricted", select=["pod-security"])

    assert findings("none")
    assert not findings("restricted")
