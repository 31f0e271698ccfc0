"""The pod of a workload: stages in their order, the app, their volumes and what they hand over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from initconstructs.model.containers import BaseContainer, Container
from initconstructs.model.environment import FileKey
from initconstructs.model.errors import ModelError
from initconstructs.model.frozen import frozen
from initconstructs.model.settings import Settings
from initconstructs.model.stages import EnvironmentOutput, Sidecar, Step
from initconstructs.model.volumes import ClaimTemplate, InlineFiles, Mount, Output, Volume
from initconstructs.rendering.containers import ContainerRenderer, all_mounts
from initconstructs.rendering.security import Hardening
from initconstructs.rendering.values import Fields
from initconstructs.rendering.volumes import volume

FILE_KEY_MINOR = 35
"""The first minor that has `fileKeyRef` on by default (gate EnvFiles)."""


@frozen
class PodContainers:
    """What becomes of the containers of one pod, before the pod's own settings are added.

    `own_volumes` names those that were made for a hand-off alone: nobody else may mean them.
    """

    init_containers: list[Fields]
    containers: list[Fields]
    volumes: list[Fields]
    own_volumes: frozenset[str]
    claims: tuple[ClaimTemplate, ...]
    config_maps: tuple[tuple[str, InlineFiles], ...]


def pod_containers(
    *,
    owner: str,
    steps: Sequence[Step],
    containers: Sequence[Container],
    volumes: Iterable[Volume] = (),
    settings: Settings,
    hardening: Hardening,
    extra_mounts: Mapping[str, tuple[Mount, ...]],
) -> PodContainers:
    """Render the containers of the workload called `owner`, with the volumes that they mount.

    Raises `ModelError` for a hand-off that is read before it is written, a volume name that means two things, and a
    profile that the settings don't allow.
    """
    found = _Volumes(owner=owner, handoffs=_Handoffs(steps))
    everyone: tuple[BaseContainer, ...] = (*steps, *containers)
    mounts = {each.name: all_mounts(each) + extra_mounts.get(each.name, ()) for each in everyone}
    for container in everyone:
        for each in mounts[container.name]:
            found.add(container, each)
    for listed in volumes:
        found.add_volume(listed)

    def environment_file(container: BaseContainer, key: FileKey) -> Fields:
        return _file_of(container, key, found, settings)

    render = ContainerRenderer(
        settings=settings,
        hardening=hardening,
        volume_name=volume_name,
        environment_file=environment_file,
        mounts=mounts,
    )
    init_containers = [render(step) for step in steps]
    apps = [render(container) for container in containers]
    return PodContainers(
        init_containers=init_containers,
        containers=apps,
        volumes=[volume(each, found.config_map(each), settings) for each in found.volumes.values()],
        own_volumes=frozenset(name for name, maker in found.makers.items() if maker is not None),
        claims=tuple(found.claims.values()),
        config_maps=tuple(
            (found.config_map(each), each.source)
            for each in found.volumes.values()
            if isinstance(each.source, InlineFiles)
        ),
    )


def volume_name(mount: Mount) -> str:
    """The name under which a mount's volume stands in the pod."""
    return _held(mount).name


def _held(mount: Mount) -> Volume | ClaimTemplate:
    return mount.volume.volume if isinstance(mount.volume, Output) else mount.volume


