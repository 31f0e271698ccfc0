"""What a construct inherits from those above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from cdk8s import Chart
from constructs import Construct, IConstruct

from initconstructs.model.settings import DEFAULTS, Settings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a scope has above it. Asked of Node once a scope: the tree above a construct never changes."""

    scopes: tuple[str, ...]
    namespace: str | None


# By Node's reference: what Node made itself, such as Testing.app(), is another Python object each time it is asked for.
_surroundings: dict[str, Surroundings] = {}
_settings: dict[str, Settings] = {}


def reference_of(construct: IConstruct) -> str:
    """Node's own name of a construct."""
    return cast(str, cast(Any, construct).__jsii_ref__.ref)


def around(scope: Construct) -> Surroundings:
    """The surroundings of what is made in `scope`."""
    key = reference_of(scope)
    if key not in _surroundings:
        scopes = tuple(reference_of(each) for each in scope.node.scopes)
        _surroundings[key] = Surroundings(scopes, Chart.of(scope).namespace)
    return _surroundings[key]


def configure(scope: Construct, settings: Settings) -> None:
    """Give settings to an app, a chart or any construct: all workloads made below it later inherit them.

    What is None is inherited from above. Call it before the workloads are made.
    """
    key = reference_of(scope)
    _settings[key] = settings.over(_settings.get(key, Settings()))


def settings_of(scope: Construct) -> Settings:
    """The settings in force for workloads below `scope`."""
    found = DEFAULTS
    for each in around(scope).scopes:
        if each in _settings:
            found = _settings[each].over(found)
    return found


def effective(scope: Construct, own: Settings | None) -> Settings:
    """A workload's own settings over those that it inherits."""
    inherited = settings_of(scope)
    return own.over(inherited) if own else inherited
