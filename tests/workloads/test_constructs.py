"""Six constructs that behave as cdk8s users expect."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cdk8s
import pytest
import yaml
from cdk8s import ApiObject, App, Chart, JsonPatch, YamlOutputType
from constructs import Construct
from jsii._kernel.providers.process import _NodeProcess

from initconstructs import (
    Container,
    Directory,
    ImagePolicy,
    InlineFiles,
    ModelError,
    PolicyRule,
    Settings,
    Stage,
    Volume,
)
from initconstructs.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    Pod,
    StatefulSet,
    Workload,
    configure,
    settings_of,
)
from initconstructs.workloads.manifest_object import ManifestObject

APP = Container("app", image="shop:1")
WAIT = Stage("wait", image="busybox:1.36", command=["true"])
SCRIPTS = Volume("scripts", InlineFiles({"wait.sh": "true\n"}))
ASKS = Stage("ask", image="kubectl:1", permissions=[PolicyRule(verbs=["get"], resources=["pods"])])
KINDS: list[type[Workload]] = [Pod, Deployment, StatefulSet, DaemonSet, Job, CronJob]


@pytest.fixture
def chart() -> Chart:
    return Chart(cdk8s.Testing.app(), "shop", namespace="shop", labels={"team": "shop"})


def make(kind: type[Workload], scope: Construct, node_id: str = "api", **keywords: Any) -> Workload:
    given = {"containers": [APP], "stages": [WAIT]} | ({"schedule": "@daily"} if kind is CronJob else {}) | keywords
    return cast(Workload, cast(Any, kind)(scope, node_id, **given))


def synthesized(chart: Chart) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", cdk8s.Testing.synth(chart))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_synthesizes(kind: type[Workload], chart: Chart, yaml_snapshot: object) -> None:
    make(kind, chart)
    assert synthesized(chart) == yaml_snapshot


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_it_is_an_api_object_with_the_namespace_and_labels_of_its_chart(kind: type[Workload], chart: Chart) -> None:
    workload = make(kind, chart, labels={"tier": "web"})
    metadata = synthesized(chart)[0]["metadata"]
    assert metadata["namespace"] == "shop"
    assert metadata["labels"] == {"team": "shop", "tier": "web"}
    assert ApiObject.of(workload) is workload
    assert (workload.kind, workload.name) == (kind.__name__, metadata["name"])


def test_a_name_is_generated_as_cdk8s_does(chart: Chart) -> None:
    workload = make(Deployment, chart)
    other = ApiObject(chart, "other", api_version="v1", kind="ConfigMap")
    assert workload.name.startswith("shop-api-c8")
    assert other.name.startswith("shop-other-c8")
    assert workload.selector == {"app.kubernetes.io/name": workload.name}


def test_a_name_given_stays(chart: Chart) -> None:
    assert make(Deployment, chart, name="shop-api").name == "shop-api"


@pytest.mark.parametrize("namespace", ["other", None], ids=["own", "none"])
def test_a_namespace_of_its_own_goes_before_the_charts(namespace: str | None, chart: Chart) -> None:
    make(Deployment, chart, stages=[ASKS], namespace=namespace)
    assert {each["metadata"]["namespace"] for each in synthesized(chart)} == {namespace or "shop"}


def test_a_json_patch_comes_after_ours(chart: Chart) -> None:
    workload = make(Deployment, chart)
    workload.add_json_patch(JsonPatch.replace("/spec/template/spec/containers/0/image", "shop:2"))
    [manifest] = synthesized(chart)
    assert manifest["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:2"
    assert cast(Any, workload.manifests[0])["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:1"


def test_metadata_can_be_added_later(chart: Chart) -> None:
    workload = make(Deployment, chart)
    workload.metadata.add_label("later", "yes")
    workload.metadata.add_annotation("why", "because")
    metadata = synthesized(chart)[0]["metadata"]
    assert (metadata["labels"]["later"], metadata["annotations"]) == ("yes", {"why": "because"})


def test_raw_metadata_comes_out(chart: Chart) -> None:
    make(Deployment, chart, raw={"metadata": {"finalizers": ["shop/wait"], "labels": {"raw": "yes"}}})
    metadata = synthesized(chart)[0]["metadata"]
    assert (metadata["finalizers"], metadata["labels"]["raw"]) == (["shop/wait"], "yes")


def test_dependencies_order_the_output(chart: Chart) -> None:
    first = make(Deployment, chart, "first")
    second = make(Job, chart, "second")
    first.node.add_dependency(second)
    assert [each["kind"] for each in synthesized(chart)] == ["Job", "Deployment"]


def test_what_the_stages_bring_stands_beside_the_workload(chart: Chart, yaml_snapshot: object) -> None:
    runs = Stage("run", image="a:1", mounts=[SCRIPTS.at("/scripts")], command=["sh", "/scripts/wait.sh"])
    pod = {"restartPolicy": "Never", "containers": [{"name": "load", "image": "a:1"}]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": pod}}}
    brings = Stage("migrate", image="a:1", objects=[job, {"apiVersion": "v1", "kind": "ServiceAccount"}])
    make(Deployment, chart, name="api", stages=[ASKS, runs, brings])
    assert synthesized(chart) == yaml_snapshot


@pytest.mark.parametrize(
    ("output", "files"),
    [
        (YamlOutputType.FILE_PER_APP, ["app.k8s.yaml"]),
        (YamlOutputType.FILE_PER_CHART, ["one.k8s.yaml", "two.k8s.yaml"]),
        (YamlOutputType.FILE_PER_RESOURCE, ["Deployment.api.k8s.yaml", "Job.load.k8s.yaml"]),
        (YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE, ["one/Deployment.api.k8s.yaml", "two/Job.load.k8s.yaml"]),
    ],
    ids=lambda each: each.name.lower() if isinstance(each, YamlOutputType) else None,
)
def test_every_output_type(output: YamlOutputType, files: list[str], tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), yaml_output_type=output)
    made = [make(Deployment, Chart(app, "one"), "api", name="api"), make(Job, Chart(app, "two"), "load", name="load")]
    app.synth()
    written = sorted(each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*.yaml"))
    assert written == files
    read = [each for name in written for each in yaml.safe_load_all((tmp_path / name).read_text())]
    assert read == [each.manifests[0] for each in made]


@pytest.mark.parametrize(
    "wrong",
    [{"stages": [WAIT, WAIT]}, {"replica": 3}, {"containers": [Container("app", image="a:1", profile="privileged")]}],
    ids=["in the value", "unknown keyword", "in the rendering"],
)
def test_a_construct_that_fails_leaves_nothing_and_ends_at_the_author(wrong: dict[str, Any], chart: Chart) -> None:
    given: dict[str, Any] = {"containers": [APP]} | wrong
    with pytest.raises(ModelError) as caught:
        Deployment(chart, "api", **given)
    frames = traceback.extract_tb(caught.tb)
    assert frames[-2].name == "test_a_construct_that_fails_leaves_nothing_and_ends_at_the_author"
    assert not [frame for frame in frames if "jsii" in Path(frame.filename).parts]
    assert chart.node.children == []
    assert make(Deployment, chart).name


def test_a_failure_of_node_leaves_nothing(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Node is gone")

    with monkeypatch.context() as patched:
        patched.setattr(ManifestObject, "add_fields", fail)
        with pytest.raises(RuntimeError, match="Node is gone"):
            make(Deployment, chart, stages=[ASKS])
    assert chart.node.children == []


def test_an_id_in_use_keeps_what_it_has(chart: Chart) -> None:
    make(Deployment, chart)
    with pytest.raises(RuntimeError, match="already a Construct with name 'api'"):
        make(Deployment, chart)
    assert len(synthesized(chart)) == 1


def test_a_platform_librarys_own_construct_keeps_its_frames(chart: Chart) -> None:
    class Service(Deployment):
        def __init__(self, scope: Construct, node_id: str, wait_for: str) -> None:
            super().__init__(scope, node_id, containers=[APP], stages=[Stage(wait_for, image="a:1")])

    assert Service(chart, "fine", "db").kind == "Deployment"
    with pytest.raises(ModelError) as caught:
        Service(chart, "api", "My DB")
    last = traceback.extract_tb(caught.tb)[-1]
    assert (last.name, Path(last.filename)) == ("__init__", Path(__file__))


@pytest.fixture
def crossings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    sent: list[object] = []
    original = _NodeProcess.send

    def send(self: Any, request: Any, *rest: Any) -> Any:
        if type(request).__name__ != "DeleteRequest":  # the garbage collector's, whenever it runs
            sent.append(request)
        return original(self, request, *rest)

    monkeypatch.setattr(_NodeProcess, "send", send)
    return iter([sent])


@pytest.mark.parametrize(("keywords", "most"), [({}, 4), ({"name": "api"}, 3)], ids=["generated name", "given name"])
def test_a_workload_crosses_to_node_a_few_times(
    keywords: dict[str, Any], most: int, chart: Chart, crossings: Iterator[list[object]]
) -> None:
    secrets = Stage("secrets", image="a:1", produces=[Directory("/out")])
    app = Container("app", image="shop:1", mounts=[secrets.output.at("/secrets")])
    make(Deployment, chart, "warm")
    sent = next(crossings)
    sent.clear()
    make(Deployment, chart, stages=[WAIT, secrets], containers=[app], **keywords)
    assert 0 < len(sent) <= most


def test_settings_are_inherited_and_overridden_lower() -> None:
    app = cdk8s.Testing.app()
    configure(app, Settings(profile="privileged", images=ImagePolicy(mirrors={"docker.io/": "mirror/"})))
    chart = Chart(app, "shop")
    configure(chart, Settings(profile="baseline"))
    configure(chart, Settings(kubernetes="1.34"))
    found = settings_of(chart)
    assert (found.profile, found.kubernetes) == ("baseline", "1.34")
    assert found.pull("busybox") == "mirror/library/busybox"
    assert settings_of(Chart(app, "other")).profile == "privileged"


def test_settings_of_one_workload_stand_alone(chart: Chart) -> None:
    make(Deployment, chart, "bare", settings=Settings(profile="none"))
    make(Deployment, chart, "hardened")
    bare, hardened = (each["spec"]["template"]["spec"] for each in synthesized(chart))
    assert "securityContext" not in bare
    assert hardened["securityContext"]["runAsNonRoot"] is True


def test_without_settings_the_defaults_hold(chart: Chart) -> None:
    assert settings_of(chart) == Settings(kubernetes="1.36", profile="restricted")
