"""The hazards of init containers in any YAML: what the API server accepts and what then hangs, races or leaks."""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.rules.checks import Check
from initconstructs.rules.rule import Problem, Rule
from initconstructs.rules.startup import containers, files, gates, migrations, programs, secrets, wait_rules
from initconstructs.rules.startup.stage import Workload, workload

CHECKS: tuple[Check[[Workload]], ...] = (
    *wait_rules.CHECKS,
    *migrations.CHECKS,
    *gates.CHECKS,
    *files.CHECKS,
    *programs.CHECKS,
    *secrets.CHECKS,
    *containers.CHECKS,
)
OF_ANY_POD: tuple[Check[[Workload]], ...] = (gates.deadline_on_long_running, migrations.unlocked_migration)
"""What may go wrong in a pod without init containers, too."""

RULES: tuple[Rule, ...] = tuple(check.rule for check in CHECKS)


def check(manifest: Mapping[str, object]) -> list[Problem]:
    """Every hazard in the start-up of the manifest's pod."""
    found = workload(manifest)
    return check_workload(found) if found else []


def check_workload(workload: Workload) -> list[Problem]:
    """The same for a manifest that has been looked into already."""
    checks = CHECKS if workload.stages else OF_ANY_POD
    return [problem for find in checks for problem in find(workload)]
