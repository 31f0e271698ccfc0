"""The six kinds, as an author says them: one frozen value that renders to one manifest and what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import ClassVar, Literal, TypeAlias

from initconstructs.model import checks
from initconstructs.model.checks import Duration, Words
from initconstructs.model.containers import Container, RestartPolicy
from initconstructs.model.errors import ModelError
from initconstructs.model.frozen import frozen
from initconstructs.model.order import ordered
from initconstructs.model.pods import (
    DNS_POLICIES,
    Affinity,
    DnsConfig,
    DnsPolicy,
    Toleration,
    TopologySpread,
    host_aliases,
)
from initconstructs.model.raw import Raw, raw_fields
from initconstructs.model.resources import Resources
from initconstructs.model.security import PodSecurityContext
from initconstructs.model.stages import Sidecar, Stage, Step
from initconstructs.model.volumes import ClaimTemplate, Volume

IntOrPercent: TypeAlias = int | str
"""A count, or a share such as "25%"."""


@frozen
class WorkloadSpec:
    """What every kind has: the app, the stages before it, and the pod around them.

    `volumes` lists volumes that nothing mounts; mounted ones are found. `raw` takes fields of the whole object and
    `pod_raw` fields of the pod spec that have no name here, merged last. `resources` are pod-level requests and limits.
    """

    name: str = field(kw_only=False)
    containers: Sequence[Container]
    stages: Sequence[Step] = ()
    volumes: Sequence[Volume] = ()
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    service_account: str | None = None
    automount_service_account_token: bool | None = None
    node_selector: Mapping[str, str] | None = None
    tolerations: Sequence[Toleration] = ()
    affinity: Affinity | None = None
    topology_spread: Sequence[TopologySpread] = ()
    priority_class: str | None = None
    runtime_class: str | None = None
    scheduler_name: str | None = None
    image_pull_secrets: Words = ()
    termination_grace_period: Duration | None = None
    dns_policy: DnsPolicy | None = None
    dns_config: DnsConfig | None = None
    host_aliases: Mapping[str, Words] | None = None
    host_network: bool | None = None
    hostname: str | None = None
    subdomain: str | None = None
    enable_service_links: bool | None = None
    share_process_namespace: bool | None = None
    security: PodSecurityContext | None = None
    resources: Resources | None = None
    pod_raw: Raw = field(default_factory=dict)
    raw: Raw = field(default_factory=dict)

    kind: ClassVar[str]
    api_version: ClassVar[str]
    runs_for_ever: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.subdomain(f"{type(self).__name__}.name", self.name)
        self._keep_lists()
        self._keep_mappings()
        self._keep_spans("termination_grace_period")
        self._check_identifiers()
        kinds = {"affinity": Affinity, "dns_config": DnsConfig, "security": PodSecurityContext, "resources": Resources}
        checks.instances(self.place, self, kinds)
        if self.dns_policy is not None:
            checks.choice(f"{self.place}.dns_policy", self.dns_policy, DNS_POLICIES)
        self._check_names()

    @property
    def place(self) -> str:
        """How messages name this workload."""
        return f'{self.kind} "{self.name}"'

    def _keep_lists(self) -> None:
        kinds: dict[str, tuple[type | tuple[type, ...], str]] = {
            "containers": (Container, "list Container(...) values"),
            "stages": ((Stage, Sidecar), "list Stage(...) and Sidecar(...) values"),
            "volumes": (Volume, "list Volume(...) values"),
            "tolerations": (Toleration, "list Toleration(...) values"),
            "topology_spread": (TopologySpread, "list TopologySpread(...) values"),
        }
        for name, (kind, remedy) in kinds.items():
            object.__setattr__(self, name, checks.items(f"{self.place}.{name}", getattr(self, name), kind, remedy))
        secrets = checks.words(f"{self.place}.image_pull_secrets", self.image_pull_secrets)
        object.__setattr__(self, "image_pull_secrets", secrets)

    def _keep_mappings(self) -> None:
        for name in ("labels", "annotations", "pod_labels", "pod_annotations", "node_selector"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, checks.strings(f"{self.place}.{name}", given))
        group, _, version = self.api_version.rpartition("/")
        for name, kind in {"raw": f"{group or 'core'}.{version}.{self.kind}", "pod_raw": "core.v1.PodSpec"}.items():
            object.__setattr__(self, name, raw_fields(f"{self.place}.{name}", getattr(self, name), kind))
        if self.host_aliases is not None:
            object.__setattr__(self, "host_aliases", host_aliases(f"{self.place}.host_aliases", self.host_aliases))

    def _check_identifiers(self) -> None:
        for name, check in _IDENTIFIERS.items():
            given = getattr(self, name)
            if given is not None:
                check(f"{self.place}.{name}", given)
        for index, secret in enumerate(self.image_pull_secrets):
            checks.subdomain(f"{self.place}.image_pull_secrets[{index}]", secret)

    def _keep_spans(self, *names: str) -> None:
        for name in names:
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, checks.seconds(f"{self.place}.{name}", given))

    def _keep_counts(self, *names: str) -> None:
        for name in names:
            given = getattr(self, name)
            if given is not None:
                checks.number(f"{self.place}.{name}", given)

    def _check_names(self) -> None:
        if not self.containers:
            raise ModelError(f"{self.place}.containers", "is empty", "give the app at least one Container(...)")
        object.__setattr__(self, "stages", ordered(self.stages))
        names = [each.name for each in (*self.stages, *self.containers)]
        checks.unique(f"{self.place}: container name", names, "stages, sidecars and containers share one set of names")


_IDENTIFIERS = {
    "namespace": checks.label,
    "hostname": checks.label,
    "subdomain": checks.label,
    "service_account": checks.subdomain,
    "priority_class": checks.subdomain,
    "runtime_class": checks.subdomain,
}


@frozen
class SelectingSpec(WorkloadSpec):
    """What the kinds that find their pods by a selector share.

    `selector` defaults to `app.kubernetes.io/name: <name>`: Kubernetes lets nobody change it later.
    """

    selector: Mapping[str, str] | None = None
    min_ready: Duration | None = None
    revision_history_limit: int | None = None

    def __post_init__(self) -> None:
        WorkloadSpec.__post_init__(self)
        self._keep_counts("revision_history_limit")
        self._keep_spans("min_ready")
        if self.selector is not None:
            object.__setattr__(self, "selector", checks.strings(f"{self.place}.selector", self.selector))


@frozen
class ReplicatedSpec(SelectingSpec):
    """What the kinds with a number of replicas share."""

    replicas: int | None = None

    def __post_init__(self) -> None:
        SelectingSpec.__post_init__(self)
        self._keep_counts("replicas")


@frozen
class PodSpec(WorkloadSpec):
    """A single Pod, which nothing replaces when its node is lost."""

    restart_policy: RestartPolicy | None = None
    active_deadline: Duration | None = None

    kind: ClassVar[str] = "Pod"
    api_version: ClassVar[str] = "v1"

    def __post_init__(self) -> None:
        WorkloadSpec.__post_init__(self)
        self._keep_spans("active_deadline")
        if self.restart_policy is not None:
            checks.choice(f"{self.place}.restart_policy", self.restart_policy, ("Always", "OnFailure", "Never"))
        self._check_own_labels()

    def _check_own_labels(self) -> None:
        apart = self.affinity is not None and self.affinity.apart_by is not None
        over_own = apart or any(each.match_labels is None for each in self.topology_spread)
        if over_own and not self.labels and not self.pod_labels:
            rule = "are none, and this pod is to keep away from pods with the same labels"
            raise ModelError(f"{self.place}.labels", rule, 'give it labels={"app.kubernetes.io/name": ...}')


@frozen
class RollingUpdate:
    """Replace pods step by step; what is left out is the kind's own default."""

    max_surge: IntOrPercent | None = None
    max_unavailable: IntOrPercent | None = None
    partition: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_surge", "max_unavailable"):
            given = getattr(self, name)
            if given is not None:
                checks.int_or_percent(f"RollingUpdate.{name}", given)
        if self.partition is not None:
            checks.number("RollingUpdate.partition", self.partition)


