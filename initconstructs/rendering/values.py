"""The small values of the model as Kubernetes fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache

from initconstructs.model.environment import (
    ConfigMapEnv,
    ConfigMapKey,
    EnvSource,
    FieldRef,
    FileKey,
    ResourceFieldRef,
    SecretEnv,
    SecretKey,
)
from initconstructs.model.pods import DnsConfig, Toleration, TopologySpread
from initconstructs.model.probes import Exec, Grpc, Handler, Hook, HttpGet, Probe, Sleep, TcpSocket
from initconstructs.model.raw import merged, plain
from initconstructs.model.resources import Resources
from initconstructs.model.stages import PolicyRule

Fields = dict[str, object]

_SPELLING = {
    "initial_delay": "initialDelaySeconds",
    "period": "periodSeconds",
    "timeout": "timeoutSeconds",
    "termination_grace_period": "terminationGracePeriodSeconds",
    "toleration": "tolerationSeconds",
    "active_deadline": "activeDeadlineSeconds",
    "ttl_after_finished": "ttlSecondsAfterFinished",
    "starting_deadline": "startingDeadlineSeconds",
    "progress_deadline": "progressDeadlineSeconds",
    "min_ready": "minReadySeconds",
}
"""Fields that the model spells without their unit; the rest is the API's word in snake_case."""


@lru_cache(maxsize=512)
def camel(name: str) -> str:
    """`run_as_user` as `runAsUser`."""
    first, *rest = name.split("_")
    return _SPELLING.get(name) or first + "".join(word.capitalize() for word in rest)


_KEYS: dict[type, tuple[tuple[str, str], ...]] = {}


def _keys(kind: type) -> tuple[tuple[str, str], ...]:
    if kind not in _KEYS:
        _KEYS[kind] = tuple((each.name, camel(each.name)) for each in fields(kind) if each.name != "raw")
    return _KEYS[kind]


def given(**values: object) -> Fields:
    """The fields that have a value, spelled as the API does."""
    return {camel(name): value for name, value in values.items() if value is not None}


def flat(value: object) -> Fields:
    """A value whose fields are the API's own, one to one."""
    found = {
        key: _flat_field(each) for name, key in _keys(value.__class__) if (each := getattr(value, name)) is not None
    }
    raw = getattr(value, "raw", None)
    return merged(found, raw) if raw else found


def _flat_field(value: object) -> object:
    if isinstance(value, (str, int)):
        return value
    return flat(value) if is_dataclass(value) else plain(value)


def env_var(name: str, value: str | EnvSource, file: Fields | None = None) -> Fields:
    """One environment variable; `file` says where the environment file of a `FileKey` lies."""
    if isinstance(value, str):
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": _source(value, file)}


def _source(value: EnvSource, file: Fields | None) -> Fields:
    if isinstance(value, SecretKey):
        return {"secretKeyRef": {"name": value.secret, "key": value.key} | _optional(value.optional)}
    if isinstance(value, ConfigMapKey):
        return {"configMapKeyRef": {"name": value.config_map, "key": value.key} | _optional(value.optional)}
    if isinstance(value, FieldRef):
        return {"fieldRef": {"fieldPath": value.path}}
    if isinstance(value, ResourceFieldRef):
        return {"resourceFieldRef": resource_field(value)}
    assert isinstance(value, FileKey)
    return {"fileKeyRef": (file or {}) | {"key": value.key} | _optional(value.optional)}


def _optional(value: bool) -> Fields:
    return {"optional": True} if value else {}


def resource_field(value: ResourceFieldRef) -> Fields:
    """A container's own request or limit."""
    return given(container_name=value.container, resource=value.resource, divisor=value.divisor)


def env_from(value: SecretEnv | ConfigMapEnv) -> Fields:
    """All keys of a Secret or ConfigMap as variables."""
    key = "secretRef" if isinstance(value, SecretEnv) else "configMapRef"
    found: Fields = {key: {"name": value.name} | _optional(value.optional)}
    return found if value.prefix is None else {"prefix": value.prefix} | found


def resources(value: Resources) -> Fields:
    """Requests and limits."""
    return flat(value)


def probe(value: Probe) -> Fields:
    """A probe: its handler, then how often it is asked."""
    times = {
        key: each for name, key in _keys(Probe) if name != "handler" and (each := getattr(value, name)) is not None
    }
    return handler(value.handler) | times


def handler(value: Handler | Hook) -> Fields:
    """What a probe or a lifecycle hook does."""
    if isinstance(value, HttpGet):
        headers = [{"name": name, "value": each} for name, each in (value.headers or {}).items()] or None
        request = given(path=value.path, port=value.port, host=value.host, scheme=value.scheme, http_headers=headers)
        return {"httpGet": request}
    if isinstance(value, TcpSocket):
        return {"tcpSocket": given(port=value.port, host=value.host)}
    if isinstance(value, Exec):
        return {"exec": {"command": list(value.command)}}
    if isinstance(value, Sleep):
        return {"sleep": {"seconds": value.duration}}
    assert isinstance(value, Grpc)
    return {"grpc": flat(value)}


def toleration(value: Toleration) -> Fields:
    """A taint that the pod accepts."""
    return flat(value)


def topology_spread(value: TopologySpread, selector: Mapping[str, str]) -> Fields:
    """A spread constraint, by default over the workload's own pods."""
    labels = dict(selector if value.match_labels is None else value.match_labels)
    found = given(
        max_skew=value.max_skew,
        topology_key=value.topology_key,
        when_unsatisfiable=value.when_unsatisfiable,
        min_domains=value.min_domains,
        label_selector={"matchLabels": labels},
    )
    return merged(found, value.raw)


def dns_config(value: DnsConfig) -> Fields:
    """Resolver settings."""
    options = [given(name=name, value=each) for name, each in (value.options or {}).items()] or None
    return given(nameservers=plain(value.nameservers), searches=plain(value.searches), options=options)


def policy_rule(value: PolicyRule) -> Fields:
    """One rule of a Role, whose own namespace says where it holds."""
    return {key: each for key, each in flat(value).items() if key != "namespace"}
