"""How a preset's program gets into its container, unchanged, and the stage around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TypeVar, cast

from typing_extensions import TypedDict, Unpack

from initconstructs.model.checks import Words
from initconstructs.model.environment import EnvValue, environment
from initconstructs.model.errors import wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import Raw
from initconstructs.model.resources import Resources
from initconstructs.model.security import Profile, SecurityContext
from initconstructs.model.stages import BaseStage, Directory, Edge, EnvironmentFile, PolicyRule
from initconstructs.model.volumes import InlineFiles, Mount, Volume
from initconstructs.presets.text import check_hidden_text

HOME = "/initconstructs"
"""Where programs are mounted."""

TELL_WHY = {"terminationMessagePolicy": "FallbackToLogsOnError"}
"""The last lines of the log are the termination message, so that `kubectl describe pod` shows why a stage failed."""

RESOURCES = Resources(requests={"cpu": "10m", "memory": "32Mi"}, limits={"memory": "64Mi"})
"""What a preset requests that holds nothing large in memory."""

COMMAND_RESOURCES = Resources(requests={"cpu": "100m", "memory": "128Mi"})
"""What a preset requests that runs a command of the author's own, whose needs nobody knows: there is no limit."""

UNPRIVILEGED = SecurityContext(run_as_user=65532, run_as_group=65532, read_only_root_filesystem=True)
"""Who runs a program that needs no rights: nobody in particular, who can write nothing but what is mounted for it."""

_OF_SHELLS = frozenset({"_", "IFS", "LINENO", "OLDPWD", "OPTIND", "PPID", "PS1", "PS2", "PS4", "PWD", "RANDOM"})
_OF_SHELLS |= {"EPOCHREALTIME", "EPOCHSECONDS", "SECONDS", "SHELLOPTS", "SHLVL"}  # of bash
_ASSIGNED = re.compile(
    r"(?:^|[\s;({])([A-Za-z_]\w*)=|\bfor ([A-Za-z_]\w*)|\bread(?: -\w+)*((?: [A-Za-z_]\w*)+)", re.MULTILINE
)
_COMMENT = re.compile(r"^\s*#.*", re.MULTILINE)

T = TypeVar("T", bound=BaseStage)


class StepOptions(TypedDict, total=False):
    """What every preset takes besides its own parameters and its image; the words are those of a `Stage`."""

    name: str
    resources: Resources
    security: SecurityContext
    mounts: Sequence[Mount]
    after: Sequence[Edge]
    before: Words
    raw: Raw


class StageOptions(StepOptions, total=False):
    """The same, for a preset that knows an image itself."""

    image: str


class Parts(TypedDict, total=False):
    """What only the preset itself decides about its stage."""

    env: Mapping[str, EnvValue]
    produces: Sequence[Directory | EnvironmentFile]
    permissions: Sequence[PolicyRule]
    objects: Sequence[Raw]
    profile: Profile
    working_dir: str


@frozen
class Program:
    """A static program: its files, the directory that they are mounted in, and the words that start it."""

    files: Mapping[str, str]
    directory: str
    command: tuple[str, ...]

    def stage(
        self,
        kind: type[T],
        name: str,
        args: Sequence[str],
        options: StepOptions,
        *,
        image: str,
        resources: Resources = RESOURCES,
        security: SecurityContext = UNPRIVILEGED,
        mounts: Sequence[Mount] = (),
        network: bool = False,
        **parts: Unpack[Parts],
    ) -> T:
        """The step that runs the program, given `args` and `env` as they are; the options go before the defaults."""
        name = options.get("name", name)
        parts["env"] = literals(f"{name}: env", parts.get("env", {}))
        self.check_variables(f"{name}: env", parts["env"])
        volume = Volume(f"{name[:55].rstrip('-')}-program", InlineFiles(self.files))
        return kind(
            name,
            image=cast(StageOptions, options).get("image", image),
            command=self.command,
            args=[literal(each) for each in args],
            mounts=[volume.at(self.directory, read_only=True), *mounts, *options.get("mounts", ())],
            resources=options.get("resources", resources),
            security=options.get("security", security),
            after=options.get("after", ()),
            before=options.get("before", ()),
            raw=TELL_WHY | dict(options.get("raw", {})),
            network=network,
            **parts,
        )

    def check_variables(self, place: str, env: Mapping[str, EnvValue]) -> None:
        """Refuse variables that would reach what a script runs with the script's value: it assigns them itself."""
        if self.command[0] != "sh":
            return
        own = _OF_SHELLS.union(*map(_assigned, self.files.values()))
        for name in sorted(env.keys() & own):
            raise wrong(place, name, "is a variable that the script or its shell sets itself", "rename it")


def shell(family: str, script: str) -> Program:
    """The POSIX shell script `scripts/<family>/<script>.sh`."""
    directory = f"{HOME}/{family}"
    text = _read(f"{family}/{script}.sh")
    return Program(files={f"{script}.sh": text}, directory=directory, command=("sh", "-eu", f"{directory}/{script}.sh"))


def python(package: str, module: str, *also: str) -> Program:
    """The module of the Python package `scripts/<package>`, with those of the package that it imports.

    `also` are modules that it loads by name. The module's `start()` is what runs, as process 1 of the container.
    -E, -s, -S, -B: neither the environment nor installed packages change what runs, and nothing is written.
    """
    start = f'import sys; sys.path.insert(0, "{HOME}"); from {package}.{module} import start; start()'
    found = _modules(package, frozenset([module, *also]))
    return Program(
        files=found,
        directory=f"{HOME}/{package}",
        command=("python3", "-E", "-s", "-S", "-B", "-c", start),
    )


@lru_cache(maxsize=64)
def _modules(package: str, modules: frozenset[str]) -> Mapping[str, str]:
    """The text of `modules` and of their siblings that they import, by file name."""
    found: dict[str, str] = {}
    missing = set(modules)
    while missing:
        module = missing.pop()
        found[module] = _read(f"{package}/{module}.py")
        missing |= set(re.findall(r"^\s*from \.(\w+) import", found[module], re.MULTILINE)) - found.keys()
    return {f"{module}.py": found[module] for module in sorted(found)}


@lru_cache(maxsize=64)
def _read(path: str) -> str:
    return (files("initconstructs.presets") / "scripts" / path).read_text("utf-8")


@lru_cache(maxsize=64)
def _assigned(script: str) -> frozenset[str]:
    found = _ASSIGNED.findall(_COMMENT.sub("", script))
    return frozenset(name for names in found for name in " ".join(names).split())


def literal(word: str) -> str:
    """A word that Kubernetes hands over as it is: it expands `$(NAME)` in arguments, and takes `$$` for `$`.

    https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
    """
    return word.replace("$", "$$")


def literals(place: str, env: Mapping[str, EnvValue]) -> Mapping[str, EnvValue]:
    """Variables whose text the program gets as it is; none of it is shown, as it may be a secret."""
    return {
        name: literal(check_hidden_text(f'{place}["{name}"]', value)) if isinstance(value, str) else value
        for name, value in environment(place, env).items()
    }
