"""A service mesh: its native proxy is asked for, and behind a classic one a stage that needs the network is refused."""

from __future__ import annotations

from typing import Any, cast

import pytest

from initconstructs import (
    Container,
    CronJobSpec,
    DeploymentSpec,
    ModelError,
    PodSecurityContext,
    PodSpec,
    SecurityContext,
    Settings,
    Stage,
    attached,
    render,
)
from initconstructs.manifests.pod_template import pod_template
from initconstructs.model.workload import WorkloadSpec

Manifest = dict[str, Any]

APP = Container("app", image="shop:1")
LOCAL = Stage("render", image="shop:1")
REMOTE = Stage("wait", image="shop:1", network=True)
ISTIO, LINKERD = "sidecar.istio.io/nativeSidecar", "config.beta.linkerd.io/proxy-enable-native-sidecar"
WAYS_PAST = [
    {ISTIO: "true"},
    {"traffic.sidecar.istio.io/excludeOutboundPorts": "5432"},
    {"traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.0.0.0/8"},
    {"sidecar.istio.io/inject": "false"},
]


def annotations(workload: WorkloadSpec, mesh: Any) -> Manifest:
    template = pod_template(render(workload, settings=Settings(mesh=mesh))[0])
    assert template is not None
    return cast(Manifest, template.metadata.get("annotations", {}))


def deployment(**keywords: Any) -> DeploymentSpec:
    given: Manifest = {"containers": [APP], "stages": [LOCAL, REMOTE]} | keywords
    return DeploymentSpec("shop", **given)


@pytest.mark.parametrize(("mesh", "asked"), [("istio-native", {ISTIO: "true"}), ("linkerd-native", {LINKERD: "true"})])
def test_a_native_proxy_is_asked_for_in_every_kind(mesh, asked):
    kinds: list[WorkloadSpec] = [
        deployment(),
        PodSpec("shop", containers=[APP], stages=[REMOTE]),
        CronJobSpec("shop", containers=[APP], stages=[REMOTE], schedule="@daily"),
    ]
    assert [annotations(each, mesh) for each in kinds] == [asked] * 3


@pytest.mark.parametrize(("mesh", "user"), [("istio", 1337), ("linkerd", 2102)])
def test_behind_a_classic_sidecar_a_stage_that_needs_the_network_is_refused_with_the_ways_out(mesh, user):
    with pytest.raises(ModelError) as caught:
        annotations(deployment(), mesh)
    message = str(caught.value)
    assert message.startswith('Stage "wait" needs the network')
    for way in (f'mesh="{mesh}-native"', "pod_annotations", f"run_as_user={user}"):
        assert way in message


def test_stages_that_need_no_network_start_before_a_classic_sidecar():
    assert annotations(deployment(stages=[LOCAL]), "istio") == {}


@pytest.mark.parametrize("said", WAYS_PAST)
def test_the_pod_may_let_the_traffic_pass(said):
    assert annotations(deployment(pod_annotations=said), "istio") == said


def test_the_proxys_own_user_passes():
    past = Stage("wait", image="shop:1", network=True, security=SecurityContext(run_as_user=1337))
    assert annotations(deployment(stages=[past]), "istio") == {}
    assert annotations(deployment(security=PodSecurityContext(run_as_user=1337)), "istio") == {}


def test_a_pod_that_refuses_the_native_proxy_has_a_classic_one():
    with pytest.raises(ModelError, match="needs the network"):
        annotations(deployment(pod_annotations={ISTIO: "false"}), "istio-native")


def test_an_older_annotation_of_the_authors_own_is_kept():
    said = {"config.alpha.linkerd.io/proxy-enable-native-sidecar": "true"}
    assert annotations(deployment(pod_annotations=said), "linkerd-native") == said


@pytest.mark.parametrize("mesh", ["istio", "linkerd-native"])
def test_a_pod_in_its_nodes_network_has_no_proxy(mesh):
    assert annotations(deployment(host_network=True), mesh) == {}


def test_an_inherited_mesh_can_be_left():
    inherited = Settings(mesh="istio")
    render(deployment(), settings=Settings(mesh="none").over(inherited))
    with pytest.raises(ModelError):
        render(deployment(), settings=Settings(profile="baseline").over(inherited))


def test_stages_that_are_attached_are_held_to_the_same():
    manifest = render(deployment(stages=[]))[0]
    found = attached(manifest, [REMOTE], settings=Settings(mesh="istio-native"))[0]
    template = pod_template(found)
    assert template is not None
    assert template.metadata["annotations"] == {ISTIO: "true"}
    with pytest.raises(ModelError, match="needs the network"):
        attached(manifest, [REMOTE], settings=Settings(mesh="istio"))


def test_an_unknown_mesh_is_refused():
    with pytest.raises(ModelError, match='did you mean "istio-native"'):
        Settings(mesh=cast(Any, "istio_native"))
