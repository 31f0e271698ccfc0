"""`initconstructs explain`: what it reads, what it prints, and its exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from initconstructs.cli import main
from initconstructs.reports.explain import EXPLAIN_FORMATS

MIGRATING = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    spec:
      initContainers:
      - {name: wait, image: busybox, command: [timeout, "60", poll]}
      - {name: proxy, image: envoy, restartPolicy: Always}
      - {name: migrate, image: shop}
      containers: [{name: app, image: shop, resources: {requests: {cpu: 200m, memory: 64Mi}}}]
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"


@pytest.fixture
def app(tmp_path: Path) -> str:
    path = tmp_path / "app.yaml"
    path.write_text(f"{SERVICE}---\n{MIGRATING}", encoding="utf-8")
    return str(path)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "initconstructs", *arguments]


def test_text_is_the_default(app: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", app]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        "Deployment shop/api   1 replica   Kubernetes 1.36",
        "  #  stage          starts when        gives up after  requests",
        "  1  wait           at once            1m              0 / 0",
    ]


@pytest.mark.parametrize(
    ("style", "sign"),
    [
        ("text", "Scheduler counts"),
        ("markdown", "```mermaid\ngantt"),
        ("mermaid", "gantt\n    title Deployment shop/api"),
        ("json", '{\n  "version": 1,'),
        ("html", "<!doctype html>"),
    ],
)
def test_every_format(style: str, sign: str, app: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert style in EXPLAIN_FORMATS
    assert main(["explain", app, "--format", style]) == 0
    assert sign in capsys.readouterr().out


def test_the_command_takes_the_formats_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["explain", "--help"])
    assert f"{{{','.join(EXPLAIN_FORMATS)}}}" in capsys.readouterr().out


def test_the_target_decides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = MIGRATING.replace("image: busybox,", "image: busybox, restartPolicy: Never,")
    (tmp_path / "app.yaml").write_text(own, encoding="utf-8")
    policies = []
    for minor in ("1.34", "1.35"):
        main(["explain", str(tmp_path), "--format", "json", "--kubernetes", minor])
        policies.append(json.loads(capsys.readouterr().out)["workloads"][0]["stages"][0]["restart_policy"])
    assert policies == ["Always", "Never"]


def test_exit_codes_and_events_are_simulated(app: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--exit", "migrate=1,1,0", "--exit", "wait=1,0", "--event", "sandbox-lost@migrate"]
    assert main(["explain", *given, app, "--format", "json"]) == 0
    (workload,) = json.loads(capsys.readouterr().out)["workloads"]
    assert workload["simulation"]["runs"] == {"wait": 3, "proxy": 2, "migrate": 3, "app": 1}
    assert workload["simulation"]["backoffs_s"][:1] == [0]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MIGRATING.encode())))
    assert main(["explain", "-"]) == 0
    assert "Deployment shop/api" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kubernetes", "2.0"], "use a minor from"),
        (["--exit", "migrate"], "write CONTAINER=CODE"),
        (["--exit", "nobody=1"], "no container nobody"),
        (["--event", "flood"], "write EVENT"),
        (["--event", "image-missing=enovy"], "no workload speaks of enovy"),
        (["--format", "mermaid", "--exit", "migrate=1"], "draws the plan and no simulation"),
    ],
)
def test_an_unusable_argument(options: list[str], message: str, app: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", app, *options]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("initconstructs explain: ")
    assert message in shown.err


def test_unusable_input_is_named_and_the_rest_explained(
    app: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    assert main(["explain", str(tmp_path), str(tmp_path / "absent.yaml")]) == 2
    shown = capsys.readouterr()
    assert "Deployment shop/api" in shown.out
    assert "[yaml-syntax]" in shown.err
    assert "absent.yaml" in shown.err


def test_manifests_that_run_no_pod_are_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "service.yaml").write_text(SERVICE, encoding="utf-8")
    assert main(["explain", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "No workload found.\n"


def test_the_real_command_line_writes_no_colour_into_a_pipe(app: str) -> None:
    done = subprocess.run(command("explain", app), capture_output=True, text=True, check=True)
    assert "Deployment shop/api" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_terminal_gets_colour(app: str, on_a_terminal: Callable[..., str]) -> None:
    assert "\x1b[1mDeployment shop/api" in on_a_terminal(command("explain", app))


def test_any_locale_gets_utf_8(app: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    page = command("explain", app, "--format", "html")
    done = subprocess.run(page, env=environment, capture_output=True, check=True)
    assert "1 replica · Kubernetes 1.36" in done.stdout.decode("utf-8")


def test_a_closed_pipe_ends_without_a_traceback(app: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(command("explain", app), stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (run.returncode, run.stderr) == (128 + signal.SIGPIPE, "")
