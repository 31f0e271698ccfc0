"""A wait as a value: what is asked, and the stage that asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TypeAlias

from typing_extensions import TypedDict, Unpack

from initconstructs.model import checks
from initconstructs.model.checks import Duration, Words
from initconstructs.model.errors import ModelError, ends_at_the_author
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import Raw
from initconstructs.model.resources import Resources
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import Edge, PolicyRule, Stage
from initconstructs.model.volumes import Mount
from initconstructs.presets import images
from initconstructs.presets.program import HOME, TELL_WHY, literal, program_volume

TIMEOUT = "5m"
RESOURCES = Resources(requests={"cpu": "10m", "memory": "32Mi"}, limits={"memory": "64Mi"})
SECURITY = SecurityContext(run_as_user=65532, run_as_group=65532, read_only_root_filesystem=True)

_PACKAGE = "waiting"
# -E, -s, -S: neither the environment nor installed packages change what runs, and it starts sooner.
_COMMAND = ["python3", "-E", "-s", "-S", "-m", f"{_PACKAGE}.wait"]

Spec: TypeAlias = Mapping[str, object]
"""What the program is told about one dependency; `wait` names its module and `at` its place."""


class CommandOptions(TypedDict, total=False):
    """What every wait takes besides its own parameters.

    `timeout` is the total deadline. The others are those of a `Stage`.
    """

    name: str
    timeout: Duration
    resources: Resources
    security: SecurityContext
    mounts: Sequence[Mount]
    after: Sequence[Edge]
    before: Words
    raw: Raw


class StageOptions(CommandOptions, total=False):
    """The same, and the image of a wait that knows one itself."""

    image: str


@frozen
class Wait(Stage):
    """A stage that waits, made by the functions of `waiting`; `all_of` combines several into one.

    `specs` is what it asks; `given` names the stage options that its author gave.
    """

    specs: tuple[Spec, ...] = ()
    given: frozenset[str] = frozenset()


def wait(name: str, specs: Sequence[Spec], options: StageOptions, permissions: Sequence[PolicyRule] = ()) -> Wait:
    """The stage called `name`, unless the options rename it, that waits for all that `specs` say."""
    name = options.get("name", name)
    timeout = checks.seconds(f'Wait "{name}".timeout', options.get("timeout", TIMEOUT), 1)
    program = program_volume(name, (_program(frozenset(str(each["wait"]) for each in specs))))
    return Wait(
        name,
        image=options.get("image", images.PYTHON),
        command=_COMMAND,
        args=[str(timeout), *(literal(json.dumps(dict(each))) for each in specs)],
        working_dir=HOME,
        mounts=[program.at(f"{HOME}/{_PACKAGE}", read_only=True), *options.get("mounts", ())],
        resources=options.get("resources", RESOURCES),
        security=options.get("security", SECURITY),
        permissions=permissions,
        after=options.get("after", ()),
        before=options.get("before", ()),
        raw=TELL_WHY | dict(options.get("raw", {})),
        specs=tuple(specs),
        given=frozenset(options),
    )


@ends_at_the_author
def all_of(*waits: Wait, **options: Unpack[StageOptions]) -> Wait:
    """Wait for all of `waits`, side by side, in one container with one deadline.

        waiting.all_of(waiting.postgres("db"), waiting.redis("cache"), timeout="5m")

    Five init containers in a row start five times and add up their deadlines; this starts once. Each dependency is
    asked until it has answered once. The waits themselves take no stage options but `mounts`; give the others here.
    The stage is called "wait" unless `name=` says otherwise.
    """
    if not waits:
        raise ModelError("all_of(...)", "has nothing to wait for", 'give it waits: all_of(tcp("db", 5432))')
    for each in waits:
        _plain(each)
    mounts = [mount for each in waits for mount in each.mounts[1:]]
    return wait(
        "wait",
        _unique(spec for each in waits for spec in each.specs),
        options | {"mounts": _unique([*mounts, *options.get("mounts", ())])},
        _unique(rule for each in waits for rule in each.permissions),
    )


def _plain(each: Wait) -> None:
    own = sorted(each.given - {"mounts"})
    if own:
        raise ModelError(f"all_of: {each.place}", f"has its own {own[0]}", f"give all_of(..., {own[0]}=...) instead")


def _unique(values: Iterable[checks.T]) -> list[checks.T]:
    found: list[checks.T] = []
    for each in values:
        if each not in found:
            found.append(each)
    return found


@lru_cache(maxsize=64)
def _program(kinds: frozenset[str]) -> Mapping[str, str]:
    """The files of the program that these kinds of waits need, by name."""
    scripts = files("initconstructs.presets") / "scripts" / _PACKAGE
    found: dict[str, str] = {}
    missing = {"wait", *kinds}
    while missing:
        module = missing.pop()
        found[module] = (scripts / f"{module}.py").read_text("utf-8")
        missing |= set(re.findall(r"^from \.(\w+) import", found[module], re.MULTILINE)) - found.keys()
    return {f"{module}.py": found[module] for module in sorted(found)}


def named(place: str) -> str:
    """A stage name for a wait at `place`: `wait-db` for "db"."""
    return f"wait-{re.sub('[^a-z0-9]+', '-', place.lower()).strip('-')}"[:63].rstrip("-")
