"""Hold the start-up simulator against what a real kubelet and scheduler did.

    python tools/traces.py            print the table of agreement, by group
    python tools/traces.py --write    write it to docs/startup-traces.md
    python tools/traces.py FILE ...   use other recordings of the same shape

A recording holds one pod a line; `docs/startup-traces.md` says how it was made and what it can't tell.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypedDict

from initconstructs.manifests.pod_template import entries
from initconstructs.planning.backoff import nominal_waits
from initconstructs.planning.commands import read_command
from initconstructs.planning.pod import Container, Pod, read_pod
from initconstructs.planning.release import Release
from initconstructs.planning.resources import effective_resources
from initconstructs.planning.scenario import OOM_KILLED, START_ERROR, Event, ExitCode, Happening, Scenario
from initconstructs.planning.simulate import simulate
from initconstructs.planning.simulation import Simulation

ROOT = Path(__file__).resolve().parent.parent
TRACES = ROOT / "tests" / "data" / "traces.jsonl.gz"
SCHEDULER = ROOT / "tests" / "data" / "traces-scheduler.jsonl.gz"
PAGE = ROOT / "docs" / "startup-traces.md"

EQUAL, BUT_FOR_A_LOOK, BY_HAND, DIFFERENT = "equal", "equal but for a look", "made by hand", "different"
NODE_IMAGES = frozenset({"busybox:1.28"})
FLEETING = frozenset({"Init:Error", "Error", "Init:CrashLoopBackOff", "CrashLoopBackOff"})

_COUNTER = re.compile(r"\[ \$\w+ -le (\d+) \] && exit (\d+); exit (\d+)")
_MENDED = ("ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError")


class Runs(TypedDict):
    """How one container ran: the number of runs, their exit codes (null: nobody saw it)."""

    runs: int
    codes: list[int | None]
    gaps_s: list[int | None]


_NOT_RUN: Runs = {"runs": 1, "codes": [], "gaps_s": []}


class SeenStep(TypedDict):
    """One line of `kubectl get pod --watch`."""

    at_s: float
    status: str
    restarts: int


class Trace(TypedDict):
    """One pod that was watched."""

    name: str
    group: str
    manifest: dict[str, object] | None
    statuses: list[str]
    steps: list[SeenStep]
    runs: dict[str, Runs]


class Binding(TypedDict):
    """One pod and the node size that the scheduler needs for it."""

    name: str
    manifest: dict[str, object]
    effective_requests: dict[str, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the simulation of one trace compares; `why` for anything but equal."""

    name: str
    group: str
    outcome: str
    why: str = ""


def read_traces(path: Path = TRACES) -> list[Trace]:
    """The recorded pods."""
    return list(_lines(path))


def read_bindings(path: Path = SCHEDULER) -> list[Binding]:
    """The recorded scheduling decisions."""
    return list(_lines(path))


def _lines(path: Path) -> Iterator:  # type: ignore[type-arg]
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    yield from map(json.loads, text.splitlines())


def simulations(trace: Trace) -> list[Simulation]:
    """The pods that the trace's manifest gives: one, or all that a Job makes."""
    manifest = trace["manifest"]
    pod = read_pod(manifest) if manifest else None
    assert manifest is not None
    assert pod is not None
    scenario = scenario_of(trace, pod)
    outcome = simulate(manifest, scenario)
    assert outcome is not None
    if edited := _edited_restart(trace):
        runs = [run for run in outcome.pod.history if run.container == edited[0]]
        edit = Event(what=Happening.SPEC_EDITED, at_s=runs[edited[1]].started_s - 1)
        outcome = simulate(manifest, replace(scenario, events=(*scenario.events, edit)))
        assert outcome is not None
    return [each.simulation for each in outcome.job.pods] if outcome.job else [outcome.pod]


def scenario_of(trace: Trace, pod: Pod) -> Scenario:
    """What the commands and the recorded exit codes say of each container, and what the cluster lacked."""
    exits = {container.name: _exits(container, pod, trace) for container in pod.containers}
    return Scenario(exits={name: codes for name, codes in exits.items() if codes}, events=tuple(_events(trace, pod)))


def _exits(container: Container, pod: Pod, trace: Trace) -> tuple[ExitCode, ...]:
    command = " ".join(container.command)
    seen = trace["runs"].get(container.name, _NOT_RUN)["codes"]
    if counter := _COUNTER.search(command):
        failing = (int(counter[2]),)
        return failing if _counts_anew(container, pod) else failing * int(counter[1]) + (int(counter[3]),)
    if "/dev/zero" in command:
        return (OOM_KILLED,)
    if set(seen) == {128} or command.startswith("/no/"):
        return (START_ERROR,)
    codes = tuple(code for code in seen if code is not None)
    ends_by_itself = read_command(container).worst_s < float("inf")
    return codes if ends_by_itself and codes and len(codes) == len(seen) else ()


