"""From manifests to the report that `explain` and `diff` print; no files, no arguments, no terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

from initconstructs.planning.diff import PlanDiff, diff_plans
from initconstructs.planning.plan import Plan, plans
from initconstructs.planning.release import DEFAULT
from initconstructs.planning.scenario import OOM_KILLED, START_ERROR, Event, ExitCode, Happening, Scenario
from initconstructs.planning.simulate import Outcome, simulate
from initconstructs.reports.diff_json import diff_json
from initconstructs.reports.diff_markdown import diff_markdown
from initconstructs.reports.diff_text import diff_text
from initconstructs.reports.plan_html import plans_html
from initconstructs.reports.plan_json import plans_json
from initconstructs.reports.plan_markdown import plans_markdown, plans_mermaid
from initconstructs.reports.plan_text import plans_text

ExplainFormat = Literal["text", "markdown", "mermaid", "json", "html"]
DiffFormat = Literal["text", "markdown", "json"]
EXPLAIN_FORMATS: tuple[str, ...] = get_args(ExplainFormat)
DIFF_FORMATS: tuple[str, ...] = get_args(DiffFormat)

Manifests = Iterable[Mapping[str, object]]


class BadScenario(ValueError):  # noqa: N818 - named for what is wrong with the input
    """An `--exit` or `--event` that can't be read, or that no workload understands."""


def explain(
    manifests: Manifests,
    *,
    format: ExplainFormat = "text",  # noqa: A002 - the option's name
    kubernetes: str = DEFAULT,
    scenario: Scenario | None = None,
    colour: bool = False,
    width: int = 80,
) -> str:
    """The plans of all workloads, each with its simulation where a scenario is given.

    A scenario that names a container applies to the workloads that have it. Raises BadScenario when none has, when an
    event is about something that no workload speaks of, and for a Mermaid chart, which shows no simulation.
    """
    if scenario and format == "mermaid":
        raise BadScenario("--format mermaid draws the plan and no simulation: take --format markdown, which has both")
    found = plans(manifests, kubernetes=kubernetes)
    outcomes = _outcomes(found, scenario) if scenario else []
    if format == "markdown":
        return plans_markdown(found, outcomes)
    if format == "mermaid":
        return plans_mermaid(found)
    if format == "json":
        return plans_json(found, outcomes)
    if format == "html":
        return plans_html(found, outcomes)
    return plans_text(found, outcomes, colour=colour, width=width)


def compare(old: Manifests, new: Manifests, *, kubernetes: str = DEFAULT) -> list[PlanDiff]:
    """What changes between two sets of manifests; empty when the start-up is the same."""
    return diff_plans(plans(old, kubernetes=kubernetes), plans(new, kubernetes=kubernetes))


def diff(
    diffs: Sequence[PlanDiff],
    *,
    format: DiffFormat = "text",  # noqa: A002 - the option's name
    colour: bool = False,
    width: int = 80,
) -> str:
    """The changes, and what each means for a roll-out."""
    if format == "markdown":
        return diff_markdown(diffs)
    return diff_json(diffs) if format == "json" else diff_text(diffs, colour=colour, width=width)


def read_scenario(exits: Sequence[str] = (), events: Sequence[str] = ()) -> Scenario | None:
    """The scenario of `--exit migrate=1,1,0 --event sandbox-lost@migrate`; None when there is nothing of either."""
    if not exits and not events:
        return None
    return Scenario(exits=dict(map(_exit, exits)), events=tuple(map(_event, events)))


def _exit(text: str) -> tuple[str, tuple[ExitCode, ...]]:
    """`migrate=1,1,0`; `oom` and `start-error` stand beside the numbers."""
    name, equals, codes = text.partition("=")
    if not name or not equals:
        raise BadScenario(f"--exit {text}: write CONTAINER=CODE,CODE,..., such as migrate=1,1,0")
    return name, tuple(_code(code.strip(), text) for code in codes.split(","))


def _code(code: str, text: str) -> ExitCode:
    if code in (OOM_KILLED, START_ERROR):
        return code
    if code.isdecimal() and int(code) <= 255:
        return int(code)
    raise BadScenario(f"--exit {text}: {code!r} is no exit code (0 to 255), '{OOM_KILLED}' or '{START_ERROR}'")


def _event(text: str) -> Event:
    """`sandbox-lost@30`, `sandbox-lost@migrate`, `image-missing=worker`, `secret-missing=db..80` (mended at 80 s)."""
    head, _, when = text.partition("@")
    head, _, until = head.partition("..")
    name, _, target = head.partition("=")
    try:
        what = Happening(name)
        event = Event(what=what, target=target, until_s=float(until) if until else None)
        return replace(event, at_s=float(when)) if _is_number(when) else replace(event, during=when)
    except ValueError:
        known = ", ".join(happening.value for happening in Happening)
        raise BadScenario(f"--event {text}: write EVENT[=TARGET][..SECOND][@SECOND or @CONTAINER]; {known}") from None


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _outcomes(found: Sequence[Plan], scenario: Scenario) -> list[Outcome | None]:
    """A workload is simulated with what the scenario says of its own containers, if it says anything of them."""
    known = {stage.name for plan in found for stage in plan.stages}
    if strangers := sorted(_named(scenario) - known):
        raise BadScenario(f"no container {', '.join(strangers)}; there are {', '.join(sorted(known)) or 'none'}")
    spoken_of = {text for plan in found for text in _texts(plan.manifest)}
    targets = {name for event in scenario.events for name in event.target.split(",") if name}
    if nothing := sorted(targets - spoken_of):
        raise BadScenario(
            f"--event: no workload speaks of {', '.join(nothing)}: name a container, image or object of it"
        )
    return [_outcome(plan, scenario) for plan in found]


def _texts(value: object) -> Iterator[str]:
    """Every text in a manifest: names, images, references."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


def _outcome(plan: Plan, scenario: Scenario) -> Outcome | None:
    own = {stage.name for stage in plan.stages}
    if _named(scenario) and not _named(scenario) & own:
        return None
    exits = {name: codes for name, codes in scenario.exits.items() if name in own}
    events = [event for event in scenario.events if not event.during or event.during in own]
    return simulate(plan.manifest, replace(scenario, exits=exits, events=events), kubernetes=plan.kubernetes)


def _named(scenario: Scenario) -> set[str]:
    return {*scenario.exits, *(event.during for event in scenario.events if event.during)}
