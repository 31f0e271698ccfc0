"""Migrations of workloads that an autoscaler of the same synth makes many."""

from __future__ import annotations

import pytest

from initconstructs import rules
from initconstructs.manifests.replicas import pods_at_once

MIGRATE = {"name": "m", "image": "a:1", "command": ["alembic", "upgrade", "head"]}


def workload(kind: str = "Deployment", **spec) -> dict:
    pod = {"initContainers": [MIGRATE], "containers": [{"name": "app", "image": "a:1"}]}
    metadata = {"name": "api", "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {**spec, "template": {"spec": pod}}}


def autoscaler(kind: str = "HorizontalPodAutoscaler", namespace: str = "shop", **spec) -> dict:
    target = {"kind": "Deployment", "name": "api"}
    metadata = {"name": "api", "namespace": namespace}
    spec = {"scaleTargetRef": target, **spec}
    return {"apiVersion": "autoscaling/v2", "kind": kind, "metadata": metadata, "spec": spec}


def races(*manifests: dict) -> list[str]:
    return [each.message for each in rules.check(manifests, select=["unlocked-migration"])]


@pytest.mark.parametrize(
    ("scaled", "pods"),
    [
        (autoscaler(maxReplicas=4), "up to 4 pods"),
        (autoscaler("ScaledObject"), "up to 100 pods"),
        (autoscaler("ScaledObject", scaleTargetRef={"name": "api"}), "up to 100 pods"),
    ],
)
def test_an_autoscaler_makes_them_many(scaled, pods):
    assert races(workload(), scaled) == [f"'m' runs alembic upgrade in {pods} at once, with no lock between them"]


@pytest.mark.parametrize(
    "manifests",
    [
        [workload(), autoscaler(maxReplicas=1)],
        [workload(), autoscaler(namespace="other", maxReplicas=4)],
        [workload("StatefulSet"), autoscaler(scaleTargetRef={"kind": "StatefulSet", "name": "api"}, maxReplicas=4)],
        [workload(), autoscaler(scaleTargetRef="api", maxReplicas="many")],
    ],
)
def test_what_makes_them_no_more_is_left_alone(manifests):
    assert races(*manifests) == []


@pytest.mark.parametrize(
    "script",
    [
        "touch /work/migrate",
        "echo migrate",
        "kubectl logs job/migrate",
        "wait_for.sh job migrate",
        "cd /srv/db-migrate",
    ],
)
def test_a_word_that_only_names_something_is_left_alone(script):
    made = workload(replicas=3)
    made["spec"]["template"]["spec"]["initContainers"] = [MIGRATE | {"command": ["sh", "-c", script]}]
    assert races(made) == []


@pytest.mark.parametrize(
    "script",
    [
        "./server migrate",
        "./server db migrate",
        "npm run migrate",
        "node main.js migrate",
        "./manage.py migrate_schemas",
    ],
)
def test_an_apps_own_word_for_it_is_found(script):
    made = workload(replicas=3)
    made["spec"]["template"]["spec"]["initContainers"] = [MIGRATE | {"command": ["sh", "-c", script]}]
    assert len(races(made)) == 1


@pytest.mark.parametrize("test", ['[ "${HOSTNAME##*-}" = 0 ]', '[ "$(hostname)" = api-0 ]', 'test "$POD_NAME" = api-0'])
def test_one_pod_of_a_stateful_set_may_migrate_alone(test):
    made = {kind: workload(kind, replicas=3, podManagementPolicy="Parallel") for kind in ("StatefulSet", "Deployment")}
    for each in made.values():
        each["spec"]["template"]["spec"]["initContainers"] = [
            MIGRATE | {"command": ["sh", "-c", f"if {test}; then alembic upgrade head; fi"]}
        ]
    assert races(made["StatefulSet"]) == []
    assert len(races(made["Deployment"])) == 1  # whose pods have no numbers


@pytest.mark.parametrize(
    ("kind", "spec", "pods"),
    [
        ("Deployment", {"replicas": 3}, "3 pods"),
        ("Deployment", {"replicas": True}, ""),
        ("DaemonSet", {}, "the pods of every node"),
        ("StatefulSet", {"replicas": 3}, ""),
        ("Job", {"parallelism": 3}, "3 pods"),
        ("Job", {"parallelism": 3, "completions": 2}, "2 pods"),
        ("CronJob", {"jobTemplate": {"spec": {"parallelism": 2}}}, "2 pods"),
        ("Pod", {"replicas": 3}, ""),
    ],
)
def test_counts_the_pods_that_start_at_once(kind, spec, pods):
    assert pods_at_once({"kind": kind, "spec": spec}) == pods
