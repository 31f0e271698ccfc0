"""What a construct inherits from those above it.

Each scope is asked once, for the tree above a construct never changes; and it is known by Node's own reference, since
what Node made itself, such as `Testing.app()`, has another Python object each time it is asked for.
"""

from __future__ import annotations

from typing import Any, cast

from cdk8s import Chart
from constructs import Construct, IConstruct

from initconstructs.model.settings import DEFAULTS, Settings

_settings: dict[str, Settings] = {}
_lineages: dict[str, tuple[str, ...]] = {}
_namespaces: dict[str, str | None] = {}


def configure(scope: Construct, settings: Settings) -> None:
    """Give settings to an app, a chart or any construct: all workloads made below it later inherit them.

    What is None is inherited from above. Call it before the workloads are made.
    """
    key = reference_of(scope)
    _settings[key] = settings.over(_settings.get(key, Settings()))


def settings_of(scope: Construct) -> Settings:
    """The settings in force for workloads below `scope`."""
    found = DEFAULTS
    for each in _lineage(scope):
        if each in _settings:
            found = _settings[each].over(found)
    return found


def effective(scope: Construct, own: Settings | None) -> Settings:
    """A workload's own settings over those that it inherits."""
    inherited = settings_of(scope)
    return own.over(inherited) if own else inherited


def namespace_of(scope: Construct) -> str | None:
    """The namespace of the chart that `scope` is in."""
    key = reference_of(scope)
    if key not in _namespaces:
        _namespaces[key] = Chart.of(scope).namespace
    return _namespaces[key]


def reference_of(construct: IConstruct) -> str:
    """Node's own name of a construct."""
    return cast(str, cast(Any, construct).__jsii_ref__.ref)


def _lineage(scope: Construct) -> tuple[str, ...]:
    key = reference_of(scope)
    if key not in _lineages:
        _lineages[key] = tuple(reference_of(each) for each in scope.node.scopes)
    return _lineages[key]
