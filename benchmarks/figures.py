"""The figures that the project promises, each beside a peer measured in the same run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.contenders import plain
from benchmarks.measuring import Sample, command, contender, exponent, in_turns, middle, process, timed
from benchmarks.sameness import differences
from initconstructs.manifests.yaml_in import load_yaml
from initconstructs.manifests.yaml_out import dump_yaml
from initconstructs.planning.plan import plans

_CDK8S = Path("node_modules", ".bin", "cdk8s")
_LEAST, _BARE = "plain", "api_object"
_PEERS = {
    "cdk8s_plus": ("cdk8s-plus-36, all in the constructor", 1 / 3),
    "cdk8s_plus_documented": ("cdk8s-plus-36, as documented", 1 / 3),
    _BARE: ("one bare ApiObject and JsonPatch each", 1.25),
}


@dataclass(frozen=True)
class Size:
    """How much to measure."""

    apps: int
    rounds: int
    starts: int
    growth: tuple[int, ...]


FULL = Size(apps=1000, rounds=5, starts=30, growth=(100, 300, 1000, 3000))
QUICK = Size(apps=3, rounds=1, starts=1, growth=(2, 4))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the report. `ratio` is the value over the peer's; `bounded` names the one that the target bounds."""

    name: str
    value: float
    unit: str
    peer: str
    ratio: float
    target: float
    bounded: str = "ratio"
    note: str = ""

    def line(self) -> dict[str, object]:
        """The figure as JSON data, with whether it meets its target."""
        met = getattr(self, self.bounded) <= self.target
        rounded = {key: round(each, 4) if isinstance(each, float) else each for key, each in asdict(self).items()}
        target = f"{self.bounded} <= {rounded['target']}"
        return {key: each for key, each in rounded.items() if key != "bounded"} | {"target": target, "met": met}


def synth(size: Size) -> Iterator[Figure]:
    """The same Deployments through `App.synth`: time inside, time of the whole process, peak memory with Node's."""
    differing = {name: differences(name, min(size.apps, 50)) for name in ("synth", *_PEERS)}
    found = in_turns(differing, size.rounds, partial(contender, count=size.apps))
    for quantity, unit in (("seconds", "s"), ("process_seconds", "s"), ("peak_mib", "MiB")):
        value = middle(found["synth"], quantity)
        for name, (peer, target) in _PEERS.items():
            yield Figure(
                name=f"synth of {size.apps} Deployments: {quantity}",
                value=value,
                unit=unit,
                peer=peer,
                ratio=value / middle(found[name], quantity),
                target=target if unit == "s" else 1.0 if name != _BARE else 1.25,
                note=_note(differing[name]),
            )


def _note(differing: Sequence[str]) -> str:
    return f"same manifests but for {', '.join(differing)}" if differing else "same manifests"


def pure(size: Size) -> Iterator[Figure]:
    """The same without cdk8s, against plain dicts and the C emitter."""
    found = in_turns(("pure", _LEAST), size.rounds, partial(contender, count=size.apps))
    value = middle(found["pure"], "seconds")
    yield Figure(
        name=f"{size.apps} Deployments by the pure door",
        value=value,
        unit="s",
        peer="plain dicts and yaml.CSafeDumper",
        ratio=value / middle(found[_LEAST], "seconds"),
        target=2.0,
        note=_note(differences("pure", min(size.apps, 50))),
    )


def imports(size: Size) -> Iterator[Figure]:
    """What the whole pure door adds to the start of Python; `import initconstructs` alone loads less."""
    found = in_turns(("pass", "from initconstructs import *"), size.starts, lambda code: process("-c", code))
    bare, ours = found.values()
    for quantity in ("process_seconds", "cpu_seconds"):
        least, value = middle(bare, quantity), middle(ours, quantity)
        yield Figure(
            name=f"from initconstructs import *: {quantity} over a bare interpreter",
            value=(value - least) * 1000,
            unit="ms",
            peer="python -c pass",
            ratio=value / least,
            target=80.0,
            bounded="value",
        )


