"""Order, hand-offs and time of whole workloads, and what changes between two of them."""

from __future__ import annotations

import copy

import pytest
from pods import Manifest, container, job, pod, run, sidecar

from initconstructs.planning.diff import diff_plans
from initconstructs.planning.failures import failures
from initconstructs.planning.plan import Plan, plan, plans
from initconstructs.planning.release import Release

WAIT = "timeout 5m sh -c 'until nc -z db 5432; do sleep 2; done'"
MOUNT = {"name": "secrets", "mountPath": "/run/secrets"}


def shop() -> Manifest:
    """A Deployment with a wait, a sidecar with a startup probe, a hand-off and an unbounded migration."""
    proxy = sidecar("proxy", startupProbe={"httpGet": {"port": 1}, "periodSeconds": 2, "failureThreshold": 30})
    fetch = container("fetch", "timeout 2m vault read", volumeMounts=[MOUNT])
    migrate = container("migrate", "alembic upgrade head", resources={"requests": {"cpu": "1", "memory": "64Mi"}})
    api = container("api", "serve", volumeMounts=[{**MOUNT, "readOnly": True}])
    api["resources"] = {"requests": {"cpu": "200m", "memory": "256Mi"}}
    volumes = [{"name": "secrets", "emptyDir": {"medium": "Memory"}}]
    template = pod(container("wait", WAIT), proxy, fetch, migrate, apps=(api,), volumes=volumes)["spec"]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"replicas": 3, "template": {"metadata": {}, "spec": template}},
    }


def planned(manifest: Manifest, kubernetes: str = "1.36") -> Plan:
    found = plan(manifest, kubernetes=kubernetes)
    assert found is not None
    return found


def test_the_order_and_its_gates():
    found = [(stage.name, stage.role.value, stage.after, stage.gate) for stage in planned(shop()).stages]
    assert found == [
        ("wait", "init", "", "exit 0"),
        ("proxy", "sidecar", "wait", "startup probe"),
        ("fetch", "init", "proxy", "exit 0"),
        ("migrate", "init", "fetch", "exit 0"),
        ("api", "app", "migrate", "started"),
    ]


def test_which_sidecars_run_by_then():
    assert {stage.name: stage.sidecars for stage in planned(shop()).stages} == {
        "wait": (),
        "proxy": (),
        "fetch": ("proxy",),
        "migrate": ("proxy",),
        "api": ("proxy",),
    }


def test_what_is_handed_over():
    (handoff,) = planned(shop()).handoffs
    assert (handoff.volume, handoff.medium) == ("secrets", "memory")
    assert (handoff.written_by, handoff.read_by, handoff.read_before_written) == (("fetch",), ("api",), ())


def test_a_reader_before_the_writer_is_named():
    reader = container("reader", volumeMounts=[{**MOUNT, "readOnly": True}])
    app = container("app", volumeMounts=[MOUNT])
    found = planned(pod(reader, apps=(app,), volumes=[{"name": "secrets", "emptyDir": {}}])).handoffs[0]
    assert found.read_before_written == ("reader",)
    writer = container("writer", volumeMounts=[MOUNT])
    found = planned(pod(reader, writer, apps=(app,), volumes=[{"name": "secrets", "emptyDir": {}}])).handoffs[0]
    assert found.read_before_written == ("reader",)
    found = planned(pod(writer, reader, apps=(app,), volumes=[{"name": "secrets", "emptyDir": {}}])).handoffs[0]
    assert found.read_before_written == ()


def test_a_volume_with_content_is_no_hand_off():
    app = container("app", volumeMounts=[MOUNT])
    volumes = [{"name": "secrets", "secret": {"secretName": "x"}}]
    assert planned(pod(container("i", volumeMounts=[MOUNT]), apps=(app,), volumes=volumes)).handoffs == ()


def test_a_variable_from_a_file_is_read():
    env = [{"name": "URL", "valueFrom": {"fileKeyRef": {"volumeName": "secrets", "path": "env", "key": "URL"}}}]
    writer = container("writer", volumeMounts=[MOUNT])
    found = planned(
        pod(writer, apps=(container("app", env=env),), volumes=[{"name": "secrets", "emptyDir": {}}])
    ).handoffs
    assert found[0].read_by == ("app",)


def test_time_adds_up_and_names_what_is_unbounded():
    found = planned(shop()).time
    assert [(each.name, each.worst_s) for each in found.stages] == [
        ("wait", 300),
        ("proxy", 60),
        ("fetch", 120),
        ("migrate", None),
        ("api", 0),
    ]
    assert found.worst_s is None
    assert found.unbounded == ("migrate",)
    assert found.deadline is not None
    assert found.deadline.strikes


def test_a_bounded_start_keeps_the_deadline():
    manifest = shop()
    manifest["spec"]["template"]["spec"]["initContainers"][3]["command"] = ["timeout", "60", "migrate"]
    found = planned(manifest).time
    assert found.worst_s == pytest.approx(300 + 60 + 120 + 60, abs=5)
    assert not found.deadline.strikes


def test_the_shorter_deadline_of_a_job_counts():
    found = planned(job(container("i", "sleep 100"), activeDeadlineSeconds=90)).time.deadline
    assert found is not None
    assert (found.field, found.seconds, found.strikes) == ("activeDeadlineSeconds", 90, True)


