"""One contender in a process of its own: `python -m benchmarks.contender NAME COUNT FOLDER` prints what it took."""

import importlib
import json
import os
import re
import sys
import time
from pathlib import Path


def main(name: str, count: str, folder: str) -> None:
    write = importlib.import_module(f"benchmarks.contenders.{name}").write
    started = time.perf_counter()
    write(int(count), Path(folder))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mib": sum(map(_peak_mib, _with_descendants(os.getpid())))}))


def _with_descendants(pid: int) -> list[int]:
    """A process and all below it: jsii starts Node, which starts another Node."""
    children = [int(each) for file in Path(f"/proc/{pid}/task").glob("*/children") for each in file.read_text().split()]
    return [pid, *(each for child in children for each in _with_descendants(child))]


def _peak_mib(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main(*sys.argv[1:])
