"""Every volume source and every source of a variable, as Kubernetes spells it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from initconstructs import (
    Claim,
    ClaimSpec,
    ConfigMapFiles,
    ConfigMapKey,
    Container,
    Csi,
    DownwardApi,
    EmptyDir,
    EphemeralClaim,
    Exec,
    FieldRef,
    Grpc,
    HostPath,
    HttpGet,
    Image,
    Mount,
    Nfs,
    PodSpec,
    Probe,
    Projected,
    ResourceFieldRef,
    SecretFiles,
    SecretKey,
    ServiceAccountToken,
    Sidecar,
    Sleep,
    Volume,
    render,
)
from initconstructs.model.environment import EnvValue
from initconstructs.model.probes import Handler, Hook
from initconstructs.model.volumes import Source

Manifest = dict[str, Any]

VOLUMES: dict[str, tuple[Source, Manifest]] = {
    "emptyDir": (EmptyDir(), {"emptyDir": {}}),
    "emptyDir in memory": (
        EmptyDir(medium="Memory", size_limit=0.5),
        {"emptyDir": {"medium": "Memory", "sizeLimit": "0.5"}},
    ),
    "configMap": (
        ConfigMapFiles("shop", items={"key": "dir/file"}, default_mode=0o440, optional=False),
        {
            "configMap": {
                "name": "shop",
                "items": [{"key": "key", "path": "dir/file"}],
                "defaultMode": 0o440,
                "optional": False,
            }
        },
    ),
    "secret": (SecretFiles("db", optional=True), {"secret": {"secretName": "db", "optional": True}}),
    "claim": (Claim("data", read_only=True), {"persistentVolumeClaim": {"claimName": "data", "readOnly": True}}),
    "hostPath": (HostPath("/var/log", type="Directory"), {"hostPath": {"path": "/var/log", "type": "Directory"}}),
    "nfs": (
        Nfs(server="nas", path="/export", read_only=True),
        {"nfs": {"server": "nas", "path": "/export", "readOnly": True}},
    ),
    "csi": (
        Csi("csi.acme", attributes={"a": "b"}, fs_type="ext4", read_only=True, node_publish_secret="key"),
        {
            "csi": {
                "driver": "csi.acme",
                "volumeAttributes": {"a": "b"},
                "fsType": "ext4",
                "readOnly": True,
                "nodePublishSecretRef": {"name": "key"},
            }
        },
    ),
    "image": (Image("models:1", pull_policy="Always"), {"image": {"reference": "models:1", "pullPolicy": "Always"}}),
    "downwardAPI": (
        DownwardApi(
            {"labels": FieldRef("metadata.labels"), "cpu": ("app", ResourceFieldRef("limits.cpu", divisor="1m"))},
            default_mode=0o400,
        ),
        {
            "downwardAPI": {
                "items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {
                        "path": "cpu",
                        "resourceFieldRef": {"containerName": "app", "resource": "limits.cpu", "divisor": "1m"},
                    },
                ],
                "defaultMode": 0o400,
            }
        },
    ),
    "projected": (
        Projected(
            [
                ServiceAccountToken("token", audience="vault", expiration="1h"),
                ConfigMapFiles("shop"),
                SecretFiles("db", items={"url": "url"}),
                DownwardApi({"name": FieldRef("metadata.name")}),
            ],
            default_mode=0o444,
        ),
        {
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 3600}},
                    {"configMap": {"name": "shop"}},
                    {"secret": {"name": "db", "items": [{"key": "url", "path": "url"}]}},
                    {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
                ],
                "defaultMode": 0o444,
            }
        },
    ),
    "ephemeral": (
        EphemeralClaim(
            ClaimSpec(
                size="1Gi",
                access_modes=["ReadWriteMany"],
                volume_mode="Block",
                annotations={"a": "b"},
                raw={"volumeName": "pv"},
            )
        ),
        {
            "ephemeral": {
                "volumeClaimTemplate": {
                    "metadata": {"annotations": {"a": "b"}},
                    "spec": {
                        "accessModes": ["ReadWriteMany"],
                        "volumeMode": "Block",
                        "resources": {"requests": {"storage": "1Gi"}},
                        "volumeName": "pv",
                    },
                }
            }
        },
    ),
    "raw": ({"azureFile": {"shareName": "a", "secretName": "b"}}, {"azureFile": {"shareName": "a", "secretName": "b"}}),
}
VARIABLES: dict[str, tuple[EnvValue, Manifest]] = {
    "literal": ("fast", {"value": "fast"}),
    "empty literal": ("", {"value": ""}),
    "secret": (SecretKey("db", "url"), {"valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}),
    "config map": (
        ConfigMapKey("shop", "level", optional=True),
        {"valueFrom": {"configMapKeyRef": {"name": "shop", "key": "level", "optional": True}}},
    ),
    "field": (FieldRef("status.podIP"), {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}),
    "resource": (
        ResourceFieldRef("limits.memory", container="app", divisor="1Mi"),
        {"valueFrom": {"resourceFieldRef": {"containerName": "app", "resource": "limits.memory", "divisor": "1Mi"}}},
    ),
}
HANDLERS: dict[str, tuple[Handler, Manifest]] = {
    "http": (HttpGet("/ok", port="http"), {"httpGet": {"path": "/ok", "port": "http"}}),
    "grpc": (Grpc(9000, service="ready"), {"grpc": {"port": 9000, "service": "ready"}}),
    "exec": (Exec(("true",)), {"exec": {"command": ["true"]}}),
}
HOOKS: dict[str, tuple[Hook, Manifest]] = {
    "http": (HttpGet(port=80), {"httpGet": {"path": "/", "port": 80}}),
    "exec": (Exec(["stop"]), {"exec": {"command": ["stop"]}}),
    "sleep": (Sleep("1m"), {"sleep": {"seconds": 60}}),
}


def container(**keywords: Any) -> Manifest:
    app = Container("app", image="shop:1", **keywords)
    [manifest] = render(PodSpec("shop", containers=[app]))
    return cast(Manifest, cast(Any, manifest)["spec"]["containers"][0])


@pytest.mark.parametrize(("source", "written"), VOLUMES.values(), ids=VOLUMES)
def test_a_volume(source: Source, written: Manifest) -> None:
    app = Container("app", image="shop:1", mounts=[Volume("data", source).at("/data")])
    [manifest] = render(PodSpec("shop", containers=[app]))
    assert cast(Any, manifest)["spec"]["volumes"] == [{"name": "data"} | written]


@pytest.mark.parametrize(("value", "written"), VARIABLES.values(), ids=VARIABLES)
def test_a_variable(value: EnvValue, written: Manifest) -> None:
    assert container(env={"NAME": value})["env"] == [{"name": "NAME"} | written]


def test_variables_keep_their_order() -> None:
    found = container(env={"B": "1", "A": "$(B)"})["env"]
    assert [each["name"] for each in found] == ["B", "A"]


@pytest.mark.parametrize(("handler", "written"), HANDLERS.values(), ids=HANDLERS)
def test_a_handler(handler: Handler, written: Manifest) -> None:
    assert container(startup_probe=Probe(handler))["startupProbe"] == written


@pytest.mark.parametrize(("hook", "written"), HOOKS.values(), ids=HOOKS)
def test_a_hook(hook: Hook, written: Manifest) -> None:
    assert container(pre_stop=hook)["lifecycle"] == {"preStop": written}


def test_a_mount_takes_raw_fields() -> None:
    mount = Mount("/data", volume=Volume("data"), raw={"mountPropagation": "HostToContainer"})
    found = container(mounts=[mount])["volumeMounts"]
    assert found == [{"name": "data", "mountPath": "/data", "mountPropagation": "HostToContainer"}]


def test_a_volume_that_nothing_mounts_is_listed() -> None:
    spec = PodSpec("shop", containers=[Container("app", image="shop:1")], volumes=[Volume("data")])
    assert cast(Any, render(spec)[0])["spec"]["volumes"] == [{"name": "data", "emptyDir": {}}]


def test_a_sidecar_restarts_always() -> None:
    spec = PodSpec("shop", containers=[Container("app", image="shop:1")], stages=[Sidecar("proxy", image="a:1")])
    assert cast(Any, render(spec)[0])["spec"]["initContainers"][0]["restartPolicy"] == "Always"
