"""What runs again when something happens that no manifest shows; each case was made on a real node."""

from __future__ import annotations

import pytest
from pods import RUNS_ON, container, pod, run, sidecar

from initconstructs.planning.scenario import Event, Happening

INITS = (container("i1"), container("i2", "sleep 20; exit 0"), container("i3"))
LOST = Happening.SANDBOX_LOST
CRASHES = "sleep 10; exit 1"


@pytest.mark.parametrize("policy", ["Always", "OnFailure"])
@pytest.mark.parametrize("what", [Happening.SANDBOX_LOST, Happening.NODE_REBOOTED])
def test_a_lost_sandbox_runs_every_init_container_again(policy, what):
    app = container("main", "sleep 40; exit 0")
    simulation = run(pod(*INITS, apps=(app,), policy=policy), Event(what=what, during="main"), main=(0,))
    assert [simulation.runs[name] for name in ("i1", "i2", "i3", "main")][:3] == [2, 2, 2]
    assert simulation.statuses[5:8] == ("Running", "Error", "Running")


def test_a_sandbox_lost_during_init_begins_again_without_showing_an_error():
    simulation = run(pod(*INITS), Event(what=LOST, during="i2"))
    assert simulation.runs == {"i1": 2, "i2": 2, "i3": 1, "main": 1}
    assert simulation.statuses[2:6] == ("Init:1/3", "Init:0/3", "Init:1/3", "Init:2/3")


@pytest.mark.parametrize(("during", "shows"), [("i2", "Init:Error"), ("main", "Error")])
def test_under_never_a_lost_sandbox_ends_the_pod(during, shows):
    app = container("main", "sleep 40; exit 0")
    simulation = run(pod(*INITS, apps=(app,), policy="Never"), Event(what=LOST, during=during))
    assert simulation.phase == "Failed"
    assert simulation.statuses[-1] == shows
    assert max(simulation.runs.values()) == 1


def test_an_app_that_has_succeeded_is_not_run_again():
    apps = (container("m1", "sleep 4; exit 0"), container("m2", "sleep 60; exit 0"))
    simulation = run(pod(container("i1"), apps=apps, policy="OnFailure"), Event(what=LOST, at_s=20))
    assert simulation.runs == {"i1": 2, "m1": 1, "m2": 2}
    assert simulation.statuses[-4:] == ("NotReady", "Error", "NotReady", "Completed")


def test_a_lost_sandbox_takes_the_sidecar_along():
    simulation = run(pod(sidecar("sc"), container("i1")), Event(what=LOST, at_s=20))
    assert simulation.runs == {"sc": 2, "i1": 2, "main": 2}


def test_an_app_that_crashes_runs_alone():
    simulation = run(pod(*INITS, apps=(container("main", CRASHES),)), main=(1, 1, 1, 0))
    assert [simulation.runs[name] for name in ("i1", "i2", "i3")] == [1, 1, 1]


def test_a_kubelet_restart_repeats_nothing():
    simulation = run(pod(*INITS), Event(what=Happening.KUBELET_RESTARTED, during="i2"))
    assert set(simulation.runs.values()) == {1}


def test_a_kubelet_restart_forgets_the_back_off():
    failing = pod(container("i1"), container("i2", "sleep 1; exit 1"))
    quiet, restarted = run(failing), run(failing, Event(what=Happening.KUBELET_RESTARTED, at_s=9))
    assert quiet.waits["i2"][1] == 10
    assert restarted.waits["i2"][1] == 0
    assert restarted.runs["i1"] == 1


def test_without_any_init_record_the_end_of_the_only_app_runs_init_again():
    removed = Event(what=Happening.RECORDS_REMOVED, target="i1,i2,i3", at_s=30)
    simulation = run(pod(*INITS, apps=(container("main", CRASHES),)), removed, main=(1, 0))
    assert [simulation.runs[name] for name in ("i1", "i2", "i3")] == [2, 2, 2]


@pytest.mark.parametrize(
    ("policy", "apps"),
    [
        ("Never", (container("main", CRASHES),)),
        ("Always", (container("main", CRASHES), container("other", RUNS_ON))),
    ],
    ids=["never", "another-app-lives"],
)
def test_removed_records_alone_repeat_nothing(policy, apps):
    removed = Event(what=Happening.RECORDS_REMOVED, target="i1,i2,i3", at_s=30)
    simulation = run(pod(*INITS, apps=apps, policy=policy), removed)
    assert [simulation.runs[name] for name in ("i1", "i2", "i3")] == [1, 1, 1]


def test_a_record_of_an_earlier_stage_may_go():
    removed = Event(what=Happening.RECORDS_REMOVED, target="i1", at_s=15)
    assert run(pod(*INITS), removed).runs["i1"] == 1


