"""Every field of a container, a pod and a workload comes out, alone and in any company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    HttpGet,
    JobSpec,
    OnDelete,
    PodSecurityContext,
    PodSpec,
    Probe,
    Recreate,
    Resources,
    RollingUpdate,
    SeccompProfile,
    SecretEnv,
    SecurityContext,
    Settings,
    Sidecar,
    Sleep,
    Stage,
    StatefulSetSpec,
    TcpSocket,
    Toleration,
    TopologySpread,
    Volume,
    render,
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


def holds(found: object, wanted: object) -> bool:
    """Whether all of `wanted` is in `found`: mappings may have more, everything else is equal."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(key in found and holds(found[key], wanted[key]) for key in wanted)
    return found == wanted


def chosen(rows: Mapping[str, Row], names: set[str]) -> tuple[dict[str, Any], list[Manifest]]:
    """The keywords of some rows, and what must be found for them."""
    return {name: rows[name][0] for name in names}, [rows[name][1] for name in names]


def subsets(rows: Mapping[str, Row]) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from(sorted(rows)))


def pod_of(kind: type[WorkloadSpec], **keywords: Any) -> Manifest:
    manifest = workload_of(kind, **keywords)
    job = manifest["spec"]["jobTemplate"]["spec"] if kind is CronJobSpec else manifest["spec"]
    return manifest if kind is PodSpec else cast(Manifest, job["template"])


def workload_of(kind: type[WorkloadSpec], **keywords: Any) -> Manifest:
    given: dict[str, Any] = {"containers": [APP]} | ALWAYS.get(kind, {}) | keywords
    return cast(Manifest, render(kind("shop", **given), settings=BARE)[0])


@given(names=subsets(CONTAINER | RUNNING))
def test_an_app_container_loses_no_field(names: set[str]) -> None:
    keywords, wanted = chosen(CONTAINER | RUNNING, names)
    app = Container("app", image="shop:1", **keywords)
    [found] = pod_of(DeploymentSpec, containers=[app])["spec"]["containers"]
    assert all(holds(found, each) for each in wanted)


@given(names=subsets(CONTAINER))
def test_a_stage_loses_no_field(names: set[str]) -> None:
    keywords, wanted = chosen(CONTAINER, names)
    stage = Stage("wait", image="shop:1", profile="privileged", **keywords)
    [found] = pod_of(JobSpec, stages=[stage])["spec"]["initContainers"]
    assert all(holds(found, each) for each in wanted)


@given(names=subsets(CONTAINER | RUNNING))
def test_a_sidecar_loses_no_field(names: set[str]) -> None:
    keywords, wanted = chosen(CONTAINER | RUNNING, names)
    sidecar = Sidecar("proxy", image="shop:1", profile="privileged", **keywords)
    [found] = pod_of(DaemonSetSpec, stages=[sidecar])["spec"]["initContainers"]
    assert all(holds(found, each) for each in [*wanted, {"restartPolicy": "Always"}])


@given(kind=st.sampled_from(sorted(KINDS, key=str)), names=subsets(POD))
def test_a_pod_loses_no_field(kind: type[WorkloadSpec], names: set[str]) -> None:
    keywords, wanted = chosen(POD, names)
    if kind is PodSpec:
        keywords["labels"] = LABELS
    assert all(holds(pod_of(kind, **keywords)["spec"], each) for each in wanted)


@given(kind=st.sampled_from(sorted(KINDS, key=str)), names=subsets(OBJECT), template=subsets(TEMPLATE))
def test_metadata_loses_no_field(kind: type[WorkloadSpec], names: set[str], template: set[str]) -> None:
    keywords, wanted = chosen(OBJECT, names)
    more, wanted_of_pods = chosen(TEMPLATE, template)
    keywords |= more
    assert all(holds(workload_of(kind, **keywords), each) for each in wanted)
    assert all(holds(pod_of(kind, **keywords)["metadata"], each) for each in wanted_of_pods)


@pytest.mark.parametrize("kind", [each for each in KINDS if KINDS[each]])
@given(data=st.data())
def test_a_kind_loses_no_field(kind: type[WorkloadSpec], data: st.DataObject) -> None:
    keywords, wanted = chosen(KINDS[kind], data.draw(subsets(KINDS[kind])))
    assert all(holds(workload_of(kind, **keywords)["spec"], each) for each in wanted)


@given(names=subsets(JOB))
def test_a_cron_job_gives_its_job_every_field(names: set[str]) -> None:
    keywords, wanted = chosen(JOB, names)
    job = workload_of(CronJobSpec, **keywords)["spec"]["jobTemplate"]["spec"]
    assert all(holds(job, each) for each in wanted)


def test_the_rows_name_every_field() -> None:
    elsewhere = {"name", "image", "profile", "containers", "stages", "restart_policy", "active_deadline"}
    assert names_of(Container) - elsewhere == (CONTAINER | RUNNING).keys()
    shared = elsewhere | (POD | OBJECT | TEMPLATE).keys()
    for kind, rows in KINDS.items():
        inherited = JOB.keys() if kind is CronJobSpec else set()
        assert names_of(kind) - shared == (rows.keys() | inherited) - {"active_deadline"}, kind


