"""Stages on workloads made elsewhere: all that was there is still there."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import cdk8s
import cdk8s_plus_36 as plus
import pytest
import yaml
from cdk8s import ApiObject, Chart, Include, JsonPatch
from constructs import Construct

from initconstructs import (
    Container,
    Directory,
    EnvironmentFile,
    ImagePolicy,
    ModelError,
    PolicyRule,
    Probe,
    Settings,
    Sidecar,
    Stage,
    TcpSocket,
    Volume,
    completed,
)
from initconstructs.manifests.pod_template import pod_template
from initconstructs.workloads import Deployment, attach, configure

Manifest = dict[str, Any]

WAIT = Stage("wait", image="busybox:1.36", command=["true"])
VAULT = Stage("vault", image="vault:1", produces=[Directory("/out", memory=True)])
TOKENS = Stage("tokens", image="vault:1", produces=[EnvironmentFile("/env/app.env")])
ASKS = Stage("ask", image="kubectl:1", permissions=[PolicyRule(verbs=["get"], resources=["pods"])])
POD: Manifest = {
    "initContainers": [{"name": "theirs", "image": "a:1", "resources": {"limits": {"cpu": "1.5"}}}],
    "containers": [
        {
            "name": "app",
            "image": "shop:1",
            "ports": [{"containerPort": 80, "hostPort": 8080}],
            "env": [{"name": "MODE", "value": "fast"}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }
    ],
    "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}],
    "imagePullSecrets": [{"name": "hub"}],
}


@pytest.fixture
def chart() -> Chart:
    return Chart(cdk8s.Testing.app(), "shop", namespace="shop")


def deployment(scope: Construct, pod: Manifest | None = None) -> ApiObject:
    found = ApiObject(scope, "theirs", api_version="apps/v1", kind="Deployment")
    found.add_json_patch(JsonPatch.add("/spec", {"template": {"spec": deepcopy(pod or POD)}}))
    return found


def synthesized(chart: Chart) -> list[Manifest]:
    return cast("list[Manifest]", cdk8s.Testing.synth(chart))


def workload(chart: Chart) -> Manifest:
    return next(each for each in synthesized(chart) if pod_template(each))


def pod_of(manifest: Manifest) -> Manifest:
    template = pod_template(manifest)
    assert template is not None
    return cast(Manifest, template.spec)


def names(owner: Manifest, key: str = "initContainers") -> list[str]:
    return [each["name"] for each in owner[key]]


def contains(found: object, wanted: object) -> bool:
    """Whether everything of `wanted` is in `found`; lists may have grown, but in their order."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(key in found and contains(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        ahead = iter(cast("list[object]", found))
        return all(any(contains(each, item) for each in ahead) for item in wanted)
    return type(found) is type(wanted) and found == wanted


def with_app_settings(made: Any) -> Any:
    made.add_container(
        image="shop:1",
        name="app",
        port_number=8000,
        resources=plus.ContainerResources(
            cpu=plus.CpuResources(request=plus.Cpu.millis(100), limit=plus.Cpu.units(2)),
            memory=plus.MemoryResources(request=cdk8s.Size.mebibytes(64), limit=cdk8s.Size.gibibytes(1)),
        ),
        liveness=plus.Probe.from_http_get("/ok", port=8000),
        env_variables={"MODE": plus.EnvValue.from_value("fast")},
        volume_mounts=[plus.VolumeMount(path="/data", volume=plus.Volume.from_empty_dir(made, "data-volume", "data"))],
    )
    made.add_init_container(image="a:1", name="theirs", command=["true"])
    return made


PLUS: dict[str, Callable[[Construct], Any]] = {
    "Deployment": lambda scope: plus.Deployment(scope, "theirs", replicas=3),
    "StatefulSet": lambda scope: plus.StatefulSet(
        scope,
        "theirs",
        service=plus.Service(scope, "service", ports=[plus.ServicePort(port=80)]),
    ),
    "DaemonSet": lambda scope: plus.DaemonSet(scope, "theirs"),
    "Job": lambda scope: plus.Job(scope, "theirs", backoff_limit=2),
    "CronJob": lambda scope: plus.CronJob(scope, "theirs", schedule=cdk8s.Cron.daily()),
    "Pod": lambda scope: plus.Pod(scope, "theirs"),
}


