"""What the tests of the command line share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Forbid = Callable[[Path, int], list[str]]


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
