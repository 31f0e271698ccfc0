"""What each field of a container, a pod and a workload is given, and what must come out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from initconstructs import (
    Affinity,
    Capabilities,
    Claim,
    ClaimRetention,
    ClaimSpec,
    ClaimTemplate,
    ConfigMapEnv,
    Container,
    ContainerPort,
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    DnsConfig,
    Exec,
    JobSpec,
    PodSecurityContext,
    PodSpec,
    Probe,
    Resources,
    RollingUpdate,
    SeccompProfile,
    SecretEnv,
    SecurityContext,
    Settings,
    Sleep,
    StatefulSetSpec,
    TcpSocket,
    Toleration,
    TopologySpread,
    Volume,
)
from initconstructs.model.workload import WorkloadSpec

Manifest = dict[str, Any]
Row = tuple[object, Manifest]

BARE = Settings(profile="none")
APP = Container("app", image="shop:1")
DATA = Volume("data", Claim("shop"))
LABELS = {"app.kubernetes.io/name": "shop"}

CONTAINER: dict[str, Row] = {
    "command": (["serve"], {"command": ["serve"]}),
    "args": (("--port", "80"), {"args": ["--port", "80"]}),
    "working_dir": ("/srv", {"workingDir": "/srv"}),
    "env": ({"MODE": "fast"}, {"env": [{"name": "MODE", "value": "fast"}]}),
    "env_from": (
        [SecretEnv("db", prefix="DB_"), ConfigMapEnv("shop", optional=True)],
        {
            "envFrom": [
                {"prefix": "DB_", "secretRef": {"name": "db"}},
                {"configMapRef": {"name": "shop", "optional": True}},
            ]
        },
    ),
    "ports": (
        [8000, ContainerPort(53, name="dns", protocol="UDP", host_port=5353)],
        {
            "ports": [
                {"containerPort": 8000},
                {"containerPort": 53, "name": "dns", "protocol": "UDP", "hostPort": 5353},
            ]
        },
    ),
    "mounts": (
        [DATA.at("/data", read_only=True, sub_path="shop")],
        {"volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "shop", "readOnly": True}]},
    ),
    "resources": (
        Resources(requests={"cpu": "100m"}, limits={"cpu": 1, "memory": "1Gi"}),
        {"resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "memory": "1Gi"}}},
    ),
    "security": (
        SecurityContext(
            run_as_user=1,
            run_as_group=2,
            run_as_non_root=True,
            read_only_root_filesystem=True,
            allow_privilege_escalation=False,
            privileged=False,
            capabilities=Capabilities(add=["CHOWN"], drop=["ALL"]),
            seccomp_profile=SeccompProfile("Localhost", localhost_profile="shop.json"),
            raw={"procMount": "Default"},
        ),
        {
            "securityContext": {
                "runAsUser": 1,
                "runAsGroup": 2,
                "runAsNonRoot": True,
                "readOnlyRootFilesystem": True,
                "allowPrivilegeEscalation": False,
                "privileged": False,
                "capabilities": {"add": ["CHOWN"], "drop": ["ALL"]},
                "seccompProfile": {"type": "Localhost", "localhostProfile": "shop.json"},
                "procMount": "Default",
            }
        },
    ),
    "image_pull_policy": ("Always", {"imagePullPolicy": "Always"}),
    "raw": ({"stdin": True}, {"stdin": True}),
}
PROBE = Probe(TcpSocket(1), period="1m")
PROBED = {"tcpSocket": {"port": 1}, "periodSeconds": 60}
RUNNING: dict[str, Row] = {
    "startup_probe": (PROBE, {"startupProbe": PROBED}),
    "liveness_probe": (PROBE, {"livenessProbe": PROBED}),
    "readiness_probe": (PROBE, {"readinessProbe": PROBED}),
    "post_start": (Exec(["warm"]), {"lifecycle": {"postStart": {"exec": {"command": ["warm"]}}}}),
    "pre_stop": (Sleep(5), {"lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}),
}
POD: dict[str, Row] = {
    "volumes": ([DATA], {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "shop"}}]}),
    "service_account": ("shop", {"serviceAccountName": "shop"}),
    "automount_service_account_token": (False, {"automountServiceAccountToken": False}),
    "node_selector": ({"disk": "ssd"}, {"nodeSelector": {"disk": "ssd"}}),
    "tolerations": (
        [Toleration("gpu", operator="Equal", value="yes", effect="NoExecute", toleration="1m"), Toleration()],
        {
            "tolerations": [
                {
                    "key": "gpu",
                    "operator": "Equal",
                    "value": "yes",
                    "effect": "NoExecute",
                    "tolerationSeconds": 60,
                },
                {"operator": "Exists"},
            ]
        },
    ),
    "affinity": (
        Affinity(
            node={"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}},
            pod={"requiredDuringSchedulingIgnoredDuringExecution": []},
        ),
        {
            "affinity": {
                "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}},
                "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []},
            }
        },
    ),
    "topology_spread": (
        [TopologySpread("zone", max_skew=2, min_domains=3, raw={"nodeTaintsPolicy": "Honor"})],
        {
            "topologySpreadConstraints": [
                {
                    "maxSkew": 2,
                    "topologyKey": "zone",
                    "whenUnsatisfiable": "DoNotSchedule",
                    "minDomains": 3,
                    "labelSelector": {"matchLabels": LABELS},
                    "nodeTaintsPolicy": "Honor",
                }
            ]
        },
    ),
    "priority_class": ("high", {"priorityClassName": "high"}),
    "runtime_class": ("gvisor", {"runtimeClassName": "gvisor"}),
    "scheduler_name": ("own", {"schedulerName": "own"}),
    "image_pull_secrets": (["hub", "hub", "ghcr"], {"imagePullSecrets": [{"name": "hub"}, {"name": "ghcr"}]}),
    "termination_grace_period": (timedelta(minutes=2), {"terminationGracePeriodSeconds": 120}),
    "dns_policy": ("None", {"dnsPolicy": "None"}),
    "dns_config": (
        DnsConfig(nameservers=["10.0.0.1"], searches=["shop.svc"], options={"ndots": "2", "edns0": None}),
        {
            "dnsConfig": {
                "nameservers": ["10.0.0.1"],
                "searches": ["shop.svc"],
                "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
            }
        },
    ),
    "host_aliases": (
        {"10.0.0.1": ["db", "cache"]},
        {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db", "cache"]}]},
    ),
    "host_network": (True, {"hostNetwork": True}),
    "hostname": ("shop", {"hostname": "shop"}),
    "subdomain": ("shops", {"subdomain": "shops"}),
    "enable_service_links": (False, {"enableServiceLinks": False}),
    "share_process_namespace": (True, {"shareProcessNamespace": True}),
    "security": (
        PodSecurityContext(
            run_as_user=1,
            run_as_group=2,
            run_as_non_root=True,
            fs_group=3,
            fs_group_change_policy="OnRootMismatch",
            supplemental_groups=[4],
            seccomp_profile=SeccompProfile("RuntimeDefault"),
            sysctls={"net.core.somaxconn": "1024"},
            raw={"supplementalGroupsPolicy": "Strict"},
        ),
        {
            "securityContext": {
                "runAsUser": 1,
                "runAsGroup": 2,
                "runAsNonRoot": True,
                "fsGroup": 3,
                "fsGroupChangePolicy": "OnRootMismatch",
                "supplementalGroups": [4],
                "seccompProfile": {"type": "RuntimeDefault"},
                "sysctls": [{"name": "net.core.somaxconn", "value": "1024"}],
                "supplementalGroupsPolicy": "Strict",
            }
        },
    ),
    "resources": (Resources(requests={"cpu": 2}), {"resources": {"requests": {"cpu": "2"}}}),
    "pod_raw": ({"hostUsers": False}, {"hostUsers": False}),
}
OBJECT: dict[str, Row] = {
    "namespace": ("shop", {"metadata": {"namespace": "shop"}}),
    "labels": ({"team": "shop"}, {"metadata": {"labels": {"team": "shop"}}}),
    "annotations": ({"owner": "shop"}, {"metadata": {"annotations": {"owner": "shop"}}}),
    "raw": ({"metadata": {"finalizers": ["a/b"]}}, {"metadata": {"finalizers": ["a/b"]}}),
}
TEMPLATE: dict[str, Row] = {
    "pod_labels": ({"tier": "web"}, {"labels": {"tier": "web"}}),
    "pod_annotations": ({"scrape": "yes"}, {"annotations": {"scrape": "yes"}}),
}
SELECTING: dict[str, Row] = {
    "selector": (LABELS, {"selector": {"matchLabels": LABELS}}),
    "min_ready": ("30s", {"minReadySeconds": 30}),
    "revision_history_limit": (3, {"revisionHistoryLimit": 3}),
}
REPLICATED = SELECTING | {"replicas": (3, {"replicas": 3})}
ROLLING = RollingUpdate(max_unavailable="25%")
ROLLED = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}}
JOB: dict[str, Row] = {
    "parallelism": (2, {"parallelism": 2}),
    "completions": (3, {"completions": 3}),
    "completion_mode": ("Indexed", {"completionMode": "Indexed"}),
    "backoff_limit": (0, {"backoffLimit": 0}),
    "active_deadline": ("1h", {"activeDeadlineSeconds": 3600}),
    "ttl_after_finished": (0, {"ttlSecondsAfterFinished": 0}),
    "pod_failure_policy": ({"rules": []}, {"podFailurePolicy": {"rules": []}}),
}
KINDS: dict[type[WorkloadSpec], dict[str, Row]] = {
    DeploymentSpec: REPLICATED
    | {
        "strategy": (RollingUpdate(max_surge=1, max_unavailable="25%"), {"strategy": {"type": "RollingUpdate"}}),
        "progress_deadline": (90, {"progressDeadlineSeconds": 90}),
        "paused": (True, {"paused": True}),
    },
    StatefulSetSpec: REPLICATED
    | {
        "service_name": ("db", {"serviceName": "db"}),
        "volume_claim_templates": (
            [ClaimTemplate("data", ClaimSpec(size="1Gi", storage_class="fast", labels={"a": "b"}))],
            {
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "data", "labels": {"a": "b"}},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "storageClassName": "fast",
                            "resources": {"requests": {"storage": "1Gi"}},
                        },
                    }
                ]
            },
        ),
        "pod_management_policy": ("Parallel", {"podManagementPolicy": "Parallel"}),
        "update_strategy": (
            RollingUpdate(partition=2),
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
        ),
        "claim_retention": (
            ClaimRetention(when_deleted="Delete", when_scaled="Retain"),
            {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"}},
        ),
        "first_ordinal": (1, {"ordinals": {"start": 1}}),
    },
    DaemonSetSpec: SELECTING | {"update_strategy": (ROLLING, {"updateStrategy": ROLLED})},
    JobSpec: JOB | {"suspend": (True, {"suspend": True})},
    CronJobSpec: {
        "schedule": ("@daily", {"schedule": "@daily"}),
        "time_zone": ("Europe/Berlin", {"timeZone": "Europe/Berlin"}),
        "concurrency_policy": ("Forbid", {"concurrencyPolicy": "Forbid"}),
        "starting_deadline": ("5m", {"startingDeadlineSeconds": 300}),
        "successful_jobs_history_limit": (0, {"successfulJobsHistoryLimit": 0}),
        "failed_jobs_history_limit": (1, {"failedJobsHistoryLimit": 1}),
        "suspend": (True, {"suspend": True}),
    },
    PodSpec: {},
}
ALWAYS: dict[type[WorkloadSpec], dict[str, object]] = {CronJobSpec: {"schedule": "@hourly"}}
