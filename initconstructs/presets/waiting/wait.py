"""A wait as a value: what is asked, and the stage that asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration
from initconstructs.model.environment import SecretKey
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.stages import PolicyRule, Stage
from initconstructs.presets import images
from initconstructs.presets.program import StageOptions, StepOptions, python
from initconstructs.presets.waiting.address import SOURCES, Source

TIMEOUT = "5m"

Spec: TypeAlias = Mapping[str, object]
"""What the program is told about one dependency; `wait` names its module and `at` its place.

A `Source` in it, at any depth, becomes an environment variable that the program reads.
"""


class CommandOptions(StepOptions, total=False):
    """The options of a stage, and `timeout`, the total deadline."""

    timeout: Duration


class WaitOptions(StageOptions, total=False):
    """The same, and the image of a wait that knows one itself."""

    timeout: Duration


@frozen
class Wait(Stage):
    """A stage that waits, made by the functions of `waiting`; `all_of` combines several into one.

    `specs` is what it asks; `given` names the stage options that its author gave.
    """

    specs: tuple[Spec, ...] = ()
    given: frozenset[str] = frozenset()


def wait(name: str, specs: Sequence[Spec], options: WaitOptions, permissions: Sequence[PolicyRule] = ()) -> Wait:
    """The stage called `name`, unless the options rename it, that waits for all that `specs` say."""
    variables = [(f"WAIT_{number}", source) for number, source in enumerate(_unique(_sources(specs)), 1)]
    stage = python("waiting", "wait", *(str(each["wait"]) for each in specs)).stage(
        Wait,
        name,
        [str(deadline(options)), *(json.dumps(_told(each, variables)) for each in specs)],
        options,
        image=images.PYTHON,
        network=any(each["wait"] != "file" for each in specs),
        env=dict(variables),
        permissions=permissions,
    )
    return replace(stage, specs=tuple(specs), given=frozenset(options))


def deadline(options: CommandOptions | WaitOptions) -> int:
    """The total deadline in seconds."""
    return checks.seconds("waiting: timeout", options.get("timeout", TIMEOUT), 1)


def _sources(value: object) -> Iterator[Source]:
    if isinstance(value, SOURCES):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _sources(each)


def _told(value: object, variables: Sequence[tuple[str, Source]]) -> object:
    """The same as JSON, with the name of a variable for each source."""
    if isinstance(value, SOURCES):
        name = next(name for name, source in variables if source == value)
        return {"from variable": name} | ({"secret": True} if isinstance(value, SecretKey) else {})
    if isinstance(value, Mapping):
        return {key: _told(each, variables) for key, each in value.items()}
    return [_told(each, variables) for each in value] if isinstance(value, (list, tuple)) else value


@ends_at_the_author
def all_of(*waits: Wait, **options: Unpack[WaitOptions]) -> Wait:
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
    if not isinstance(each, Wait):
        raise wrong("all_of", each, "must be a wait that runs beside others", 'write tcp("db", 5432), say')
    own = sorted(each.given - {"mounts"})
    if own:
        raise ModelError(f"all_of: {each.place}", f"has its own {own[0]}", f"give all_of(..., {own[0]}=...) instead")


def _unique(values: Iterable[checks.T]) -> list[checks.T]:
    found: list[checks.T] = []
    for each in values:
        if each not in found:
            found.append(each)
    return found


def named(place: str) -> str:
    """A stage name for a wait at `place`: `wait-db` for "db"."""
    return f"wait-{re.sub('[^a-z0-9]+', '-', place.lower()).strip('-')}"[:63].rstrip("-")
