"""`initconstructs check`: what it reads, what it prints, and its exit codes."""

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
from initconstructs.cli.options import FORMATS

HAZARD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers: [{name: wait, image: busybox, command: [sh, -c, "until nc -z db 5432; do sleep 1; done"]}]
  containers: [{name: app, image: "a:1"}]
"""
REFUSED = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, imag: a}]}\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)
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
        ("deep.yaml", b"a: " + b"[" * 1000, "[too-deep]"),
        ("bomb.yaml", BOMB.encode(), "[alias-expansion]"),
        ("template.yaml", b"a: {{ .Values.a }}\nb: {{ .Values.b }}", "this is a template"),
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


def test_100_megabytes_are_refused_before_they_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert main(["check", str(tmp_path)]) == 2
    assert "big.yaml: it holds more than 67,108,864 bytes [too-large]" in capsys.readouterr().err


def test_1000_documents_anchors_and_duplicate_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: &meta {{name: x{0}, labels: {{a: b}}}}\ndata: {{k: v, k: w}}\n"
    )
    write(tmp_path, many="".join(map(one.format, range(1000))))
    assert main(["check", str(tmp_path), "--format", "json", "--select", "duplicate-key"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["summary"]["objects"], document["summary"]["errors"]) == (1000, 1000)
    assert [finding["line"] for finding in document["findings"]] == list(range(5, 5001, 5))


def test_a_file_that_cannot_be_read_to_its_end_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "/proc/self/mem"]) == 2
    assert capsys.readouterr().err.startswith("/proc/self/mem: ")


@pytest.mark.parametrize("path", ["absent.yaml", "absent/*.yaml"])
def test_a_path_that_is_not_there(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / path)]) == 2
    assert path in capsys.readouterr().err


def test_a_directory_may_hold_more_than_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        tmp_path,
        **{
            "Chart": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
            "values": "kind: DaemonSet\nimage: {tag: v1}\n",
            "kustomization": "resources: [app.yaml]\n",
            "app": CUSTOM,
            ".git/broken": "a: [",
            "node_modules/broken": "a: [",
        },
    )
    (tmp_path / "dir.yaml").mkdir()
    assert main(["check", str(tmp_path), "--format", "json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["files"], summary["filesPassedOver"], summary["passedOver"]) == (1, 3, 1)


def test_manifests_beside_something_else_are_not_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, app=f"{REFUSED}---\n- 1\n")
    assert main(["check", str(tmp_path)]) == 2
    assert "[not-an-object]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "named", "missing"),
    [
        ("apiVersion: v1\nmetadata: {name: x}\n", "", "1: the object has no kind"),
        ("---\nkind: Pod\nmetadata: {name: x}\n", "", "2: the object has no apiVersion"),
        ("kind: List\nitems:\n- kind: Pod\n", "app.yaml", "3: the object has no apiVersion"),
        ("image: {tag: v1}\n", "app.yaml", "1: the object has no apiVersion and no kind"),
    ],
)
def test_a_manifest_that_forgot_what_it_is_is_unusable(
    *, text: str, named: str, missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, app=text)
    assert main(["check", str(tmp_path / named)]) == 2
    assert f"{tmp_path}/app.yaml:{missing}\n" in capsys.readouterr().err


def test_a_file_named_twice_is_read_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, app=REFUSED)
    main(["check", str(tmp_path), str(tmp_path / "app.yaml"), str(tmp_path / "*.yaml")])
    assert "1 error, 0 warnings" in capsys.readouterr().out


def test_templates_of_one_directory_are_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n"
    write(tmp_path, **{"templates/a": template, "templates/b": template, "templates/c": template})
    assert main(["check", str(tmp_path)]) == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert "a.yaml:4:1: this is a template" in message
    assert "helm template" in message
    assert message.endswith(f"(as 2 more in {tmp_path}/templates)")


def test_what_helm_rendered_names_its_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "# Source: shop/templates/pod.yaml\n"
    write(tmp_path, app=f"---\n{source}{REFUSED}---\n# Source: shop/templates/crd.yaml\n{CUSTOM}")
    assert main(["check", str(tmp_path)]) == 1
    assert "app.yaml: Pod web (from shop/templates/pod.yaml)" in capsys.readouterr().out
    main(["check", str(tmp_path), "--format", "json"])
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["template"] == "shop/templates/pod.yaml"


def test_items_of_a_list_are_found_in_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    items = "".join(f"- {line}" if not at else f"  {line}" for at, line in enumerate(REFUSED.splitlines(True)))
    write(tmp_path, app=f"apiVersion: v1\nkind: List\nitems:\n{items}")
    main(["check", str(tmp_path)])
    assert "app.yaml:7:" in capsys.readouterr().out


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_tells_the_same(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, app=REFUSED)
    assert main(["check", str(tmp_path), "--format", style]) == 1
    assert "unknown" in (shown := capsys.readouterr().out)
    assert "app.yaml" in shown


def test_a_directory_without_rights_is_said_and_the_rest_checked(
    tmp_path: Path, forbid: Callable[[Path, int], list[str]]
) -> None:
    write(tmp_path, **{"a/closed/app": REFUSED, "z/app": REFUSED})
    prefix = forbid(tmp_path / "a" / "closed", 0o000)
    run = subprocess.run([*prefix, *command("check", str(tmp_path))], capture_output=True, text=True, check=False)
    (tmp_path / "a" / "closed").chmod(0o755)
    assert (run.returncode, run.stderr) == (2, f"{tmp_path}/a/closed: Permission denied\n")
    assert "1 error" in run.stdout
    assert "1 unreadable" in run.stdout


def test_colour_is_for_terminals_that_want_it(tmp_path: Path, on_a_terminal: Callable[..., str]) -> None:
    write(tmp_path, app=REFUSED)
    check = command("check", str(tmp_path))
    assert "\x1b[31merror\x1b[0m" in on_a_terminal(check, {"TERM": "xterm"})
    assert "\x1b" not in on_a_terminal(check, {"TERM": "xterm", "NO_COLOR": "1"})
    assert "\x1b" not in on_a_terminal(check, {"TERM": "dumb"})


@pytest.mark.parametrize("arguments", [["check"], ["explain"], ["check", "--help"]])
def test_output_that_cannot_be_written_is_said(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # argparse says nothing of what it can't write itself
    write(tmp_path, app=HAZARD)
    with open("/dev/full", "w") as full:  # noqa: PTH123 - it is no file
        run = subprocess.run(
            command(*arguments, str(tmp_path)), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (run.returncode, run.stderr) == (2, "initconstructs: [Errno 28] No space left on device\n")


def test_a_message_that_cannot_be_written_changes_no_exit_code(tmp_path: Path) -> None:
    write(tmp_path, app="a: [")
    with open("/dev/full", "w") as full:  # noqa: PTH123 - it is no file
        run = subprocess.run(command("check", str(tmp_path)), stdout=subprocess.PIPE, stderr=full, check=False)
    assert run.returncode == 2


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "initconstructs", *arguments]


@pytest.mark.parametrize(
    "arguments", [["check", "app.yaml"], ["diff", "app.yaml", "empty.yaml"], ["check", "--help"], ["--version"]]
)
def test_a_closed_pipe_ends_without_a_traceback(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    write(tmp_path, app=HAZARD, empty="")
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        command(*arguments), cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (run.returncode, run.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize("arguments", [["check", "-"], ["explain", "-"], ["diff", "-", "absent.yaml"]])
def test_an_interrupt_ends_without_a_traceback(arguments: list[str]) -> None:
    run = subprocess.Popen(command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdin
    run.stdin.write(b"#" * (1 << 20))  # more than a pipe holds: once all is written, the command reads
    run.stdin.flush()
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate()
    assert (run.returncode, errors) == (130, b"")


def test_an_interrupt_is_one_whatever_it_was_wrapped_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: object) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("so says Python 3.11 while a class is made") from error
        return 0

    monkeypatch.setattr("initconstructs.cli.check.run", run)
    assert main(["check", "."]) == 130


@pytest.mark.parametrize(
    ("arguments", "closed", "code"),
    [
        ("check app.yaml", ">&-", 1),
        ("check app.yaml", "2>&-", 1),
        ("check missing.yaml", ">&- 2>&-", 2),
        ("check -", "<&-", 2),
        ("explain app.yaml", ">&-", 0),
        ("--version", ">&-", 0),
        ("no-such-command", "2>&-", 2),
    ],
)
def test_a_closed_stream_changes_no_exit_code(arguments: str, closed: str, code: int, tmp_path: Path) -> None:
    write(tmp_path, app=REFUSED)
    line = f'"$0" -m initconstructs {arguments} {closed}'
    done = subprocess.run(["sh", "-c", line, sys.executable], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert ("standard input is closed" in done.stderr) is (closed == "<&-")


def test_a_directory_with_loops_and_pipes_is_read_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, app=REFUSED)
    (tmp_path / "again").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to("pipe.yaml")
    assert main(["check", str(tmp_path)]) == 1
    (tmp_path / "lost.yaml").symlink_to("nowhere.yaml")
    assert main(["check", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert "in 1 object of 1 file\n" in shown.out
    assert "lost.yaml: No such file or directory" in shown.err


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