def checks(size: Size) -> Iterator[Figure]:
    """Every rule over the same manifests in memory, and the start-up of the command."""
    found = in_turns(("checked", "kubernetes_validated"), max(1, size.rounds // 2), partial(contender, count=size.apps))
    ours, peer = (middle(each, "seconds") for each in found.values())
    for bounded, target in (("value", 0.5), ("ratio", 0.1)):
        yield Figure(
            name=f"checking {size.apps} Deployments in memory",
            value=ours,
            unit="s",
            peer="kubernetes-validate",
            ratio=ours / peer,
            target=target,
            bounded=bounded,
        )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "app.yaml"
        file.write_text(dump_yaml([plain.manifest(0)]))
        commands = (("-c", "pass"), ("-m", "initconstructs", "check", str(file)))
        bare, ours_started = in_turns(commands, size.starts, lambda command: process(*command)).values()
    value = middle(ours_started, "process_seconds")
    yield Figure(
        name="initconstructs check of one file, from the shell",
        value=value * 1000,
        unit="ms",
        peer="python -c pass",
        ratio=value / middle(bare, "process_seconds"),
        target=250.0,
        bounded="value",
    )


def check_command(size: Size) -> Iterator[Figure]:
    """The command on a file, against the command of kubernetes-validate on the same."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "apps.yaml"
        file.write_text(dump_yaml(map(plain.manifest, range(size.apps))))
        commands = (("initconstructs", "check", str(file)), ("kubernetes_validate", "--quiet", str(file)))
        found = in_turns(commands, max(1, size.rounds // 2), lambda words: process("-m", *words))
    ours, peer = (middle(each, "process_seconds") for each in found.values())
    yield Figure(
        name=f"initconstructs check of {size.apps} Deployments, from the shell",
        value=ours,
        unit="s",
        peer="kubernetes-validate --quiet",
        ratio=ours / peer,
        target=0.1,
        note=f"{size.apps / ours:.0f} documents a second, the peer {size.apps / peer:.0f}",
    )


def synth_command(size: Size) -> Iterator[Figure]:
    """`initconstructs synth` with all its checks, against `cdk8s synth`, on the examples of this directory."""
    if not _CDK8S.exists():
        raise FileNotFoundError(f"{_CDK8S} is missing: run `make synth` first")
    with TemporaryDirectory() as folder:
        into = ("synth", "--output", str(Path(folder, "dist")))
        commands = ((sys.executable, "-m", "initconstructs", *into), ("node", str(_CDK8S), *into, "--no-check-upgrade"))
        found = in_turns(commands, size.rounds * 2, lambda words: command(*words))
    ours, peer = (middle(each, "process_seconds") for each in found.values())
    yield Figure(
        name="initconstructs synth of the examples, from the shell",
        value=ours,
        unit="s",
        peer="cdk8s synth, which checks nothing",
        ratio=ours / peer,
        target=1.0,
    )


def planning(size: Size) -> Iterator[Figure]:
    """The plans of all workloads, against the parsing of their YAML, in this process."""
    text = dump_yaml(map(plain.manifest, range(size.apps)))
    manifests = [document.manifest for document in load_yaml(text)]
    parsed = median(timed(lambda: load_yaml(text)) for _ in range(size.rounds))
    planned = median(timed(lambda: plans(manifests)) for _ in range(size.rounds))
    yield Figure(
        name=f"plans of {size.apps} Deployments",
        value=planned,
        unit="s",
        peer="load_yaml of the same",
        ratio=planned / parsed,
        target=1.0,
    )


def growth(size: Size) -> Iterator[Figure]:
    """The exponent of time over count, in a straight line through the logarithms."""
    for ours, peer in (("pure", _LEAST), ("synth", _BARE)):
        subjects = [(name, count) for count in size.growth for name in (ours, peer)]
        found = in_turns(subjects, max(1, size.rounds // 2), lambda subject: contender(*subject))
        value = exponent(_seconds(found, ours))
        yield Figure(
            name=f"growth from {size.growth[0]} to {size.growth[-1]} apps: {ours}",
            value=value,
            unit="exponent",
            peer=peer,
            ratio=value / exponent(_seconds(found, peer)),
            target=1.1,
            bounded="value",
        )


def _seconds(found: Mapping[tuple[str, int], Sequence[Sample]], wanted: str) -> dict[int, float]:
    return {count: middle(samples, "seconds") for (name, count), samples in found.items() if name == wanted}


GROUPS: dict[str, Callable[[Size], Iterator[Figure]]] = {
    "synth": synth,
    "pure": pure,
    "imports": imports,
    "checks": checks,
    "check-command": check_command,
    "synth-command": synth_command,
    "planning": planning,
    "growth": growth,
}