def _without(place: str, update: RollingUpdate | Recreate | OnDelete | None, name: str) -> None:
    """A rolling update without the part that only other kinds have."""
    if isinstance(update, RollingUpdate) and getattr(update, name) is not None:
        raise ModelError(f"{place}: RollingUpdate.{name}", "is nothing that this kind has", "leave it out")


@frozen
class Recreate:
    """Stop every old pod before a new one starts."""


@frozen
class OnDelete:
    """Replace a pod only when someone deletes it."""


@frozen
class DeploymentSpec(ReplicatedSpec):
    """Interchangeable replicas of an app."""

    strategy: RollingUpdate | Recreate | None = None
    progress_deadline: Duration | None = None
    paused: bool | None = None

    kind: ClassVar[str] = "Deployment"
    api_version: ClassVar[str] = "apps/v1"

    def __post_init__(self) -> None:
        ReplicatedSpec.__post_init__(self)
        self._keep_spans("progress_deadline")
        checks.instances(self.place, self, {"strategy": (RollingUpdate, Recreate)})
        _without(self.place, self.strategy, "partition")


@frozen
class ClaimRetention:
    """What happens to a StatefulSet's claims when it is deleted or scaled down."""

    when_deleted: Literal["Retain", "Delete"] | None = None
    when_scaled: Literal["Retain", "Delete"] | None = None

    def __post_init__(self) -> None:
        for name in ("when_deleted", "when_scaled"):
            given = getattr(self, name)
            if given is not None:
                checks.choice(f"ClaimRetention.{name}", given, ("Retain", "Delete"))


