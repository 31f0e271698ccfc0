"""The sentences and figures that every human report of a plan shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from initconstructs.planning.handoffs import Handoff
from initconstructs.planning.plan import Plan
from initconstructs.planning.pod import Role
from initconstructs.planning.quantity import written
from initconstructs.planning.resources import APPS, POD_LEVEL
from initconstructs.planning.rollout import PER_NODE, PER_RUN
from initconstructs.planning.simulate import Outcome
from initconstructs.planning.stages import EXIT_0, POST_START, STARTUP_PROBE, Stage
from initconstructs.planning.timing import StageTime

UNBOUNDED = "never (!)"
_ALWAYS_SHOWN = ("cpu", "memory")


def amounts(values: Mapping[str, int]) -> str:
    """`200m / 256Mi`, then whatever else there is: `200m / 256Mi, nvidia.com/gpu 1`."""
    return ", ".join(filter(None, (cpu_and_memory(values), other_amounts(values))))


def cpu_and_memory(values: Mapping[str, int]) -> str:
    """`200m / 256Mi`."""
    return " / ".join(written(name, values.get(name, 0)) for name in _ALWAYS_SHOWN)


def other_amounts(values: Mapping[str, int]) -> str:
    """`nvidia.com/gpu 1`; empty when there is nothing but cpu and memory."""
    return ", ".join(f"{name} {written(name, each)}" for name, each in values.items() if name not in _ALWAYS_SHOWN)


def seconds(value: float | None) -> str:
    """`4s`, `5m`, `1h30m`; `never` for no bound."""
    if value is None:
        return "never"
    whole = round(value)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", f"{rest}s" if rest or not whole else ""]
    return "".join(parts)


def starts_when(before: Stage | None) -> str:
    """What a stage waits for: `at once`, `wait exits 0`, `proxy is healthy`."""
    if before is None:
        return "at once"
    return {
        EXIT_0: f"{before.name} exits 0",
        STARTUP_PROBE: f"{before.name} passes its probe",
        POST_START: f"{before.name}'s postStart ends",
    }.get(before.gate, f"{before.name} has started")


def patience(time: StageTime, role: Role) -> str:
    """After how long a stage gives up by itself; empty for what is not meant to end."""
    if time.worst_s is None:
        return UNBOUNDED
    return seconds(time.worst_s) if time.bound or role is Role.INIT else ""


def predecessors(plan: Plan) -> list[Stage | None]:
    """The stage that each stage waits for; app containers all wait for the last init container."""
    by_name = {stage.name: stage for stage in plan.stages}
    return [by_name.get(stage.after) for stage in plan.stages]


def head(plan: Plan) -> str:
    """`3 replicas   Kubernetes 1.36`."""
    rollout = plan.rollout
    noun = {"Job": "pod", "CronJob": "pod", "Pod": "pod", "DaemonSet": "pod"}.get(plan.kind, "replica")
    count = f"{rollout.pods} {noun}{'' if rollout.pods == 1 else 's'} {rollout.unit}".rstrip()
    return f"{count}   Kubernetes {plan.kubernetes}"


def cost(plan: Plan) -> str:
    """What the scheduler counts, who decides it, and what that makes in all."""
    resources, rollout = plan.resources, plan.rollout
    sentence = f"Scheduler counts {amounts(resources.requests)} a pod, decided by {deciders(resources.decided_by)}"
    if rollout.unit:
        sentence += f", {rollout.unit}"
    elif rollout.pods != 1:
        sentence += f"; {amounts(rollout.total)} in all"
    if rollout.peak_pods > rollout.pods and rollout.unit not in (PER_NODE, PER_RUN):
        sentence += f", {amounts(rollout.peak)} while rolling out"
    return f"{sentence}; {resources.qos}."


def deciders(decided_by: Mapping[str, str]) -> str:
    """`the app`, or `migrate (cpu) and the app (memory)`."""
    by_stage: dict[str, list[str]] = {}
    for resource, stage in decided_by.items():
        by_stage.setdefault({APPS: "the app", POD_LEVEL: "the pod itself"}.get(stage, stage), []).append(resource)
    if len(by_stage) == 1:
        return next(iter(by_stage))
    return " and ".join(f"{stage} ({', '.join(resources)})" for stage, resources in by_stage.items())


def idle(plan: Plan) -> str:
    """What stays reserved for ever because of a stage that runs once; empty when nothing does."""
    left = plan.resources.idle
    if not left:
        return ""
    parts = ", ".join(f"{written(name, amount)} {name}" for name, amount in left.items())
    return f"Once the app runs, {parts} a pod stay reserved and unused: the scheduler never gives a stage's part back."


def duration(plan: Plan) -> str:
    """Best and worst case in one sentence."""
    time = plan.time
    start = f"Started after about {seconds(time.best_s)} at best"
    if time.worst_s is None:
        return f"{start}; no worst case, because nothing bounds {listed(time.unbounded)}."
    return f"{start} and {seconds(time.worst_s)} at worst."


def listed(names: Sequence[str], last: str = "and") -> str:
    """`wait, fetch and migrate`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def deadline(plan: Plan) -> str:
    """What the deadline around the start-up does; empty when there is none or it is kept."""
    limit = plan.time.deadline
    if limit is None or not limit.strikes:
        return ""
    if limit.field == "progressDeadlineSeconds":
        does = "the Deployment reports ProgressDeadlineExceeded; the pods go on, nothing is rolled back"
    else:
        does = "the pods are killed and fail with DeadlineExceeded"
    return f"{limit.field} strikes first, after {seconds(limit.seconds)}: {does}."


