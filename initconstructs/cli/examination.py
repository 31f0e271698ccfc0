"""What `doctor` looks at.

jsii starts Node when it is imported and may take Python with it, so that everything of it runs in a process of its own.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import metadata, util

# The day each line of Node ends: https://github.com/nodejs/Release/blob/main/schedule.json
_END_OF_LIFE = {
    16: date(2023, 9, 11),
    17: date(2022, 6, 1),
    18: date(2025, 4, 30),
    19: date(2023, 6, 1),
    20: date(2026, 4, 30),
    21: date(2024, 6, 1),
    22: date(2027, 4, 30),
    23: date(2025, 6, 1),
    24: date(2028, 4, 30),
    25: date(2026, 6, 1),
    26: date(2029, 4, 30),
    27: date(2030, 4, 30),
}
_OLDEST = (16, 20)  # "engines" in the package.json of cdk8s 2.70
_BUNDLED = "pip install 'initconstructs[node]'"
_REFUSED = "Cannot use the jsii package cache"  # its words
_LONGEST_PROBLEM = 200
_PATIENCE = 60  # seconds; a synth takes about one
_SYNTH = """
from cdk8s import App, Chart, Testing
from initconstructs import Container
from initconstructs.workloads import Pod
chart = Chart(App(), "doctor")
Pod(chart, "pod", containers=[Container("app", image="registry.example/app:1.0")])
print(len(Testing.synth(chart)))
"""


@dataclass(frozen=True, kw_only=True)
class Item:
    """What one look found; `remedy`, a command, where it is wrong."""

    name: str
    state: str
    remedy: str | None = None


def examine() -> Iterator[Item]:
    """Every item in turn; the synth, which takes longest, only where nothing else is wrong."""
    found = [_python(), _package("initconstructs", "")]
    found += [_package(name, wanted) for name, wanted in _requirements()]
    found += [_libyaml(), _schemas(), _chooser(), _node()]
    yield from found
    if all(item.remedy is None for item in found):
        yield _synth()


def _python() -> Item:
    return Item(name="Python", state=f"{platform.python_version()}  {sys.executable}")


def _requirements() -> Iterator[tuple[str, str]]:
    """Names and version ranges of what the package requires everywhere; jsii comes with cdk8s."""
    yield "jsii", ""
    for text in metadata.requires("initconstructs") or ():
        requirement, _, marker = text.partition(";")
        found = re.fullmatch(r"\s*([\w.-]+)\s*(.*?)\s*", requirement)
        if found and not marker:
            yield found[1], found[2]


def _package(name: str, wanted: str) -> Item:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Item(name=name, state="is not installed", remedy=f"pip install '{name}{wanted}'")
    if not _satisfies(version, wanted):
        state = f"{version}, but {wanted} is needed"
        return Item(name=name, state=state, remedy=f"pip install '{name}{wanted}'")
    return Item(name=name, state=version)


def _satisfies(version: str, wanted: str) -> bool:
    """Against `>=a` and `<b`, which is all that the requirements say."""
    own = _numbers(version)
    lower = re.search(r">=\s*([\d.]+)", wanted)
    upper = re.search(r"<\s*([\d.]+)", wanted)
    return (not lower or own >= _numbers(lower[1])) and (not upper or own < _numbers(upper[1]))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _libyaml() -> Item:
    fast = util.find_spec("yaml") is not None and util.find_spec("yaml._yaml") is not None
    if fast:
        return Item(name="libyaml", state="PyYAML has it")
    remedy = "pip install --force-reinstall --only-binary :all: PyYAML"
    return Item(name="libyaml", state="PyYAML is there without it, or not at all", remedy=remedy)


def _schemas() -> Item:
    from initconstructs.schemas import NEWEST, OLDEST  # noqa: PLC0415 - reads the package's data

    return Item(name="schemas", state=f"Kubernetes 1.{OLDEST} to 1.{NEWEST}")


def _node() -> Item:
    """The Node that jsii will take, in the order in which it and `initconstructs_node` look."""
    chosen, origin = _chosen_node()
    if chosen is None:
        return Item(name="Node", state="there is none", remedy=_BUNDLED)
    try:
        done = subprocess.run([chosen, "--version"], capture_output=True, text=True, timeout=_PATIENCE, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return Item(name="Node", state=f"{chosen} ({origin}) doesn't run: {type(error).__name__}", remedy=_upgrade())
    version = done.stdout.strip()
    problem = _age(version, date.today())
    state = ", ".join(filter(None, (f"{version}  {chosen} ({origin})", problem)))
    return Item(name="Node", state=state, remedy=_upgrade() if problem else None)


def _chooser() -> Item:
    """Python reads initconstructs_node.pth at its start, from site-packages alone."""
    if "initconstructs_node" in sys.modules:
        return Item(name="Node is chosen", state="when jsii is imported")
    state = "by nobody: initconstructs_node.pth isn't in a site-packages that Python reads"
    return Item(name="Node is chosen", state=state, remedy=_reinstall())


def _chosen_node() -> tuple[str | None, str]:
    if named := os.environ.get("JSII_NODE"):
        return shutil.which(named) or named, "JSII_NODE"
    chooser = sys.modules.get("initconstructs_node")
    if bundled := chooser and chooser.bundled_node():
        return bundled, "initconstructs[node]"
    return shutil.which("node"), "PATH"


def _upgrade() -> str:
    """The bundled Node is current, and JSII_NODE goes before it."""
    return f"unset JSII_NODE; {_BUNDLED}" if os.environ.get("JSII_NODE") else f"{_BUNDLED} --upgrade"


def _age(version: str, today: date) -> str:
    """What is wrong with the version; empty for one that its makers still mend, or that we don't know yet."""
    numbers = _numbers(version)
    if not numbers:
        return "which is no version of Node"
    if numbers < _OLDEST:
        return f"too old: cdk8s needs {'.'.join(map(str, _OLDEST))} or newer"
    end = _END_OF_LIFE.get(numbers[0], date.max)
    return f"end of life since {end}" if end < today else ""


def _synth() -> Item:
    try:
        problem = _problem_of_synth()
        if problem is None:
            return Item(name="synth", state="a chart synthesizes")
        is_cache = _problem_of_synth(JSII_RUNTIME_PACKAGE_CACHE="disabled") is None
    except subprocess.TimeoutExpired:
        return Item(name="synth", state=f"takes more than {_PATIENCE} s", remedy=_reinstall())
    if is_cache:
        return Item(name="synth", state=f"fails because of jsii's cache: {problem}", remedy=_without_cache(problem))
    return Item(name="synth", state=f"fails: {problem}", remedy=_reinstall())


def _problem_of_synth(**environment: str) -> str | None:
    """Why a chart can't be synthesized; None where it can."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _SYNTH],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    errors = [line for line in lines if re.match(r"[A-Za-z_][\w.]*: ", line)]  # a message may go on for lines
    return textwrap.shorten((errors or lines)[-1], _LONGEST_PROBLEM, placeholder="...")


def _without_cache(problem: str) -> str:
    """Remove what is broken in it; where jsii can't or won't use the directory at all, go without."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is none
    own = "Library/Caches/com.amazonaws.jsii" if sys.platform == "darwin" else ".cache/aws/jsii"
    cache = os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT") or f"{home}/{own}/package-cache"
    if os.access(cache, os.W_OK) and _REFUSED not in problem:
        return f"rm -rf {shlex.quote(cache)}"
    return "export JSII_RUNTIME_PACKAGE_CACHE=disabled"


def _reinstall() -> str:
    return "pip install --force-reinstall 'initconstructs[node]'"
