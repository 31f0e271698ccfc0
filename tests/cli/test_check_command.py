"""`initconstructs check`: what it reads, what it prints, and its exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from initconstructs.cli import main

HAZARD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers: [{name: wait, image: busybox, command: [sh, -c, "until nc -z db 5432; do sleep 1; done"]}]
  containers: [{name: app, image: "a:1"}]
"""
REFUSED = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, imag: a}]}\n"
CUSTOM = "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: x}\n"


def write(directory: Path, **files: str) -> None:
    for name, text in files.items():
        path = directory / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (HAZARD, [], 0),
        (HAZARD, ["--fail-on", "warning"], 1),
        (HAZARD, ["--fail-on", "warning", "--ignore", "startup,references"], 0),
        (REFUSED, [], 1),
        (REFUSED, ["--fail-on", "never"], 0),
        (REFUSED, ["--select", "startup"], 0),
        (REFUSED, ["--select", "no-such-rule"], 2),
        (REFUSED, ["--kubernetes", "2.0"], 2),
        ("a: [", [], 2),
        (CUSTOM, [], 0),
    ],
)
def test_the_exit_code(text: str, options: list[str], code: int, tmp_path: Path) -> None:
    write(tmp_path, app=text)
    assert main(["check", str(tmp_path / "app.yaml"), *options]) == code


def test_the_json_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, app=HAZARD + "---\n" + CUSTOM)
    main(["check", str(tmp_path / "app.yaml"), "--format", "json", "--select", "unbounded-wait"])
    document = json.loads(capsys.readouterr().out)
    assert (document["summary"]["objects"], document["summary"]["passedOver"]) == (2, 1)
    (finding,) = document["findings"]
    assert (finding["file"], finding["line"], finding["column"]) == (str(tmp_path / "app.yaml"), 5, 49)


def test_directories_and_patterns_are_read_to_the_bottom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=HAZARD, **{"deep/er/b": CUSTOM, "deep/list": "- 1\n"})
    (tmp_path / "notes.txt").write_text("not: [yaml")
    assert main(["check", str(tmp_path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["files"] == 2
    assert main(["check", str(tmp_path / "**" / "*.yaml"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["files"] == 2


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(REFUSED.encode())))
    assert main(["check", "-"]) == 1
    assert "<stdin>: Pod web" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("broken.yaml", b"a: [", "[yaml-syntax]"),
        ("image.yaml", b"\x89PNG\x00", "[binary-file]"),
        ("latin.yaml", b"a: \xe9", "[not-utf-8]"),
        ("list.yaml", b"- 1", "[not-an-object]"),
    ],
)
def test_unusable_input_is_named_and_the_rest_checked(
    name: str, content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    write(tmp_path, good=REFUSED)
    assert main(["check", str(tmp_path / name), str(tmp_path / "good.yaml")]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert str(tmp_path / name) in shown.err
    assert "1 error" in shown.out


@pytest.mark.parametrize("path", ["absent.yaml", "absent/*.yaml"])
def test_a_path_that_is_not_there(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / path)]) == 2
    assert path in capsys.readouterr().err


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "initconstructs", *arguments]


def test_a_closed_pipe_ends_without_a_traceback(tmp_path: Path) -> None:
    write(tmp_path, app=HAZARD)
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(command("check", str(tmp_path)), stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (run.returncode, run.stderr) == (128 + signal.SIGPIPE, "")


def test_an_interrupt_ends_without_a_traceback() -> None:
    run = subprocess.Popen(
        command("check", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate()
    assert (run.returncode, "Traceback" in errors) == (130, False)


def test_help_and_version_need_no_rules() -> None:
    code = (
        "import sys; from initconstructs.cli import main\n"
        "try: main(['check', '--help'])\n"
        "finally: print([name for name in sys.modules if name.startswith('initconstructs.rules')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.endswith("[]\n")
    version = subprocess.run(command("--version"), capture_output=True, text=True, check=True).stdout
    assert version.startswith("initconstructs ")


def test_no_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
