"""Every field of a container, a pod and a workload comes out, alone and in any company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import (
    Affinity,
    Container,
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    Exec,
    HttpGet,
    JobSpec,
    OnDelete,
    PodSpec,
    Probe,
    Recreate,
    RollingUpdate,
    Sidecar,
    Stage,
    TcpSocket,
    TopologySpread,
    render,
)
from initconstructs.model.workload import WorkloadSpec
from tests.rendering.field_rows import (
    ALWAYS,
    APP,
    BARE,
    CONTAINER,
    JOB,
    KINDS,
    LABELS,
    OBJECT,
    POD,
    RUNNING,
    TEMPLATE,
    Manifest,
    Row,
)


def holds(found: object, wanted: object) -> bool:
    """Whether all of `wanted` is in `found`: mappings may have more, everything else is equal."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(key in found and holds(found[key], wanted[key]) for key in wanted)
    return found == wanted


def chosen(rows: Mapping[str, Row], names: set[str]) -> tuple[dict[str, Any], list[Manifest]]:
    """The keywords of some rows, and what must be found for them."""
    return {name: rows[name][0] for name in names}, [rows[name][1] for name in names]


def subsets(rows: Mapping[str, Row]) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from(sorted(rows)))


def pod_of(kind: type[WorkloadSpec], **keywords: Any) -> Manifest:
    manifest = workload_of(kind, **keywords)
    job = manifest["spec"]["jobTemplate"]["spec"] if kind is CronJobSpec else manifest["spec"]
    return manifest if kind is PodSpec else cast(Manifest, job["template"])


def workload_of(kind: type[WorkloadSpec], **keywords: Any) -> Manifest:
    given: dict[str, Any] = {"containers": [APP]} | ALWAYS.get(kind, {}) | keywords
    return cast(Manifest, render(kind("shop", **given), settings=BARE)[0])


@given(names=subsets(CONTAINER | RUNNING))
def test_an_app_container_loses_no_field(names: set[str]) -> None:
    keywords, wanted = chosen(CONTAINER | RUNNING, names)
    app = Container("app", image="shop:1", **keywords)
    [found] = pod_of(DeploymentSpec, containers=[app])["spec"]["containers"]
    assert all(holds(found, each) for each in wanted)


@given(names=subsets(CONTAINER))
def test_a_stage_loses_no_field(names: set[str]) -> None:
    keywords, wanted = chosen(CONTAINER, names)
    stage = Stage("wait", image="shop:1", profile="privileged", **keywords)
    [found] = pod_of(JobSpec, stages=[stage])["spec"]["initContainers"]
    assert all(holds(found, each) for each in wanted)


@given(names=subsets(CONTAINER | RUNNING))
def test_a_sidecar_loses_no_field(names: set[str]) -> None:
    keywords, wanted = chosen(CONTAINER | RUNNING, names)
    sidecar = Sidecar("proxy", image="shop:1", profile="privileged", **keywords)
    [found] = pod_of(DaemonSetSpec, stages=[sidecar])["spec"]["initContainers"]
    assert all(holds(found, each) for each in [*wanted, {"restartPolicy": "Always"}])


@given(kind=st.sampled_from(sorted(KINDS, key=str)), names=subsets(POD))
def test_a_pod_loses_no_field(kind: type[WorkloadSpec], names: set[str]) -> None:
    keywords, wanted = chosen(POD, names)
    if kind is PodSpec:
        keywords["labels"] = LABELS
    assert all(holds(pod_of(kind, **keywords)["spec"], each) for each in wanted)


@given(kind=st.sampled_from(sorted(KINDS, key=str)), names=subsets(OBJECT), template=subsets(TEMPLATE))
def test_metadata_loses_no_field(kind: type[WorkloadSpec], names: set[str], template: set[str]) -> None:
    keywords, wanted = chosen(OBJECT, names)
    more, wanted_of_pods = chosen(TEMPLATE, template)
    keywords |= more
    assert all(holds(workload_of(kind, **keywords), each) for each in wanted)
    assert all(holds(pod_of(kind, **keywords)["metadata"], each) for each in wanted_of_pods)


@pytest.mark.parametrize("kind", [each for each in KINDS if KINDS[each]])
@given(data=st.data())
def test_a_kind_loses_no_field(kind: type[WorkloadSpec], data: st.DataObject) -> None:
    keywords, wanted = chosen(KINDS[kind], data.draw(subsets(KINDS[kind])))
    assert all(holds(workload_of(kind, **keywords)["spec"], each) for each in wanted)


@given(names=subsets(JOB))
def test_a_cron_job_gives_its_job_every_field(names: set[str]) -> None:
    keywords, wanted = chosen(JOB, names)
    job = workload_of(CronJobSpec, **keywords)["spec"]["jobTemplate"]["spec"]
    assert all(holds(job, each) for each in wanted)


def test_the_rows_name_every_field() -> None:
    elsewhere = {"name", "image", "profile", "containers", "stages", "restart_policy", "active_deadline"}
    assert names_of(Container) - elsewhere == (CONTAINER | RUNNING).keys()
    shared = elsewhere | (POD | OBJECT | TEMPLATE).keys()
    for kind, rows in KINDS.items():
        inherited = JOB.keys() if kind is CronJobSpec else set()
        assert names_of(kind) - shared == (rows.keys() | inherited) - {"active_deadline"}, kind


