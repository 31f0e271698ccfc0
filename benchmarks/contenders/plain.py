"""Plain dicts and PyYAML's C emitter: the least that Python can do, and what the others must come to."""

from pathlib import Path

import yaml

IMAGE = "ghcr.io/acme/shop:1.4.2"
TOOLS = "ghcr.io/acme/tools:2.0.1"


def write(count: int, folder: Path) -> None:
    with (folder / "apps.yaml").open("w") as file:
        yaml.dump_all(map(manifest, range(count)), file, Dumper=yaml.CSafeDumper, sort_keys=False)


def manifest(number: int) -> dict[str, object]:
    """A Deployment of three stages, of which the second hands a directory to the third and the app.

    It says what cdk8s-plus says of every Deployment, needed or not.
    """
    name = f"app-{number}"
    selector = {"app.kubernetes.io/name": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "minReadySeconds": 0,
            "progressDeadlineSeconds": 600,
            "replicas": 2,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {"metadata": {"labels": dict(selector)}, "spec": _pod(name)},
        },
    }


def _pod(name: str) -> dict[str, object]:
    return {
        "automountServiceAccountToken": False,
        "dnsPolicy": "ClusterFirst",
        "hostNetwork": False,
        "restartPolicy": "Always",
        "securityContext": {"fsGroupChangePolicy": "Always", "runAsNonRoot": True},
        "setHostnameAsFQDN": False,
        "shareProcessNamespace": False,
        "terminationGracePeriodSeconds": 30,
        "initContainers": [
            _container("wait", TOOLS) | {"command": ["wait-for", "tcp", "db:5432", "--timeout", "5m"]},
            _container("fetch", TOOLS)
            | {
                "command": ["fetch-config", "--to", "/config"],
                "env": [{"name": "APP", "value": name}],
                "volumeMounts": [{"name": "fetch", "mountPath": "/config"}],
            },
            _container("check", IMAGE)
            | {"command": ["shop", "check-config", "/config"], "volumeMounts": [_read_only_config()]},
        ],
        "containers": [
            _container("app", IMAGE)
            | {"ports": [{"containerPort": 8000, "name": "http"}], "volumeMounts": [_read_only_config()]},
        ],
        "volumes": [{"name": "fetch", "emptyDir": {}}],
    }


def _container(name: str, image: str) -> dict[str, object]:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "Always",
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
    }


def _read_only_config() -> dict[str, object]:
    return {"name": "fetch", "mountPath": "/config", "readOnly": True}
