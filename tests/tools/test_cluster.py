"""The cluster test before an API server of ours that runs pods stage by stage."""

from __future__ import annotations

import base64
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cluster_test
import presets_doc
import pytest
import yaml

from initconstructs.rules.api_server.registry import CHECKERS
from tests.tools import api_server as stub

APPLIED = {"01-wait-as-documented": ["init-myservice", "init-mydb"], "01-wait-made-better": ["wait"]}


class Kubernetes(stub.ApiServer):
    """Knows every kind that the rules know, and lets each pod pass one stage more each time it is asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.minor = "36+"
        self.pods: dict[str, list[dict[str, Any]]] = {}
        self.sent: dict[str, list[dict[str, Any]]] = {}
        self.refused: dict[str, str] = {}
        self.warned: dict[str, str] = {}
        self.backwards = self.stuck = False

    def answer(self, method: str, path: str, sent: Any) -> stub.Reply:
        if method == "GET":
            return 200, self.read(path), []
        if method == "POST":
            self.sent.setdefault(path, []).append(sent)
            for word, message in self.refused.items():
                if word in str(sent):
                    return 422, stub.status(422, "Invalid", message), []
            if path.endswith("/pods?fieldValidation=Strict"):
                self.pods.setdefault(stub.namespace_in(path), []).append(sent | {"passed": 0})
        warnings = [f'299 - "{text}"' for word, text in self.warned.items() if word in str(sent)]
        return (201, sent, warnings) if method == "POST" else (200, {}, [])

    def read(self, path: str) -> dict[str, Any]:
        if path == "/version":
            return {"major": "1", "minor": self.minor}
        if path.startswith(("/apis", "/api")) and "/namespaces/" not in path:
            return self.groups(core=path == "/api")
        pods = self.pods.get(stub.namespace_in(path), [])
        return {"items": [self.advanced(pod) for pod in pods]}

    def groups(self, *, core: bool) -> dict[str, Any]:
        found: dict[str, list[dict[str, Any]]] = {}
        for api_version, kind in CHECKERS:
            group, _, version = api_version.rpartition("/")
            if core is (group == "") and kind != "Namespace":
                row = {"version": version, "resources": [stub.resource(kind.lower() + "s", kind)]}
                found.setdefault(group, []).append(row)
        return {"items": [{"metadata": {"name": name}, "versions": versions} for name, versions in found.items()]}

    def advanced(self, pod: dict[str, Any]) -> dict[str, Any]:
        names = [each["name"] for each in pod["spec"]["initContainers"]]
        pod["passed"] = 0 if self.stuck else pod["passed"] + 1
        done = pod["passed"]
        order = [*reversed(range(len(names)))] if self.backwards else [*range(len(names))]
        inits = [self.status(name, at) if at < done else waiting(name) for name, at in zip(names, order, strict=True)]
        app = pod["spec"]["containers"][0]["name"]
        state = {"running": {}} if done > len(names) else {"waiting": {"reason": "PodInitializing"}}
        status = {
            "phase": "Pending",
            "initContainerStatuses": inits,
            "containerStatuses": [{"name": app, "state": state}],
        }
        return {"spec": pod["spec"], "status": status}

    def status(self, name: str, at: int) -> dict[str, Any]:
        times = {"startedAt": f"2030-01-01T00:00:{at:02}Z", "finishedAt": f"2030-01-01T00:00:{at + 1:02}Z"}
        return {"name": name, "state": {"terminated": {"exitCode": 0, **times}}}


def waiting(name: str) -> dict[str, Any]:
    return {"name": name, "started": False, "state": {"waiting": {"reason": "PodInitializing"}}}


@pytest.fixture(scope="module")
def examples() -> list[cluster_test.Case]:
    return cluster_test.examples()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, examples: list[cluster_test.Case]) -> Iterator[Kubernetes]:
    monkeypatch.setattr(cluster_test, "examples", lambda: examples)
    monkeypatch.setattr(cluster_test.time, "sleep", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["cluster_test"])
    with Kubernetes(tmp_path) as made:
        data = base64.b64encode(made.authority.read_bytes()).decode() if made.authority else None
        config = {
            "current-context": "stub",
            "contexts": [{"name": "stub", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": made.url, "certificate-authority-data": data}}],
            "users": [{"name": "u", "user": {"token": stub.TOKEN}}],
        }
        (tmp_path / "config").write_text(yaml.safe_dump(config))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        yield made


@functools.cache
def preset_count() -> int:
    return sum(len(presets_doc.entries(family)) for family in presets_doc.families())


def only_the_first_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = cluster_test.presets
    monkeypatch.setattr(cluster_test, "presets", lambda version: [next(plain(version))])


def removed(server: Kubernetes) -> bool:
    made = {each["metadata"]["name"] for each in server.sent["/api/v1/namespaces"]}
    return made == {path.rpartition("/")[2] for method, path in server.requests if method == "DELETE"}


def test_without_a_cluster_it_says_so_and_does_nothing(tmp_path: Path) -> None:
    tool = Path(cluster_test.__file__)
    env = {"KUBECONFIG": str(tmp_path / "absent"), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, tool], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no cluster: set KUBECONFIG")


def test_all_examples_and_presets_are_sent_and_two_examples_start(
    server: Kubernetes, examples: list[cluster_test.Case], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cluster_test.main() == 0
    shown = capsys.readouterr().out
    for example, stages in APPLIED.items():
        assert re.findall(rf"^{example}: (\S+) passed", shown, re.MULTILINE) == stages
    assert f"dry run of {len(examples) + preset_count()} examples and presets against Kubernetes 1.36" in shown
    assert shown.endswith("all as it should be\n")
    assert removed(server)


def test_a_preset_is_sent_to_the_level_that_it_claims(server: Kubernetes) -> None:
    assert cluster_test.main() == 0
    sent = [stub.namespace_in(path) for path in server.sent if "/deployments?dryRun=All&fieldValidation=Strict" in path]
    assert {name.split("-")[1] for name in sent} >= {"restricted", "baseline", "privileged"}
    namespaces = {each["metadata"]["name"]: each["metadata"]["labels"] for each in server.sent["/api/v1/namespaces"]}
    for name, labels in namespaces.items():
        assert set(labels.values()) == {name.split("-")[1]}
    assert not [each for sent in server.sent.values() for each in sent if "namespace" in each["metadata"]]


def test_what_the_server_alone_refuses_is_a_problem(
    server: Kubernetes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_the_first_presets(monkeypatch)
    server.refused["collect-assets"] = "spec.replicas: Invalid value"
    assert cluster_test.main() == 1
    shown = capsys.readouterr().out
    assert "03-shop: Deployment" in shown
    assert "refused, which no rule said: spec.replicas: Invalid value" in shown
    assert shown.endswith("1 problems\n")
    assert removed(server)


def test_what_our_rules_alone_refuse_is_a_problem(
    server: Kubernetes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_the_first_presets(monkeypatch)
    server.minor = "33"
    assert cluster_test.main() == 1
    assert "07-mailer: Deployment" in (shown := capsys.readouterr().out)
    assert "accepted, though unknown-field says" in shown


def test_a_warning_about_a_preset_is_a_problem(
    server: Kubernetes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_the_first_presets(monkeypatch)
    server.warned["registry.example/app"] = "would violate PodSecurity"
    assert cluster_test.main() == 1
    assert "warning: would violate PodSecurity" in capsys.readouterr().out


def test_a_stage_that_never_passes_is_shown_as_it_is(
    server: Kubernetes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_the_first_presets(monkeypatch)
    monkeypatch.setattr(sys, "argv", ["cluster_test", "--patience", "0"])
    server.stuck = True
    assert cluster_test.main() == 1
    shown = capsys.readouterr().out
    assert "01-wait-made-better: pod is Pending; wait: {'waiting': {'reason': 'PodInitializing'}}" in shown
    assert removed(server)


def test_a_wrong_order_is_a_problem(
    server: Kubernetes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_the_first_presets(monkeypatch)
    server.backwards = True
    assert cluster_test.main() == 1
    shown = capsys.readouterr().out
    assert "01-wait-as-documented: init-mydb started at 2030-01-01T00:00:00Z, before 2030-01-01T00:00:02Z" in shown


def test_a_sidecar_has_passed_when_it_has_started() -> None:
    running = {"state": {"running": {}}}
    statuses = [running | {"name": "up", "started": True}, running | {"name": "probed", "started": False}]
    failed = {"name": "failed", "state": {"terminated": {"exitCode": 1}}}
    assert cluster_test.passed({"status": {"initContainerStatuses": [*statuses, failed]}}) == ["up"]
    assert not cluster_test.is_started({"status": {}})


def test_a_server_that_is_gone_ends_the_run_with_one_line(
    server: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = (tmp_path / "config").read_text().replace(server.url, "https://127.0.0.1:1")
    (tmp_path / "config").write_text(gone)
    assert cluster_test.main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "https://127.0.0.1:1 can't be asked" in line
