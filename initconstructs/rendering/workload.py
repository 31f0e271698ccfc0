"""A workload as its manifest, with the objects that its stages bring along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from initconstructs.model.author import ends_at_the_author
from initconstructs.model.errors import wrong
from initconstructs.model.pods import Affinity
from initconstructs.model.raw import merged, plain
from initconstructs.model.settings import DEFAULTS, Settings
from initconstructs.model.workload import (
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    JobSpec,
    OnDelete,
    PodSpec,
    Recreate,
    ReplicatedSpec,
    RollingUpdate,
    SelectingSpec,
    StatefulSetSpec,
    WorkloadSpec,
)
from initconstructs.rendering.company import Company, Owner, api_access, beside, each_once
from initconstructs.rendering.exclusive import check_exclusive
from initconstructs.rendering.mesh import in_mesh
from initconstructs.rendering.pod import PodContainers, check_claims, pod_containers, two_meanings
from initconstructs.rendering.security import Hardening, pod_context
from initconstructs.rendering.values import Fields, dns_config, flat, given, resources, toleration, topology_spread
from initconstructs.rendering.volumes import claim_template

NAME_LABEL = "app.kubernetes.io/name"
"""The label that selectors hold by default: the workload's name, which can't change."""


@ends_at_the_author
def render(workload: WorkloadSpec, *, settings: Settings | None = None) -> list[dict[str, object]]:
    """The workload's manifest, then the objects beside it (service account, roles, config maps, what stages bring).

    Raises `ModelError` for what only shows when the parts meet: a hand-off used before it is produced, a volume name
    with two meanings, a profile that the settings forbid, permissions without a namespace, a stage that a service mesh
    cuts off, a stage that two pods must not run at once in a workload of more.
    """
    effective = settings.over(DEFAULTS) if settings else DEFAULTS
    company = api_access(workload, workload.service_account)
    hardening = _hardening(workload, effective)
    found = pod_containers(
        owner=workload.name,
        steps=workload.stages,
        containers=workload.containers,
        volumes=workload.volumes,
        settings=effective,
        hardening=hardening,
        extra_mounts=company.mounts,
    )
    check_claims(workload.kind, workload.place, found)
    pod = _pod(workload, effective, company, found, hardening)
    manifest = identity(workload) | {"spec": _SPECS[workload.kind](workload, pod, found)}
    if workload.raw:
        manifest = merged(manifest, workload.raw)
    manifest = in_mesh(manifest, workload.stages, effective)
    check_exclusive(workload.stages, manifest)
    others = [*company.objects, *beside(workload, found.config_maps), *jobs(workload, effective)]
    return each_once([manifest, *others])


def jobs(owner: Owner, settings: Settings) -> list[dict[str, object]]:
    """The Jobs that the stages bring, each with what stands beside it."""
    found = [each for step in owner.stages for each in step.objects if isinstance(each, JobSpec)]
    return [each for job in found for each in _job_of(owner, job, settings)]


def _job_of(owner: Owner, job: JobSpec, settings: Settings) -> list[dict[str, object]]:
    """Named by its content, as a Job's template can't change; the name becomes a label of its pods.

    It runs an image of the workload's, so it pulls with the workload's secrets.
    """
    import json  # noqa: PLC0415 -- few workloads bring a Job
    from hashlib import sha256  # noqa: PLC0415

    name = f"{owner.name}-{job.name}"[:54].rstrip("-.")
    namespace, secrets = job.namespace or owner.namespace, [*job.image_pull_secrets, *owner.image_pull_secrets]
    placed = replace(job, name=name, namespace=namespace, image_pull_secrets=secrets)
    manifest, *others = render(placed, settings=settings)
    content = json.dumps(manifest["spec"], sort_keys=True)
    metadata = cast(Fields, manifest["metadata"])
    metadata["name"] = f"{name}-{sha256(content.encode()).hexdigest()[:8]}"
    return [manifest, *others]


def selector_labels(workload: WorkloadSpec) -> dict[str, str]:
    """The labels by which the workload finds its pods, and a Service may: they never change. A Pod's are its own."""
    if isinstance(workload, PodSpec):
        return dict(workload.labels) | dict(workload.pod_labels)
    chosen = workload.selector if isinstance(workload, SelectingSpec) else None
    return dict(chosen) if chosen else {NAME_LABEL: workload.name[:63].rstrip("-.")}


