"""The recorded verdicts of real API servers are kept, and the printed agreement is what the code reaches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_rules_agree_with_real_servers_as_docs_say() -> None:
    tool = ROOT / "tools" / "conformance.py"
    run = subprocess.run([sys.executable, tool], capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout == (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8"), (
        "run `python tools/conformance.py --write`"
    )
