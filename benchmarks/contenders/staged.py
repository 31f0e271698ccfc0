"""The values of the model that both doors of initconstructs are given."""

from benchmarks.contenders.plain import IMAGE, TOOLS
from initconstructs import (
    Container,
    ContainerPort,
    Directory,
    Mount,
    PodSecurityContext,
    Resources,
    RollingUpdate,
    SecurityContext,
    Settings,
    Stage,
)
from initconstructs.model.keywords import DeploymentKeywords

SETTINGS = Settings(profile="none")
"""All contenders say their security contexts themselves."""


def deployment(number: int) -> DeploymentKeywords:
    """The Deployment of `plain.manifest`, as an author says it."""
    name = f"app-{number}"
    fetch = Stage(
        "fetch",
        image=TOOLS,
        image_pull_policy="Always",
        command=["fetch-config", "--to", "/config"],
        env={"APP": name},
        produces=[Directory("/config")],
        resources=_resources(),
        security=_security(),
    )
    config = fetch.output.at("/config")
    return {
        "name": name,
        "namespace": "shop",
        "replicas": 2,
        "stages": [_wait(), fetch, _check(config)],
        "containers": [_app(config)],
        "min_ready": 0,
        "progress_deadline": 600,
        "revision_history_limit": 10,
        "strategy": RollingUpdate(max_surge="25%", max_unavailable="25%"),
        "automount_service_account_token": False,
        "dns_policy": "ClusterFirst",
        "host_network": False,
        "share_process_namespace": False,
        "termination_grace_period": 30,
        "security": PodSecurityContext(run_as_non_root=True, fs_group_change_policy="Always"),
        "pod_raw": {"restartPolicy": "Always", "setHostnameAsFQDN": False},
    }


def _wait() -> Stage:
    return Stage(
        "wait",
        image=TOOLS,
        image_pull_policy="Always",
        command=["wait-for", "tcp", "db:5432", "--timeout", "5m"],
        resources=_resources(),
        security=_security(),
    )


def _check(config: Mount) -> Stage:
    return Stage(
        "check",
        image=IMAGE,
        image_pull_policy="Always",
        command=["shop", "check-config", "/config"],
        mounts=[config],
        resources=_resources(),
        security=_security(),
    )


def _app(config: Mount) -> Container:
    return Container(
        "app",
        image=IMAGE,
        image_pull_policy="Always",
        ports=[ContainerPort(8000, name="http")],
        mounts=[config],
        resources=_resources(),
        security=_security(),
    )


def _resources() -> Resources:
    return Resources(requests={"cpu": "10m", "memory": "32Mi"}, limits={"memory": "32Mi"})


def _security() -> SecurityContext:
    return SecurityContext(
        allow_privilege_escalation=False, privileged=False, read_only_root_filesystem=True, run_as_non_root=True
    )