def test_deletion_during_init_starts_no_later_stage():
    simulation = run(pod(container("i1", RUNS_ON), container("i2")), Event(what=Happening.DELETED, at_s=20))
    assert simulation.statuses == ("Pending", "Init:0/2", "Terminating", "Init:1/2")
    assert simulation.phase == "Failed"


def test_deletion_says_terminating_to_the_end_before_1_31():
    manifest = pod(container("i1", RUNS_ON))
    simulation = run(manifest, Event(what=Happening.DELETED, at_s=20), kubernetes="1.30")
    assert simulation.statuses[-1] == "Terminating"


def test_a_process_that_ignores_sigterm_uses_the_whole_grace_period():
    manifest = pod(container("i1", "sleep 300"), terminationGracePeriodSeconds=30)
    simulation = run(manifest, Event(what=Happening.DELETED, at_s=20))
    assert simulation.exit_codes["i1"] == (137,)
    assert simulation.ended_s >= 50


@pytest.mark.parametrize("policy", ["Always", "Never"])
def test_a_missing_secret_is_waited_for(policy):
    reference = {"name": "PW", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw"}}}
    missing = Event(what=Happening.SECRET_MISSING, target="db", until_s=80)
    simulation = run(pod(container("i1"), container("i2", env=[reference]), policy=policy), missing)
    assert simulation.statuses[2:6] == ("Init:1/2", "Init:CreateContainerConfigError", "Init:1/2", "PodInitializing")


def test_an_optional_secret_is_not_missed():
    reference = {"name": "PW", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw", "optional": True}}}
    simulation = run(pod(container("i1", env=[reference])), Event(what=Happening.SECRET_MISSING, target="db"))
    assert simulation.phase == "Running"


def test_a_missing_image_is_tried_again_even_under_never():
    missing = Event(what=Happening.IMAGE_MISSING, target="i2")
    simulation = run(pod(container("i1"), container("i2"), policy="Never"), missing)
    assert simulation.statuses[3:7] == ("Init:ErrImagePull", "Init:ImagePullBackOff") * 2
    assert simulation.phase == "Pending"
    assert simulation.runs["i2"] == 0


def test_an_image_that_must_be_there_and_is_not():
    manifest = pod(container("i1", imagePullPolicy="Never"))
    assert run(manifest, Event(what=Happening.IMAGE_MISSING)).statuses[-1] == "Init:ErrImageNeverPull"


@pytest.mark.parametrize(
    "image",
    ["Busy Box:Bad", "library/UPPER", "busybox:", "a//b", "", "a/B", "x@sha256:12", "e.x:y/z", "a-" * 3000],
    ids=lambda image: image[:20],
)
def test_an_image_name_that_cannot_be_right(image):
    simulation = run(pod({**container("i1"), "image": image}))
    assert simulation.statuses[-1] == "Init:InvalidImageName"


@pytest.mark.parametrize(
    "image",
    [
        "busybox",
        "ghcr.io/acme/shop:1.4.2",
        "localhost:5000/a/b__c-d.e",
        "UPPER/case",
        "[::1]:5000/x",
        f"a@sha256:{'0' * 64}",
        "1" * 5000,
    ],
    ids=lambda image: image[:20],
)
def test_an_image_name_that_can_be_right(image):
    assert run(pod({**container("i1"), "image": image})).phase == "Running"


def test_a_config_map_that_only_the_app_mounts_stops_the_whole_pod():
    volumes = [{"name": "c", "configMap": {"name": "settings"}}]
    missing = Event(what=Happening.CONFIG_MAP_MISSING, target="settings")
    app = container("main", "sleep 3600", volumeMounts=[{"name": "c", "mountPath": "/c"}])
    assert run(pod(container("i1"), apps=(app,), volumes=volumes), missing).statuses == ("Pending", "Init:0/1")
    assert run(pod(container("i1"), volumes=volumes), missing).phase == "Running", "nobody mounts it"


@pytest.mark.parametrize(("user", "starts"), [(None, False), (0, False), (1000, True)])
def test_run_as_non_root(user, starts):
    context = {"runAsNonRoot": True} | ({} if user is None else {"runAsUser": user})
    simulation = run(pod(container("i1", securityContext=context)), Event(what=Happening.IMAGE_RUNS_AS_ROOT))
    assert (simulation.runs["i1"] == 1) is starts


def test_active_deadline_counts_init_time():
    simulation = run(pod(container("i1", "sleep 100"), activeDeadlineSeconds=10, policy="Never"))
    assert (simulation.phase, simulation.reason) == ("Failed", "DeadlineExceeded")
    assert simulation.runs["main"] == 0
