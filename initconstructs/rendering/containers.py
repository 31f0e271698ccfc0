"""Containers of every sort as Kubernetes fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from initconstructs.model.containers import BaseContainer, Container
from initconstructs.model.environment import FileKey
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import merged
from initconstructs.model.settings import Settings
from initconstructs.model.stages import BaseStage, Sidecar
from initconstructs.model.volumes import Mount
from initconstructs.rendering.security import Hardening
from initconstructs.rendering.values import Fields, env_from, env_var, flat, given, handler, probe, resources
from initconstructs.rendering.volumes import mount


@frozen
class ContainerRenderer:
    """Renders the containers of one pod.

    `volume_name` tells under which name a mount's volume stands in the pod; `environment_file` where the file of a
    hand-off lies; `mounts` what each container mounts, by its name.
    """

    settings: Settings
    hardening: Hardening
    volume_name: Callable[[Mount], str]
    environment_file: Callable[[BaseContainer, FileKey], Fields]
    mounts: Mapping[str, tuple[Mount, ...]]

    def __call__(self, container: BaseContainer) -> Fields:
        """One container, raw fields merged last."""
        found: Fields = {"name": container.name, "image": self.settings.pull(container.image)}
        restart_policy = getattr(container, "restart_policy", None)
        if restart_policy is not None:
            found["restartPolicy"] = restart_policy
        self._add_process(found, container)
        self._add_volumes(found, container)
        if container.resources is not None:
            found["resources"] = resources(container.resources)
        if isinstance(container, (Container, Sidecar)):
            _add_probes(found, container)
        context = self.hardening.context(container)
        if context:
            found["securityContext"] = context
        return merged(found, container.raw) if container.raw else found

    def _add_process(self, found: Fields, container: BaseContainer) -> None:
        if container.image_pull_policy is not None:
            found["imagePullPolicy"] = container.image_pull_policy
        if container.command is not None:
            found["command"] = list(container.command)
        if container.args is not None:
            found["args"] = list(container.args)
        if container.working_dir is not None:
            found["workingDir"] = container.working_dir
        if container.env_from:
            found["envFrom"] = [env_from(each) for each in container.env_from]
        if container.env:
            found["env"] = [self._env_var(container, name) for name in container.env]
        if container.ports:
            found["ports"] = [_port(each) for each in container.ports]

    def _env_var(self, container: BaseContainer, name: str) -> Fields:
        value = container.env[name]
        file = self.environment_file(container, value) if isinstance(value, FileKey) else None
        return env_var(name, value, file)

    def _add_volumes(self, found: Fields, container: BaseContainer) -> None:
        mounts = self.mounts[container.name]
        if mounts:
            found["volumeMounts"] = [mount(each, self.volume_name(each)) for each in mounts]


def all_mounts(container: BaseContainer) -> tuple[Mount, ...]:
    """What a container mounts: the directories that it produces, then its own mounts."""
    produced = container.produced_mounts if isinstance(container, BaseStage) else ()
    return produced + tuple(container.mounts)


def _add_probes(found: Fields, container: Container | Sidecar) -> None:
    for key, each in (
        ("startupProbe", container.startup_probe),
        ("livenessProbe", container.liveness_probe),
        ("readinessProbe", container.readiness_probe),
    ):
        if each is not None:
            found[key] = probe(each)
    hooks = given(
        post_start=handler(container.post_start) if container.post_start else None,
        pre_stop=handler(container.pre_stop) if container.pre_stop else None,
    )
    if hooks:
        found["lifecycle"] = hooks


def _port(port: object) -> Fields:
    found = flat(port)
    number = found.pop("number")
    return {"containerPort": number} | found
