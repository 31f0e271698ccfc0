"""What a rule about one container or volume has to know of the pod around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from initconstructs.rules.api_server.check import Node, Problems
from initconstructs.rules.api_server.target import Target

NONE: Node = {}


@dataclass(kw_only=True)
class PodContext:
    """A pod spec, where it stands, and what its target allows."""

    spec: Node
    path: str
    target: Target
    pod: Node | None = None
    """The Pod's metadata; None in a template, which some rules treat more gently."""
    volumes: dict[str, Node] = field(default_factory=dict)
    """The valid volumes by name; a mount of an invalid one finds nothing."""

    @property
    def in_pod(self) -> bool:
        """Whether this is a Pod, not a template of one."""
        return self.pod is not None

    @cached_property
    def pod_name(self) -> str:
        """The name of the Pod; empty in a template, or when the server is to generate it."""
        return (self.pod or NONE).get("name") or ""

    @cached_property
    def grace_period(self) -> int:
        """The seconds that a pod has to stop."""
        return int(self.spec.get("terminationGracePeriodSeconds", 30))

    @cached_property
    def restart_policy(self) -> str:
        """When containers start again."""
        return self.spec.get("restartPolicy") or "Always"

    @cached_property
    def host_network(self) -> bool:
        """Whether the pod shares the node's network."""
        return bool(self.spec.get("hostNetwork"))

    @cached_property
    def host_users(self) -> bool:
        """Whether the pod shares the node's user ids, as it does by default."""
        return self.spec.get("hostUsers") is not False

    @cached_property
    def security_context(self) -> Node:
        """The pod's security context, which the server defaults to an empty one."""
        return self.spec.get("securityContext") or NONE

    @cached_property
    def claims(self) -> frozenset[str]:
        """The names of the pod's resource claims."""
        return frozenset(claim.get("name") or "" for claim in self.spec.get("resourceClaims") or ())

    def every_container(self) -> Iterator[tuple[Node, str]]:
        """Init containers, containers, then ephemeral ones, each with its path."""
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            for index, container in enumerate(self.spec.get(kind) or ()):
                yield container, f"{self.path}.{kind}[{index}]"


SourceCheck: TypeAlias = Callable[[Node, str, PodContext], Problems]
"""What looks at one kind of volume source: the source, its path, the pod."""
