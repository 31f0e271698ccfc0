"""Which kinds are checked by what, and every rule of the family.

A checker takes the decoded manifest and yields the server's problems in the server's order. A new kind is one line in
CHECKERS; a new rule is one name in the RULES of its module, `RULES = (container_name.rule, ...)`, and a new module one
line in RULES here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from initconstructs.rules.api_server import (
    affinity,
    autoscaling,
    bounds,
    config,
    containers,
    decoding,
    disruption,
    dns,
    env,
    field_refs,
    handlers,
    init_containers,
    job,
    job_policies,
    match_label_keys,
    mounts,
    network_policy,
    network_volumes,
    object_meta,
    pod,
    pod_annotations,
    pod_resources,
    pod_security,
    ports,
    probes,
    rbac,
    request,
    resources,
    restart_rules,
    scheduling,
    security_context,
    selector,
    service,
    service_addresses,
    storage,
    strategies,
    volume_files,
    volume_sources,
    volumes,
    windows,
    workload,
)
from initconstructs.rules.api_server.check import Node, Problems
from initconstructs.rules.api_server.target import Target
from initconstructs.rules.rule import Rule

Checker = Callable[[Node, Target], Problems]

# By (apiVersion, kind).
CHECKERS: Mapping[tuple[str, str], Checker] = {
    ("v1", "Pod"): pod.check,
    ("apps/v1", "Deployment"): workload.check_deployment,
    ("apps/v1", "ReplicaSet"): workload.check_replicaset,
    ("apps/v1", "DaemonSet"): workload.check_daemonset,
    ("apps/v1", "StatefulSet"): workload.check_statefulset,
    ("batch/v1", "Job"): job.check_job,
    ("batch/v1", "CronJob"): job.check_cron_job,
    ("v1", "PersistentVolumeClaim"): storage.check_claim,
    ("v1", "Service"): service.check_service,
    ("v1", "ConfigMap"): config.check_config_map,
    ("v1", "Secret"): config.check_secret,
    ("v1", "ServiceAccount"): rbac.check_service_account,
    ("rbac.authorization.k8s.io/v1", "Role"): rbac.check_role,
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): rbac.check_cluster_role,
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): rbac.check_role_binding,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): rbac.check_cluster_role_binding,
    ("networking.k8s.io/v1", "NetworkPolicy"): network_policy.check_network_policy,
    ("policy/v1", "PodDisruptionBudget"): disruption.check_budget,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): autoscaling.check_autoscaler,
    ("autoscaling/v1", "HorizontalPodAutoscaler"): autoscaling.check_autoscaler_v1,
}

# The newest version of each kind.
API_VERSIONS: Mapping[str, str] = {kind: version for version, kind in sorted(CHECKERS)}

RULES: tuple[Rule, ...] = (
    *request.RULES,
    *decoding.RULES,
    *object_meta.RULES,
    *selector.RULES,
    *pod.RULES,
    *pod_annotations.RULES,
    *containers.RULES,
    *init_containers.RULES,
    *restart_rules.RULES,
    *probes.RULES,
    *handlers.RULES,
    *ports.RULES,
    *env.RULES,
    *field_refs.RULES,
    *mounts.RULES,
    *resources.RULES,
    *pod_resources.RULES,
    *security_context.RULES,
    *pod_security.RULES,
    *windows.RULES,
    *dns.RULES,
    *scheduling.RULES,
    *match_label_keys.RULES,
    *affinity.RULES,
    *volumes.RULES,
    *volume_files.RULES,
    *volume_sources.RULES,
    *network_volumes.RULES,
    *storage.RULES,
    *workload.RULES,
    *job.RULES,
    *job_policies.RULES,
    *strategies.RULES,
    *bounds.RULES,
    *service.RULES,
    *service_addresses.RULES,
    *config.RULES,
    *rbac.RULES,
    *network_policy.RULES,
    *disruption.RULES,
    *autoscaling.RULES,
)
