"""What the API server would refuse is refused earlier: by the workload's own line, and for the whole app at synth."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cdk8s import ApiObject, App, Chart, JsonPatch

from initconstructs import Container, ModelError, Settings, Stage
from initconstructs.workloads import Deployment, acknowledge, attach, check_at_synth

APP = Container("app", image="a:1")
ENDLESS = Stage("wait", image="busybox:1.36", command=["sh", "-c", "until nc -z db 5432; do sleep 1; done"])


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(outdir=str(tmp_path / "dist"))


@pytest.fixture
def chart(app: App) -> Chart:
    return Chart(app, "shop", namespace="shop")


def written(app: App) -> list[dict]:
    app.synth()
    return list(yaml.safe_load_all((Path(app.outdir) / "shop.k8s.yaml").read_text()))


def refusal(app: App) -> str:
    with pytest.raises(RuntimeError) as caught:
        app.synth()
    assert list(Path(app.outdir).glob("*")) == []
    return str(caught.value)


def foreign_service(chart: Chart, port: int) -> ApiObject:
    service = ApiObject(chart, "service", api_version="v1", kind="Service")
    service.add_json_patch(JsonPatch.add("/spec", {"ports": [{"port": port}]}))
    return service


def test_a_workload_is_refused_by_its_own_line(chart: Chart) -> None:
    with pytest.raises(ModelError, match=r'Deployment "api" would be refused by Kubernetes 1\.36: .*containerPort'):
        Deployment(chart, "api", containers=[Container("app", image="a:1", raw={"ports": [{"containerPort": 70000}]})])


def test_what_the_target_does_not_know_is_refused(chart: Chart) -> None:
    with pytest.raises(ModelError, match=r"Kubernetes 1\.33: .*restartPolicy"):
        Deployment(
            chart,
            "api",
            containers=[APP],
            stages=[Stage("once", image="a:1", restart_policy="Never")],
            settings=Settings(kubernetes="1.33"),
        )


def test_stages_attached_to_a_workload_are_refused_where_they_are_attached(chart: Chart) -> None:
    pod = ApiObject(chart, "pod", api_version="v1", kind="Pod")
    pod.add_json_patch(JsonPatch.add("/spec", {"containers": [{"name": "app", "image": "a:1"}]}))
    with pytest.raises(ModelError, match=r"initContainers\[0\].*containerPort"):
        attach(pod, [Stage("odd", image="a:1", raw={"ports": [{"containerPort": 70000}]})])


def test_without_the_gate_foreign_objects_pass(app: App, chart: Chart) -> None:
    foreign_service(chart, 99999)
    assert len(written(app)) == 1


def test_the_gate_refuses_foreign_objects_and_writes_nothing(app: App, chart: Chart) -> None:
    check_at_synth(app)
    foreign_service(chart, 99999)
    assert "service-port: Service shop/shop-service" in refusal(app)


def test_all_findings_come_in_one_message(app: App, chart: Chart) -> None:
    check_at_synth(app)
    foreign_service(chart, 99999)
    ApiObject(chart, "map", api_version="v1", kind="ConfigMap").add_json_patch(JsonPatch.add("/dta", {}))
    message = refusal(app)
    assert "Service shop/" in message
    assert "ConfigMap shop/" in message


def test_a_hazard_refuses_only_when_asked(app: App, chart: Chart) -> None:
    check_at_synth(app)
    Deployment(chart, "api", containers=[APP], stages=[ENDLESS])
    assert len(written(app)) == 1


def test_a_hazard_refuses_under_fail_on_warning(app: App, chart: Chart) -> None:
    check_at_synth(app, fail_on="warning")
    Deployment(chart, "api", containers=[APP], stages=[ENDLESS])
    assert "unbounded-wait" in refusal(app)


def test_an_acknowledged_hazard_passes_and_stays_on_the_object(app: App, chart: Chart) -> None:
    check_at_synth(app, fail_on="warning")
    Deployment(chart, "api", containers=[APP], stages=[ENDLESS])
    for rule in ("unbounded-wait", "port-only-wait"):
        acknowledge(chart, rule, "the platform restarts it")
    [deployment] = written(app)
    assert deployment["metadata"]["annotations"]["initconstructs.dev/acknowledge.unbounded-wait"]
    assert "annotations" not in deployment["spec"]["template"]["metadata"]


def test_an_acknowledgement_reaches_children_and_nothing_else(app: App, chart: Chart) -> None:
    acknowledge(chart, "unbounded-wait", "the platform restarts it")
    other = Chart(app, "other")
    Deployment(other, "api", containers=[APP], stages=[ENDLESS])
    Deployment(chart, "api", containers=[APP], stages=[ENDLESS])
    [ours] = written(app)
    [theirs] = yaml.safe_load_all((Path(app.outdir) / "other.k8s.yaml").read_text())
    assert "annotations" in ours["metadata"]
    assert "annotations" not in theirs["metadata"]


@pytest.mark.parametrize(
    ("rule", "reason", "message"),
    [
        ("unbounded-wat", "x", "did you mean 'unbounded-wait'"),
        ("container-name", "x", "can't make the API server accept it"),
        ("unbounded-wait", " ", "the reason"),
    ],
    ids=["unknown-rule", "api-server", "no-reason"],
)
def test_an_acknowledgement_that_can_not_be(chart: Chart, rule: str, reason: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        acknowledge(chart, rule, reason)
