"""The benchmark runs, compares equal manifests, and prints whole figures; what they say needs a quiet machine."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEYS = {"name", "value", "unit", "peer", "ratio", "target", "met", "note", "command"}


def benchmarks(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *args], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def lines() -> list[dict[str, str]]:
    if not (ROOT / "node_modules" / ".bin" / "cdk8s").exists():
        assert not os.environ.get("CI"), "node_modules is missing: run `make synth` first"
        pytest.skip("node_modules is missing: run `make synth` first")
    done = benchmarks("--quick")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_figure_is_a_whole_line(lines: list[dict[str, str]]) -> None:
    assert all(line.keys() == KEYS for line in lines)


def test_every_line_says_how_to_make_it_again(lines: list[dict[str, str]]) -> None:
    made = Counter(line["command"] for line in lines)
    expected = {"synth": 9, "pure": 1, "imports": 2, "checks": 3, "check-command": 1, "synth-command": 1}
    expected |= {"planning": 1, "growth": 2}
    assert made == {f"python -m benchmarks {group} --quick": count for group, count in expected.items()}


def test_only_cdk8s_plus_differs_and_only_in_the_label_that_it_selects_by(lines: list[dict[str, str]]) -> None:
    differing = {line["peer"]: line["note"] for line in lines if line["name"].startswith("synth of") and line["note"]}
    own_label = " but for spec.selector.matchLabels, spec.template.metadata.labels"
    assert len(differing) == 3
    for peer, note in differing.items():
        assert note == f"same manifests{own_label if peer.startswith('cdk8s-plus') else ''}"


def test_an_unknown_group_is_named() -> None:
    done = benchmarks("speed")
    assert done.returncode == 2
    assert "no such group: speed" in done.stderr