def identity(workload: WorkloadSpec) -> Fields:
    """The head of the manifest: `apiVersion`, `kind` and `metadata`."""
    is_pod = isinstance(workload, PodSpec)
    metadata = given(
        name=workload.name,
        namespace=workload.namespace,
        labels=dict(workload.labels) | (dict(workload.pod_labels) if is_pod else {}) or None,
        annotations=dict(workload.annotations) | (dict(workload.pod_annotations) if is_pod else {}) or None,
    )
    head: Fields = {"apiVersion": workload.api_version, "kind": workload.kind, "metadata": metadata}
    raw = {key: each for key, each in workload.raw.items() if key in head}
    return merged(head, raw) if raw else head


def _hardening(workload: WorkloadSpec, settings: Settings) -> Hardening:
    ceiling = settings.ceiling
    system = workload.pod_raw.get("os")
    windows = isinstance(system, Mapping) and system.get("name") == "windows"
    shared = ceiling != "none" and all(
        (container.profile or ceiling) == "restricted" for container in workload.containers
    )
    own = workload.security
    return Hardening(
        ceiling=ceiling,
        pod_non_root=shared and (own is None or own.run_as_non_root is not False),
        pod_seccomp=shared and not (own and own.seccomp_profile and own.seccomp_profile.type == "Unconfined"),
        windows=windows,
    )


def _pod(
    workload: WorkloadSpec, settings: Settings, company: Company, found: PodContainers, hardening: Hardening
) -> Fields:
    pod: Fields = {}
    if found.init_containers:
        pod["initContainers"] = found.init_containers
    pod["containers"] = found.containers
    if found.volumes:
        pod["volumes"] = found.volumes
    context = pod_context(workload.security, hardening)
    if context:
        pod["securityContext"] = context
    pod |= _pod_settings(workload, settings, company)
    return merged(pod, workload.pod_raw) if workload.pod_raw else pod


def _pod_settings(workload: WorkloadSpec, settings: Settings, company: Company) -> Fields:
    secrets = (*workload.image_pull_secrets, *(settings.images.pull_secrets if settings.images else ()))
    aliases = (workload.host_aliases or {}).items()
    return given(
        restart_policy=getattr(workload, "restart_policy", None),
        active_deadline=workload.active_deadline if isinstance(workload, PodSpec) else None,
        service_account_name=company.service_account,
        automount_service_account_token=company.automount_token(workload.automount_service_account_token),
        resources=resources(workload.resources) if workload.resources else None,
        node_selector=plain(workload.node_selector),
        tolerations=[toleration(each) for each in workload.tolerations] or None,
        affinity=affinity(workload.affinity, selector_labels(workload)) if workload.affinity else None,
        topology_spread_constraints=[
            topology_spread(each, selector_labels(workload)) for each in workload.topology_spread
        ]
        or None,
        priority_class_name=workload.priority_class,
        runtime_class_name=workload.runtime_class,
        scheduler_name=workload.scheduler_name,
        image_pull_secrets=[{"name": name} for name in dict.fromkeys(secrets)] or None,
        termination_grace_period=workload.termination_grace_period,
        dns_policy=workload.dns_policy,
        dns_config=dns_config(workload.dns_config) if workload.dns_config else None,
        host_aliases=[{"ip": address, "hostnames": list(names)} for address, names in aliases] or None,
        host_network=workload.host_network,
        hostname=workload.hostname,
        subdomain=workload.subdomain,
        enable_service_links=workload.enable_service_links,
        share_process_namespace=workload.share_process_namespace,
    )