def names_of(value: type) -> set[str]:
    return {each.name for each in fields(value)}


@pytest.mark.parametrize(
    ("keywords", "policy"),
    [({}, "Never"), ({"restart_policy": "OnFailure"}, "OnFailure")],
    ids=["never by default", "as said"],
)
@pytest.mark.parametrize("kind", [JobSpec, CronJobSpec])
def test_the_restart_policy_of_a_job(kind: type[WorkloadSpec], keywords: dict[str, Any], policy: str) -> None:
    assert pod_of(kind, **keywords)["spec"]["restartPolicy"] == policy


def test_a_pod_has_a_restart_policy_and_a_deadline_of_its_own() -> None:
    spec = pod_of(PodSpec, restart_policy="OnFailure", active_deadline="1m")["spec"]
    assert (spec["restartPolicy"], spec["activeDeadlineSeconds"]) == ("OnFailure", 60)


def test_a_stage_has_a_restart_policy_of_its_own() -> None:
    stage = Stage("wait", image="shop:1", restart_policy="Never")
    assert pod_of(DeploymentSpec, stages=[stage])["spec"]["initContainers"][0]["restartPolicy"] == "Never"


@pytest.mark.parametrize(
    ("strategy", "written"),
    [
        (Recreate(), {"type": "Recreate"}),
        (RollingUpdate(), {"type": "RollingUpdate"}),
        (RollingUpdate(max_surge=0), {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0}}),
    ],
    ids=["recreate", "rolling", "rolling without surge"],
)
def test_the_strategy_of_a_deployment(strategy: RollingUpdate | Recreate, written: Manifest) -> None:
    assert workload_of(DeploymentSpec, strategy=strategy)["spec"]["strategy"] == written


def test_a_daemon_set_can_wait_for_deletion() -> None:
    found = workload_of(DaemonSetSpec, update_strategy=OnDelete())
    assert found["spec"]["updateStrategy"] == {"type": "OnDelete"}


@pytest.mark.parametrize(("always", "when"), [(False, "preferred"), (True, "required")], ids=["if possible", "always"])
def test_replicas_keep_apart_and_other_rules_stay(always: bool, when: str) -> None:
    theirs = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}}
    own = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": LABELS}}
    kept = {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": theirs}],
        "requiredDuringSchedulingIgnoredDuringExecution": [theirs],
    }
    affinity = Affinity(pod_anti=kept, apart_by="kubernetes.io/hostname", apart_always=always)
    found = pod_of(DeploymentSpec, affinity=affinity)["spec"]["affinity"]["podAntiAffinity"]
    added = own if always else {"weight": 100, "podAffinityTerm": own}
    key = f"{when}DuringSchedulingIgnoredDuringExecution"
    assert found == kept | {key: [*cast("list[object]", kept[key]), added]}


def test_replicas_may_spread_over_other_pods_than_their_own() -> None:
    spread = TopologySpread("zone", when_unsatisfiable="ScheduleAnyway", match_labels={"tier": "web"})
    [found] = pod_of(DeploymentSpec, topology_spread=[spread])["spec"]["topologySpreadConstraints"]
    assert found["labelSelector"] == {"matchLabels": {"tier": "web"}}


def test_apart_is_the_short_way() -> None:
    assert Affinity.apart("zone", always=True) == Affinity(apart_by="zone", apart_always=True)


@pytest.mark.parametrize(
    ("probe", "written"),
    [
        (
            Probe(HttpGet("/ok", port="http", scheme="HTTPS", host="a", headers={"X": "1"}), timeout=2),
            {
                "httpGet": {
                    "path": "/ok",
                    "port": "http",
                    "host": "a",
                    "scheme": "HTTPS",
                    "httpHeaders": [{"name": "X", "value": "1"}],
                },
                "timeoutSeconds": 2,
            },
        ),
        (Probe(TcpSocket(5432, host="db"), failure_threshold=3), {"tcpSocket": {"port": 5432, "host": "db"}}),
        (Probe(Exec(["pg_isready"]), initial_delay=0), {"exec": {"command": ["pg_isready"]}, "initialDelaySeconds": 0}),
        (
            Probe(HttpGet(port=1), success_threshold=2, termination_grace_period="1m"),
            {"httpGet": {"path": "/", "port": 1}, "successThreshold": 2, "terminationGracePeriodSeconds": 60},
        ),
    ],
    ids=["http", "tcp", "exec", "thresholds"],
)
def test_a_probe_asks_what_was_said(probe: Probe, written: Manifest) -> None:
    app = Container("app", image="shop:1", readiness_probe=probe)
    [found] = pod_of(DeploymentSpec, containers=[app])["spec"]["containers"]
    assert holds(found["readinessProbe"], written)


def test_the_stages_come_first_and_the_app_as_listed() -> None:
    stages = [Stage("one", image="a:1"), Sidecar("two", image="b:1"), Stage("three", image="c:1")]
    spec = pod_of(DeploymentSpec, stages=stages, containers=[APP, Container("other", image="d:1")])["spec"]
    assert [each["name"] for each in spec["initContainers"]] == ["one", "two", "three"]
    assert [each["name"] for each in spec["containers"]] == ["app", "other"]
