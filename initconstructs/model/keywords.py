"""The keywords of the constructs: the fields of the values in `workload`, for type checkers.

A test holds the two together, field by field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import Required, TypedDict

from initconstructs.model.checks import Duration, Words
from initconstructs.model.containers import Container, RestartPolicy
from initconstructs.model.pods import Affinity, DnsConfig, DnsPolicy, Toleration, TopologySpread
from initconstructs.model.raw import Raw
from initconstructs.model.resources import Resources
from initconstructs.model.security import PodSecurityContext
from initconstructs.model.stages import Step
from initconstructs.model.volumes import ClaimTemplate, Volume
from initconstructs.model.workload import ClaimRetention, OnDelete, Recreate, RollingUpdate


class WorkloadKeywords(TypedDict, total=False):
    """See the value of the same name in `workload`."""

    name: str
    containers: Required[Sequence[Container]]
    stages: Sequence[Step]
    volumes: Sequence[Volume]
    namespace: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    pod_labels: Mapping[str, str]
    pod_annotations: Mapping[str, str]
    service_account: str | None
    automount_service_account_token: bool | None
    node_selector: Mapping[str, str] | None
    tolerations: Sequence[Toleration]
    affinity: Affinity | None
    topology_spread: Sequence[TopologySpread]
    priority_class: str | None
    runtime_class: str | None
    scheduler_name: str | None
    image_pull_secrets: Words
    termination_grace_period: Duration | None
    dns_policy: DnsPolicy | None
    dns_config: DnsConfig | None
    host_aliases: Mapping[str, Words] | None
    host_network: bool | None
    hostname: str | None
    subdomain: str | None
    enable_service_links: bool | None
    share_process_namespace: bool | None
    security: PodSecurityContext | None
    resources: Resources | None
    pod_raw: Raw
    raw: Raw


class SelectingKeywords(WorkloadKeywords, total=False):
    """See the value of the same name in `workload`."""

    selector: Mapping[str, str] | None
    min_ready: Duration | None
    revision_history_limit: int | None


class ReplicatedKeywords(SelectingKeywords, total=False):
    """See the value of the same name in `workload`."""

    replicas: int | None


class PodKeywords(WorkloadKeywords, total=False):
    """See the value of the same name in `workload`."""

    restart_policy: RestartPolicy | None
    active_deadline: Duration | None


class DeploymentKeywords(ReplicatedKeywords, total=False):
    """See the value of the same name in `workload`."""

    strategy: RollingUpdate | Recreate | None
    progress_deadline: Duration | None
    paused: bool | None


class StatefulSetKeywords(ReplicatedKeywords, total=False):
    """See the value of the same name in `workload`."""

    service_name: str | None
    volume_claim_templates: Sequence[ClaimTemplate]
    pod_management_policy: Literal["OrderedReady", "Parallel"] | None
    update_strategy: RollingUpdate | OnDelete | None
    claim_retention: ClaimRetention | None
    first_ordinal: int | None


class DaemonSetKeywords(SelectingKeywords, total=False):
    """See the value of the same name in `workload`."""

    update_strategy: RollingUpdate | OnDelete | None


class JobKeywords(WorkloadKeywords, total=False):
    """See the value of the same name in `workload`."""

    restart_policy: Literal["Never", "OnFailure"]
    parallelism: int | None
    completions: int | None
    completion_mode: Literal["NonIndexed", "Indexed"] | None
    backoff_limit: int | None
    active_deadline: Duration | None
    ttl_after_finished: Duration | None
    suspend: bool | None
    pod_failure_policy: Raw | None


class CronJobKeywords(JobKeywords, total=False):
    """See the value of the same name in `workload`."""

    schedule: Required[str]
    time_zone: str | None
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] | None
    starting_deadline: Duration | None
    successful_jobs_history_limit: int | None
    failed_jobs_history_limit: int | None
