"""Stages and sidecars: the steps before the app, what each waits for and what each hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, cast

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Quantity, Words
from initconstructs.model.containers import PROBES, BaseContainer, RestartPolicy, check_profile
from initconstructs.model.environment import FileKey
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.probes import Hook, Probe
from initconstructs.model.raw import Raw, raw_fields
from initconstructs.model.security import Profile
from initconstructs.model.volumes import ClaimTemplate, EmptyDir, Mount, Output, Volume

if TYPE_CHECKING:
    from initconstructs.model.workload import JobSpec

Gate: TypeAlias = Literal["completed", "started", "healthy"]


@frozen
class Edge:
    """Something that must have happened to another stage first; take it from `stage.completed` and its kin."""

    stage: str
    gate: Gate

    def __post_init__(self) -> None:
        checks.label("Edge.stage", self.stage)
        checks.choice("Edge.gate", self.gate, ("completed", "started", "healthy"))


@ends_at_the_author
def completed(stage: str) -> Edge:
    """The named stage has exited 0. For stages that another library brings; else take `stage.completed`."""
    return Edge(stage=stage, gate="completed")


@ends_at_the_author
def started(stage: str) -> Edge:
    """The named sidecar runs, and its startup probe has passed if it has one."""
    return Edge(stage=stage, gate="started")


@ends_at_the_author
def healthy(stage: str) -> Edge:
    """The named sidecar's startup probe has passed. Readiness never gates a start."""
    return Edge(stage=stage, gate="healthy")


@frozen
class Directory:
    """A directory that a stage writes under `path` and later containers read: `produces=[Directory("/out")]`.

    It is an `emptyDir` unless `volume` says otherwise; `memory=True` keeps it off the disk. `name` tells several
    outputs of one stage apart.
    """

    path: str = field(kw_only=False)
    name: str = "output"
    memory: bool = False
    size_limit: Quantity | None = None
    volume: Volume | ClaimTemplate | None = None

    def __post_init__(self) -> None:
        checks.absolute_path("Directory.path", self.path)
        checks.label("Directory.name", self.name)
        if self.size_limit is not None:
            object.__setattr__(self, "size_limit", checks.quantity("Directory.size_limit", self.size_limit))
        checks.instances("Directory", self, {"volume": (Volume, ClaimTemplate)})
        if self.volume is not None and (self.memory or self.size_limit is not None):
            raise ModelError("Directory", "takes memory and size_limit only for its own emptyDir", "say them in volume")

    @property
    def mount_path(self) -> str:
        """Where the producer mounts the directory."""
        return self.path


@frozen
class EnvironmentFile:
    """A file of NAME=value lines that a stage writes and later containers take variables from.

    `env={"TOKEN": stage.environment.key("TOKEN")}` renders as `fileKeyRef`, which Kubernetes has on by
    default from 1.35. The file lives in an `emptyDir`, as the API server demands.
    """

    path: str = field(kw_only=False)
    name: str = "output"
    memory: bool = True
    size_limit: Quantity | None = None
    volume: ClassVar[None] = None

    def __post_init__(self) -> None:
        checks.absolute_path("EnvironmentFile.path", self.path)
        checks.label("EnvironmentFile.name", self.name)
        if self.path.endswith("/") or self.path.count("/") < 2:
            raise wrong("EnvironmentFile.path", self.path, "must be a file in a directory", 'write "/env/app.env", say')
        if self.size_limit is not None:
            object.__setattr__(self, "size_limit", checks.quantity("EnvironmentFile.size_limit", self.size_limit))

    @property
    def mount_path(self) -> str:
        """Where the producer mounts the directory of the file."""
        return self.path.rpartition("/")[0]

    @property
    def file(self) -> str:
        """The file's path inside the volume."""
        return self.path.rpartition("/")[2]