def test_what_a_failure_means():
    found = {failure.stage: failure for failure in failures(planned(shop()))}
    assert found["migrate"].runs_again == ("migrate",)
    assert found["migrate"].statuses == ("Init:Error", "Init:CrashLoopBackOff")
    assert "ProgressDeadlineExceeded" in found["migrate"].effect
    never = planned(pod(container("i"), policy="Never"))
    assert failures(never)[0].effect == "the pod fails and nothing runs again"


def test_a_sidecar_of_a_short_job_fails_alone():
    found = {failure.stage: failure.effect for failure in failures(planned(job(sidecar("log"), app="sleep 1; exit 0")))}
    assert found["log"] == "it alone runs again: at once, then after 10, 20, 40, ... 300 s; the stages after it go on"
    assert found["main"] == "the pod fails; the Job makes a new one that begins with log, 7 in all, then fails"


def test_a_failure_restarts_nothing_that_restarts_without_it():
    found = {failure.stage: failure for failure in failures(planned(pod(container("i"), sidecar("s", "exit 1"))))}
    assert found["i"].runs_again == ("i",)
    assert found["s"].runs_again == ("s",)


def test_init_containers_are_spoken_of_where_there_are_any():
    assert "init" not in failures(planned(pod()))[0].effect
    assert failures(planned(pod(container("i"))))[1].effect.endswith("; no init container runs again")


def test_a_job_that_allows_one_restart_says_so_in_the_singular():
    found = failures(planned(job(container("i"), policy="OnFailure", backoffLimit=0)))
    assert "after 1 restart the Job fails" in found[0].effect


@pytest.mark.parametrize("make", [sidecar, container], ids=["sidecar", "app"])
def test_a_timeout_says_nothing_of_how_long_a_service_runs(make):
    service = make("proxy", "envoy --drain-timeout 22", env=[{"name": "INBOUND_TIMEOUT", "value": "3s"}])
    manifest = pod(service) if make is sidecar else pod(apps=(service,))
    assert run(manifest).restarts["proxy"] == 0


@pytest.mark.parametrize("version", ["1.30", "v1.36", "1.36.2"])
def test_versions(version):
    assert str(Release.parse(version)).startswith("1.3")


@pytest.mark.parametrize("version", ["", "36", "2.1", "1.x", "1.29"])
def test_a_version_that_is_none_is_refused(version):
    with pytest.raises(ValueError, match="use a minor from"):
        Release.parse(version)


def test_other_kinds_have_no_plan():
    assert plan({"apiVersion": "v1", "kind": "Service"}) is None
    assert plans([{"apiVersion": "v1", "kind": "Service"}, shop()])[0].title == "Deployment shop/api"


@pytest.mark.parametrize("value", [None, 3, "x", [], [None, 3, "x"], {}, [{}]])
@pytest.mark.parametrize("field", ["initContainers", "containers", "volumes", "securityContext", "resources"])
def test_a_malformed_manifest_still_has_a_plan(field, value):
    manifest = pod(container("i"))
    manifest["spec"][field] = value
    assert planned(manifest).kind == "Pod"


def _changes(change) -> dict[str, str]:
    new = shop()
    change(new["spec"]["template"]["spec"]["initContainers"])
    diffs = diff_plans([planned(shop())], [planned(new)])
    return {f"{each.what}: {each.subject}": f"{each.old} → {each.new}" for diff in diffs for each in diff.changes}


def test_the_same_plan_has_no_diff():
    assert diff_plans([planned(shop())], [planned(copy.deepcopy(shop()))]) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda inits: inits.append(container("warm")), "stage added: warm"),
        (lambda inits: inits.pop(0), "stage removed: wait"),
        (lambda inits: inits.insert(0, inits.pop(2)), "stages reordered: order"),
        (lambda inits: inits[3].update(image="shop:2"), "image changed: migrate"),
        (lambda inits: inits[3].update(securityContext={"runAsUser": 0}), "privileges changed: migrate"),
        (lambda inits: inits[3].update(command=["timeout", "60", "migrate"]), "worst case changed: start-up"),
        (lambda inits: inits[3].update(restartPolicy="Always"), "role changed: migrate"),
        (lambda inits: inits[1].pop("startupProbe"), "gate changed: proxy"),
        (lambda inits: inits[2].pop("volumeMounts"), "hand-off changed: secrets"),
        (lambda inits: inits[3]["resources"]["requests"].update(cpu="2"), "requests changed: effective cpu requests"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_change_is_told(change, line):
    assert line in _changes(change)


def test_more_replicas_replace_no_pod():
    new = shop()
    new["spec"]["replicas"] = 5
    (diff,) = diff_plans([planned(shop())], [planned(new)])
    assert not diff.rolls
    assert [change.what for change in diff.changes] == ["replicas changed"]


@pytest.mark.parametrize("manifests", [[], [{"apiVersion": "v1", "kind": "ConfigMap"}]])
def test_a_minor_that_nobody_knows_is_told_without_a_pod_too(manifests):
    with pytest.raises(ValueError, match=r"1\.30 to"):
        plans(manifests, kubernetes="9.99")


def test_workloads_come_and_go():
    (added,) = diff_plans([], [planned(shop())])
    (removed,) = diff_plans([planned(shop())], [])
    assert (added.changes[0].what, removed.changes[0].what) == ("workload added", "workload removed")
    assert (added.headline, removed.headline) == ("a new workload", "a removed workload")
