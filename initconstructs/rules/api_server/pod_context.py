"""What a rule about one container or volume has to know of the pod around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from initconstructs.rules.api_server.check import Node, Problems
from initconstructs.rules.api_server.target import Target

NONE: Node = {}


@dataclass(kw_only=True, slots=True)
class PodContext:
    """A pod spec, where it stands, and what its target allows; defaults are the server's."""

    spec: Node
    path: str
    target: Target
    pod: Node | None = None
    """The Pod's metadata; None in a template, which some rules treat more gently."""
    volumes: dict[str, Node] = field(default_factory=dict)
    """The valid volumes by name; a mount of an invalid one finds nothing."""

    in_pod: bool = field(init=False)
    pod_name: str = field(init=False)
    """Empty in a template, or when the server is to generate it."""
    grace_period: int = field(init=False)
    restart_policy: str = field(init=False)
    host_network: bool = field(init=False)
    host_users: bool = field(init=False)
    security_context: Node = field(init=False)

    def __post_init__(self) -> None:
        self.in_pod = self.pod is not None
        self.pod_name = (self.pod or NONE).get("name") or ""
        grace = self.spec.get("terminationGracePeriodSeconds", 30)
        self.grace_period = 1 if self.in_pod and grace < 0 else grace
        self.restart_policy = self.spec.get("restartPolicy") or "Always"
        self.host_network = bool(self.spec.get("hostNetwork"))
        self.host_users = self.spec.get("hostUsers") is not False
        self.security_context = self.spec.get("securityContext") or NONE

    @property
    def claims(self) -> frozenset[str]:
        """The names of the pod's resource claims."""
        names = (claim.get("name") or "" for claim in self.spec.get("resourceClaims") or ())
        return frozenset(filter(None, names))

    def every_container(self) -> Iterator[tuple[Node, str]]:
        """Init containers, containers, then ephemeral ones, each with its path."""
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            for index, container in enumerate(self.spec.get(kind) or ()):
                yield container, f"{self.path}.{kind}[{index}]"


SourceCheck: TypeAlias = Callable[[Node, str, PodContext], Problems]
"""What looks at one kind of volume source: the source, its path, the pod."""
