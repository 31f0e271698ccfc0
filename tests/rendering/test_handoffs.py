"""What a stage hands over: volumes and mounts are wired, and who reads starts later."""

from __future__ import annotations

from typing import Any, cast

import pytest

from initconstructs import (
    Claim,
    ClaimSpec,
    ClaimTemplate,
    Container,
    DeploymentSpec,
    Directory,
    EmptyDir,
    EnvironmentFile,
    ModelError,
    Settings,
    Sidecar,
    Stage,
    StatefulSetSpec,
    Volume,
    completed,
    render,
)
from initconstructs.model.environment import FileKey

APP = Container("app", image="shop:1")
VAULT = Stage("vault", image="vault:1", produces=[Directory("/out", memory=True, size_limit="1Mi")])
TOKENS = Stage("tokens", image="vault:1", produces=[EnvironmentFile("/env/app.env")])
TOKEN = TOKENS.environment.key("TOKEN")


def pod_of(*, kubernetes: str | None = None, **keywords: Any) -> dict[str, Any]:
    given = {"containers": [APP]} | keywords
    manifest = render(DeploymentSpec("shop", **given), settings=Settings(kubernetes=kubernetes))[0]
    return cast("dict[str, Any]", cast(Any, manifest)["spec"]["template"]["spec"])


def reading(stage: Stage, **keywords: Any) -> Container:
    return Container("app", image="shop:1", mounts=[stage.output.at("/secrets", **keywords)])


def test_a_directory_becomes_a_volume_that_only_its_maker_writes() -> None:
    pod = pod_of(stages=[VAULT], containers=[reading(VAULT)])
    assert pod["volumes"] == [{"name": "vault", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}]
    assert pod["initContainers"][0]["volumeMounts"] == [{"name": "vault", "mountPath": "/out"}]
    assert pod["containers"][0]["volumeMounts"] == [{"name": "vault", "mountPath": "/secrets", "readOnly": True}]


def test_a_reader_may_ask_to_write_or_for_a_part() -> None:
    pod = pod_of(stages=[VAULT], containers=[reading(VAULT, read_only=False, sub_path="db")])
    assert pod["containers"][0]["volumeMounts"] == [{"name": "vault", "mountPath": "/secrets", "subPath": "db"}]


