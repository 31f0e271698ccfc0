"""What the catalogue says of one preset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from initconstructs.model.stages import Step
from initconstructs.model.volumes import Mount


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An example of a preset, and what its tests hold it against.

    `reader` is a mount that the app takes of what the step hands over. `profile` is the Pod Security level that the
    workload of the example needs.
    """

    step: Step
    proven: str
    reader: Mount | None = None
    profile: Literal["restricted", "baseline", "privileged"] = "restricted"
