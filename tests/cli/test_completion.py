"""`initconstructs completion`: what real shells offer after they have read it."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from initconstructs.cli import COMMANDS, main

SCRIPTS = Path(sys.executable).parent
BASH = """
eval "$(initconstructs completion bash)"
complete=$(complete -p initconstructs); complete=${complete#* -F }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
${complete%% *} "$1" "${COMP_WORDS[COMP_CWORD]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = 'initconstructs completion fish | source; complete -C "$argv"'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dist").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))


def need(shell: str) -> None:
    if not shutil.which(shell):
        reason = f"{shell} is missing"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def output(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.split("\n")


def bash(*words: str) -> list[str]:
    return output("bash", "--norc", "-c", BASH, "bash", *words)


def fish(*words: str) -> list[str]:
    return [line.split("\t")[0] for line in output("fish", "-c", FISH, " ".join(words))]


def zsh(*words: str) -> list[str]:
    """What an interactive zsh makes of the words and a tab."""
    with terminal("zsh", "-f", "-i") as ask:
        ask(
            "autoload -Uz compinit && compinit -u -D; unsetopt beep; bindkey '^I' complete-word; echo re''ady\n",
            "ready",
        )
        ask("eval \"$(initconstructs completion zsh)\"; PS1='lo''aded '\n", "loaded ")  # the echo of it is no answer
        return ask(" ".join(words) + "\t", "").replace("\x1b[J", "").replace("/", "").split()


@contextmanager
def terminal(*command: str) -> Iterator[Callable[[str, str], str]]:
    child, stream = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, os.environ | {"TERM": "dumb"})

    def ask(text: str, until: str) -> str:
        os.write(stream, text.encode())
        seen, end = "", time.monotonic() + 60
        while time.monotonic() < end and not (until and until in seen):
            os.set_blocking(stream, False)
            try:
                seen += os.read(stream, 65536).decode()
            except BlockingIOError:
                if not until and len(seen.split()) > len(text.split()) - 1 and seen.endswith((" ", "/")):
                    break
                time.sleep(0.05)
        return seen

    try:
        yield ask
    finally:
        os.kill(child, 9)
        os.close(stream)
        os.waitpid(child, 0)


@pytest.mark.parametrize("shell", [bash, fish, zsh], ids=lambda shell: shell.__name__)
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["initconstructs", "exp"], "explain"),
        (["initconstructs", "diff", "--format", "mark"], "markdown"),
        (["initconstructs", "rules", "unbounded"], "unbounded-wait"),
        (["initconstructs", "check", "di"], "dist"),
        (["initconstructs", "new", "di"], "dist"),
        (["initconstructs", "synth", "--output", "di"], "dist"),
    ],
    ids=["command", "choice", "rule", "path", "directory", "option's directory"],
)
def test_a_shell_completes(shell: Callable[..., list[str]], words: list[str], offered: str) -> None:
    need(shell.__name__)
    assert offered in [word.rstrip("/") for word in shell(*words)]


def test_another_shell_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", "csh"])
    assert caught.value.code == 2
    assert "bash" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_in_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in script] == []