@pytest.mark.parametrize("make", PLUS.values(), ids=PLUS)
def test_a_cdk8s_plus_workload_keeps_all_that_is_there(make: Callable[[Construct], Any], chart: Chart) -> None:
    made = with_app_settings(make(chart))
    before = synthesized(chart)
    app = made.containers[0].name
    attach(
        made,
        [WAIT, VAULT, TOKENS],
        mounts={app: [VAULT.output.at("/secrets")]},
        env={app: {"TOKEN": TOKENS.environment.key("TOKEN")}},
    )
    after = synthesized(chart)
    assert contains(after, before)
    pod = pod_of(next(each for each in after if pod_template(each)))
    assert names(pod) == ["wait", "vault", "tokens", "theirs"]
    assert {"name": "vault", "mountPath": "/secrets", "readOnly": True} in pod["containers"][0]["volumeMounts"]
    file = {"volumeName": "tokens", "path": "app.env", "key": "TOKEN"}
    assert {"name": "TOKEN", "valueFrom": {"fileKeyRef": file}} in pod["containers"][0]["env"]


def test_a_cdk8s_plus_workload_that_changes_afterwards_is_found_at_synth(tmp_path: Path) -> None:
    app = cdk8s.App(outdir=str(tmp_path))
    made = with_app_settings(plus.Deployment(Chart(app, "shop"), "theirs"))
    attach(made, [WAIT])
    made.add_container(image="late:1", name="late")
    with pytest.raises(RuntimeError, match=r"changed after attach\(\): call attach\(\) when it is complete"):
        app.synth()
    assert list(tmp_path.iterdir()) == []


def test_a_service_of_cdk8s_plus_still_finds_its_pods(chart: Chart) -> None:
    made = with_app_settings(plus.Deployment(chart, "theirs"))
    made.expose_via_service(ports=[plus.ServicePort(port=80, target_port=8000)])
    attach(made, [WAIT])
    found = {each["kind"]: each for each in synthesized(chart)}
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Service"]["spec"]["selector"].items() <= labels.items()


def test_dependencies_of_a_cdk8s_plus_workload_stay(chart: Chart) -> None:
    made = with_app_settings(plus.Deployment(chart, "theirs"))
    made.node.add_dependency(ApiObject(chart, "first", api_version="v1", kind="Secret"))
    attach(made, [WAIT])
    assert [each["kind"] for each in synthesized(chart)] == ["Secret", "Deployment"]


def test_an_api_object_keeps_all_that_is_there(chart: Chart) -> None:
    made = deployment(chart)
    before = workload(chart)
    attach(made, [WAIT, VAULT], mounts={"app": [VAULT.output.at("/secrets")]}, env={"app": {"LEVEL": "info"}})
    after = workload(chart)
    assert contains(after, before)
    pod = pod_of(after)
    assert names(pod) == ["wait", "vault", "theirs"]
    assert pod["initContainers"][2] == POD["initContainers"][0]
    assert pod["volumes"] == [*POD["volumes"], {"name": "vault", "emptyDir": {"medium": "Memory"}}]
    assert pod["containers"][0] == POD["containers"][0] | {
        "env": [{"name": "MODE", "value": "fast"}, {"name": "LEVEL", "value": "info"}],
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "vault", "mountPath": "/secrets", "readOnly": True},
        ],
    }


def test_included_yaml_keeps_all_that_is_there(chart: Chart, tmp_path: Path) -> None:
    file = tmp_path / "theirs.yaml"
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}}
    theirs = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "shop"}}
    theirs["spec"] = {"jobTemplate": {"spec": {"template": {"spec": POD}}}}
    file.write_text(yaml.safe_dump_all([service, theirs]))
    included = Include(chart, "theirs", url=str(file))
    before = synthesized(chart)
    attach(included, [WAIT])
    assert contains(synthesized(chart), before)
    assert names(pod_of(workload(chart))) == ["wait", "theirs"]


def test_one_of_our_own_workloads_takes_stages_too(chart: Chart) -> None:
    made = Deployment(chart, "ours", stages=[VAULT], containers=[Container("app", image="shop:1")])
    attach(made, [WAIT])
    assert names(pod_of(workload(chart))) == ["wait", "vault"]


def test_stages_are_attached_twice(chart: Chart) -> None:
    made = with_app_settings(plus.Deployment(chart, "theirs"))
    attach(made, [WAIT])
    attach(made, [VAULT], mounts={"app": [VAULT.output.at("/secrets")]})
    assert names(pod_of(workload(chart))) == ["vault", "wait", "theirs"]


def test_an_edge_puts_a_stage_behind_theirs(chart: Chart) -> None:
    attach(deployment(chart), [Stage("last", image="a:1", after=[completed("theirs")]), WAIT])
    assert names(pod_of(workload(chart))) == ["wait", "theirs", "last"]


