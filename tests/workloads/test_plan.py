"""A workload's plan, without a synth."""

from __future__ import annotations

from typing import Any, cast

import cdk8s
import pytest
from cdk8s import Chart, JsonPatch

from initconstructs import Container, Resources, Settings, Sidecar, Stage
from initconstructs.planning.plan import plan
from initconstructs.workloads import CronJob, DaemonSet, Deployment, Job, Pod, StatefulSet

PROXY = Sidecar("proxy", image="envoy:1")
WAIT = Stage("wait", image="busybox:1.36", command=["timeout", "60", "poll"])
APP = Container("app", image="shop:1", resources=Resources(requests={"cpu": "200m"}))


@pytest.fixture
def chart() -> Chart:
    return Chart(cdk8s.Testing.app(), "shop", namespace="shop")


def test_it_tells_order_and_cost_and_time(chart: Chart) -> None:
    found = Deployment(chart, "api", name="api", replicas=2, stages=[PROXY, WAIT], containers=[APP]).plan
    assert found.title == "Deployment shop/api"
    assert [stage.name for stage in found.stages] == ["proxy", "wait", "app"]
    assert found.rollout.total["cpu"] == 400
    assert found.time.stages[1].worst_s == 60


@pytest.mark.parametrize(
    "kind", [Pod, Deployment, StatefulSet, DaemonSet, Job, CronJob], ids=lambda kind: kind.__name__
)
def test_it_is_the_plan_of_the_synthesized_yaml(kind: Any, chart: Chart) -> None:
    given = {"schedule": "@daily"} if kind is CronJob else {}
    workload = kind(chart, "api", stages=[WAIT], containers=[APP], **given)
    workload.metadata.add_label("team", "shop")
    assert workload.plan == plan(cast(Any, cdk8s.Testing.synth(chart))[0])


def test_a_json_patch_counts(chart: Chart) -> None:
    workload = Deployment(chart, "api", stages=[WAIT], containers=[APP])
    workload.add_json_patch(JsonPatch.replace("/spec/template/spec/initContainers/0/command/1", "90"))
    assert workload.plan.time.stages[0].worst_s == 90


def test_it_is_for_the_target_of_the_workload(chart: Chart) -> None:
    workload = Deployment(chart, "api", containers=[APP], settings=Settings(kubernetes="1.34"))
    assert workload.plan.kubernetes == "1.34"
