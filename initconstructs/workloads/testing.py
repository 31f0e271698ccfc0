"""What a chart or an app synthesizes, for tests: nothing is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias, cast

from cdk8s import App, Chart, Testing

from initconstructs.model.settings import Settings
from initconstructs.workloads.scopes import configure, settings_of

Synthesizable: TypeAlias = App | Chart | type[Chart] | Callable[[App], object]
"""An app, a chart, a class of charts, or a function that puts charts into the app it gets."""


def synthesized(
    subject: Synthesizable, *, id: str | None, settings: Settings | None
) -> tuple[list[dict[str, object]], str]:
    """The manifests of all charts, in the order in which they are applied, after the validation of a synth; the target.

    A class is made with `id`, or its own name in kebab case. `settings` go to the app that is made here.
    """
    __tracebackhide__ = True
    if not (isinstance(subject, (App, Chart)) or callable(subject)):
        raise TypeError(f"a {type(subject).__name__} is no chart; synthesize the chart or the app that it is in")
    scope = subject if isinstance(subject, (App, Chart)) else _new_app(subject, id, settings)
    charts = scope.charts if isinstance(scope, App) else [scope]
    manifests = [cast("dict[str, object]", manifest) for chart in charts for manifest in Testing.synth(chart)]
    return manifests, settings_of(scope).target


def _new_app(subject: type[Chart] | Callable[[App], object], id: str | None, settings: Settings | None) -> App:
    app = App()
    if settings:
        configure(app, settings)
    if isinstance(subject, type):
        subject(app, id or _kebab(subject.__name__))
    else:
        subject(app)
    return app


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