def _counts_anew(container: Container, pod: Pod) -> bool:
    """A Job's pods that never restart run a container once, and each has an emptyDir of its own to count in."""
    empty = {volume.get("name") for _, volume in entries(pod.spec, "volumes", "") if "emptyDir" in volume}
    counted_in = {mount.get("name") for _, mount in entries(container.raw, "volumeMounts", "")}
    return pod.kind == "Job" and pod.restart_policy == "Never" and counted_in <= empty


def _events(trace: Trace, pod: Pod) -> Iterator[Event]:
    """The cluster had one image, which runs as root, and no Secret or ConfigMap until somebody mended it."""
    mended = _mended_at(trace)
    yield Event(what=Happening.IMAGE_MISSING, target=_missing_images(pod), until_s=mended)
    yield Event(what=Happening.SECRET_MISSING, until_s=mended)
    yield Event(what=Happening.CONFIG_MAP_MISSING, until_s=mended)
    yield Event(what=Happening.IMAGE_RUNS_AS_ROOT)
    if pod.kind == "Pod":
        for step in trace["steps"]:
            if step["status"] == "Terminating":
                yield Event(what=Happening.DELETED, at_s=step["at_s"])


def _missing_images(pod: Pod) -> str:
    missing = [container.image for container in pod.containers if container.image not in NODE_IMAGES]
    return ",".join(missing) or "none"


def _mended_at(trace: Trace) -> float | None:
    return next(
        (
            after["at_s"]
            for before, after in pairwise(trace["steps"])
            if before["status"].endswith(_MENDED) and not after["status"].endswith(_MENDED)
        ),
        None,
    )


def _edited_restart(trace: Trace) -> tuple[str, int] | None:
    """A wait that is shorter than the back-off's own means that somebody has edited the container meanwhile."""
    for name, seen in trace["runs"].items():
        waits = nominal_waits(len(seen["gaps_s"]))
        for restart, (gap, wait) in enumerate(zip(seen["gaps_s"], waits, strict=True), 1):
            if gap is not None and seen["codes"][restart - 1] and gap < wait - 1:
                return name, restart
    return None


def judge(trace: Trace) -> Verdict:
    """Compare one trace with its simulation."""
    name, group = trace["name"], trace["group"]
    if trace["manifest"] is None:
        return Verdict(name, group, BY_HAND, "the event was made by hand; tests hold what runs again")
    episodes = list(_episodes(trace["statuses"]))
    pods = simulations(trace)
    matches = [[pod for pod in pods if _agrees(pod, episode)] for episode in episodes]
    if all(matches):
        whys = [_runs_differ(pod, trace) or _restarts_differ(pod, trace) for pod in matches[-1]]
        return Verdict(name, group, EQUAL) if "" in whys else Verdict(name, group, DIFFERENT, whys[0])
    if any(_agrees_but_for_a_look(pod, episode) for pod in pods for episode in episodes) and any(matches):
        return Verdict(name, group, BUT_FOR_A_LOOK, _difference(pods[0], episodes))
    return Verdict(name, group, BY_HAND if _ended_by_hand(trace) else DIFFERENT, _difference(pods[0], episodes))


def _episodes(statuses: Sequence[str]) -> Iterator[list[str]]:
    """A pod that was made again under its name begins with Pending once more."""
    starts = [index for index, status in enumerate(statuses) if status == "Pending"]
    for start, end in pairwise([*starts, len(statuses)]):
        yield list(statuses[start:end])


def _agrees(pod: Simulation, seen: Sequence[str]) -> bool:
    """Equal; of a pod that loops, as far as it was watched."""
    length = len(seen) if pod.loops else len(pod.statuses)
    return list(pod.statuses[:length]) == list(seen)


def _agrees_but_for_a_look(pod: Simulation, seen: Sequence[str]) -> bool:
    return _without(pod.statuses) == _without(seen)


def _without(statuses: Iterable[str]) -> list[str]:
    kept = [status for status in statuses if status not in FLEETING]
    return [status for index, status in enumerate(kept) if index == 0 or status != kept[index - 1]]


def _runs_differ(pod: Simulation, trace: Trace) -> str:
    """Runs and exit codes up to the end of the watch; `runs` holds those of the last pod of that name."""
    watched = trace["steps"][-1]["at_s"] - max(
        [step["at_s"] for step in trace["steps"] if step["status"] == "Pending"], default=0.0
    )
    for container, seen in trace["runs"].items():
        runs = [run for run in pod.history if run.container == container and run.started_s <= watched + 1]
        codes = [run.code for run in runs if run.code is not None]
        known = [code for code in seen["codes"] if code is not None]
        if len(runs) != seen["runs"]:
            return f"{container}: {len(runs)} runs, {seen['runs']} seen"
        if len(known) == len(seen["codes"]) and codes[: len(known)] != known:
            return f"{container}: exit codes {codes}, {known} seen"
    return ""