@frozen
class EnvironmentOutput(Output):
    """An environment file that a stage hands over."""

    file: str

    @ends_at_the_author
    def key(self, name: str, *, optional: bool = False) -> FileKey:
        """One variable of the file, for another container's `env`."""
        checks.text("key", name, "name a variable of the file")
        return FileKey(stage=self.stage, output=self.name, key=name, optional=optional)


@frozen
class PolicyRule:
    """What a stage may do with the Kubernetes API; it becomes a Role bound to the workload's service account.

    `namespace` is where the objects are, unless it is the workload's own.
    """

    verbs: Words
    resources: Words
    api_groups: Words = ("",)
    resource_names: Words | None = None
    namespace: str | None = None

    def __post_init__(self) -> None:
        if self.namespace is not None:
            checks.label("PolicyRule.namespace", self.namespace)
        for name in ("verbs", "resources", "api_groups", "resource_names"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, checks.words(f"PolicyRule.{name}", given))


@frozen
class BaseStage(BaseContainer):
    """What stages and sidecars share.

    `after` and `before` add to the order of the list: `after=[vault.completed]`, `before=["migrate"]`.
    `produces` lists what it hands over. `permissions` are calls to the Kubernetes API that it makes. `objects` are
    further manifests that come out beside the workload; one without a name is named after the workload and the stage. A
    `JobSpec` among them is rendered as one, and named after the workload, itself and its content: a Job's template
    can't change. `exclusive` is for a stage that two pods must not run at once: it says what to do instead, and a
    workload of more pods is refused.
    `profile` is the Pod Security level it needs; it fills the security context. `network` says that it talks to others,
    for which a service mesh must let it through (`Settings(mesh=...)`).
    """

    after: Sequence[Edge] = ()
    before: Words = ()
    produces: Sequence[Directory | EnvironmentFile] = ()
    permissions: Sequence[PolicyRule] = ()
    objects: Sequence[Mapping[str, object] | JobSpec] = ()
    exclusive: str | None = None
    profile: Profile = "restricted"
    network: bool = False

    def __post_init__(self) -> None:
        BaseContainer.__post_init__(self)
        place = self.place
        keep = object.__setattr__
        keep(self, "after", checks.items(f"{place}.after", self.after, Edge, "write [other.completed], say"))
        keep(self, "before", checks.words(f"{place}.before", self.before, "list names of stages"))
        kinds = (Directory, EnvironmentFile)
        keep(self, "produces", checks.items(f"{place}.produces", self.produces, kinds, 'write [Directory("/out")]'))
        keep(self, "permissions", checks.items(f"{place}.permissions", self.permissions, PolicyRule, "list rules"))
        found = checks.items(f"{place}.objects", self.objects, object, "list manifests")
        keep(self, "objects", tuple(_brought(f"{place}.objects[{index}]", each) for index, each in enumerate(found)))
        checks.unique(f"{place}.produces", (each.name for each in self.produces), "name each output")
        taken = [each.mount_path for each in self.produces] + [each.path for each in self.mounts]
        checks.unique(f"{place}: path", taken, "mount each volume under a path of its own")
        keep(self, "_outputs", MappingProxyType({each.name: self._output(each) for each in self.produces}))
        check_profile(self, self.profile)

    @property
    def outputs(self) -> Mapping[str, Output]:
        """What the stage hands over, by name."""
        found: Mapping[str, Output] = self.__dict__["_outputs"]
        return found

    @property
    @ends_at_the_author
    def output(self) -> Output:
        """The one directory that the stage hands over."""
        return self._only(Directory)

    @property
    @ends_at_the_author
    def environment(self) -> EnvironmentOutput:
        """The one environment file that the stage hands over."""
        found = self._only(EnvironmentFile)
        assert isinstance(found, EnvironmentOutput)
        return found

    def _only(self, kind: type[Directory] | type[EnvironmentFile]) -> Output:
        found = [each for each in self.produces if isinstance(each, kind)]
        if len(found) != 1:
            names = ", ".join(each.name for each in found) or "none"
            raise ModelError(
                f"{self.place}.output",
                f"needs exactly one {kind.__name__} in produces, and there is: {names}",
                f'add {kind.__name__}(...) to produces, or take outputs["name"]',
            )
        return self.outputs[found[0].name]

    def _output(self, made: Directory | EnvironmentFile) -> Output:
        volume = made.volume or Volume(
            self.name if made.name == "output" else f"{self.name}-{made.name}"[:63].rstrip("-"),
            EmptyDir(medium="Memory" if made.memory else None, size_limit=made.size_limit),
        )
        if isinstance(made, EnvironmentFile):
            return EnvironmentOutput(stage=self.name, name=made.name, volume=volume, file=made.file)
        return Output(stage=self.name, name=made.name, volume=volume)

    @property
    def produced_mounts(self) -> tuple[Mount, ...]:
        """Where the stage itself writes what it hands over."""
        return tuple(self.outputs[each.name].at(each.mount_path, read_only=False) for each in self.produces)