def test_a_native_sidecar_that_is_there_gates(chart: Chart) -> None:
    proxy: Manifest = {"name": "proxy", "image": "a:1", "restartPolicy": "Always", "startupProbe": {"exec": {}}}
    made = deployment(chart, POD | {"initContainers": [proxy]})
    theirs = Sidecar("proxy", image="a:1", startup_probe=Probe(TcpSocket(1)))
    attach(made, [Stage("last", image="a:1", after=[theirs.healthy])])
    assert names(pod_of(workload(chart))) == ["proxy", "last"]


def test_what_the_stages_bring_comes_out_beside_it(chart: Chart) -> None:
    attach(deployment(chart), [ASKS])
    assert [each["kind"] for each in synthesized(chart)] == ["Deployment", "ServiceAccount", "Role", "RoleBinding"]
    pod = pod_of(workload(chart))
    assert pod["automountServiceAccountToken"] is False
    assert "kube-api-access" in names(pod, "volumes")


def test_their_service_account_and_its_token_stay(chart: Chart) -> None:
    attach(deployment(chart, POD | {"serviceAccountName": "theirs"}), [ASKS])
    found = {each["kind"]: each for each in synthesized(chart)}
    pod = pod_of(found["Deployment"])
    assert (pod["serviceAccountName"], "automountServiceAccountToken" in pod) == ("theirs", False)
    assert found["RoleBinding"]["subjects"] == [{"kind": "ServiceAccount", "name": "theirs", "namespace": "shop"}]


def test_settings_are_inherited(chart: Chart) -> None:
    configure(chart, Settings(images=ImagePolicy(mirrors={"docker.io/": "mirror/"}, pull_secrets=["hub", "mirror"])))
    attach(deployment(chart), [WAIT])
    pod = pod_of(workload(chart))
    assert pod["initContainers"][0]["image"] == "mirror/library/busybox:1.36"
    assert pod["imagePullSecrets"] == [{"name": "hub"}, {"name": "mirror"}]


def test_stages_are_hardened_and_the_app_is_left_alone(chart: Chart) -> None:
    attach(deployment(chart), [WAIT])
    pod = pod_of(workload(chart))
    assert "securityContext" not in pod
    assert "securityContext" not in pod["containers"][0]
    assert pod["initContainers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_a_stage_without_a_part_in_the_whole_is_refused(chart: Chart) -> None:
    service = ApiObject(chart, "service", api_version="v1", kind="Service")
    with pytest.raises(ModelError, match="Service has no pod that stages could start in"):
        attach(service, [WAIT])


def test_a_construct_with_two_workloads_is_refused(chart: Chart) -> None:
    deployment(chart)
    Deployment(chart, "ours", name="ours", containers=[Container("app", image="shop:1")])
    with pytest.raises(
        ModelError, match=r"needs exactly one workload inside, and there is: Deployment .*Deployment ours"
    ):
        attach(chart, [WAIT])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "name of an app container": ({"stages": [Stage("app", image="a:1")]}, "has the name of a container"),
    "name of an init container": ({"stages": [Stage("theirs", image="a:1")]}, "has the name of another stage"),
    "container": ({"mounts": {"ap": []}}, r'"ap" is no container of Deployment .*did you mean "app"\?'),
    "path": ({"mounts": {"app": [Volume("data").at("/data")]}}, 'has "/data" in volumeMounts already'),
    "volume": ({"mounts": {"app": [Volume("data").at("/more")]}}, 'has "data" in volumes already'),
    "volume of a hand-off": (
        {"stages": [Stage("data", image="a:1", produces=[Directory("/out", size_limit="1Gi")])]},
        'has "data" in volumes already',
    ),
    "variable": ({"env": {"app": {"MODE": "slow"}}}, 'has "MODE" in env already'),
    "missing stage": ({"mounts": {"app": [VAULT.output.at("/x")]}}, "which is no stage of this workload"),
}


@pytest.mark.parametrize(("wrong", "message"), WRONG.values(), ids=WRONG)
def test_what_is_taken_is_refused_and_nothing_changes(wrong: dict[str, Any], message: str, chart: Chart) -> None:
    made = deployment(chart)
    before = synthesized(chart)
    given: dict[str, Any] = {"stages": [WAIT]} | wrong
    with pytest.raises(ModelError, match=message) as caught:
        attach(made, **given)
    frames = traceback.extract_tb(caught.tb)
    assert frames[-2].name == "test_what_is_taken_is_refused_and_nothing_changes"
    assert synthesized(chart) == before


def test_permissions_are_attached_once(chart: Chart) -> None:
    made = deployment(chart)
    attach(made, [ASKS])
    before = synthesized(chart)
    with pytest.raises(ModelError, match=r"Role .* is there from an earlier attach\(\); attach these stages together"):
        attach(made, [Stage("more", image="a:1", permissions=[PolicyRule(verbs=["list"], resources=["pods"])])])
    assert synthesized(chart) == before