class _Handoffs:
    """Who hands over what, and who has started by then."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = {step.name: (index, step) for index, step in enumerate(steps)}

    def check(self, consumer: BaseContainer, stage: str, what: str) -> Step:
        """The step that makes what the consumer takes, if it starts earlier."""
        if stage not in self._steps:
            raise ModelError(
                consumer.place,
                f'takes {what} of "{stage}", which is no stage of this workload',
                "add the stage to stages=[...]",
            )
        index, producer = self._steps[stage]
        mine, _ = self._steps.get(consumer.name, (len(self._steps), None))
        if mine < index:
            gate = "started" if isinstance(producer, Sidecar) else "completed"
            raise ModelError(
                consumer.place,
                f'takes {what} of "{stage}" but starts before it',
                f'move it behind "{stage}", or say after=[{gate}("{stage}")]',
            )
        return producer

    def check_output(self, consumer: BaseContainer, taken: Output) -> str | None:
        """The taken output is the one that the stage in this workload produces; its name, if its volume is its own."""
        producer = self.check(consumer, taken.stage, f'output "{taken.name}"')
        if producer.outputs.get(taken.name) != taken:
            raise ModelError(
                consumer.place,
                f'takes output "{taken.name}" of another stage that is called "{taken.stage}" too',
                "take it from the stage that is in stages=[...]",
            )
        made = next(each for each in producer.produces if each.name == taken.name)
        return None if made.volume else f"{taken.stage}.{taken.name}"


@frozen
class _Volumes:
    """The volumes of one pod, found through mounts, each name once."""

    owner: str
    handoffs: _Handoffs
    volumes: dict[str, Volume] = field(default_factory=dict)
    claims: dict[str, ClaimTemplate] = field(default_factory=dict)
    makers: dict[str, str | None] = field(default_factory=dict)

    def add(self, container: BaseContainer, mount: Mount) -> None:
        taken = mount.volume
        maker = self.handoffs.check_output(container, taken) if isinstance(taken, Output) else None
        held = _held(mount)
        if isinstance(held, Volume):
            self.add_volume(held, maker)
        elif self.claims.setdefault(held.name, held) != held:
            raise two_meanings(self.owner, held.name)
        if held.name in self.volumes and held.name in self.claims:
            raise two_meanings(self.owner, held.name)

    def add_volume(self, given: Volume, maker: str | None = None) -> None:
        same = self.volumes.setdefault(given.name, given) == given
        if not same or self.makers.setdefault(given.name, maker) != maker:
            raise two_meanings(self.owner, given.name)

    def config_map(self, given: Volume) -> str:
        """The name of the ConfigMap for inline files: it changes with them, so that a change rolls the pods."""
        if not isinstance(given.source, InlineFiles):
            return ""
        from hashlib import sha256  # noqa: PLC0415 -- it loads OpenSSL, and few workloads hold files

        content = "\0".join(f"{name}\0{text}" for name, text in sorted(given.source.files.items()))
        return f"{self.owner}-{given.name}-{sha256(content.encode()).hexdigest()[:8]}"


def two_meanings(owner: str, name: str) -> ModelError:
    """A volume name that stands for two different volumes."""
    return ModelError(f'"{owner}": volume "{name}"', "stands for two things", "rename one of the two")


def _file_of(container: BaseContainer, key: FileKey, found: _Volumes, settings: Settings) -> Fields:
    place = f'{container.place}.env: key "{key.key}" of "{key.stage}"'
    if settings.minor < FILE_KEY_MINOR:
        raise ModelError(
            place,
            f"needs fileKeyRef, which Kubernetes has from 1.{FILE_KEY_MINOR}; the target is {settings.kubernetes}",
            "mount stage.environment.at(...) and read the file in the app, or raise Settings(kubernetes=...)",
        )
    producer = found.handoffs.check(container, key.stage, f'key "{key.key}"')
    output = producer.outputs.get(key.output)
    if not isinstance(output, EnvironmentOutput):
        raise ModelError(place, "is no environment file that this stage produces", "take stage.environment.key(...)")
    return {"volumeName": output.volume.name, "path": output.file}


def check_claims(kind: str, place: str, found: PodContainers) -> None:
    """Claim templates are mounted in a StatefulSet only."""
    if found.claims and kind != "StatefulSet":
        raise ModelError(
            place,
            f'mounts ClaimTemplate "{found.claims[0].name}", which only a StatefulSet has',
            "mount Volume(name, Claim(...)) or Volume(name, EphemeralClaim(...))",
        )
