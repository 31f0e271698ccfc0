"""Where the values of environment variables come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from initconstructs.model import checks
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.frozen import frozen


@frozen
class SecretKey:
    """One key of a Secret: `SecretKey("shop-db", "url")`."""

    secret: str = field(kw_only=False)
    key: str = field(kw_only=False)
    optional: bool = False

    def __post_init__(self) -> None:
        checks.subdomain("SecretKey.secret", self.secret)
        checks.text("SecretKey.key", self.key, "name a key of the Secret")


@frozen
class ConfigMapKey:
    """One key of a ConfigMap: `ConfigMapKey("shop", "log-level")`."""

    config_map: str = field(kw_only=False)
    key: str = field(kw_only=False)
    optional: bool = False

    def __post_init__(self) -> None:
        checks.subdomain("ConfigMapKey.config_map", self.config_map)
        checks.text("ConfigMapKey.key", self.key, "name a key of the ConfigMap")


@frozen
class FieldRef:
    """A field of the pod itself: `FieldRef("metadata.namespace")`, `FieldRef("status.podIP")`."""

    path: str = field(kw_only=False)

    def __post_init__(self) -> None:
        checks.text("FieldRef.path", self.path, 'write a field such as "metadata.name" or "status.hostIP"')


@frozen
class ResourceFieldRef:
    """A container's own request or limit: `ResourceFieldRef("limits.memory", divisor="1Mi")`."""

    resource: str = field(kw_only=False)
    container: str | None = None
    divisor: checks.Quantity | None = None

    def __post_init__(self) -> None:
        checks.text("ResourceFieldRef.resource", self.resource, 'write "limits.cpu" or "requests.memory", say')
        if self.divisor is not None:
            object.__setattr__(self, "divisor", checks.quantity("ResourceFieldRef.divisor", self.divisor))


@frozen
class FileKey:
    """One variable of an environment file that an earlier stage wrote; made by `stage.environment.key("NAME")`.

    Kubernetes reads the file when the container starts (`fileKeyRef`, on by default from 1.35); the container need not
    mount it.
    """

    stage: str
    output: str
    key: str
    optional: bool = False


EnvSource: TypeAlias = SecretKey | ConfigMapKey | FieldRef | ResourceFieldRef | FileKey
EnvValue: TypeAlias = str | EnvSource


@frozen
class SecretEnv:
    """Every key of a Secret as a variable."""

    name: str = field(kw_only=False)
    prefix: str | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        checks.subdomain("SecretEnv.name", self.name)


@frozen
class ConfigMapEnv:
    """Every key of a ConfigMap as a variable."""

    name: str = field(kw_only=False)
    prefix: str | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        checks.subdomain("ConfigMapEnv.name", self.name)


def check_secret_key(place: str, value: object, remedy: str) -> None:
    """A reference to a Secret; what else stands there may be the secret itself, so its type alone is named."""
    if not isinstance(value, SecretKey):
        raise ModelError(place, f"must be a SecretKey, not {type(value).__name__}", remedy)


def environment(place: str, value: Mapping[str, EnvValue]) -> Mapping[str, EnvValue]:
    """Variables by name. A wrong value is named by its type only: it may be a secret."""
    if not isinstance(value, Mapping):
        raise ModelError(place, f"must be a mapping, not {type(value).__name__}", 'write {"LOG_LEVEL": "info"}, say')
    kept = checks.mapping(place, value)
    for name, each in kept.items():
        if not name or "=" in name or not name.isprintable():
            shown = f"{name.partition('=')[0]}=..." if "=" in name else name  # the rest may be the value
            raise wrong(place, shown, "must be names of printable characters without '='", "rename the variable")
        if not isinstance(each, (str, SecretKey, ConfigMapKey, FieldRef, ResourceFieldRef, FileKey)):
            raise ModelError(
                f'{place}["{name}"]',
                f"must be a string or a source such as SecretKey, not {type(each).__name__}",
                "quote a literal, or take stage.environment.key(...) for a hand-off",
            )
    return kept
