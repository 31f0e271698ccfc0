"""The recorder of verdicts, run as its user runs it, before a server of ours."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import api_server as stub

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "record_verdicts.py"


class Run:
    """A folder with a kubeconfig and manifests, the server it names, and the tool."""

    def __init__(self, folder: Path, server: stub.ApiServer) -> None:
        self.folder, self.server = folder, server
        self.out = folder / "verdicts.jsonl.gz"
        self.kubeconfig({"token": stub.TOKEN})

    def kubeconfig(self, user: dict[str, Any], **cluster: object) -> None:
        authority = self.server.authority
        trust = {"certificate-authority-data": base64.b64encode(authority.read_bytes()).decode()} if authority else {}
        config = {
            "current-context": "stub",
            "contexts": [{"name": "stub", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.server.url, **trust, **cluster}}],
            "users": [{"name": "u", "user": user}],
        }
        (self.folder / "config").write_text(yaml.safe_dump(config))

    def record(self, *manifests: dict[str, Any], options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        corpus = self.folder / "corpus.jsonl"
        corpus.write_text("".join(json.dumps(row(manifest)) + "\n" for manifest in manifests))
        paths = {"--kubeconfig": self.folder / "config", "--manifests": corpus, "--out": self.out}
        given = [str(word) for option in paths.items() for word in option]
        command = [sys.executable, str(TOOL), *given, *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.folder, check=False)
        assert stub.TOKEN not in done.stdout + done.stderr
        return done

    def lines(self) -> list[dict[str, Any]]:
        with gzip.open(self.out, "rt") as lines:
            return [json.loads(line) for line in lines]

    def one(self, manifest: dict[str, Any], *options: str) -> dict[str, Any]:
        done = self.record(manifest, options=options)
        assert done.returncode == 0, done.stderr
        (line,) = self.lines()
        return line

    def fails(self, *options: str) -> str:
        """The one line that says why nothing was recorded."""
        done = self.record(pod("web"), options=options)
        assert done.returncode == 2
        assert not self.out.exists()
        assert not list(self.folder.glob(".*partial"))
        (line,) = done.stderr.splitlines()
        return line


def row(manifest: dict[str, Any]) -> dict[str, Any]:
    kind = manifest.get("kind", "Pod")
    origin = {"family": "seed", "mutation": "m", "group": "g", "intent": "valid", "caveat": "dry-run"}
    return {"id": manifest["metadata"]["name"], "kind": kind, **origin, "manifest": manifest}


def pod(name: str, **spec: object) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [], **spec}}


def needs_tls(server: stub.ApiServer) -> None:
    if not server.authority:
        reason = "openssl is missing, so the server speaks plain http"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with stub.ApiServer(tmp_path) as server:
        yield Run(tmp_path, server)


def test_an_accepted_manifest_is_a_line_of_the_corpus(run: Run) -> None:
    assert run.one(pod("web")) == {
        **row(pod("web")),
        "verdict": "accept",
        "code": 201,
        "class": "ok",
        "causes": [],
        "message": "",
        "warnings": [],
        "dropped": [],
    }
    assert ("POST", "/api/v1/namespaces/default/pods?dryRun=All&fieldValidation=Strict") in run.server.requests


def test_the_row_says_where_a_manifest_without_a_kind_goes(run: Run) -> None:
    run.one({"metadata": {"name": "web"}}, "--namespace", "shop")
    assert run.server.requests[-1][1].startswith("/api/v1/namespaces/shop/pods?")


STRICT = 'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.a"'
MISTYPED = 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field'
CAUSE = ("FieldValueRequired", "spec.containers", "Required value")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (stub.status(422, "Invalid", 'Pod "web" is invalid', CAUSE), "validation"),
        (stub.status(400, "BadRequest", STRICT), "strict-decoding"),
        (stub.status(400, "BadRequest", MISTYPED), "decoding"),
        (stub.status(403, "Forbidden", 'pods "web" is forbidden: no PriorityClass'), "admission"),
        (stub.status(500, "InternalError", "Internal error occurred", ("", "", "taken")), "other-500-InternalError"),
    ],
    ids=["422", "strict", "400", "403", "500"],
)
def test_a_refusal_has_its_class_its_message_and_its_causes(run: Run, status: dict[str, Any], expected: str) -> None:
    run.server.answers["web"] = (status["code"], status, [])
    line = run.one(pod("web"))
    assert (line["verdict"], line["code"], line["class"]) == ("reject", status["code"], expected)
    assert (line["message"], line["causes"]) == (status["message"], status["details"]["causes"])
    assert "dropped" not in line


def test_warnings_are_read_with_their_quotes(run: Run) -> None:
    headers = [r'299 - "spec.x: \"Prefer\" is deprecated, use C:\\d"', '299 - "first", 299 - "zweites \u00fc"']
    run.server.answers["web"] = (201, stub.ECHO, headers)
    assert run.one(pod("web"))["warnings"] == [r'spec.x: "Prefer" is deprecated, use C:\d', "first", "zweites \u00fc"]


def test_fields_that_the_answer_lacks_were_dropped(run: Run) -> None:
    sent = pod("web", containers=[{"name": "a", "lifecycle": {"stopSignal": "SIGINT"}, "tty": False}], hostname="h")
    sent["metadata"]["labels"] = {"a.b/c": "d"}
    kept = pod("web", containers=[{"name": "a", "image": "defaulted", "lifecycle": {}}])
    kept["metadata"]["labels"] = {"z": ""}
    run.server.answers["web"] = (201, kept, [])
    expected = ["metadata.labels[a.b/c]", "spec.containers[0].lifecycle.stopSignal", "spec.hostname"]
    assert sorted(run.one(sent)["dropped"]) == expected


def test_many_manifests_stay_in_order(run: Run) -> None:
    names = [f"web-{index}" for index in range(60)]
    assert run.record(*map(pod, names)).returncode == 0
    assert [line["id"] for line in run.lines()] == names


def test_pod_security_is_asked_in_namespaces_of_its_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = 'pods "web" is forbidden: violates PodSecurity "restricted:latest"'
    plain = run.server.answer

    def answer(method: str, path: str, sent: Any) -> stub.Reply:
        if "restricted" in path and "/pods" in path:
            assert "namespace" not in sent["metadata"]
            return 403, stub.status(403, "Forbidden", refusal), []
        return plain(method, path, sent)

    monkeypatch.setattr(run.server, "answer", answer)
    manifest = pod("web", serviceAccountName="app")
    manifest["metadata"]["namespace"] = "default"
    assert run.one(manifest, "--psa")["psa"] == {
        "baseline": {"verdict": "accept", "code": 201, "message": ""},
        "restricted": {"verdict": "reject", "code": 403, "message": refusal},
    }
    made = {stub.namespace_in(path) for method, path in run.server.requests if path.endswith("/serviceaccounts")}
    removed = {stub.namespace_in(path) for method, path in run.server.requests if method == "DELETE"}
    assert len(made) == 2
    assert made == removed


def test_yaml_files_are_recorded_as_they_read(run: Run) -> None:
    file = run.folder / "cm.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 'y'}\n---\n" * 2)
    assert run.record(options=("--manifests", str(file))).returncode == 0
    assert [line["manifest"]["data"] for line in run.lines()] == [{"x": "y"}] * 2


def test_a_credential_plug_in_is_run_as_kubectl_runs_it(run: Run) -> None:
    credential = {"kind": "ExecCredential", "status": {"token": stub.TOKEN}}
    plugin = run.folder / "plugin"
    plugin.write_text(f"#!/bin/sh\ntest \"$1$MODE\" = getquiet && echo '{json.dumps(credential)}'\n")
    plugin.chmod(0o755)
    environment = [{"name": "MODE", "value": "quiet"}]
    version = "client.authentication.k8s.io/v1"
    run.kubeconfig({"exec": {"apiVersion": version, "command": "./plugin", "args": ["get"], "env": environment}})
    assert run.one(pod("web"))["verdict"] == "accept"
    plugin.write_text("#!/bin/sh\necho not-json\n")
    run.out.unlink()
    assert 'the exec plug-in "./plugin" gave no credential' in run.fails()


def test_a_token_file_is_read_beside_the_kubeconfig(run: Run) -> None:
    (run.folder / "token").write_text(stub.TOKEN + "\n")
    run.kubeconfig({"tokenFile": "token"})
    assert run.one(pod("web"))["verdict"] == "accept"


def test_a_client_certificate_is_a_credential(run: Run) -> None:
    needs_tls(run.server)
    key = base64.b64encode((run.folder / "key.pem").read_bytes()).decode()
    run.kubeconfig({"client-certificate": "authority.pem", "client-key-data": key})
    assert run.one(pod("web"))["verdict"] == "accept"


def test_wrong_credentials_end_the_run(run: Run) -> None:
    run.kubeconfig({"token": "another"})
    assert "doesn't accept these credentials (401 Unauthorized)" in run.fails()


def test_a_token_that_can_not_be_sent_is_not_shown(run: Run) -> None:
    run.kubeconfig({"token": f"{stub.TOKEN}\nx"})
    assert "the token holds characters that can't be sent" in run.fails()


def test_manifests_that_can_not_be_read_are_named(run: Run) -> None:
    (run.folder / "broken.jsonl").write_text("{")
    (run.folder / "broken.yaml").write_text("a: [")
    assert "broken.jsonl can't be read" in run.fails("--manifests", str(run.folder / "broken.jsonl"))
    assert "broken.yaml" in run.fails("--manifests", str(run.folder / "broken.yaml"))


def test_a_caller_who_may_not_create_ends_the_run(run: Run) -> None:
    message = 'pods is forbidden: User "jane" cannot create resource "pods" in API group ""'
    run.server.answers["web"] = (403, stub.status(403, "Forbidden", message), [])
    assert message in run.fails()


def test_a_server_that_closes_half_way_is_asked_again_and_then_ends_the_run(run: Run) -> None:
    run.server.answers["web"] = (201, stub.HANG_UP, [])
    assert f"{run.server.url} can't be asked: IncompleteRead" in run.fails()
    assert len([path for method, path in run.server.requests if method == "POST"]) == 3


def test_a_server_that_is_not_there(run: Run) -> None:
    run.kubeconfig({}, server="https://127.0.0.1:1")
    assert "https://127.0.0.1:1 can't be asked" in run.fails()


def test_a_server_without_an_authority_that_we_trust(run: Run) -> None:
    needs_tls(run.server)
    run.kubeconfig({"token": stub.TOKEN}, **{"certificate-authority-data": None})
    assert "CERTIFICATE_VERIFY_FAILED" in run.fails()


def test_a_kind_that_the_server_does_not_know(run: Run) -> None:
    (run.folder / "foo.yaml").write_text("apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: a}\n")
    assert "the server doesn't know the kind Foo (yaml/foo" in run.fails("--manifests", str(run.folder / "foo.yaml"))


def test_a_key_that_is_there_twice_is_refused(run: Run) -> None:
    (run.folder / "twice.yaml").write_text("apiVersion: v1\nkind: Pod\nkind: Job\nmetadata: {name: a}\n")
    assert "kind is there twice" in run.fails("--manifests", str(run.folder / "twice.yaml"))


def test_a_busy_server_is_asked_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run.server.answer
    busy: list[stub.Reply] = [(429, stub.status(429, "TooManyRequests", "later"), [])]
    monkeypatch.setattr(run.server, "answer", lambda *request: busy.pop() if busy else plain(*request))
    assert run.one(pod("web"))["verdict"] == "accept"


def test_a_server_that_is_too_old(run: Run) -> None:
    run.server.discovery = {"items": [{"metadata": {}, "versions": [{"version": "v1", "resources": []}]}]}
    assert "no aggregated discovery" in run.fails()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--kubeconfig", "nowhere"), "nowhere: No such file or directory"),
        (("--context", "prod"), 'there is no context "prod" (there is: stub)'),
        (("--manifests", "nowhere.jsonl"), "nowhere.jsonl"),
    ],
    ids=["kubeconfig", "context", "manifests"],
)
def test_what_is_not_there_is_named(run: Run, options: tuple[str, ...], expected: str) -> None:
    assert expected in run.fails(*options)
