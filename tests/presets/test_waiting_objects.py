"""Waits for Kubernetes objects, against a server that lists and watches as the API does and checks rights."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from initconstructs import ModelError, PolicyRule
from initconstructs.presets import waiting

CREDENTIALS = "/var/run/secrets/kubernetes.io/serviceaccount"
Object = dict[str, Any]


@dataclass
class Api:
    """Objects of one namespace, whose changes are told to whoever watches."""

    port: int = 0
    rules: list[PolicyRule] = field(default_factory=list)
    objects: dict[str, Object] = field(default_factory=dict)
    watchers: list[queue.Queue[Object | None]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, name: str, *, event: str = "MODIFIED", kind: str = "", **parts: Any) -> None:
        about = {"kind": kind, "metadata": {"name": name}} | parts
        with self.lock:
            self.objects.pop(name, None) if event == "DELETED" else self.objects.update({name: about})
            for each in self.watchers:
                each.put({"type": event, "object": about})

    def allows(self, namespace: str, verb: str, group: str, resource: str, name: str | None) -> bool:
        """As the API server decides: a rule with names covers requests for one of these names only."""
        return any(
            namespace == (rule.namespace or "shop")
            and verb in rule.verbs
            and group in rule.api_groups
            and resource in rule.resources
            and (rule.resource_names is None or name in rule.resource_names)
            for rule in self.rules
        )


@pytest.fixture
def api(certificate, tmp_path, https) -> Iterator[Api]:
    api = Api()

    class Handler(https.Handler):
        def do_GET(self) -> None:  # noqa: N802 -- the name that http.server calls
            url = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            *_, namespace, resource = url.path.split("/")
            group = url.path.split("/")[2] if url.path.startswith("/apis/") else ""
            verb = "watch" if query.get("watch") == "1" else "list"
            name = query.get("fieldSelector", "").removeprefix("metadata.name=") or None
            api.requests.append((verb, resource))
            if self.headers["Authorization"] != "Bearer top-secret":
                return self.reply(401, {"message": "Unauthorized"})
            if not api.allows(namespace, verb, group, resource, name):
                return self.reply(403, {"message": f"cannot {verb} {resource}"})
            assert self.headers["Accept-Encoding"] == "identity", "answers must be readable"
            return self.watch() if verb == "watch" else self.list_now()

        def reply(self, status: int, body: Object) -> None:
            data = json.dumps(body).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def list_now(self) -> None:
            items = [{key: part for key, part in each.items() if key != "kind"} for each in api.objects.values()]
            self.reply(200, {"kind": "List", "metadata": {"resourceVersion": "7"}, "items": items})

        def watch(self) -> None:
            events: queue.Queue[Object | None] = queue.Queue()
            with api.lock:
                api.watchers.append(events)
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while (event := events.get(timeout=20)) is not None:
                data = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")

    with https.serve(Handler) as port:
        api.port = port
        yield api
        for each in api.watchers:
            each.put(None)


@dataclass
class Pod:
    """Starts a wait with the service account's credentials, as rendered rights allow."""

    kubelet: Any
    api: Api
    credentials: Path

    def start(self, wait: waiting.Wait):
        self.api.rules = list(wait.permissions)
        env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.api.port)}
        return self.kubelet.start(wait, mounts={CREDENTIALS: self.credentials}, **env)

    def run(self, wait: waiting.Wait):
        return self.start(wait).finish()

    def sees(self, wait: waiting.Wait, *changes: Mapping[str, Any], code: int = 0) -> list[str]:
        """What it says while the changes happen, one after the other."""
        started = self.start(wait)
        while not self.api.watchers:
            time.sleep(0.02)
            assert started.process.poll() is None, started.process.communicate()
        for change in changes:
            self.api.change(**change)
            time.sleep(0.1)
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
    wait = waiting.job_complete("seed", timeout=10)

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
        started = time.monotonic()
        said = pod.sees(self.wait, job("Failed"), code=3)
        assert said[-1] == "has failed: too many retries"
        assert time.monotonic() - started < 3

    def test_one_that_is_gone_passes_only_when_told_so(self, pod):
        assert pod.run(waiting.job_complete("seed", gone="complete", timeout=2)).code == 0
        missing = pod.run(waiting.job_complete("seed", timeout=1))
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
        waiting.rollout("api", timeout=10),
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
        waiting.rollout("db", kind="StatefulSet", timeout=10),
        about | {"status": {"observedGeneration": 1, "updatedReplicas": 0, "availableReplicas": 3}},
        about | {"status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 3}},
    )
    assert said == ["is not there", "2 of 3 pods are updated", "answers"]