def passes_on(stage: Stage, plan: Plan) -> list[str]:
    """What a stage writes for others: `/run/secrets (memory) to api`."""
    found = []
    for handoff in plan.handoffs:
        readers = [name for name in handoff.read_by if name != stage.name]
        if handoff.written_by[:1] == (stage.name,) and readers:
            found.append(f"{handoff.paths[stage.name]} ({handoff.medium}) to {', '.join(readers)}")
    return found


def too_early(handoff: Handoff) -> str:
    """The sentence for a volume that is read before anybody has written it."""
    readers = ", ".join(handoff.read_before_written)
    if not handoff.written_by:
        return f"{readers} reads volume {handoff.volume}, which starts empty and which nobody writes."
    return f"{readers} reads volume {handoff.volume} before {handoff.written_by[0]} has started to write it."


def notes(plan: Plan) -> list[str]:
    """The sentences below the table of stages, in the order in which a reviewer needs them."""
    sentences = [cost(plan), idle(plan), duration(plan), deadline(plan)]
    sentences += [too_early(handoff) for handoff in plan.handoffs if handoff.read_before_written]
    return [sentence for sentence in sentences if sentence]


def whole_restart(plan: Plan) -> str:
    """When all init containers run again, which an ordinary failure does not bring about."""
    if not any(stage.role is not Role.APP for stage in plan.stages):
        return ""
    first = plan.stages[0].name
    never = plan.pod.restart_policy == "Never"
    cases = "RestartAllContainers" if never else "a lost sandbox, a reboot of the node or RestartAllContainers"
    ends = "a lost sandbox or a reboot ends it" if never else "an ordinary failure never does"
    return f"Only {cases} makes the pod begin again with {first}; {ends}."


def simulated(outcome: Outcome) -> list[str]:
    """What a simulation gave, in sentences."""
    pod = outcome.pod
    lines = [f"kubectl shows {', '.join(shortened(pod.statuses))}."]
    runs = ", ".join(f"{name} {count}" for name, count in pod.runs.items() if count)
    lines.append(f"Runs: {runs or 'none'}; phase {pod.phase}{f' ({pod.reason})' if pod.reason else ''}.")
    if pod.backoffs_s:
        waits = ", ".join(f"{wait:g}" for wait in pod.backoffs_s)
        lines.append(f"Waits before restarts: {waits} s{', and so on' if pod.loops else ''}.")
    if outcome.job:
        made = len(outcome.job.pods)
        end = outcome.job.condition or "goes on"
        reason = f" ({outcome.job.reason})" if outcome.job.reason else ""
        lines.append(f"The Job makes {made} pod{'s' if made != 1 else ''}; {end}{reason}.")
    return lines


def shortened(statuses: Sequence[str], most: int = 24) -> list[str]:
    """The statuses; of a long loop the beginning."""
    return list(statuses) if len(statuses) <= most else [*statuses[:most], "..."]
