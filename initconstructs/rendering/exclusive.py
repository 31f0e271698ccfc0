"""Stages that two pods must not run at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from initconstructs.manifests.replicas import pods_at_once
from initconstructs.model.errors import ModelError
from initconstructs.model.stages import Step


def check_exclusive(steps: Iterable[Step], manifest: Mapping[str, object]) -> None:
    """Raise `ModelError` where the workload starts more than one pod at once."""
    pods = pods_at_once(manifest)
    for step in steps:
        if step.exclusive and pods:
            raise ModelError(f"{step.place}", f"would run in {pods} at once, with no lock between them", step.exclusive)