def affinity(value: Affinity, selector: Mapping[str, str]) -> Fields:
    """Affinity rules; `apart` becomes a pod anti-affinity against the workload's own pods."""
    anti = cast(Fields, plain(value.pod_anti or {}))
    if value.apart_by is not None:
        term: Fields = {"topologyKey": value.apart_by, "labelSelector": {"matchLabels": dict(selector)}}
        weighed: Fields = {"weight": 100, "podAffinityTerm": term}
        when, new = ("required", term) if value.apart_always else ("preferred", weighed)
        key = f"{when}DuringSchedulingIgnoredDuringExecution"
        anti[key] = [*cast("list[Fields]", anti.get(key, [])), new]
    return given(node_affinity=plain(value.node), pod_affinity=plain(value.pod), pod_anti_affinity=anti or None)


def _template(workload: WorkloadSpec, pod: Fields) -> Fields:
    selector = selector_labels(workload)
    for name, value in selector.items():
        if workload.pod_labels.get(name, value) != value:
            place, given_value = f"{workload.place}.pod_labels[{name!r}]", workload.pod_labels[name]
            raise wrong(place, given_value, f'must be "{value}", as in the selector', "leave it out, or give selector=")
    labels = selector | dict(workload.pod_labels)
    return {"metadata": given(labels=labels, annotations=dict(workload.pod_annotations) or None), "spec": pod}


def _selecting(workload: SelectingSpec) -> Fields:
    return given(
        replicas=workload.replicas if isinstance(workload, ReplicatedSpec) else None,
        selector={"matchLabels": selector_labels(workload)},
        min_ready=workload.min_ready,
        revision_history_limit=workload.revision_history_limit,
    )


def _update(update: RollingUpdate | Recreate | OnDelete | None) -> Fields | None:
    if update is None:
        return None
    found: Fields = {"type": type(update).__name__}
    details = flat(update)
    return found | {"rollingUpdate": details} if details else found


def _deployment(workload: DeploymentSpec, pod: Fields, _: PodContainers) -> Fields:
    own = given(
        strategy=_update(workload.strategy), progress_deadline=workload.progress_deadline, paused=workload.paused
    )
    return _selecting(workload) | own | {"template": _template(workload, pod)}


def _stateful_set(workload: StatefulSetSpec, pod: Fields, found: PodContainers) -> Fields:
    claims = {each.name: each for each in workload.volume_claim_templates}
    for mounted in found.claims:
        if claims.setdefault(mounted.name, mounted) != mounted:
            raise two_meanings(workload.name, mounted.name)
    own = given(
        service_name=workload.service_name,
        pod_management_policy=workload.pod_management_policy,
        update_strategy=_update(workload.update_strategy),
        persistent_volume_claim_retention_policy=flat(workload.claim_retention) if workload.claim_retention else None,
        ordinals=None if workload.first_ordinal is None else {"start": workload.first_ordinal},
        volume_claim_templates=[claim_template(each) for each in claims.values()] or None,
    )
    return _selecting(workload) | own | {"template": _template(workload, pod)}


def _daemon_set(workload: DaemonSetSpec, pod: Fields, _: PodContainers) -> Fields:
    own = given(update_strategy=_update(workload.update_strategy))
    return _selecting(workload) | own | {"template": _template(workload, pod)}


def _job(workload: JobSpec, pod: Fields, _: PodContainers) -> Fields:
    return given(
        parallelism=workload.parallelism,
        completions=workload.completions,
        completion_mode=workload.completion_mode,
        backoff_limit=workload.backoff_limit,
        active_deadline=workload.active_deadline,
        ttl_after_finished=workload.ttl_after_finished,
        suspend=None if isinstance(workload, CronJobSpec) else workload.suspend,
        pod_failure_policy=plain(workload.pod_failure_policy),
        template=_template(workload, pod),
    )


def _cron_job(workload: CronJobSpec, pod: Fields, found: PodContainers) -> Fields:
    return given(
        schedule=workload.schedule,
        time_zone=workload.time_zone,
        concurrency_policy=workload.concurrency_policy,
        starting_deadline=workload.starting_deadline,
        successful_jobs_history_limit=workload.successful_jobs_history_limit,
        failed_jobs_history_limit=workload.failed_jobs_history_limit,
        suspend=workload.suspend,
        job_template={"spec": _job(workload, pod, found)},
    )


_SPECS: dict[str, Callable[[Any, Fields, PodContainers], Fields]] = {
    "Pod": lambda _, pod, __: pod,
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
}
