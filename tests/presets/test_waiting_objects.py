"""Waits for Kubernetes objects, against a server that lists and watches as the API does and checks rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from initconstructs import ModelError, PolicyRule
from initconstructs.presets import waiting
from tests.presets.waiting_api import BREAK, Api, Object
from tests.presets.waiting_words import until_it_says

CREDENTIALS = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture
def api(https) -> Iterator[Api]:
    api = Api()
    with https.serve(api.handler()) as api.port:
        yield api
        api.tell(None)


@dataclass
class Pod:
    """Starts a wait with the service account's credentials, as rendered rights allow."""

    kubelet: Any
    api: Api
    credentials: Path

    def start(self, wait: waiting.Wait, *, rules: Sequence[PolicyRule] | None = None):
        self.api.rules = list(wait.permissions if rules is None else rules)
        env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.api.port)}
        return self.kubelet.start(wait, mounts={CREDENTIALS: self.credentials}, **env)

    def run(self, wait: waiting.Wait):
        return self.start(wait).finish()

    def sees(self, wait: waiting.Wait, *changes: Mapping[str, Any], code: int = 0) -> list[str]:
        """What it says while the changes happen, one after the other."""
        started = self.start(wait)
        self.api.await_watch(started)
        for change in changes:
            self.api.change(**change)
        finished = started.finish()
        assert finished.code == code, finished.out + finished.err
        return [line.split(": ", 1)[1] for line in finished.out.splitlines()[:-1]]


@pytest.fixture
def pod(kubelet, api, certificate, tmp_path) -> Pod:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name, text in {"token": "top-secret", "namespace": "shop"}.items():
        (credentials / name).write_text(text)
    (credentials / "ca.crt").write_bytes((certificate / "ca.crt").read_bytes())
    return Pod(kubelet, api, credentials)


def job(*conditions: str, active: int = 0, **spec: Any) -> Object:
    found = [{"type": each, "status": "True", "message": "too many retries"} for each in conditions]
    return {"name": "seed", "kind": "Job", "spec": spec, "status": {"active": active, "conditions": found}}


class TestJob:
    wait = waiting.job_complete("seed", timeout=60)

    def test_passes_when_it_completes(self, pod):
        said = pod.sees(self.wait, job(active=1), job("SuccessCriteriaMet"), job("Complete"))
        assert said[1:] == ["has 1 active pods", "has 0 active pods", "answers"]
        assert said[0].startswith("is not there")
        assert set(pod.api.requests) == {("list", "jobs"), ("watch", "jobs")}

    def test_passes_when_its_ttl_removes_it_before_it_was_seen_complete(self, pod):
        removed = job("Complete") | {"event": "DELETED"}
        assert pod.sees(self.wait, job(active=1), removed)[-1] == "answers"

    def test_waits_for_another_when_an_unfinished_one_is_deleted(self, pod):
        said = pod.sees(self.wait, job(active=1), job(active=1) | {"event": "DELETED"}, job("Complete"))
        assert said[-1] == "answers"

    def test_ends_at_once_when_it_has_failed(self, pod):
        assert pod.sees(self.wait, job("Failed"), code=3)[-1] == "has failed: too many retries"

    def test_one_that_is_gone_passes_only_when_told_so(self, pod):
        assert pod.run(waiting.job_complete("seed", gone="complete", timeout=20)).code == 0
        missing = pod.run(waiting.job_complete("seed", timeout=4))
        assert (missing.code, "ask for what it achieves" in missing.last) == (1, True)

    def test_one_that_is_there_is_asked_even_so(self, pod):
        pod.api.change(**job(active=1))
        assert pod.run(waiting.job_complete("seed", gone="complete", timeout=1)).code == 1


def deployment(generation: int, observed: int, **counts: int) -> Object:
    metadata = {"name": "api", "generation": generation}
    return {
        "name": "api",
        "metadata": metadata,
        "spec": {"replicas": 2},
        "status": {"observedGeneration": observed} | counts,
    }


def test_rollout_of_a_deployment(pod):
    said = pod.sees(
        waiting.rollout("api", timeout=20),
        deployment(2, 1, updatedReplicas=2, availableReplicas=2, replicas=2),
        deployment(2, 2, updatedReplicas=1, availableReplicas=2, replicas=3),
        deployment(2, 2, updatedReplicas=2, availableReplicas=1, replicas=3),
        deployment(2, 2, updatedReplicas=2, availableReplicas=2, replicas=3),
        deployment(2, 2, updatedReplicas=2, availableReplicas=2, replicas=2),
    )
    assert said == [
        "is not there",
        "its new version is not seen by the controller yet",
        "1 of 2 pods are updated",
        "1 of 2 updated pods are available",
        "1 old pods are still there",
        "answers",
    ]


