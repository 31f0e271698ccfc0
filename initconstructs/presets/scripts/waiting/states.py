"""When objects of the Kubernetes API are as wanted. Each function says what is lacking, or None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .wire import Never

if TYPE_CHECKING:
    from collections.abc import Callable

    Object = dict[str, Any]
    State = Callable[[dict[str, Any], list[Object]], str | None]


def one(state: Callable[[dict[str, Any], Object], str | None]) -> State:
    """A state of a single object, which must be there."""

    def of_one(spec: dict[str, Any], found: list[Object]) -> str | None:
        return state(spec, found[0]) if found else spec.get("absent", "is not there")

    return of_one


def conditions(about: Object) -> dict[str, Any]:
    return {each["type"]: each for each in (about.get("status") or {}).get("conditions") or []}


def complete(_: dict[str, Any], job: Object) -> str | None:
    """https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions"""
    found = {kind: each for kind, each in conditions(job).items() if each["status"] == "True"}
    if "Failed" in found:
        raise Never(f"has failed: {found['Failed'].get('message') or found['Failed'].get('reason')}")
    if "Complete" in found:
        return None
    return "is suspended" if job["spec"].get("suspend") else f"has {job.get('status', {}).get('active', 0)} active pods"


def job(spec: dict[str, Any], found: list[Object]) -> str | None:
    if not found and spec["gone"] == "complete":
        return None
    return one(complete)(spec, found)


def rolled_out(spec: dict[str, Any], about: Object) -> str | None:
    """What `kubectl rollout status` asks: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/"""
    status = about.get("status", {})
    if status.get("observedGeneration", 0) < about["metadata"].get("generation", 0):
        return "its new version is not seen by the controller yet"
    wanted, updated, ready = COUNTS[spec["kind"]](about["spec"], status)
    if updated < wanted:
        return f"{updated} of {wanted} pods are updated"
    if ready < wanted:
        return f"{ready} of {wanted} updated pods are available"
    if spec["kind"] == "Deployment" and status.get("replicas", 0) > updated:
        return f"{status['replicas'] - updated} old pods are still there"
    return None


def of_deployment(spec: Object, status: Object) -> tuple[int, int, int]:
    return spec.get("replicas", 1), status.get("updatedReplicas", 0), status.get("availableReplicas", 0)


def of_stateful_set(spec: Object, status: Object) -> tuple[int, int, int]:
    partition = spec.get("updateStrategy", {}).get("rollingUpdate", {}).get("partition", 0)
    wanted = spec.get("replicas", 1)
    updated = status.get("updatedReplicas", 0)
    available: int = status.get("availableReplicas", 0)
    return wanted, min(wanted, updated + partition), available


def of_daemon_set(_: Object, status: Object) -> tuple[int, int, int]:
    wanted = status.get("desiredNumberScheduled", 0)
    return wanted, status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)


COUNTS = {"Deployment": of_deployment, "StatefulSet": of_stateful_set, "DaemonSet": of_daemon_set}


def ready(spec: dict[str, Any], pods: list[Object]) -> str | None:
    """Enough pods that are ready and not about to go."""
    serving = [each for each in pods if "deletionTimestamp" not in each["metadata"]]
    count = sum(conditions(each).get("Ready", {}).get("status") == "True" for each in serving)
    return None if count >= spec["at_least"] else f"{count} of {spec['at_least']} pods are ready"


def endpoints(spec: dict[str, Any], slices: list[Object]) -> str | None:
    """Enough ready endpoints; one without the condition counts as ready, as the API says.

    Where the Service has two families of addresses, each endpoint is in a slice of either.
    """
    found: dict[str, set[tuple[str, str | None]]] = {}
    for part in slices:
        for each in part.get("endpoints") or []:
            if (each.get("conditions") or {}).get("ready") is not False:
                key = (each["addresses"][0], (each.get("targetRef") or {}).get("uid"))
                found.setdefault(part["addressType"], set()).add(key)
    count = max(map(len, found.values()), default=0)
    return None if count >= spec["at_least"] else f"has {count} of {spec['at_least']} ready endpoints"


def condition(spec: dict[str, Any], about: Object) -> str | None:
    """The condition has the status, for the object as it is now."""
    found = conditions(about).get(spec["condition"])
    if found is None:
        return f"has no condition {spec['condition']}"
    if found.get("observedGeneration", float("inf")) < about["metadata"].get("generation", 0):
        return f"condition {spec['condition']} is about an older version"
    if found["status"] == spec["status"]:
        return None
    why = f": {found['message']}" if found.get("message") else ""
    return f"condition {spec['condition']} is {found['status']}{why}"


def field(spec: dict[str, Any], about: Object) -> str | None:
    """The field has the value, compared as text."""
    value: Any = about
    for name in spec["field"]:
        value = value.get(name) if isinstance(value, dict) else None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if value is not None and text == spec["value"]:
        return None
    return f"{'.'.join(spec['field'])} is {'not set' if value is None else text}"


STATES: dict[str, State] = {
    "complete": job,
    "rolled out": one(rolled_out),
    "ready": ready,
    "endpoints": endpoints,
    "condition": one(condition),
    "field": one(field),
}