def test_a_directory_may_lie_in_a_volume_of_the_authors_own() -> None:
    stage = Stage("seed", image="a:1", produces=[Directory("/data", volume=Volume("data", Claim("shop")))])
    app = Container("app", image="shop:1", mounts=[stage.output.at("/data"), Volume("data", Claim("shop")).at("/raw")])
    pod = pod_of(stages=[stage], containers=[app])
    assert pod["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "shop"}}]


def test_a_directory_may_lie_in_a_claim_of_each_replica() -> None:
    data = ClaimTemplate("data", ClaimSpec(size="1Gi"))
    stage = Stage("seed", image="a:1", produces=[Directory("/data", volume=data)])
    [manifest] = render(StatefulSetSpec("shop", containers=[reading(stage)], stages=[stage]))
    spec = cast("dict[str, Any]", manifest)["spec"]
    assert spec["volumeClaimTemplates"][0]["metadata"] == {"name": "data"}
    assert "volumes" not in spec["template"]["spec"]


def test_several_outputs_are_told_apart_by_name() -> None:
    stage = Stage("vault", image="a:1", produces=[Directory("/a", name="keys"), Directory("/b", name="certs")])
    app = Container("app", image="shop:1", mounts=[stage.outputs["certs"].at("/certs")])
    pod = pod_of(stages=[stage], containers=[app])
    assert [each["name"] for each in pod["volumes"]] == ["vault-keys", "vault-certs"]
    with pytest.raises(ModelError, match="needs exactly one Directory in produces, and there is: keys, certs"):
        _ = stage.output


def test_a_stage_that_makes_nothing_has_no_output() -> None:
    stage = Stage("wait", image="a:1")
    with pytest.raises(ModelError, match="there is: none"):
        _ = stage.output
    with pytest.raises(ModelError, match="needs exactly one EnvironmentFile"):
        _ = stage.environment


def test_a_sidecar_hands_over_too() -> None:
    proxy = Sidecar("proxy", image="a:1", produces=[Directory("/run/proxy")])
    app = Container("app", image="shop:1", mounts=[proxy.output.at("/run/proxy")])
    assert pod_of(stages=[proxy], containers=[app])["volumes"] == [{"name": "proxy", "emptyDir": {}}]


def test_an_environment_file_becomes_a_file_key_reference() -> None:
    app = Container("app", image="shop:1", env={"TOKEN": TOKEN, "X": TOKENS.environment.key("X", optional=True)})
    pod = pod_of(stages=[TOKENS], containers=[app])
    assert pod["volumes"] == [{"name": "tokens", "emptyDir": {"medium": "Memory"}}]
    assert pod["initContainers"][0]["volumeMounts"] == [{"name": "tokens", "mountPath": "/env"}]
    file = {"volumeName": "tokens", "path": "app.env"}
    assert pod["containers"][0]["env"] == [
        {"name": "TOKEN", "valueFrom": {"fileKeyRef": {**file, "key": "TOKEN"}}},
        {"name": "X", "valueFrom": {"fileKeyRef": {**file, "key": "X", "optional": True}}},
    ]
    assert "volumeMounts" not in pod["containers"][0]


def test_a_file_key_needs_a_kubernetes_that_has_it() -> None:
    app = Container("app", image="shop:1", env={"TOKEN": TOKEN})
    with pytest.raises(ModelError, match=r'key "TOKEN" of "tokens" needs fileKeyRef.*1\.35; the target is 1\.34'):
        pod_of(stages=[TOKENS], containers=[app], kubernetes="1.34")
    assert pod_of(stages=[TOKENS], containers=[app], kubernetes="1.35")


def test_a_file_key_comes_from_an_environment_file() -> None:
    app = Container("app", image="shop:1", env={"TOKEN": FileKey(stage="vault", output="output", key="TOKEN")})
    with pytest.raises(ModelError, match="no environment file that this stage produces"):
        pod_of(stages=[VAULT], containers=[app])


@pytest.mark.parametrize(
    ("reader", "what"),
    [
        ({"mounts": [VAULT.output.at("/secrets")]}, 'output "output" of "vault"'),
        ({"env": {"TOKEN": FileKey(stage="vault", output="output", key="T")}}, 'key "T" of "vault"'),
    ],
    ids=["directory", "environment file"],
)
def test_a_reader_that_starts_too_early_is_an_error(reader: dict[str, Any], what: str) -> None:
    early = Stage("early", image="a:1", **reader)
    with pytest.raises(ModelError, match=f'^Stage "early" takes {what} but starts before it.*after=.completed'):
        pod_of(stages=[early, VAULT])


def test_an_edge_moves_the_reader_behind() -> None:
    early = Stage("early", image="a:1", mounts=[VAULT.output.at("/in")], after=[completed("vault")])
    assert [each["name"] for each in pod_of(stages=[early, VAULT])["initContainers"]] == ["vault", "early"]


def test_a_sidecar_that_hands_over_too_late_is_an_error() -> None:
    proxy = Sidecar("proxy", image="a:1", produces=[Directory("/run/proxy")])
    early = Stage("early", image="a:1", mounts=[proxy.output.at("/in")])
    with pytest.raises(ModelError, match=r'say after=\[started\("proxy"\)\]'):
        pod_of(stages=[early, proxy])


def test_the_stage_that_hands_over_must_be_there() -> None:
    with pytest.raises(ModelError, match=r'of "vault", which is no stage of this workload; add the stage'):
        pod_of(containers=[reading(VAULT)])


def test_the_stage_that_hands_over_must_be_the_same() -> None:
    other = Stage("vault", image="vault:1", produces=[Directory("/out")])
    with pytest.raises(ModelError, match='of another stage that is called "vault" too'):
        pod_of(stages=[other], containers=[reading(VAULT)])


@pytest.mark.parametrize(
    ("stages", "mounted"),
    [
        ([Stage("data", image="a:1", produces=[Directory("/out")])], Volume("data")),
        (
            [
                Stage("vault-keys", image="a:1", produces=[Directory("/out")]),
                Stage("vault", image="a:1", produces=[Directory("/out", name="keys")]),
            ],
            Volume("other"),
        ),
        ([], Volume("other", EmptyDir(medium="Memory"))),
    ],
    ids=["volume of that name", "two stages", "two sources"],
)
def test_one_volume_never_stands_for_two_things(stages: list[Stage], mounted: Volume) -> None:
    app = Container("app", image="shop:1", mounts=[mounted.at("/data")])
    with pytest.raises(ModelError, match=r'^"shop": volume ".*" stands for two things'):
        pod_of(stages=stages, containers=[app], volumes=[] if stages else [Volume("other")])


def test_a_claim_template_and_a_volume_need_two_names() -> None:
    mounts = [ClaimTemplate("data", ClaimSpec(size=1)).at("/a"), Volume("data").at("/b")]
    app = Container("app", image="shop:1", mounts=mounts)
    with pytest.raises(ModelError, match='volume "data" stands for two things'):
        render(StatefulSetSpec("shop", containers=[app]))


def test_only_a_stateful_set_has_claim_templates() -> None:
    app = Container("app", image="shop:1", mounts=[ClaimTemplate("data", ClaimSpec(size=1)).at("/data")])
    with pytest.raises(ModelError, match="which only a StatefulSet has; mount Volume"):
        pod_of(containers=[app])
