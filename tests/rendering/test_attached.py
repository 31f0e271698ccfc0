"""`attached` on a plain manifest: the pure door's way to put stages onto a workload made elsewhere."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, cast

import pytest

from initconstructs import (
    ClaimSpec,
    ClaimTemplate,
    Container,
    DeploymentSpec,
    Directory,
    ModelError,
    Stage,
    StatefulSetSpec,
    attached,
    render,
)

Manifest = dict[str, Any]

WAIT = Stage("wait", image="busybox:1.36")
DATA = ClaimTemplate("data", ClaimSpec(size="1Gi"))
POD: Manifest = {"containers": [{"name": "app", "image": "shop:1"}]}


def theirs(kind: str, pod: Manifest = POD, **spec: Any) -> Manifest:
    template = {"spec": deepcopy(pod)}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "shop"}, "spec": {"template": template} | spec}


def pod_of(manifest: object) -> Manifest:
    return cast(Manifest, cast(Any, manifest)["spec"]["template"]["spec"])


def test_what_was_given_is_not_changed() -> None:
    given = theirs("Deployment")
    [found] = attached(given, [WAIT])
    assert given == theirs("Deployment")
    assert [each["name"] for each in pod_of(found)["initContainers"]] == ["wait"]


@pytest.mark.parametrize("field", ["initContainers", "containers", "volumes"])
@pytest.mark.parametrize("nameless", [{"image": "a:1"}, {"name": None}, "app"])
def test_what_has_no_name_is_told_by_its_place(field: str, nameless: object) -> None:
    pod = POD | {field: [*POD.get(field, []), nameless]}
    with pytest.raises(ModelError, match=rf"attach: Deployment.spec.template.spec.{field}\[\d\] has no name"):
        attached(theirs("Deployment", pod), [WAIT])


def test_attaching_gives_what_rendering_gives_in_one_piece() -> None:
    app = Container("app", image="shop:1")
    together = render(DeploymentSpec("shop", containers=[app], stages=[WAIT, Stage("load", image="a:1")]))
    [bare] = render(DeploymentSpec("shop", containers=[app], stages=[Stage("load", image="a:1")]))
    assert attached(bare, [WAIT]) == together


@pytest.mark.parametrize("kind", ["ReplicaSet", "StatefulSet", "DaemonSet", "Deployment"])
def test_every_kind_with_a_pod_takes_stages(kind: str) -> None:
    assert "initContainers" in pod_of(attached(theirs(kind), [WAIT])[0])


def test_a_directory_in_a_claim_of_each_replica_adds_the_claim() -> None:
    seed = Stage("seed", image="a:1", produces=[Directory("/data", volume=DATA)])
    [found] = attached(theirs("StatefulSet"), [seed], mounts={"app": [seed.output.at("/data")]})
    [claim] = cast(Any, found)["spec"]["volumeClaimTemplates"]
    assert (claim["metadata"]["name"], claim["spec"]["resources"]["requests"]["storage"]) == ("data", "1Gi")
    assert "volumes" not in pod_of(found)


def test_a_claim_that_is_there_is_mounted_as_it_is() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "9Gi"}}}}
    stage = Stage("seed", image="a:1", mounts=[DATA.at("/data")])
    [found] = attached(theirs("StatefulSet", volumeClaimTemplates=[claim]), [stage])
    assert cast(Any, found)["spec"]["volumeClaimTemplates"] == [claim]


def test_only_a_stateful_set_takes_claims() -> None:
    with pytest.raises(ModelError, match="which only a StatefulSet has"):
        attached(theirs("Deployment"), [Stage("seed", image="a:1", mounts=[DATA.at("/data")])])


def test_a_claim_template_never_stands_for_two_things() -> None:
    app = Container("app", image="shop:1", mounts=[DATA.at("/data")])
    other = ClaimTemplate("data", ClaimSpec(size="2Gi"))
    with pytest.raises(ModelError, match='volume "data" stands for two things'):
        render(StatefulSetSpec("shop", containers=[app], volume_claim_templates=[other]))
    with pytest.raises(ModelError, match='volume "data" stands for two things'):
        render(StatefulSetSpec("shop", containers=[app], stages=[Stage("a", image="a:1", mounts=[other.at("/a")])]))


@pytest.mark.parametrize(
    ("context", "filled"),
    [
        ({"runAsNonRoot": True}, {"seccompProfile"}),
        ({"seccompProfile": {"type": "RuntimeDefault"}}, {"runAsNonRoot"}),
        ({"runAsNonRoot": True, "seccompProfile": {"type": "Unconfined"}}, {"seccompProfile"}),
    ],
    ids=["non root", "seccomp", "unconfined"],
)
def test_a_stage_is_filled_in_by_what_the_pod_does_not_say(context: Manifest, filled: set[str]) -> None:
    pod = pod_of(attached(theirs("Deployment", POD | {"securityContext": context}), [WAIT])[0])
    own = pod["initContainers"][0]["securityContext"].keys()
    assert own - {"allowPrivilegeEscalation", "capabilities"} == filled
    assert pod["securityContext"] == context


def test_a_windows_pod_gets_no_linux_fields() -> None:
    pod = pod_of(attached(theirs("Deployment", POD | {"os": {"name": "windows"}}), [WAIT])[0])
    assert pod["initContainers"][0]["securityContext"] == {"runAsNonRoot": True}
