"""What a Kubernetes minor does by default, as far as start-up depends on it.

Source: the feature gates of each release (kubernetes/pkg/features/kube_features.go).
"""

from __future__ import annotations

from dataclasses import dataclass

from initconstructs.schemas import minor_of

DEFAULT = "1.36"


@dataclass(frozen=True, slots=True)
class Release:
    """A Kubernetes minor: `Release.parse("1.34")`."""

    minor: int

    @classmethod
    def parse(cls, version: str) -> Release:
        """Read `1.36`, `v1.36` or `1.36.2`; a ValueError for a minor that no part of this package speaks for."""
        return cls(minor_of(version))

    @property
    def container_restart_rules(self) -> bool:
        """A container's own restartPolicy and restartPolicyRules count (ContainerRestartRules)."""
        return self.minor >= 35

    @property
    def restart_all_containers(self) -> bool:
        """The action RestartAllContainers counts (RestartAllContainersOnContainerExits)."""
        return self.minor >= 36

    @property
    def pod_level_resources(self) -> bool:
        """`spec.resources` of a pod counts (PodLevelResources)."""
        return self.minor >= 34

    @property
    def shows_failure_beside_completed(self) -> bool:
        """STATUS names a failed container where it said Completed before."""
        return self.minor >= 35

    @property
    def shows_end_while_terminating(self) -> bool:
        """STATUS stops to say Terminating once the pod has ended."""
        return self.minor >= 31

    def __str__(self) -> str:
        """The version as it is written on a command line."""
        return f"1.{self.minor}"
