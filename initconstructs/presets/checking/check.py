"""A check as a value: what is looked at, and the stage that looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.stages import Stage
from initconstructs.model.volumes import Mount
from initconstructs.presets import images
from initconstructs.presets.program import StageOptions, python

TIMEOUT = "1m"

Spec: TypeAlias = Mapping[str, object]
"""What the program is told to look at; `check` names its module."""


class CheckOptions(StageOptions, total=False):
    """The options of a stage, and `timeout`, the total deadline."""

    timeout: Duration


@frozen
class Check(Stage):
    """A stage that looks at something, made by the functions of `checking`; `all_of` combines several into one.

    `specs` is what it looks at; `given` names the stage options that its author gave.
    """

    specs: tuple[Spec, ...] = ()
    given: frozenset[str] = frozenset()


def check(specs: Sequence[Spec], options: CheckOptions, mounts: Sequence[Mount] = ()) -> Check:
    """The stage that looks at all that `specs` say; `mounts` are those that a check brings itself."""
    seconds = checks.seconds("checking: timeout", options.get("timeout", TIMEOUT), 1)
    stage = python("checking", "check", *(str(each["check"]) for each in specs)).stage(
        Check,
        "check",
        [str(seconds), *(json.dumps(dict(each)) for each in specs)],
        options,
        image=images.PYTHON,
        mounts=mounts,
    )
    return replace(stage, specs=tuple(specs), given=frozenset(options))


@ends_at_the_author
def all_of(*checks: Check, **options: Unpack[CheckOptions]) -> Check:
    """Look at all of it in one container, with one deadline.

        checking.all_of(checking.secret("shop-db", ["url"]), checking.device("/dev/kvm"))

    One run names all that is wrong, where a row of containers would stop at the first. The checks themselves take no
    stage options but `mounts`; give the others here. The stage is called "check" unless `name=` says otherwise.
    """
    if not checks:
        raise ModelError("all_of(...)", "has nothing to look at", 'give it checks: all_of(device("/dev/kvm"))')
    for each in checks:
        if not isinstance(each, Check):
            raise wrong("all_of", each, "must be a check that looks at the pod", 'write device("/dev/kvm"), say')
        own = sorted(each.given - {"mounts"})
        if own:
            rule, remedy = f"has its own {own[0]}", f"give all_of(..., {own[0]}=...) instead"
            raise ModelError(f"all_of: {each.place}", rule, remedy)
    mounts: list[Mount] = []
    for mount in (mount for each in checks for mount in each.mounts[1:]):
        if mount not in [*mounts, *options.get("mounts", ())]:
            mounts.append(mount)
    return check([spec for each in checks for spec in each.specs], options, mounts)
