"""When a Job has failed, when it has succeeded, and when a pod of it is replaced.

Source: kubernetes/pkg/apis/batch/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from initconstructs.rules.api_server.cause import Cause, duplicate, invalid, not_supported, required, too_long, too_many
from initconstructs.rules.api_server.check import Causes, Node, rule
from initconstructs.rules.api_server.formats import label_key, size

_MOST_RULES = 20
_MOST_EXIT_CODES = 255
_LONGEST_INDEXES = 64 * 1024
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_STATUSES = ("False", "True", "Unknown")
_INTEGER = re.compile(r"[-+]?\d{1,18}", re.ASCII)


@rule(
    "job-failure-policy",
    fix="Give each rule an action and either onExitCodes (ascending, no 0 with In) or onPodConditions.",
)
def pod_failure_policy(job: Node, pod: Node, path: str, status_default: bool) -> Causes:
    """A pod failure policy can be decided.

    What: at most 20 rules, each with an action (Count, FailIndex with backoffLimitPerIndex, FailJob, Ignore) and either
    onExitCodes or onPodConditions. Exit codes are unique, ascending, at most 255 of them, and without 0 for In; a
    containerName is one of the template's; a condition has a qualified type and the status True, False or Unknown.
    Why: the controller takes the first rule that matches, so each has to match something and say what follows.
    Example: `onExitCodes: {operator: In, values: [42, 1]}` is refused.
    Fix: sort the values.
    Source: validatePodFailurePolicy in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    rules: Sequence[Node] = job["podFailurePolicy"].get("rules") or ()
    if len(rules) > _MOST_RULES:
        yield too_many(f"{path}.rules", len(rules), _MOST_RULES)
    names = [c.get("name") or "" for kind in ("containers", "initContainers") for c in pod.get(kind) or ()]
    for index, each in enumerate(rules):
        yield from _failure_rule(each, f"{path}.rules[{index}]", names, "backoffLimitPerIndex" in job, status_default)


def _failure_rule(each: Node, path: str, containers: Collection[str], per_index: bool, status_default: bool) -> Causes:
    yield from _action(each.get("action") or "", f"{path}.action", per_index)
    codes, conditions = each.get("onExitCodes"), each.get("onPodConditions") or ()
    if codes is not None:
        yield from _exit_codes(codes, f"{path}.onExitCodes", containers)
    if len(conditions) > _MOST_RULES:
        yield too_many(f"{path}.onPodConditions", len(conditions), _MOST_RULES)
    for index, condition in enumerate(conditions):
        yield from _condition(condition, f"{path}.onPodConditions[{index}]", status_default)
    if codes is not None and conditions:
        yield _invalid_rule(path, "specifying both OnExitCodes and OnPodConditions is not supported")
    if codes is None and not conditions:
        yield _invalid_rule(path, "specifying one of OnExitCodes and OnPodConditions is required")


def _invalid_rule(path: str, detail: str) -> Cause:
    # The server leaves the value of the rule out.
    return Cause(path, "FieldValueInvalid", f"Invalid value: {detail}")


def _action(action: str, path: str, per_index: bool) -> Causes:
    if not action:
        yield required(path, _valid(_ACTIONS))
    elif action not in _ACTIONS:
        yield not_supported(path, action, _ACTIONS)
    elif action == "FailIndex" and not per_index:
        yield invalid(path, action, "requires the backoffLimitPerIndex to be set")


def _exit_codes(codes: Node, path: str, containers: Collection[str]) -> Causes:
    operator, values = codes.get("operator") or "", codes.get("values") or ()
    if not operator:
        yield required(f"{path}.operator", _valid(("In", "NotIn")))
    elif operator not in {"In", "NotIn"}:
        yield not_supported(f"{path}.operator", operator, ["In", "NotIn"])
    if "containerName" in codes and codes["containerName"] not in containers:
        detail = "must be one of the container or initContainer names in the pod template"
        yield invalid(f"{path}.containerName", codes["containerName"], detail)
    yield from _exit_values(values, operator, f"{path}.values")


def _exit_values(values: Sequence[int], operator: str, path: str) -> Causes:
    if not values:
        yield invalid(path, values, "at least one value is required")
    elif len(values) > _MOST_EXIT_CODES:
        yield too_many(path, len(values), _MOST_EXIT_CODES)
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            yield invalid(f"{path}[{index}]", value, "must not be 0 for the In operator")
        if value in seen:
            yield duplicate(f"{path}[{index}]", value)
        seen.add(value)
    if list(values) != sorted(values):
        yield invalid(path, values, "must be ordered")


def _condition(condition: Node, path: str, status_default: bool) -> Causes:
    kind, status = condition.get("type") or "", condition.get("status") or ("True" if status_default else "")
    for complaint in label_key(kind):
        yield invalid(f"{path}.type", kind, complaint)
    if not status:
        yield required(f"{path}.status", _valid(_STATUSES))
    elif status not in _STATUSES:
        yield not_supported(f"{path}.status", status, _STATUSES)