def test_rollout_of_a_daemon_set(pod):
    about = {"name": "log", "metadata": {"name": "log", "generation": 1}, "spec": {}}
    counts = {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2}
    said = pod.sees(
        waiting.rollout("log", kind="DaemonSet", timeout=10),
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
    wait = waiting.pod_ready("db-0", timeout=10)
    said = pod.sees(wait, a_pod("db-0", "False"), going, gone, a_pod("db-0", "True"))
    assert said == ["0 of 1 pods are ready", "answers"]


def test_pods_ready_counts_them(pod):
    wait = waiting.pods_ready({"app": "db"}, at_least=2, timeout=10)
    said = pod.sees(wait, a_pod("db-0", "True"), a_pod("db-1", "True"))
    assert said == ["0 of 2 pods are ready", "1 of 2 pods are ready", "answers"]


def endpoint_slice(name: str, *endpoints: tuple[str, object]) -> Object:
    found = [{"addresses": [address], "conditions": conditions} for address, conditions in endpoints]
    return {"name": name, "endpoints": found or None}


def test_service_endpoints_counts_ready_addresses_of_all_slices(pod):
    said = pod.sees(
        waiting.service_endpoints("db", at_least=2, timeout=10),
        endpoint_slice("db-a"),
        endpoint_slice("db-a", ("10.0.0.1", {"ready": True}), ("10.0.0.2", {"ready": False})),
        endpoint_slice("db-b", ("10.0.0.1", {"ready": True})),
        endpoint_slice("db-b", ("10.0.0.3", {})),
    )
    assert said == ["has 0 of 2 ready endpoints", "has 1 of 2 ready endpoints", "answers"]


def test_condition_must_be_about_the_present_generation(pod):
    def certificate(status: str, observed: int) -> Object:
        ready = {"type": "Ready", "status": status, "observedGeneration": observed, "message": "issuing"}
        return {"name": "tls", "metadata": {"name": "tls", "generation": 2}, "status": {"conditions": [ready]}}

    wait = waiting.condition("certificates", "tls", api_version="cert-manager.io/v1", timeout=10)
    said = pod.sees(wait, {"name": "tls"}, certificate("True", 1), certificate("False", 2), certificate("True", 2))
    assert said == [
        "is not there",
        "has no condition Ready",
        "condition Ready is about an older version",
        "condition Ready is False: issuing",
        "answers",
    ]


@pytest.mark.parametrize(("value", "text"), [("Bound", "Bound"), (True, "true"), (3, "3")])
def test_field(pod, value, text):
    wait = waiting.field("volumes", "a", api_version="v1", path="status.phase", value=text, timeout=10)
    said = pod.sees(wait, {"name": "a", "status": "odd"}, {"name": "a", "status": {"phase": value}})
    assert said == ["is not there", "status.phase is not set", "answers"]


def test_missing_rights_are_named(pod):
    started = pod.start(waiting.pod_ready("db-0", timeout=1))
    pod.api.rules = []
    assert started.finish().last.endswith("pod db-0: status 403: cannot list pods")


def test_a_broken_watch_is_taken_up_again(pod):
    started = pod.start(waiting.pod_ready("db-0", timeout=15))
    while not pod.api.watchers:
        time.sleep(0.02)
    pod.api.watchers.pop().put({"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}})
    pod.api.change(**a_pod("db-0", "True"))
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
    wait = waiting.rollout("db", kind="StatefulSet", namespace="data", timeout=10)
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
