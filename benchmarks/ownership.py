"""`python -m benchmarks.ownership [FILES]`, as root: what `permissions.chown` costs beside `chown -R`, as JSON lines.

On a tree that is right already, which is what nearly every start of a pod finds, and on one that is all wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measuring import timed
from initconstructs.presets.configuring.tree import steps
from initconstructs.presets.permissions import Policy

USER = 5999
ROUNDS = 5


def main(count: int) -> None:
    with TemporaryDirectory() as home:
        tree = Path(home) / "tree"
        for number in range(count):
            folder = tree / str(number // 1000)
            if number % 1000 == 0:
                folder.mkdir(parents=True)
            (folder / str(number)).touch()
        for line in figures(
            tree, count, {policy: words(Path(home), policy) for policy in ("OnRootMismatch", "Always")}
        ):
            print(json.dumps(line), flush=True)


def words(home: Path, policy: Policy) -> list[str]:
    """The command line of the stage, its script in `home` and the tree still to be named."""
    files = steps("permissions", "chown").files
    for name, text in files.items():
        (home / name).write_text(text)
    return ["sh", "-eu", str(home / "chown.sh"), "600", policy, str(USER), str(USER), ""]


def figures(tree: Path, count: int, scripts: dict[str, list[str]]) -> Iterator[dict[str, object]]:
    everything = ["chown", "-R", f"{USER}:{USER}"]
    for state, owner in (("right already", USER), ("all wrong", 0)):
        peer = seconds(everything, tree, owner)
        for policy, script in scripts.items():
            value = seconds(script, tree, owner)
            yield {
                "name": f"{count} files, {state}: {policy}",
                "value": round(value, 4),
                "unit": "s",
                "peer": "chown -R",
                "ratio": round(value / peer, 4),
            }


def seconds(command: Sequence[str], tree: Path, owner: int) -> float:
    """The median of a few runs, each on a tree that belongs to `owner`."""
    taken = []
    for _ in range(ROUNDS):
        run(["chown", "-R", f"{owner}:{owner}", str(tree)])
        taken.append(timed(lambda: run([*command, str(tree)])))
    return median(taken)


def run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


if __name__ == "__main__":
    if os.getuid() != 0:
        sys.exit("only root can give files away")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
