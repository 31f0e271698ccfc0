"""Samples of processes, taken in turns so that a busy moment of the machine hits all contenders alike."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import linear_regression, median
from tempfile import TemporaryDirectory
from typing import TypeVar

T = TypeVar("T")

_BYTECODE = TemporaryDirectory()
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
_ENVIRONMENT["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
_ENVIRONMENT |= {"PYTHONPYCACHEPREFIX": _BYTECODE.name}  # as installed: compiled once, wherever the code lies


@dataclass(frozen=True)
class Sample:
    """What one process took: `seconds` inside, from the first object to the last byte; `process_seconds` in all."""

    seconds: float
    process_seconds: float
    cpu_seconds: float
    peak_mib: float


def in_turns(subjects: Iterable[T], rounds: int, measure: Callable[[T], Sample]) -> dict[T, list[Sample]]:
    """`rounds` samples of each subject."""
    order = list(subjects)
    found: dict[T, list[Sample]] = {subject: [] for subject in order}
    for _ in range(rounds):
        for subject in order:
            found[subject].append(measure(subject))
    return found


def middle(samples: Sequence[Sample], quantity: str) -> float:
    """The median of one quantity."""
    values: list[float] = [getattr(each, quantity) for each in samples]
    return median(values)


def contender(name: str, count: int) -> Sample:
    """A sample of `benchmarks.contenders.<name>`."""
    with TemporaryDirectory() as folder:
        return contender_into(name, count, Path(folder))


def contender_into(name: str, count: int, folder: Path) -> Sample:
    """The same, leaving what it writes in `folder`."""
    return process("-m", "benchmarks.contender", name, str(count), str(folder), reports=True)


def process(*args: str, reports: bool = False) -> Sample:
    """A sample of the Python process with these arguments and of its children; it may report what it took inside."""
    return command(sys.executable, *args, reports=reports)


def command(*args: str, reports: bool = False) -> Sample:
    """The same of any program; the programs of this Python's environment are found first."""
    before = _cpu_seconds()
    started = time.perf_counter()
    done = subprocess.run(args, env=_ENVIRONMENT, capture_output=True, text=True, check=True)  # noqa: S603
    process_seconds = time.perf_counter() - started
    inside = json.loads(done.stdout) if reports else {"seconds": 0, "peak_mib": 0}
    return Sample(process_seconds=process_seconds, cpu_seconds=_cpu_seconds() - before, **inside)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call in this process."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def exponent(seconds: dict[int, float]) -> float:
    """How the time grows with the count: 1 when it is linear."""
    return linear_regression([log(count) for count in seconds], [log(each) for each in seconds.values()]).slope