def _brought(place: str, value: object) -> Raw | JobSpec:
    if not isinstance(value, Mapping):
        from initconstructs.model.workload import JobSpec  # noqa: PLC0415 -- it has stages itself

        checks.instance(place, value, JobSpec, "write a manifest or a JobSpec")
        return cast("JobSpec", value)
    for name in ("apiVersion", "kind"):
        if not isinstance(value.get(name), str):
            raise wrong(f"{place}.{name}", value.get(name), "must be text: it is a manifest", 'write "v1", say')
    return raw_fields(place, value)


@frozen
class Stage(BaseStage):
    """A step that runs to completion, exit code 0, before the next one starts: an init container.

    It runs again whenever the pod's sandbox is lost, so it must be safe to repeat. `restart_policy` overrides the
    pod's for this stage (on by default from Kubernetes 1.35).
    """

    restart_policy: Literal["OnFailure", "Never"] | None = None

    _ELSEWHERE: ClassVar[dict[str, str]] = BaseContainer._ELSEWHERE | dict.fromkeys(
        ("startup_probe", "liveness_probe", "readiness_probe", "post_start", "pre_stop", "lifecycle"),
        "a stage runs to completion, and Kubernetes forbids this for it; make it a Sidecar",
    )

    def __post_init__(self) -> None:
        BaseStage.__post_init__(self)
        if self.restart_policy is not None:
            checks.choice(f"{self.place}.restart_policy", self.restart_policy, ("OnFailure", "Never"))
        for name in _SIDECAR_ONLY:
            if name in self.raw:
                rule = "is forbidden: a stage runs to completion"
                raise ModelError(f"{self.place}.raw[{name!r}]", rule, "make it a Sidecar")

    @property
    def completed(self) -> Edge:
        """It has exited 0."""
        return completed(self.name)


_SIDECAR_ONLY = ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle")


@frozen
class Sidecar(BaseStage):
    """A native sidecar: started in its place among the stages, kept running beside the app, stopped after it.

    Only its startup probe holds back what comes next; readiness never does.
    """

    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    post_start: Hook | None = None
    pre_stop: Hook | None = None

    _ELSEWHERE: ClassVar[dict[str, str]] = BaseContainer._ELSEWHERE | {
        "restart_policy": "a sidecar always restarts; leave it out"
    }
    restart_policy: ClassVar[RestartPolicy] = "Always"

    def __post_init__(self) -> None:
        BaseStage.__post_init__(self)
        checks.instances(self.place, self, PROBES)

    @property
    def started(self) -> Edge:
        """It runs, and its startup probe has passed if it has one."""
        return started(self.name)

    @property
    @ends_at_the_author
    def healthy(self) -> Edge:
        """Its startup probe has passed."""
        if self.startup_probe is None:
            raise ModelError(
                f"{self.place}.healthy",
                "needs a startup probe: readiness and liveness never hold back the next stage",
                "add startup_probe=Probe(...), or take .started",
            )
        return healthy(self.name)


Step: TypeAlias = Stage | Sidecar
"""Anything that stands in the list of stages."""
