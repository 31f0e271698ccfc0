"""A diff of plans as JSON: the contract that docs/explain-json.md describes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from initconstructs.planning.diff import PlanDiff

VERSION = 1


def diff_json(diffs: Sequence[PlanDiff]) -> str:
    """What `diff --format json` prints."""
    workloads = [
        {"workload": diff.title, "rolls": diff.rolls, "changes": [asdict(change) for change in diff.changes]}
        for diff in diffs
    ]
    return json.dumps({"version": VERSION, "workloads": workloads}, indent=2, ensure_ascii=False) + "\n"
