"""What the Pod Security admission plug-in says of a pod under the levels baseline and restricted.

Workloads are never denied; their pods are, later, so that a Deployment is accepted and stays without pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from initconstructs.manifests.pod_template import pod_template
from initconstructs.rules.checks import Check
from initconstructs.rules.pod_security.baseline import (
    BASELINE,
    added_capability,
    host_path_volume,
    seccomp_unconfined,
    unmasked_proc,
)
from initconstructs.rules.pod_security.pod import Pod
from initconstructs.rules.pod_security.restricted import RESTRICTED, unmasked_proc_restricted
from initconstructs.rules.rule import Problem, Rule

LEVELS = ("privileged", "baseline", "restricted")
RULES: tuple[Rule, ...] = tuple(check.rule for check in (*BASELINE, *RESTRICTED))

_REPLACED_BY_RESTRICTED = (added_capability, host_path_volume, seccomp_unconfined)


def check(manifest: Mapping[str, object], *, level: str, kubernetes: str = "1.36") -> list[Problem]:
    """Every check of the level that the manifest's pod fails, in the order of the plug-in's message."""
    template = pod_template(manifest)
    if template is None or level == "privileged":
        return []
    if level not in LEVELS:
        raise ValueError(f"profile={level!r}: use one of {', '.join(LEVELS)}")
    minor = int(kubernetes.split(".")[1])
    pod = Pod(template=template, minor=minor)
    return [problem for find in _checks(level, minor) for problem in find(pod)]


def denial(problems: Iterable[Problem]) -> str:
    """The reasons as one sentence of the plug-in holds them: `host namespaces (hostPID=true), ...`."""
    return ", ".join(problem.message for problem in problems)


def _checks(level: str, minor: int) -> Iterable[Check[[Pod]]]:
    if level == "baseline":
        return BASELINE
    replaced = [*_REPLACED_BY_RESTRICTED, unmasked_proc if minor >= 35 else unmasked_proc_restricted]
    return [find for find in (*BASELINE, *RESTRICTED) if find not in replaced]
