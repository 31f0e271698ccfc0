"""Effective requests, QoS class and roll-out: the recorded rules, and properties that hold for any pod."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pods import Manifest, container, pod

from initconstructs.planning.pod import read_pod
from initconstructs.planning.quantity import milli, written
from initconstructs.planning.release import Release
from initconstructs.planning.resources import Resources, effective_resources
from initconstructs.planning.rollout import rollout

LATEST = Release(36)


def _bill(manifest: Manifest, release: Release = LATEST) -> Resources:
    read = read_pod(manifest)
    assert read is not None
    return effective_resources(read, release)


def _needs(name: str, cpu: str, *, sidecar: bool = False, **limits: str) -> Manifest:
    resources: dict[str, object] = {"requests": {"cpu": cpu}} | ({"limits": limits} if limits else {})
    return container(name, resources=resources, **({"restartPolicy": "Always"} if sidecar else {}))


def _cpu(*init: Manifest, app: str = "1", **spec: object) -> int:
    return _bill(pod(*init, apps=(_needs("app", app),), **spec)).requests["cpu"]


def test_the_order_of_init_containers_changes_the_bill():
    a, s, b = _needs("a", "500m"), _needs("s", "200m", sidecar=True), _needs("b", "900m")
    assert _cpu(a, s, b, app="300m") == 1100
    assert _cpu(a, b, s, app="300m") == 900


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({}, 3000),
        ({"overhead": {"cpu": "250m"}}, 3250),
        ({"resources": {"requests": {"cpu": "2500m"}}}, 2500),
        ({"resources": {"limits": {"cpu": "4"}}}, 3000),
        ({"resources": {"limits": {"memory": "1Gi"}}}, 3000),
    ],
    ids=["plain", "overhead", "pod-level request", "pod-level limit takes the sum", "pod-level memory only"],
)
def test_overhead_and_pod_level_resources(spec, cpu):
    assert _cpu(_needs("i", "3"), **spec) == cpu


def test_pod_level_resources_count_from_1_34():
    manifest = pod(_needs("i", "3"), apps=(_needs("app", "1"),), resources={"requests": {"cpu": "2"}})
    assert _bill(manifest, Release(33)).requests["cpu"] == 3000
    assert _bill(manifest, Release(34)).requests["cpu"] == 2000


def test_who_decides_and_what_stays_idle():
    bill = _bill(pod(_needs("migrate", "3"), apps=(_needs("app", "1"),)))
    assert bill.decided_by == {"cpu": "migrate", "memory": "app"}
    assert bill.idle == {"cpu": 2000}


def test_a_limit_without_a_request_is_one():
    bill = _bill(pod(apps=(container("app", resources={"limits": {"cpu": "2", "memory": "1Gi"}}),)))
    assert bill.requests == bill.limits == {"cpu": 2000, "memory": 2**30}
    assert bill.qos == "Guaranteed"


@pytest.mark.parametrize(
    ("init", "qos"),
    [
        ({}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}, "Burstable"),
    ],
    ids=["no resources", "limits only", "request below limit"],
)
def test_one_init_container_decides_the_qos_class(init, qos):
    app = container("app", resources={"limits": {"cpu": "1", "memory": "1Gi"}})
    assert _bill(pod(container("i", resources=init), apps=(app,))).qos == qos


def test_without_any_resources_a_pod_is_best_effort():
    assert _bill(pod(container("i"))).qos == "BestEffort"


@pytest.mark.parametrize(
    ("level", "qos"),
    [
        ({}, "BestEffort"),
        ({"limits": {"hugepages-2Mi": "4Mi"}}, "Burstable"),
        ({"requests": {"hugepages-2Mi": "4Mi"}}, "BestEffort"),
    ],
    ids=["empty", "limits", "requests"],
)
def test_only_resources_of_the_pod_count_once_it_has_some_though_they_be_empty(level, qos):
    app = container("main", resources={"requests": {"cpu": "1"}})
    assert _bill(pod(apps=(app,), resources=level)).qos == qos
    assert _bill(pod(apps=(app,), resources=level), Release(33)).qos == "Burstable"


def test_a_pod_limit_of_huge_pages_is_their_request_whatever_the_containers_ask_for():
    app = container("main", resources={"limits": {"cpu": "1", "memory": "0", "hugepages-2Mi": "2Mi"}})
    requests = _bill(pod(apps=(app,), resources={"limits": {"hugepages-2Mi": "4Mi", "memory": "1Gi"}})).requests
    assert (requests["hugepages-2Mi"], requests["memory"]) == (4 * 2**20, 0)


def test_pod_level_resources_restore_the_guarantee():
    level = {"limits": {"cpu": "1", "memory": "1Gi"}}
    assert _bill(pod(container("i"), resources=level)).qos == "Guaranteed"


@pytest.mark.parametrize(
    ("text", "amount"), [("0.0001", 1), ("1e3", 1000000), ("100m", 100), (2, 2000), (0.5, 500), ("1k", 1000000)]
)
def test_cpu_is_rounded_up_to_a_thousandth(text, amount):
    assert _bill(pod(apps=(container("app", resources={"requests": {"cpu": text}}),))).requests["cpu"] == amount


@pytest.mark.parametrize(
    ("value", "cpu"),
    [("9" * 5000, (2**63 - 1) * 1000), ("1e999999999", (2**63 - 1) * 1000), ("1e-999999999", 1), ("x", 0), ([], 0)],
    ids=["digits", "exponent", "tiny", "text", "list"],
)
def test_absurd_quantities_are_capped_and_none_is_nothing(value, cpu):
    assert _bill(pod(apps=(container("app", resources={"requests": {"cpu": value}}),))).requests["cpu"] == cpu


@pytest.mark.parametrize(
    ("kind", "spec", "pods", "peak"),
    [
        ("Deployment", {}, 1, 2),
        ("Deployment", {"replicas": 10}, 10, 13),
        ("Deployment", {"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": 0}}}, 3, 3),
        ("Deployment", {"replicas": 4, "strategy": {"type": "Recreate"}}, 4, 4),
        ("StatefulSet", {"replicas": 3}, 3, 3),
        ("DaemonSet", {"updateStrategy": {"rollingUpdate": {"maxSurge": "10%"}}}, 1, 2),
        ("Job", {"parallelism": 5, "completions": 3}, 3, 3),
    ],
)
def test_pods_at_rest_and_while_rolling_out(kind, spec, pods, peak):
    found = rollout({"kind": kind, "spec": spec}, {"cpu": 100})
    assert (found.pods, found.peak_pods) == (pods, peak)
    assert found.peak == {"cpu": 100 * peak}


amounts = st.integers(min_value=0, max_value=5000)
init_lists = st.lists(st.tuples(amounts, st.booleans()), max_size=5)


def _effective(init: list[tuple[int, bool]], apps: list[int]) -> Resources:
    inits = [_needs(f"i{number}", f"{cpu}m", sidecar=side) for number, (cpu, side) in enumerate(init)]
    return _bill(pod(*inits, apps=tuple(_needs(f"a{number}", f"{cpu}m") for number, cpu in enumerate(apps))))


@given(init_lists, st.lists(amounts, min_size=1, max_size=3))
def test_requests_equal_the_closed_formula(init, apps):
    sidecars = [cpu for cpu, side in init if side]
    before = [sum(cpu for cpu, side in init[:index] if side) for index in range(len(init))]
    init_needs = [cpu + before[index] for index, (cpu, _) in enumerate(init)]
    assert _effective(init, apps).requests["cpu"] == max([sum(apps) + sum(sidecars), *init_needs])


@given(init_lists, st.lists(amounts, min_size=1, max_size=3))
def test_requests_cover_every_phase_and_one_needs_all_of_them(init, apps):
    bill = _effective(init, apps)
    needs = [phase.requests.get("cpu", 0) for phase in bill.phases]
    assert max(needs) == bill.requests["cpu"]


segments = st.lists(st.lists(amounts, max_size=3), min_size=1, max_size=3)


@given(segments, amounts, amounts, st.randoms(use_true_random=False))
def test_no_permutation_between_two_sidecars_changes_the_bill(parts, sidecar, app, random):
    shuffled = [random.sample(part, len(part)) for part in parts]
    assert _with_sidecars_between(parts, sidecar, app) == _with_sidecars_between(shuffled, sidecar, app)


def _with_sidecars_between(parts: list[list[int]], sidecar: int, app: int) -> int:
    init = [each for part in parts for each in [*((cpu, False) for cpu in part), (sidecar, True)]]
    return _effective(init, [app]).requests["cpu"]


@given(init_lists, amounts, amounts)
def test_a_sidecar_never_costs_less_when_it_moves_to_the_front(init, sidecar, app):
    front, back = [(sidecar, True), *init], [*init, (sidecar, True)]
    assert _effective(front, [app]).requests["cpu"] >= _effective(back, [app]).requests["cpu"]


@pytest.mark.parametrize("amount", ["0", "1Ki", "1000Ki", "128Mi", "1000Mi", "2G", "50M", "1500"])
def test_bytes_are_written_as_an_author_writes_them(amount: str):
    assert written("memory", milli(amount) // 1000) == amount


@given(st.integers(0, 2**60))
def test_no_byte_is_lost_in_writing(amount: int):
    assert milli(written("memory", amount)) == amount * 1000
