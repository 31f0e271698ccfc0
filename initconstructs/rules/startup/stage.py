"""A workload as the rules of start-up see it: its stages in their order, and what each of them runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from initconstructs.manifests.pod_template import PodTemplate, is_sidecar, pod_template
from initconstructs.manifests.replicas import autoscaled
from initconstructs.manifests.shell.words import Word
from initconstructs.rules.startup.calls import Call, by_program, calls_of_argv, script_of

_ENTRYPOINTS = frozenset(["wait-for-it", "wait-for", "dockerize", "kubectl", "curl", "dbmate", "goose"])
"""Images named like the program that they start when the manifest gives only args."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One init container, sidecar or app container; `path` is that of the container."""

    path: str
    container: Mapping[str, object]

    @property
    def name(self) -> str:
        """The container's name, for messages."""
        return str(self.container.get("name") or "?")

    @property
    def image(self) -> str:
        """The image reference; empty where none is written."""
        image = self.container.get("image")
        return image if isinstance(image, str) else ""

    @cached_property
    def repository(self) -> str:
        """The image's last path component without tag and digest: `busybox`."""
        return self.image.partition("@")[0].rsplit("/", 1)[-1].partition(":")[0]

    @property
    def tag(self) -> str:
        """The image's tag, or '' where it has none."""
        return self.image.partition("@")[0].rsplit("/", 1)[-1].partition(":")[2]

    @cached_property
    def is_sidecar(self) -> bool:
        """Whether it keeps running beside the app."""
        return is_sidecar(self.container)

    @cached_property
    def argv(self) -> tuple[str, ...]:
        """`command` and `args` in one."""
        return (*_strings(self.container.get("command")), *_strings(self.container.get("args")))

    @cached_property
    def run(self) -> tuple[str, ...]:
        """What runs: `argv`, behind the image's entrypoint where the image is named like its program."""
        entrypoint = (self.repository,) if self.repository in _ENTRYPOINTS and not self.container.get("command") else ()
        return (*entrypoint, *self.argv)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every program that the stage's command calls, as far as the manifest shows it."""
        return calls_of_argv(self.run)

    @cached_property
    def programs(self) -> Mapping[str, tuple[Call, ...]]:
        """The same calls by program."""
        return by_program(self.run)

    def called(self, *programs: str) -> list[Call]:
        """The calls of these programs."""
        return [call for program in programs for call in self.programs.get(program, ())]

    @cached_property
    def script(self) -> tuple[str, tuple[Word, ...]] | None:
        """The script of `sh -c`, and the words after it."""
        return script_of([Word(text) for text in self.argv])

    @property
    def command_path(self) -> str:
        """Where the last part of what it runs is written."""
        return f"{self.path}.args" if self.container.get("args") else f"{self.path}.command"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A manifest that runs pods."""

    manifest: Mapping[str, object]
    template: PodTemplate
    autoscaled: str = ""
    """How many pods an autoscaler of the same synth may make of it, in words."""

    @property
    def kind(self) -> str:
        """Deployment, Job, ..."""
        return str(self.manifest.get("kind"))

    @property
    def spec(self) -> Mapping[str, object]:
        """The pod's spec."""
        return self.template.spec

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """Init containers and sidecars in the order in which they start."""
        return tuple(Stage(path=path, container=container) for path, container in self.template.init_containers())

    @cached_property
    def apps(self) -> tuple[Stage, ...]:
        """The app containers, which start together after the stages."""
        return tuple(Stage(path=path, container=container) for path, container in self.template.app_containers())

    @cached_property
    def init_stages(self) -> tuple[Stage, ...]:
        """The stages that have to end before the next one starts."""
        return tuple(stage for stage in self.stages if not stage.is_sidecar)


def workload(manifest: Mapping[str, object], autoscaler: Mapping[str, object] | None = None) -> Workload | None:
    """None for what runs no pods; the autoscaler is the one of the same synth."""
    template = pod_template(manifest)
    scaled = autoscaled(manifest, autoscaler) if autoscaler else ""
    return Workload(manifest=manifest, template=template, autoscaled=scaled) if template else None


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