def names_of(value: type) -> set[str]:
    return {each.name for each in fields(value)}


@pytest.mark.parametrize(
    ("keywords", "policy"),
    [({}, "Never"), ({"restart_policy": "OnFailure"}, "OnFailure")],
    ids=["never by default", "as said"],
)
@pytest.mark.parametrize("kind", [JobSpec, CronJobSpec])
def test_the_restart_policy_of_a_job(kind: type[WorkloadSpec], keywords: dict[str, Any], policy: str) -> None:
    assert pod_of(kind, **keywords)["spec"]["restartPolicy"] == policy


def test_a_pod_has_a_restart_policy_and_a_deadline_of_its_own() -> None:
    spec = pod_of(PodSpec, restart_policy="OnFailure", active_deadline="1m")["spec"]
    assert (spec["restartPolicy"], spec["activeDeadlineSeconds"]) == ("OnFailure", 60)


def test_a_stage_has_a_restart_policy_of_its_own() -> None:
    stage = Stage("wait", image="shop:1", restart_policy="Never")
    assert pod_of(DeploymentSpec, stages=[stage])["spec"]["initContainers"][0]["restartPolicy"] == "Never"


@pytest.mark.parametrize(
    ("strategy", "written"),
    [
        (Recreate(), {"type": "Recreate"}),
        (RollingUpdate(), {"type": "RollingUpdate"}),
        (RollingUpdate(max_surge=0), {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0}}),
    ],
    ids=["recreate", "rolling", "rolling without surge"],
)
def test_the_strategy_of_a_deployment(strategy: RollingUpdate | Recreate, written: Manifest) -> None:
    assert workload_of(DeploymentSpec, strategy=strategy)["spec"]["strategy"] == written


def test_a_daemon_set_can_wait_for_deletion() -> None:
    found = workload_of(DaemonSetSpec, update_strategy=OnDelete())
    assert found["spec"]["updateStrategy"] == {"type": "OnDelete"}


@pytest.mark.parametrize(("always", "when"), [(False, "preferred"), (True, "required")], ids=["if possible", "always"])
def test_replicas_keep_apart_and_other_rules_stay(always: bool, when: str) -> None:
    theirs = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}}
    own = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": LABELS}}
    kept = {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": theirs}],
        "requiredDuringSchedulingIgnoredDuringExecution": [theirs],
    }
    affinity = Affinity(pod_anti=kept, apart_by="kubernetes.io/hostname", apart_always=always)
    found = pod_of(DeploymentSpec, affinity=affinity)["spec"]["affinity"]["podAntiAffinity"]
    added = own if always else {"weight": 100, "podAffinityTerm": own}
    key = f"{when}DuringSchedulingIgnoredDuringExecution"
    assert found == kept | {key: [*cast("list[object]", kept[key]), added]}


def test_replicas_may_spread_over_other_pods_than_their_own() -> None:
    spread = TopologySpread("zone", when_unsatisfiable="ScheduleAnyway", match_labels={"tier": "web"})
    [found] = pod_of(DeploymentSpec, topology_spread=[spread])["spec"]["topologySpreadConstraints"]
    assert found["labelSelector"] == {"matchLabels": {"tier": "web"}}


def test_apart_is_the_short_way() -> None:
    assert Affinity.apart("zone", always=True) == Affinity(apart_by="zone", apart_always=True)


@pytest.mark.parametrize(
    ("probe", "written"),
    [
        (
            Probe(HttpGet("/ok", port="http", scheme="HTTPS", host="a", headers={"X": "1"}), timeout=2),
            {
                "httpGet": {
                    "path": "/ok",
                    "port": "http",
                    "host": "a",
                    "scheme": "HTTPS",
                    "httpHeaders": [{"name": "X", "value": "1"}],
                },
                "timeoutSeconds": 2,
            },
        ),
        (Probe(TcpSocket(5432, host="db"), failure_threshold=3), {"tcpSocket": {"port": 5432, "host": "db"}}),
        (Probe(Exec(["pg_isready"]), initial_delay=0), {"exec": {"command": ["pg_isready"]}, "initialDelaySeconds": 0}),
        (
            Probe(HttpGet(port=1), success_threshold=2, termination_grace_period="1m"),
            {"httpGet": {"path": "/", "port": 1}, "successThreshold": 2, "terminationGracePeriodSeconds": 60},
        ),
    ],
    ids=["http", "tcp", "exec", "thresholds"],
)
def test_a_probe_asks_what_was_said(probe: Probe, written: Manifest) -> None:
    app = Container("app", image="shop:1", readiness_probe=probe)
    [found] = pod_of(DeploymentSpec, containers=[app])["spec"]["containers"]
    assert holds(found["readinessProbe"], written)


def test_the_stages_come_first_and_the_app_as_listed() -> None:
    stages = [Stage("one", image="a:1"), Sidecar("two", image="b:1"), Stage("three", image="c:1")]
    spec = pod_of(DeploymentSpec, stages=stages, containers=[APP, Container("other", image="d:1")])["spec"]
    assert [each["name"] for each in spec["initContainers"]] == ["one", "two", "three"]
    assert [each["name"] for each in spec["containers"]] == ["app", "other"]
