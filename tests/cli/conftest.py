"""What the tests of the command line share."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

Forbid = Callable[[Path, int], list[str]]


@pytest.fixture
def on_a_terminal() -> Callable[..., str]:
    """Run a command whose standard output is a terminal; all that it showed there."""

    def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        leader, follower = pty.openpty()
        process = subprocess.Popen(command, stdout=follower, env=environment)
        os.close(follower)
        shown = b""
        with suppress(OSError):  # so Linux says that nobody has the terminal open any more
            while part := os.read(leader, 65536):
                shown += part
        os.close(leader)
        process.wait()
        return shown.decode()

    return run


@pytest.fixture
def forbid() -> Forbid:
    """Give a directory this mode, and return what a command begins with to be bound by it: root is bound by none."""

    def restrict(directory: Path, mode: int) -> list[str]:
        directory.chmod(mode)
        if os.getuid() != 0:
            return []
        if not shutil.which("setpriv"):
            assert not os.environ.get("CI"), "setpriv of util-linux is missing"
            pytest.skip("setpriv of util-linux is missing")
        os.chown(directory, 65534, 65534)
        return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]

    return restrict
