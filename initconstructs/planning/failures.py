"""What happens when a stage fails: found by letting the simulator fail each stage, not by a table."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from initconstructs.planning.plan import Plan
from initconstructs.planning.pod import Container, Role
from initconstructs.planning.pod_status import FAILED
from initconstructs.planning.scenario import Scenario
from initconstructs.planning.simulate import Outcome, simulate

_FAILS_TWICE = (1, 1, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A stage that exits 1 every time: what kubectl shows, what runs again, and how the pod ends up.

    `runs_again` are the containers that run more than once when it passes at the third attempt. `statuses` are those
    that tell of the failure.
    """

    stage: str
    role: Role
    statuses: tuple[str, ...]
    runs_again: tuple[str, ...]
    phase: str
    effect: str


def failures(plan: Plan) -> tuple[Failure, ...]:
    """One for every stage, in their order."""
    restless = {name for name, runs in _simulated(plan, Scenario()).pod.runs.items() if runs > 1}
    return tuple(_failure(plan, container, restless - {container.name}) for container in plan.pod.containers)


def _failure(plan: Plan, container: Container, restless: Set[str]) -> Failure:
    """`restless` are containers that run again and again whether this one fails or not."""
    forever = _simulated(plan, Scenario(exits={container.name: (1,)}))
    recovered = _simulated(plan, Scenario(exits={container.name: _FAILS_TWICE}))
    runs_again = tuple(name for name, runs in recovered.pod.runs.items() if runs > 1 and name not in restless)
    return Failure(
        stage=container.name,
        role=container.role,
        statuses=_telling(forever.pod.statuses),
        runs_again=runs_again,
        phase=forever.pod.phase,
        effect=_effect(plan, container, forever, runs_again),
    )


def _simulated(plan: Plan, scenario: Scenario) -> Outcome:
    outcome = simulate(plan.manifest, scenario, kubernetes=plan.kubernetes)
    assert outcome is not None
    return outcome


def _telling(statuses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(status for status in statuses if status.endswith(("Error", "BackOff", "Containers"))))


def _effect(plan: Plan, container: Container, forever: Outcome, runs_again: tuple[str, ...]) -> str:
    if not forever.pod.runs[container.name]:
        return f"it never starts; kubectl shows {forever.pod.statuses[-1]}"
    if not runs_again and forever.pod.phase == FAILED:
        return _ends_the_pod(plan, forever)
    alone = runs_again in ((), (container.name,))  # none: the pod has ended well before its turn came
    again = "it alone runs again" if alone else f"{', '.join(runs_again)} {'run' if runs_again[1:] else 'runs'} again"
    return f"{again}: at once, then after 10, 20, 40, ... 300 s{_meanwhile(plan, container)}{_limit(forever)}"


def _meanwhile(plan: Plan, container: Container) -> str:
    if container.role is Role.APP:
        return "; no init container runs again" if plan.pod.init_containers else ""
    if container.role is Role.SIDECAR and not container.probe("startupProbe"):
        return "; the stages after it go on"
    until = " until its probe has passed" if container.role is Role.SIDECAR else ""
    deadline = plan.time.deadline
    stuck = deadline is not None and deadline.field == "progressDeadlineSeconds"
    reports = (
        f"; after {deadline.seconds} s the Deployment reports ProgressDeadlineExceeded" if deadline and stuck else ""
    )
    return f"; nothing after it starts{until}{reports}"


def _limit(forever: Outcome) -> str:
    if forever.job and forever.job.reason == "BackoffLimitExceeded":
        count = sum(forever.pod.restarts.values())
        return f"; after {count} restart{'s' if count != 1 else ''} the Job fails and removes the pod"
    return ""


def _ends_the_pod(plan: Plan, forever: Outcome) -> str:
    if forever.job is None:
        return "the pod fails and nothing runs again"
    first, pods = plan.stages[0].name, len(forever.job.pods)
    if pods == 1:
        return f"the pod fails, and the Job with it ({forever.job.reason})"
    return f"the pod fails; the Job makes a new one that begins with {first}, {pods} in all, then fails"
