"""Plans as JSON: the stable contract that docs/explain-json.md describes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from initconstructs.planning.handoffs import Handoff
from initconstructs.planning.plan import Plan
from initconstructs.planning.simulate import Outcome
from initconstructs.planning.simulation import Simulation
from initconstructs.planning.stages import Stage
from initconstructs.planning.timing import StageTime, Time

VERSION = 1

Json = Mapping[str, object]


def plans_json(plans: Sequence[Plan], outcomes: Sequence[Outcome | None] = ()) -> str:
    """The document that `explain --format json` prints; an outcome per plan adds its simulation."""
    padded = [*outcomes, *[None] * (len(plans) - len(outcomes))]
    workloads = [_workload(plan, outcome) for plan, outcome in zip(plans, padded, strict=True)]
    return json.dumps({"version": VERSION, "workloads": workloads}, indent=2, ensure_ascii=False) + "\n"


def _workload(plan: Plan, outcome: Outcome | None) -> Json:
    resources, rollout = plan.resources, plan.rollout
    workload = {
        "kind": plan.kind,
        "namespace": plan.namespace,
        "name": plan.name,
        "kubernetes": plan.kubernetes,
        "stages": [_stage(stage, time, plan) for stage, time in zip(plan.stages, plan.time.stages, strict=True)],
        "resources": {
            "requests": dict(resources.requests),
            "limits": dict(resources.limits),
            "decided_by": dict(resources.decided_by),
            "idle": dict(resources.idle),
            "phases": [{"name": phase.name, "requests": dict(phase.requests)} for phase in resources.phases],
            "unlimited": list(resources.unlimited),
        },
        "qos": resources.qos,
        "rollout": {
            "pods": rollout.pods,
            "peak_pods": rollout.peak_pods,
            "unit": rollout.unit,
            "total": dict(rollout.total),
            "peak": dict(rollout.peak),
        },
        "time": _time(plan.time),
        "handoffs": [_handoff(handoff) for handoff in plan.handoffs],
    }
    return {**workload, "simulation": _simulation(outcome)} if outcome else workload


def _stage(stage: Stage, time: StageTime, plan: Plan) -> Json:
    return {
        "name": stage.name,
        "type": stage.role.value,
        "gate": stage.gate,
        "after": stage.after or None,
        "sidecars": list(stage.sidecars),
        "restart_policy": stage.restart_policy,
        "image": stage.image,
        "requests": dict(plan.resources.own[stage.name]),
        "privileges": list(stage.privileges),
        "best_s": time.best_s,
        "worst_s": time.worst_s,
        "bound": time.bound or None,
    }


def _time(time: Time) -> Json:
    deadline = time.deadline
    return {
        "best_s": time.best_s,
        "worst_s": time.worst_s,
        "unbounded": list(time.unbounded),
        "deadline": {"field": deadline.field, "seconds": deadline.seconds, "strikes": deadline.strikes}
        if deadline
        else None,
    }


def _handoff(handoff: Handoff) -> Json:
    return {
        "volume": handoff.volume,
        "medium": handoff.medium,
        "written_by": list(handoff.written_by),
        "read_by": list(handoff.read_by),
        "read_before_written": list(handoff.read_before_written),
        "paths": dict(handoff.paths),
    }


def _simulation(outcome: Outcome) -> Json:
    simulation = _pod(outcome.pod)
    if outcome.job is None:
        return simulation
    pods = [{"created_s": pod.created_s, **_pod(pod.simulation)} for pod in outcome.job.pods]
    job = {"condition": outcome.job.condition or None, "reason": outcome.job.reason or None, "pods": pods}
    return {**simulation, "job": job}


def _pod(simulation: Simulation) -> Json:
    return {
        "statuses": list(simulation.statuses),
        "runs": dict(simulation.runs),
        "exit_codes": {name: list(codes) for name, codes in simulation.exit_codes.items()},
        "restarts": dict(simulation.restarts),
        "phase": simulation.phase,
        "reason": simulation.reason or None,
        "loops": simulation.loops,
        "backoffs_s": list(simulation.backoffs_s),
        "steps": [
            {"at_s": step.at_s, "status": step.status, "ready": step.ready, "restarts": step.restarts}
            for step in simulation.steps
        ],
    }