def _valid(values: Sequence[str]) -> str:
    quoted = " ".join(f'"{value}"' for value in values)
    return f"valid values: [{quoted}]"


@rule(
    "job-success-policy",
    fix="Give each rule succeededIndexes that ascend below completions, or a succeededCount that can be reached.",
)
def success_policy(job: Node, completions: int | None, path: str) -> Causes:
    """A success policy can be fulfilled.

    What: it stands in a Job with `completionMode: Indexed`, and has 1 to 20 rules, each with succeededIndexes
    (`0,2-4`: ascending, below completions, at most 64 KiB), with succeededCount (at most completions, and at most the
    number of those indexes), or with both.
    Why: a rule that can't be fulfilled would let the Job run on.
    Example: `succeededIndexes: "4-2"` is refused.
    Fix: `succeededIndexes: "2-4"`.
    Source: validateSuccessPolicy in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    policy: Node = job["successPolicy"]
    if job.get("completionMode") != "Indexed":
        yield invalid(path, policy, "requires indexed completion mode")
        return
    rules: Sequence[Node] = policy.get("rules") or ()
    if not rules:
        yield required(f"{path}.rules", "at least one rules must be specified when the successPolicy is specified")
    if len(rules) > _MOST_RULES:
        yield too_many(f"{path}.rules", len(rules), _MOST_RULES)
    for index, each in enumerate(rules):
        yield from _success_rule(each, completions or 0, f"{path}.rules[{index}]")


def _success_rule(each: Node, completions: int, path: str) -> Causes:
    indexes, count = each.get("succeededIndexes"), each.get("succeededCount")
    if indexes is None and count is None:
        yield required(path, "at least one of succeededCount or succeededIndexes must be specified")
    listed, error = _count_indexes(indexes or "", completions)
    if size(indexes or "") > _LONGEST_INDEXES:
        yield too_long(f"{path}.succeededIndexes", _LONGEST_INDEXES)
    if error:
        yield invalid(f"{path}.succeededIndexes", indexes, f"error parsing succeededIndexes: {error}")
    if count is not None:
        yield from _success_count(count, completions, None if indexes is None else listed, f"{path}.succeededCount")


def _success_count(count: int, completions: int, listed: int | None, path: str) -> Causes:
    if count < 0:
        yield invalid(path, count, "must be greater than or equal to 0")
    if count > completions:
        specified = "the number of specified completions"
        yield invalid(path, count, f"must be less than or equal to {completions} ({specified})")
    if listed is not None and count > listed:
        detail = (
            f"must be less than or equal to {listed} (the number of indexes in the specified succeededIndexes field)"
        )
        yield invalid(path, count, detail)


def _count_indexes(text: str, completions: int) -> tuple[int, str]:
    """How many indexes a text such as `0,2-4` lists, or what is wrong with it."""
    total, last = 0, -1
    for number, interval in enumerate(text.split(",") if text else ()):
        first, end, error = _interval(interval, completions)
        if not error and number and last >= first:
            error = f"non-increasing order, previous: {last}, current: {first}"
        if error:
            return 0, error
        total, last = total + end - first + 1, end
    return total, ""


def _interval(text: str, completions: int) -> tuple[int, int, str]:
    parts = text.split("-")
    if len(parts) > 2:
        rule_text = "violates the requirement that an index interval can have at most two parts separated by '-'"
        return 0, 0, f'the fragment "{text}" {rule_text}'
    for part in parts:
        if not _INTEGER.fullmatch(part):
            return 0, 0, f'cannot convert string to integer for index: "{part}"'
        if int(part) >= completions:
            return 0, 0, f'too large index: "{part}"'
    first, end = int(parts[0]), int(parts[-1])
    if len(parts) > 1 and first >= end:
        return 0, 0, f"non-increasing order, previous: {first}, current: {end}"
    return first, end, ""


@rule("job-replacement-policy", fix="Use TerminatingOrFailed or Failed; with podFailurePolicy only Failed.")
def pod_replacement_policy(job: Node, path: str) -> Causes:
    """A Job knows when to replace a pod.

    What: podReplacementPolicy is TerminatingOrFailed or Failed; beside podFailurePolicy only Failed.
    Why: how a pod failed is known only once it has failed.
    Example: `podReplacementPolicy: TerminatingOrFailed` beside podFailurePolicy is refused.
    Fix: leave it out, the default fits.
    Source: validatePodReplacementPolicy in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    supported = ["Failed"] if "podFailurePolicy" in job else ["Failed", "TerminatingOrFailed"]
    if job["podReplacementPolicy"] not in supported:
        yield not_supported(path, job["podReplacementPolicy"], supported)


RULES = (pod_failure_policy.rule, success_policy.rule, pod_replacement_policy.rule)
