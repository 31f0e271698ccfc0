"""A stage that two pods must not run at once: more pods than render sees are refused at synth."""

from __future__ import annotations

import pytest
from cdk8s import ApiObject, App, Chart, JsonPatch

from initconstructs import Container, ModelError, SecretKey
from initconstructs.presets import migrating
from initconstructs.workloads import Deployment, attach

APP = Container("app", image="a:1")
URL = SecretKey("shop-db", "url")
UNLOCKED = migrating.alembic(image="a:1", database_url=URL, lock=None)
BOTH_WAYS = r'"migrate" would run in {} at once, with no lock between them; .*lock="database".*in_job'


@pytest.fixture
def chart(tmp_path) -> Chart:
    return Chart(App(outdir=str(tmp_path / "dist")), "shop", namespace="shop", disable_resource_name_hashes=True)


def autoscaler(chart: Chart, name: str, kind: str = "HorizontalPodAutoscaler", **spec) -> None:
    group = "keda.sh/v1alpha1" if kind == "ScaledObject" else "autoscaling/v2"
    made = ApiObject(chart, "autoscaler", api_version=group, kind=kind)
    made.add_json_patch(JsonPatch.add("/spec", {"scaleTargetRef": {"kind": "Deployment", "name": name}, **spec}))


def refused(chart: Chart, pods: str) -> None:
    with pytest.raises(RuntimeError, match=BOTH_WAYS.format(pods)):
        App.of(chart).synth()


def test_replicas_are_refused_at_the_authors_line(chart):
    with pytest.raises(ModelError, match=BOTH_WAYS.format("3 pods")):
        Deployment(chart, "api", replicas=3, containers=[APP], stages=[UNLOCKED])


@pytest.mark.parametrize(
    ("kind", "spec", "pods"),
    [
        ("HorizontalPodAutoscaler", {"maxReplicas": 5}, "up to 5 pods"),
        ("ScaledObject", {"triggers": []}, "up to 100 pods"),
    ],
)
def test_an_autoscaler_is_refused_at_synth(kind, spec, pods, chart):
    Deployment(chart, "api", containers=[APP], stages=[UNLOCKED])
    autoscaler(chart, "shop-api", kind, **spec)
    refused(chart, pods)


def test_a_patch_is_refused_at_synth(chart):
    Deployment(chart, "api", containers=[APP], stages=[UNLOCKED]).add_json_patch(JsonPatch.add("/spec/replicas", 2))
    refused(chart, "2 pods")


def test_an_attached_stage_is_held_to_it_too(chart):
    target = ApiObject(chart, "api", api_version="apps/v1", kind="Deployment", metadata={"name": "shop-api"})
    pod = {"containers": [{"name": "app", "image": "a:1"}]}
    labels = {"app": "api"}
    template = {"metadata": {"labels": labels}, "spec": pod}
    target.add_json_patch(JsonPatch.add("/spec", {"selector": {"matchLabels": labels}, "template": template}))
    attach(target, [UNLOCKED])
    autoscaler(chart, "shop-api", maxReplicas=2)
    refused(chart, "up to 2 pods")


def test_one_pod_a_lock_a_job_and_an_autoscaler_of_another_pass(chart):
    Deployment(chart, "api", containers=[APP], stages=[UNLOCKED])
    Deployment(chart, "web", containers=[APP], stages=[migrating.alembic(image="a:1", database_url=URL)])
    autoscaler(chart, "shop-web", maxReplicas=9)
    Deployment(chart, "jobs", replicas=3, containers=[APP], stages=[migrating.in_job(UNLOCKED)])
    App.of(chart).synth()
    kinds = [each.kind for each in chart.node.find_all() if isinstance(each, ApiObject)]
    assert kinds.count("Job") == 1
