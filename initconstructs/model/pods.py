"""Pod settings: where a pod runs, as whom, and what it resolves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Words
from initconstructs.model.errors import wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import Raw, raw_fields

DnsPolicy: TypeAlias = Literal["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]
DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")


@frozen
class Toleration:
    """A taint that the pod accepts; without a key, every taint."""

    key: str | None = field(default=None, kw_only=False)
    operator: Literal["Exists", "Equal"] = "Exists"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration: Duration | None = None

    def __post_init__(self) -> None:
        checks.choice("Toleration.operator", self.operator, ("Exists", "Equal"))
        if self.effect is not None:
            checks.choice("Toleration.effect", self.effect, ("NoSchedule", "PreferNoSchedule", "NoExecute"))
        if self.operator == "Exists" and self.value is not None:
            raise wrong("Toleration.value", self.value, "can't hold with operator Exists", 'say operator="Equal"')
        if self.toleration is not None:
            object.__setattr__(self, "toleration", checks.seconds("Toleration.toleration", self.toleration))


@frozen
class TopologySpread:
    """How evenly replicas spread over a topology key; `match_labels` defaults to the workload's own selector."""

    topology_key: str = field(kw_only=False)
    max_skew: int = 1
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule"
    min_domains: int | None = None
    match_labels: Mapping[str, str] | None = None
    raw: Raw = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.text("TopologySpread.topology_key", self.topology_key, 'write "topology.kubernetes.io/zone", say')
        checks.number("TopologySpread.max_skew", self.max_skew, 1)
        if self.min_domains is not None:
            checks.number("TopologySpread.min_domains", self.min_domains, 1)
        policies = ("DoNotSchedule", "ScheduleAnyway")
        checks.choice("TopologySpread.when_unsatisfiable", self.when_unsatisfiable, policies)
        if self.match_labels is not None:
            labels = checks.strings("TopologySpread.match_labels", self.match_labels)
            object.__setattr__(self, "match_labels", labels)
        object.__setattr__(self, "raw", raw_fields("TopologySpread.raw", self.raw, "core.v1.TopologySpreadConstraint"))


@frozen
class Affinity:
    """Node, pod and anti-affinity, each in the API's own shape.

    `Affinity.apart("kubernetes.io/hostname")` is the usual one: replicas on different nodes where possible.
    """

    node: Raw | None = None
    pod: Raw | None = None
    pod_anti: Raw | None = None
    apart_by: str | None = None
    apart_always: bool = False

    def __post_init__(self) -> None:
        for name, kind in {"node": "NodeAffinity", "pod": "PodAffinity", "pod_anti": "PodAntiAffinity"}.items():
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, raw_fields(f"Affinity.{name}", given, f"core.v1.{kind}"))

    @staticmethod
    @ends_at_the_author
    def apart(topology_key: str, *, always: bool = False) -> Affinity:
        """Replicas of this workload in different topology domains: if possible, or `always` (then some may not run)."""
        checks.text("Affinity.apart", topology_key, 'write "kubernetes.io/hostname", say')
        return Affinity(apart_by=topology_key, apart_always=always)


@frozen
class DnsConfig:
    """Resolver settings on top of the DNS policy; `options` maps names to values, or to None for flags."""

    nameservers: Words | None = None
    searches: Words | None = None
    options: Mapping[str, str | None] | None = None

    def __post_init__(self) -> None:
        for name in ("nameservers", "searches"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, checks.words(f"DnsConfig.{name}", given))
        if self.options is not None:
            object.__setattr__(self, "options", checks.mapping("DnsConfig.options", self.options))


def host_aliases(place: str, given: Mapping[str, Words]) -> Mapping[str, Words]:
    """Extra lines of /etc/hosts: names by address."""
    kept = checks.mapping(place, given)
    return checks.mapping(
        place, {address: checks.words(f"{place}[{address!r}]", names) for address, names in kept.items()}
    )