def test_rollout_of_a_stateful_set_that_keeps_a_partition(pod):
    spec = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}
    about = {"name": "db", "metadata": {"name": "db", "generation": 1}, "spec": spec}
    said = pod.sees(
        waiting.rollout("db", kind="StatefulSet", timeout=20),
        about | {"status": {"observedGeneration": 1, "updatedReplicas": 0, "availableReplicas": 3}},
        about | {"status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 3}},
    )
    assert said == ["is not there", "2 of 3 pods are updated", "answers"]


def test_rollout_of_a_daemon_set(pod):
    about = {"name": "log", "metadata": {"name": "log", "generation": 1}, "spec": {}}
    counts = {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2}
    said = pod.sees(
        waiting.rollout("log", kind="DaemonSet", timeout=20),
        about | {"status": counts | {"numberAvailable": 1}},
        about | {"status": counts | {"numberAvailable": 2}},
    )
    assert said == ["is not there", "1 of 2 updated pods are available", "answers"]


def a_pod(name: str, ready: str, **metadata: str) -> Object:
    status = {"conditions": [{"type": "Ready", "status": ready}]}
    return {"name": name, "metadata": {"name": name} | metadata, "status": status}


def test_pod_ready(pod):
    going = a_pod("db-0", "True", deletionTimestamp="2026-01-01T00:00:00Z")
    gone = a_pod("db-0", "True") | {"event": "DELETED"}
    wait = waiting.pod_ready("db-0", timeout=20)
    said = pod.sees(wait, a_pod("db-0", "False"), going, gone, a_pod("db-0", "True"))
    assert said == ["0 of 1 pods are ready", "answers"]


def test_pods_ready_counts_them(pod):
    wait = waiting.pods_ready({"app": "db"}, at_least=2, timeout=20)
    said = pod.sees(wait, a_pod("db-0", "True"), a_pod("db-1", "True"))
    assert said == ["0 of 2 pods are ready", "1 of 2 pods are ready", "answers"]


def endpoint_slice(name: str, *endpoints: tuple[str, object], family: str = "IPv4") -> Object:
    found = [{"addresses": [address], "conditions": conditions} for address, conditions in endpoints]
    return {"name": name, "addressType": family, "endpoints": found or None}


def test_service_endpoints_counts_ready_addresses_of_all_slices(pod):
    said = pod.sees(
        waiting.service_endpoints("db", at_least=2, timeout=20),
        endpoint_slice("db-a"),
        endpoint_slice("db-a", ("10.0.0.1", {"ready": True}), ("10.0.0.2", {"ready": False})),
        endpoint_slice("db-b", ("10.0.0.1", {"ready": True})),
        endpoint_slice("db-c", ("fd00::1", {"ready": True}), family="IPv6"),
        endpoint_slice("db-b", ("10.0.0.3", {})),
    )
    assert said == ["has 0 of 2 ready endpoints", "has 1 of 2 ready endpoints", "answers"]


def test_condition_must_be_about_the_present_generation(pod):
    def certificate(status: str, observed: int) -> Object:
        ready = {"type": "Ready", "status": status, "observedGeneration": observed, "message": "issuing"}
        return {"name": "tls", "metadata": {"name": "tls", "generation": 2}, "status": {"conditions": [ready]}}

    wait = waiting.condition("certificates", "tls", api_version="cert-manager.io/v1", timeout=20)
    said = pod.sees(
        wait,
        {"name": "tls", "status": {"conditions": None}},
        certificate("True", 1),
        certificate("False", 2),
        certificate("True", 2),
    )
    assert said == [
        "is not there",
        "has no condition Ready",
        "condition Ready is about an older version",
        "condition Ready is False: issuing",
        "answers",
    ]


@pytest.mark.parametrize(("value", "text"), [("Bound", "Bound"), (True, "true"), (3, "3")])
def test_field(pod, value, text):
    wait = waiting.field("volumes", "a", api_version="v1", path="status.phase", value=text, timeout=20)
    said = pod.sees(wait, {"name": "a", "status": "odd"}, {"name": "a", "status": {"phase": value}})
    assert said == ["is not there", "status.phase is not set", "answers"]


def test_missing_rights_are_named_and_may_come_later(pod):
    wait = waiting.pod_ready("db-0", timeout=20)
    pod.api.change(**a_pod("db-0", "True"))
    started = pod.start(wait, rules=[])
    assert until_it_says(started, "status 403").endswith("pod db-0: status 403: cannot list pods\n")
    pod.api.rules = list(wait.permissions)
    assert started.finish().code == 0


def test_a_token_is_read_again(pod):
    pod.api.token = "newer"
    pod.api.change(**a_pod("db-0", "True"))
    started = pod.start(waiting.pod_ready("db-0", timeout=20))
    until_it_says(started, "status 401: Unauthorized")
    (pod.credentials / "token").write_text("newer")
    assert started.finish().code == 0


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_has_too_much_to_do_is_asked_again_when_it_says(pod, status):
    pod.api.refusals = [(status, {"Retry-After": "1"})]
    pod.api.change(**a_pod("db-0", "True"))
    finished = pod.run(waiting.pod_ready("db-0", timeout=20))
    assert (finished.code, f"status {status}: not now" in finished.out) == (0, True), finished.out
    first, second = pod.api.times
    assert second - first >= (1 if status == 429 else 0)


class TestWatch:
    """A watch that ends in any way is taken up again, and nothing that happens meanwhile is missed."""

    wait = waiting.job_complete("seed", timeout=20)

    @pytest.mark.parametrize("end", [None, BREAK])
    def test_a_job_that_completes_and_is_removed_meanwhile(self, pod, end):
        pod.api.change(**job(active=1))
        started = pod.start(self.wait)
        pod.api.await_watch(started)
        pod.api.refusals = [(503, {}), (429, {})]
        with pod.api.lock:
            pod.api.tell(end)
            pod.api.change(**job("Complete"))
            pod.api.change(**job("Complete") | {"event": "DELETED"})
        finished = started.finish()
        assert finished.code == 0, finished.out

    def test_a_bookmark_says_from_where(self, pod):
        started = pod.start(self.wait)
        pod.api.await_watch(started)
        with pod.api.lock:
            pod.api.compact()
            pod.api.tell({"type": "BOOKMARK", "object": {"kind": "Job", "metadata": {"resourceVersion": "8"}}})
            pod.api.tell(BREAK)
            pod.api.change(**job("Complete"))
        assert (started.finish().code, pod.api.versions) == (0, ["7", "8"])

    @pytest.mark.parametrize("how", ["as an event", "as the answer"])
    def test_a_version_that_is_too_old_is_forgotten(self, pod, how):
        started = pod.start(self.wait)
        pod.api.await_watch(started)
        gone = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
        with pod.api.lock:
            pod.api.objects["seed"] = job("Complete") | {"metadata": {"name": "seed"}}
            pod.api.compact()
            pod.api.tell(gone if how == "as an event" else BREAK)
        finished = started.finish()
        assert (finished.code, "too old resource version" in finished.out) == (0, True), finished.out


def test_each_wait_may_ask_for_exactly_its_object():
    rules = {
        "job": waiting.job_complete("seed").permissions,
        "condition": waiting.condition("certificates", "tls", api_version="cert-manager.io/v1").permissions,
        "pod": waiting.pod_ready("db-0").permissions,
    }
    expected = {"job": ("batch", "jobs", "seed"), "condition": ("cert-manager.io", "certificates", "tls")}
    expected["pod"] = ("", "pods", "db-0")
    for key, (group, resource, name) in expected.items():
        rule = PolicyRule(verbs=["list", "watch"], resources=[resource], api_groups=[group], resource_names=[name])
        assert list(rules[key]) == [rule]


def test_an_object_of_another_namespace(pod):
    wait = waiting.rollout("db", kind="StatefulSet", namespace="data", timeout=20)
    about = {"name": "db", "metadata": {"name": "db", "generation": 1}, "spec": {"replicas": 1}}
    status = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1}
    assert pod.sees(wait, about | {"status": status}) == ["is not there", "answers"]
    assert "statefulset db in data: answers" in pod.run(wait).out


def test_all_of_joins_the_rights_of_its_parts():
    parts = [waiting.pod_ready("db-0"), waiting.job_complete("seed"), waiting.pod_ready("db-0"), waiting.redis("cache")]
    assert [each.resources for each in waiting.all_of(*parts).permissions] == [("pods",), ("jobs",)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: waiting.job_complete("Seed_1"),
        lambda: waiting.job_complete("seed", gone="maybe"),
        lambda: waiting.rollout("api", kind="Job"),
        lambda: waiting.pods_ready({}),
        lambda: waiting.pods_ready({"app": "a,b"}),
        lambda: waiting.condition("certificates", "tls", api_version="cert-manager.io"),
        lambda: waiting.condition("certificates/status", "tls", api_version="v1"),
        lambda: waiting.field("pods", "a", api_version="v1", path="status..phase", value="x"),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()