def _restarts_differ(pod: Simulation, trace: Trace) -> str:
    """The RESTARTS column beside each status."""
    seen = _without_repeats((step["status"], step["restarts"]) for step in trace["steps"])
    simulated = _without_repeats((step.status, step.restarts) for step in pod.steps)
    return "" if simulated[: len(seen)] == seen else f"RESTARTS {simulated}, {seen} seen"


def _without_repeats(lines: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    kept: list[tuple[str, int]] = []
    for line in lines:
        if not kept or line != kept[-1]:
            kept.append(line)
    return kept


def _ended_by_hand(trace: Trace) -> bool:
    """Whether a container ended whose command can't have ended by then."""
    pod = read_pod(trace["manifest"] or {})
    stopped = trace["statuses"][-1] in ("Init:Error", "Error")
    watched = trace["steps"][-1]["at_s"]
    return pod is not None and stopped and any(read_command(each).best_s > watched for each in pod.init_containers)


def _difference(pod: Simulation, episodes: Sequence[Sequence[str]]) -> str:
    seen = next((episode for episode in episodes if not _agrees(pod, episode)), episodes[0])
    return f"simulated {' → '.join(pod.statuses)}; seen {' → '.join(seen)}"


def binds_where_the_scheduler_does(binding: Binding) -> bool:
    """Whether the computed requests are those at which the scheduler bound the pod."""
    pod = read_pod(binding["manifest"])
    assert pod is not None
    requests = effective_resources(pod, Release(36)).requests
    return all(requests.get(name, 0) == amount for name, amount in binding["effective_requests"].items())


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """The agreement by group, as Markdown."""
    groups: Mapping[str, Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        groups[verdict.group][verdict.outcome] += 1
    outcomes = (EQUAL, BUT_FOR_A_LOOK, BY_HAND, DIFFERENT)
    yield f"| group | pods | {' | '.join(outcomes)} |"
    yield f"|---|{'---:|' * (len(outcomes) + 1)}"
    for group, counts in sorted(groups.items()):
        yield f"| {group} | {counts.total()} | {' | '.join(str(counts[outcome] or '') for outcome in outcomes)} |"


def main() -> int:
    """Print or write the table; the exit code tells whether anything differs without a reason."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("files", nargs="*", type=Path, default=[TRACES])
    arguments.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = arguments.parse_args()
    verdicts = [judge(trace) for path in options.files for trace in read_traces(path)]
    bindings = read_bindings()
    bound = sum(map(binds_where_the_scheduler_does, bindings))
    page = render(verdicts, bound, len(bindings))
    if options.write:
        PAGE.write_text(page)
    else:
        sys.stdout.write(page)
    return int(bound < len(bindings) or any(verdict.outcome == DIFFERENT for verdict in verdicts))


def render(verdicts: Sequence[Verdict], bound: int, bindings: int) -> str:
    """The page of docs."""
    lines = [
        "# The simulator against a real kubelet",
        "",
        "Written by `python tools/traces.py --write`; don't edit.",
        "",
        "Recorded on a real one-node cluster (Kubernetes 1.36.2, containerd): every pod was started, the STATUS column",
        "of `kubectl get pod` was watched and kept with repeats removed. *equal* means that statuses, RESTARTS, number",
        "of runs and exit codes are those of the simulation; a pod that loops is compared as far as it was watched.",
        "",
        *table(verdicts),
        "",
        f"The scheduler binds {bound} of {bindings} pods to a node of exactly the computed size, and refuses one unit",
        "less.",
        "",
        "## What can't agree, and why",
        "",
        "- **equal but for a look**: the pod was started twice and the two watches differ from each other. A status",
        "  that holds for less than a second is shown only when the kubelet happens to publish in between.",
        "- **made by hand**: somebody killed a sandbox, restarted the kubelet, removed records or stopped a container;",
        "  no manifest tells when. `tests/planning/test_traces_by_hand.py` rebuilds these pods and holds what was",
        "  shown and what ran again.",
        "",
    ]
    for verdict in verdicts:
        if verdict.outcome in (BUT_FOR_A_LOOK, DIFFERENT) or (verdict.outcome == BY_HAND and "→" in verdict.why):
            lines.append(f"- `{verdict.name}` ({verdict.outcome}): {verdict.why}")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