@frozen
class StatefulSetSpec(ReplicatedSpec):
    """Replicas with a name and claims of their own; mounted `ClaimTemplate`s become its volume claim templates."""

    service_name: str | None = None
    volume_claim_templates: Sequence[ClaimTemplate] = ()
    pod_management_policy: Literal["OrderedReady", "Parallel"] | None = None
    update_strategy: RollingUpdate | OnDelete | None = None
    claim_retention: ClaimRetention | None = None
    first_ordinal: int | None = None

    kind: ClassVar[str] = "StatefulSet"
    api_version: ClassVar[str] = "apps/v1"

    def __post_init__(self) -> None:
        ReplicatedSpec.__post_init__(self)
        self._keep_counts("first_ordinal")
        checks.instances(self.place, self, {"update_strategy": (RollingUpdate, OnDelete)})
        checks.instances(self.place, self, {"claim_retention": ClaimRetention})
        _without(self.place, self.update_strategy, "max_surge")
        if self.service_name is not None:
            checks.label(f"{self.place}.service_name", self.service_name)
        place = f"{self.place}.volume_claim_templates"
        kept = checks.items(place, self.volume_claim_templates, ClaimTemplate, "list ClaimTemplate(...) values")
        object.__setattr__(self, "volume_claim_templates", kept)
        if self.pod_management_policy is not None:
            policies = ("OrderedReady", "Parallel")
            checks.choice(f"{self.place}.pod_management_policy", self.pod_management_policy, policies)


@frozen
class DaemonSetSpec(SelectingSpec):
    """One pod on every node that fits."""

    update_strategy: RollingUpdate | OnDelete | None = None

    kind: ClassVar[str] = "DaemonSet"
    api_version: ClassVar[str] = "apps/v1"

    def __post_init__(self) -> None:
        SelectingSpec.__post_init__(self)
        checks.instances(self.place, self, {"update_strategy": (RollingUpdate, OnDelete)})
        _without(self.place, self.update_strategy, "partition")


@frozen
class JobSpec(WorkloadSpec):
    """A task that runs to completion. The pod's restart policy is Never unless said otherwise."""

    restart_policy: Literal["Never", "OnFailure"] = "Never"
    parallelism: int | None = None
    completions: int | None = None
    completion_mode: Literal["NonIndexed", "Indexed"] | None = None
    backoff_limit: int | None = None
    active_deadline: Duration | None = None
    ttl_after_finished: Duration | None = None
    suspend: bool | None = None
    pod_failure_policy: Raw | None = None

    kind: ClassVar[str] = "Job"
    api_version: ClassVar[str] = "batch/v1"
    runs_for_ever: ClassVar[bool] = False

    def __post_init__(self) -> None:
        WorkloadSpec.__post_init__(self)
        checks.choice(f"{self.place}.restart_policy", self.restart_policy, ("Never", "OnFailure"))
        self._keep_counts("parallelism", "completions", "backoff_limit")
        self._keep_spans("active_deadline", "ttl_after_finished")
        if self.completion_mode is not None:
            checks.choice(f"{self.place}.completion_mode", self.completion_mode, ("NonIndexed", "Indexed"))
        if self.pod_failure_policy is not None:
            policy = raw_fields(f"{self.place}.pod_failure_policy", self.pod_failure_policy)
            object.__setattr__(self, "pod_failure_policy", policy)


@frozen
class CronJobSpec(JobSpec):
    """A Job on a schedule: five cron fields, or `@hourly` and its kin. `suspend` suspends the schedule."""

    schedule: str
    time_zone: str | None = None
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] | None = None
    starting_deadline: Duration | None = None
    successful_jobs_history_limit: int | None = None
    failed_jobs_history_limit: int | None = None

    kind: ClassVar[str] = "CronJob"

    def __post_init__(self) -> None:
        JobSpec.__post_init__(self)
        checks.text(f"{self.place}.schedule", self.schedule, 'write "*/5 * * * *" or "@hourly", say')
        self._keep_counts("successful_jobs_history_limit", "failed_jobs_history_limit")
        self._keep_spans("starting_deadline")
        if self.concurrency_policy is not None:
            policies = ("Allow", "Forbid", "Replace")
            checks.choice(f"{self.place}.concurrency_policy", self.concurrency_policy, policies)
