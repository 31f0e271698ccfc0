"""The objects that come out beside a workload: access to the Kubernetes API, config maps, what stages bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol, cast

from initconstructs.model.environment import FieldRef
from initconstructs.model.errors import ModelError
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import merged, plain
from initconstructs.model.stages import Step
from initconstructs.model.volumes import (
    ConfigMapFiles,
    DownwardApi,
    InlineFiles,
    Mount,
    Projected,
    ServiceAccountToken,
    Volume,
)
from initconstructs.rendering.values import Fields, policy_rule

# Where every Kubernetes client looks, and what the kubelet itself would put there.
_CREDENTIALS = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN = Volume(
    "kube-api-access",
    Projected(
        [
            ServiceAccountToken("token", expiration=3607),
            ConfigMapFiles("kube-root-ca.crt", items={"ca.crt": "ca.crt"}),
            DownwardApi({"namespace": FieldRef("metadata.namespace")}),
        ]
    ),
).at(_CREDENTIALS, read_only=True)


class Owner(Protocol):
    """What the company needs to know of a workload."""

    @property
    def name(self) -> str: ...
    @property
    def namespace(self) -> str | None: ...
    @property
    def stages(self) -> Sequence[Step]: ...
    @property
    def image_pull_secrets(self) -> Sequence[str]: ...


@frozen
class Company:
    """How the stages reach the Kubernetes API.

    The token is mounted only into the stages that have permissions. With a service account of the author's own, the
    pod's automatic mount is left as it is.
    """

    service_account: str | None = None
    generated: bool = False
    mounts: Mapping[str, tuple[Mount, ...]] = field(default_factory=dict)
    objects: Sequence[Fields] = ()

    def automount_token(self, asked: bool | None) -> bool | None:
        """Whether the kubelet puts a token into every container."""
        return False if asked is None and self.generated else asked


def api_access(owner: Owner, service_account: str | None) -> Company:
    """Service account, and a Role and a RoleBinding in each namespace, for exactly what the permissions list."""
    if not any(step.permissions for step in owner.stages):
        return Company(service_account=service_account)
    if owner.namespace is None:
        raise ModelError(
            f'"{owner.name}"',
            "has stages with permissions, and a RoleBinding must name the namespace of its service account",
            'give the chart or the workload a namespace, namespace="shop" say',
        )
    account = service_account or owner.name
    objects = [
        each
        for namespace, rules in _rules(owner.namespace, owner.stages).items()
        for each in (_role(owner, namespace, rules), _role_binding(owner, namespace, account))
    ]
    if service_account is None:
        objects.insert(0, _object("v1", "ServiceAccount", owner) | {"automountServiceAccountToken": False})
    return Company(
        service_account=account,
        generated=service_account is None,
        mounts={step.name: (_TOKEN,) for step in owner.stages if step.permissions},
        objects=objects,
    )


def _rules(own: str, steps: Sequence[Step]) -> dict[str, list[Fields]]:
    """The rules by the namespace of the objects that they are about."""
    found: dict[str, list[Fields]] = {}
    for each in (each for step in steps for each in step.permissions):
        rules, rule = found.setdefault(each.namespace or own, []), policy_rule(each)
        if rule not in rules:
            rules.append(rule)
    return found


def _object(api_version: str, kind: str, owner: Owner) -> Fields:
    metadata: Fields = {"name": owner.name}
    if owner.namespace is not None:
        metadata["namespace"] = owner.namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _role(owner: Owner, namespace: str, rules: Sequence[Fields]) -> Fields:
    return _access("Role", owner, namespace) | {"rules": list(rules)}


def _role_binding(owner: Owner, namespace: str, account: str) -> Fields:
    found = _access("RoleBinding", owner, namespace)
    role = cast(Fields, found["metadata"])["name"]
    return found | {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": owner.namespace}],
    }


def _access(kind: str, owner: Owner, namespace: str) -> Fields:
    """Named after the workload; in a namespace that isn't its own, after both, so that no two of them meet there."""
    name = owner.name if namespace == owner.namespace else f"{owner.namespace}-{owner.name}"
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata}


def beside(owner: Owner, config_maps: Iterable[tuple[str, InlineFiles]]) -> list[Fields]:
    """Config maps of inline files, and the manifests that the stages bring."""
    found = [_config_map(owner, name, files) for name, files in config_maps]
    found += [
        _brought(owner, step, each) for step in owner.stages for each in step.objects if isinstance(each, Mapping)
    ]
    return found


def each_once(manifests: Iterable[Fields]) -> list[Fields]:
    """The manifests without repetition: two stages may bring the same object, but not two under one name."""
    found: dict[tuple[object, ...], Fields] = {}
    for manifest in manifests:
        metadata = cast(Fields, manifest["metadata"])
        group, _, _ = str(manifest["apiVersion"]).rpartition("/")
        key = (group, manifest["kind"], metadata.get("namespace"), metadata.get("name"))
        if found.setdefault(key, manifest) != manifest:
            raise ModelError(f'{manifest["kind"]} "{metadata.get("name")}"', "comes out twice", "rename one of the two")
    return list(found.values())


def _config_map(owner: Owner, name: str, files: InlineFiles) -> Fields:
    found = merged(_object("v1", "ConfigMap", owner), {"metadata": {"name": name}})
    return found | {"data": dict(files.files)}


def _brought(owner: Owner, step: Step, manifest: Mapping[str, object]) -> Fields:
    metadata: Fields = {"name": f"{owner.name}-{step.name}"}
    if owner.namespace is not None:
        metadata["namespace"] = owner.namespace
    own = manifest.get("metadata")
    metadata |= cast(Fields, plain(own)) if isinstance(own, Mapping) else {}
    rest = {key: plain(each) for key, each in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    return {"apiVersion": manifest.get("apiVersion"), "kind": manifest.get("kind"), "metadata": metadata} | rest
