"""What app containers, stages and sidecars have in common, and the app container itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import ClassVar, Literal, TypeAlias

from initconstructs.model import checks
from initconstructs.model.checks import Words
from initconstructs.model.environment import ConfigMapEnv, EnvValue, SecretEnv, environment
from initconstructs.model.errors import ModelError
from initconstructs.model.frozen import frozen
from initconstructs.model.probes import Exec, Hook, HttpGet, Probe, Sleep
from initconstructs.model.raw import Raw, raw_fields
from initconstructs.model.resources import Resources
from initconstructs.model.security import PROFILES, Profile, SecurityContext, excess
from initconstructs.model.volumes import Mount, mounts

PullPolicy: TypeAlias = Literal["Always", "IfNotPresent", "Never"]
RestartPolicy: TypeAlias = Literal["Always", "OnFailure", "Never"]

PROBES: Mapping[str, type | tuple[type, ...]] = {
    "startup_probe": Probe,
    "liveness_probe": Probe,
    "readiness_probe": Probe,
    "post_start": (HttpGet, Exec, Sleep),
    "pre_stop": (HttpGet, Exec, Sleep),
}
"""The fields of the containers that keep running, and what they hold."""

_AS_WORDS = 'write ["sh", "-c", "..."] or one string a word: Kubernetes runs no shell'


@frozen
class ContainerPort:
    """A port that a container serves: `ContainerPort(8000, name="http")`."""

    number: int = field(kw_only=False)
    name: str | None = None
    protocol: Literal["TCP", "UDP", "SCTP"] | None = None
    host_port: int | None = None

    def __post_init__(self) -> None:
        checks.port_number("ContainerPort.number", self.number)
        if self.name is not None:
            checks.port_name("ContainerPort.name", self.name)
        if self.protocol is not None:
            checks.choice("ContainerPort.protocol", self.protocol, ("TCP", "UDP", "SCTP"))
        if self.host_port is not None:
            checks.port_number("ContainerPort.host_port", self.host_port)


@frozen
class BaseContainer:
    """The fields that every container has, whenever it runs.

    `command` and `args` replace the image's entry point and arguments; Kubernetes runs them without a shell.
    `env` takes literals and sources by name; a literal that starts with a later `$(NAME)` is expanded by Kubernetes.
    `raw` takes any other field of a Kubernetes container, merged last.
    """

    name: str = field(kw_only=False)
    image: str
    command: Words | None = None
    args: Words | None = None
    working_dir: str | None = None
    env: Mapping[str, EnvValue] = field(default_factory=dict)
    env_from: Sequence[SecretEnv | ConfigMapEnv] = ()
    ports: Sequence[int | ContainerPort] = ()
    mounts: Sequence[Mount] = ()
    resources: Resources | None = None
    security: SecurityContext | None = None
    image_pull_policy: PullPolicy | None = None
    raw: Raw = field(default_factory=dict)

    _ELSEWHERE: ClassVar[dict[str, str]] = {
        "volume_mounts": 'take mounts=[volume.at("/path")]',
        "security_context": "take security=SecurityContext(...)",
        "port": "take ports=[8000]",
    }

    def __post_init__(self) -> None:
        place = self.place
        checks.label(f"{type(self).__name__}.name", self.name)
        checks.text(f"{place}.image", self.image, 'name an image with a tag, such as "ghcr.io/acme/shop:1.4.2"')
        for name in ("command", "args"):
            words = getattr(self, name)
            if words is not None:
                object.__setattr__(self, name, checks.words(f"{place}.{name}", words, _AS_WORDS))
        if self.image_pull_policy is not None:
            checks.choice(f"{place}.image_pull_policy", self.image_pull_policy, ("Always", "IfNotPresent", "Never"))
        checks.instances(place, self, {"resources": Resources, "security": SecurityContext})
        self._check_environment()
        self._check_ports()
        object.__setattr__(self, "mounts", mounts(f"{place}.mounts", self.mounts))
        object.__setattr__(self, "raw", raw_fields(f"{place}.raw", self.raw, "core.v1.Container"))

    @property
    def place(self) -> str:
        """How messages name this container."""
        return f'{type(self).__name__} "{self.name}"'

    def _check_environment(self) -> None:
        object.__setattr__(self, "env", environment(f"{self.place}.env", self.env))
        kept = checks.items(
            f"{self.place}.env_from", self.env_from, (SecretEnv, ConfigMapEnv), 'write [SecretEnv("name")], say'
        )
        object.__setattr__(self, "env_from", kept)

    def _check_ports(self) -> None:
        kept = checks.items(f"{self.place}.ports", self.ports, (int, ContainerPort), "write [8000], say")
        ports = tuple(port if isinstance(port, ContainerPort) else ContainerPort(port) for port in kept)
        checks.unique(f"{self.place}.ports name", (port.name for port in ports if port.name), "name each port once")
        object.__setattr__(self, "ports", ports)


@frozen
class Container(BaseContainer):
    """A container of the app: all of them start together, once every stage has finished and every sidecar started.

    `profile` fills the security context and bounds it; left out, it is the profile of the workload's settings.
    """

    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    post_start: Hook | None = None
    pre_stop: Hook | None = None
    profile: Profile | None = None

    def __post_init__(self) -> None:
        BaseContainer.__post_init__(self)
        checks.instances(self.place, self, PROBES)
        if self.profile is not None:
            check_profile(self, self.profile)


def check_profile(container: BaseContainer, profile: Profile) -> None:
    """The container asks for nothing that the profile forbids."""
    checks.choice(f"{container.place}.profile", profile, PROFILES)
    asked = excess(container.security, profile) if container.security else None
    if asked:
        raise ModelError(
            f"{container.place}.security",
            f'asks for {asked}, which Pod Security "{profile}" forbids',
            unprivileged_way(asked),
        )


_WITHOUT = {
    "run_as_user=0": "let PodSecurityContext(fs_group=...) give the volume to the app's group",
    "privileged=True": "set kernel parameters by PodSecurityContext(sysctls=...)",
    "capability CHOWN": "let PodSecurityContext(fs_group=...) give the volume to the app's group",
    "capability NET_ADMIN": "leave it to the network plug-in or the service mesh",
}


def without(asked: str | None) -> str:
    """How to do without what was asked."""
    return _WITHOUT.get(asked or "", "leave it out")


def unprivileged_way(asked: str) -> str:
    """How to do without what was asked, and how to ask for it openly."""
    return f'{without(asked)}, or say profile="baseline" or "privileged" here and in the workload\'s settings'
