"""`initconstructs synth`: what it runs, when it replaces the output directory, and what it leaves alone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from initconstructs.cli import main, staging
from tests.cli.synth_projects import COPY, CUSTOM, GOOD, HAZARD, OLD, REFUSED, files_of, made, project, stands

__all__ = ["made", "project", "stands"]  # fixtures


def synth(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "initconstructs", "synth", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


def test_the_output_is_replaced_as_a_whole(project: Path, made: Path) -> None:
    (made / "deep").mkdir()
    (made / "deep" / "custom.k8s.yaml").write_text(CUSTOM)
    (made / "notes.txt").write_text("kept as it is")
    assert main(["synth"]) == 0
    assert files_of(project / "dist") == files_of(made)
    assert {each.name for each in project.iterdir()} == {"cdk8s.yaml", "dist", "made"}


def test_a_new_directory_has_the_rights_that_the_app_gave_it(project: Path) -> None:
    assert main(["synth", "--output", "new/er/dist"]) == 0
    assert files_of(project / "new" / "er" / "dist") == {"made.k8s.yaml": GOOD}
    assert (project / "new/er/dist").stat().st_mode == (project / "made").stat().st_mode


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (REFUSED, [], 1),
        (f"{CUSTOM}---\n{REFUSED}", [], 1),
        (HAZARD, ["--fail-on", "warning"], 1),
        ("a: [", [], 2),
        ("- 1\n", [], 2),
    ],
)
def test_what_is_refused_leaves_what_stood_there(
    text: str, options: list[str], code: int, made: Path, stands: Callable[[], bool]
) -> None:
    (made / ".hidden").mkdir()
    (made / ".hidden" / "foreign.yml").write_text(text)
    assert main(["synth", *options]) == code
    assert stands()


@pytest.mark.parametrize(
    ("text", "options"), [(HAZARD, []), (REFUSED, ["--fail-on", "never"]), (REFUSED, ["--ignore", "api-server"])]
)
def test_the_threshold_is_the_author_s(text: str, options: list[str], project: Path, made: Path) -> None:
    (made / "foreign.yaml").write_text(text)
    assert main(["synth", *options]) == 0
    assert files_of(project / "dist") == files_of(made)


def test_manifests_are_checked_and_printed_whatever_their_files_are_called(
    project: Path, made: Path, stands: Callable[[], bool], capsys: pytest.CaptureFixture[str]
) -> None:
    (made / "made.k8s.yaml").unlink()
    (made / "a.k8s").write_text(GOOD)
    (made / "b.yml").write_text(CUSTOM.rstrip())
    (made / "c.json").write_text('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}\n')
    for name, text in (("README.md", f"```\n{GOOD}```\n"), ("list.txt", "a\n"), ("values", "a: 1\n")):
        (made / name).write_text(text)
    assert main(["synth", "--stdout"]) == 0
    shown = capsys.readouterr()
    assert shown.out.split("---\n") == [GOOD, CUSTOM, (made / "c.json").read_text()]
    assert "in 3 objects of 3 files; 2 of other kinds passed over; 3 other files passed over" in shown.err
    (made / "d.k8s").write_text(REFUSED)
    assert main(["synth"]) == 1
    assert "dist/d.k8s:4:16" in capsys.readouterr().out
    assert stands()


def test_findings_name_the_file_that_would_be_there(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / "foreign.yaml").write_text(REFUSED)
    main(["synth"])
    shown = capsys.readouterr()
    assert "dist/foreign.yaml:4:16" in shown.out
    assert shown.err == "initconstructs synth: nothing was written\n"


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (f"{COPY}; exit 3", "failed with exit code 3"),
        (f"{COPY}; kill -9 $$", "was ended by signal 9"),
        ("no-such-program", "failed with exit code 127"),
        ("true", "wrote nothing"),
    ],
)
def test_an_app_that_fails_leaves_what_stood_there(app: str, message: str, stands: Callable[[], bool]) -> None:
    done = synth("--app", app)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert stands()


@pytest.mark.parametrize(
    ("code", "is_told"),
    [(3, True), (0, False), (1, False), (127, False)],
    ids=["lacks it", "has it", "breaks", "is no Python"],
)
def test_an_app_that_runs_on_another_python_is_told_of_ours(
    *, code: int, is_told: bool, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stand-in fails as an app, and answers with `code` when it is asked for cdk8s."""
    other = project / "python3.99"
    other.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit {code}\nexit 1\n')
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{project}{os.pathsep}{os.environ['PATH']}")
    assert main(["synth", "--app", "STAGE=prod python3.99 -m shop"]) == 2
    said = capsys.readouterr().err
    assert "failed with exit code 1; nothing was written" in said
    assert (f"{other} has no cdk8s: activate the environment of {sys.executable}" in said) is is_told
    assert ("cdk8s" in said) is is_told


@pytest.mark.usefixtures("project")
def test_an_app_without_a_python_is_told_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "--app", "python3.98 main.py"]) == 2
    assert "there is no python3.98 on PATH: activate the environment of" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("app", [f"{sys.executable} -c 'exit(1)'", "cd . && python3.98 main.py", "make python3.98"])
