"""Plans as Markdown for a pull request, with the start-up as a Mermaid timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from initconstructs.planning.failures import failures
from initconstructs.planning.plan import Plan
from initconstructs.planning.pod import Role
from initconstructs.planning.simulate import Outcome
from initconstructs.reports import plan_words as words
from initconstructs.reports.finding_words import visible
from initconstructs.reports.markdown import escaped
from initconstructs.reports.timeline import Bar, bars


def plans_markdown(plans: Sequence[Plan], outcomes: Sequence[Outcome | None] = ()) -> str:
    """What `explain --format markdown` prints."""
    padded = [*outcomes, *[None] * (len(plans) - len(outcomes))]
    blocks = ("\n".join(_plan(plan, outcome)) for plan, outcome in zip(plans, padded, strict=True))
    return "\n\n".join(blocks) + "\n" if plans else "No workload found.\n"


def plans_mermaid(plans: Sequence[Plan]) -> str:
    """Only the timelines, one Mermaid diagram after the other."""
    return "\n".join("\n".join(mermaid(plan)) + "\n" for plan in plans)


def mermaid(plan: Plan) -> Iterator[str]:
    """The worst case as a Gantt chart; an unbounded stage is critical and drawn with a length of its own."""
    yield "gantt"
    yield f"    title {_plain(plan.title)}, seconds at worst"
    yield "    dateFormat X"
    yield "    axisFormat %s"
    for bar in bars(plan):
        start = round(bar.start_s)
        yield f"    {_plain(bar.label)} :{_tags(bar)}{start}, {max(round(bar.end_s), start + 1)}"


def _tags(bar: Bar) -> str:
    if bar.unbounded:
        return "crit, "
    return {Role.SIDECAR: "active, ", Role.APP: "done, "}.get(bar.role, "")


def _plain(text: str) -> str:
    """Mermaid ends a task's name at the first colon and a statement at a semicolon or a hash."""
    return visible(text).translate({ord(":"): " ", ord(";"): ",", ord("#"): " "})


def _plan(plan: Plan, outcome: Outcome | None) -> Iterator[str]:
    yield f"### {escaped(plan.title)}"
    yield ""
    yield f"{words.head(plan).replace('   ', ', ')}."
    yield ""
    yield "| # | stage | starts when | gives up after | requests | hands over |"
    yield "|---:|---|---|---|---|---|"
    yield from _rows(plan)
    yield ""
    for note in words.notes(plan):
        yield f"- {escaped(note)}"
    yield ""
    yield "```mermaid"
    yield from mermaid(plan)
    yield "```"
    yield ""
    yield from _simulated(outcome) if outcome else _failures(plan)


def _rows(plan: Plan) -> Iterator[str]:
    number = 0
    for stage, before, time in zip(plan.stages, words.predecessors(plan), plan.time.stages, strict=True):
        number += stage.role is not Role.APP
        name = f"**{escaped(stage.name)}**{' (sidecar)' if stage.role is Role.SIDECAR else ''}"
        cells = (
            words.starts_when(before),
            words.patience(time, stage.role),
            words.amounts(plan.resources.own[stage.name]),
            "; ".join(words.passes_on(stage, plan)),
        )
        place = "" if stage.role is Role.APP else str(number)
        yield f"| {' | '.join([place, name, *map(escaped, cells)])} |"


def _failures(plan: Plan) -> Iterator[str]:
    yield "| if this fails | then | kubectl shows |"
    yield "|---|---|---|"
    for failure in failures(plan):
        shown = ", ".join(f"`{status}`" for status in failure.statuses)
        yield f"| {escaped(failure.stage)} | {escaped(failure.effect)} | {shown} |"
    if again := words.whole_restart(plan):
        yield ""
        yield escaped(again)


def _simulated(outcome: Outcome) -> Iterator[str]:
    for line in words.simulated(outcome):
        yield f"- {escaped(line)}"