def test_nothing_is_guessed_of_an_app_that_fails_by_itself(app: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "--app", app]) == 2
    assert "nothing was written\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        ("output: dist\n", [], "--app"),
        ("app: [true]\n", [], "app is [True]; write text"),
        ("app: 'unclosed\n", [], "cdk8s.yaml:"),
        ("app: 'true'\noutput: .\n", [], "would be replaced as a whole"),
        ("app: 'true'\noutput: ..\n", [], "would be replaced as a whole"),
        ("app: 'true'\noutput: cdk8s.yaml\n", [], "is no directory"),
        ("app: 'true'\nsynthConfig: {format: helm}\n", [], "helm"),
        ("app: 'true'\nvalidations: [{package: x}]\n", [], "--no-validate"),
        ("app: 'true'\n", ["--stdout", "--output", "x"], "exclude each other"),
        ("app: 'true'\n", ["--kubernetes", "9"], "use a minor from"),
        ("app: 'true'\n", ["--select", "unbounded-wiat"], "did you mean 'unbounded-wait'"),
    ],
)
def test_what_cannot_be_synthesized_is_said(
    *, config: str, options: list[str], message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "cdk8s.yaml").write_text(config)
    assert main(["synth", *options]) == 2
    assert message in capsys.readouterr().err
    assert files_of(project / "dist") == {"dist.k8s.yaml": OLD}


@pytest.mark.parametrize("dear", [".bashrc", ".git/config", "src/main.py", "package.json", "photo.jpg", "values.yaml"])
def test_what_no_synth_wrote_is_not_lost(dear: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "home" / dear).parent.mkdir(parents=True)
    (project / "home" / dear).write_bytes(b"\0" if dear == "photo.jpg" else b"dear: 1")
    (project / "home" / "app.yaml").write_text(GOOD)
    before = files_of(project)
    assert main(["synth", "--output", "home"]) == 2
    assert f"home holds {dear}, which is no manifest and would be lost" in capsys.readouterr().err
    assert files_of(project) == before


def test_what_a_synth_wrote_is_replaced_whatever_it_is_called(project: Path, made: Path) -> None:
    (made / "notes.txt").write_text("new")
    old = {
        "deep/old.yml": OLD,
        "empty.k8s.yaml": "",
        "old.k8s": GOOD,
        "old": GOOD,
        "construct-metadata.json": "{}",
        "notes.txt": "old",
    }
    for name, text in old.items():
        (project / "dist" / name).parent.mkdir(exist_ok=True)
        (project / "dist" / name).write_text(text)
    assert main(["synth"]) == 0
    assert files_of(project / "dist") == files_of(made)


def test_a_link_to_itself_is_no_output(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "loop").symlink_to("pool")
    (project / "pool").symlink_to("loop")
    assert main(["synth", "--output", "loop"]) == 2
    assert "is a link that leads to itself" in capsys.readouterr().err


def test_plugins_of_cdk8s_can_be_done_without(project: Path) -> None:
    (project / "cdk8s.yaml").write_text(f"app: {COPY}\nvalidations: [{{package: x}}]\n")
    assert main(["synth", "--no-validate"]) == 0


def test_without_a_config_the_app_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "cdk8s.yaml").unlink()
    assert main(["synth", "--app", COPY]) == 0
    monkeypatch.setenv("CDK8S_APP", COPY)
    monkeypatch.setenv("CDK8S_OUTPUT", "elsewhere")
    assert main(["synth"]) == 0
    assert files_of(project / "dist") == files_of(project / "elsewhere") == {"made.k8s.yaml": GOOD}


def test_check_only_writes_nothing(stands: Callable[[], bool], made: Path) -> None:
    assert main(["synth", "--check-only"]) == 0
    (made / "foreign.yaml").write_text(REFUSED)
    assert main(["synth", "--check-only"]) == 1
    assert stands()


def test_stdout_has_the_manifests_and_nothing_else(made: Path, stands: Callable[[], bool]) -> None:
    (made / "hazard.yaml").write_text(HAZARD)
    done = synth("--stdout", "--app", f"echo hello; {COPY}")
    assert (done.returncode, done.stdout) == (0, f"{HAZARD}---\n{GOOD}")
    assert "hello" in done.stderr
    assert "unbounded-wait" in done.stderr
    (made / "foreign.yaml").write_text(REFUSED)
    assert (synth("--stdout").returncode, synth("--stdout").stdout) == (1, "")
    assert stands()


def test_a_link_stays_a_link(project: Path) -> None:
    (project / "dist").rename(project / "real")
    (project / "dist").symlink_to("real")
    assert main(["synth"]) == 0
    assert (project / "dist").is_symlink()
    assert files_of(project / "real") == {"made.k8s.yaml": GOOD}


def test_without_an_exchange_in_one_step_two_renames_do(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_exchanged", lambda *_: False)
    assert main(["synth"]) == 0
    assert files_of(project / "dist") == {"made.k8s.yaml": GOOD}


def test_a_place_without_rights_is_said_before_the_app_runs(
    project: Path, stands: Callable[[], bool], forbid: Callable[[Path, int], list[str]]
) -> None:
    command = [*forbid(project, 0o555), sys.executable, "-m", "initconstructs", "synth", "--app", "echo ran >&2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = "initconstructs synth: nothing can be written beside dist: Permission denied\n"
    assert (done.returncode, done.stderr) == (2, said)
    assert stands()


def test_a_terminal_is_told_what_takes_longer_than_a_second(project: Path) -> None:
    """The app ends when the test has seen what it waits for, or after a minute."""
    leader, follower = pty.openpty()
    app = f"{COPY}; for _ in $(seq 600); do [ -e seen ] && break; sleep 0.1; done"
    command = [sys.executable, "-m", "initconstructs", "synth", "--app", app]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    shown = b""
    with suppress(OSError):  # so Linux says that nobody has the terminal open any more
        while part := os.read(leader, 1000):
            shown += part
            if b"running the app 1 s\r" in shown:
                (project / "seen").touch()
    os.close(leader)
    assert process.wait() == 0
    assert (project / "seen").exists()
    assert shown.rstrip().endswith(b"\x1b[Kinitconstructs synth: 1 file written to dist")
