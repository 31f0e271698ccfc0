"""Plans as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from initconstructs.planning.failures import failures
from initconstructs.planning.plan import Plan
from initconstructs.planning.pod import Role
from initconstructs.planning.simulate import Outcome
from initconstructs.reports import plan_words as words
from initconstructs.reports.finding_words import visible

_BOLD, _DIM, _YELLOW, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[0m"
_SHORTEST_COLUMN = 12
_NARROWEST = 40
_HEADER = ("#", "stage", "starts when", "gives up after", "requests")


def plans_text(
    plans: Sequence[Plan], outcomes: Sequence[Outcome | None] = (), *, colour: bool = False, width: int = 80
) -> str:
    """What `explain` prints; an outcome per plan replaces the table of failures by its own story."""
    padded = [*outcomes, *[None] * (len(plans) - len(outcomes))]
    page = _Page(colour, max(width, _NARROWEST))
    blocks = ("\n".join(_plan(plan, outcome, page)) for plan, outcome in zip(plans, padded, strict=True))
    return "\n\n".join(blocks) + "\n" if plans else "No workload found.\n"


@dataclass(frozen=True, slots=True)
class _Page:
    """What it is printed on: with colour or without, and so many columns wide."""

    colour: bool
    width: int

    def paint(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self.colour else text

    def wrapped(self, text: str, indent: int = 2) -> Iterable[str]:
        lines = textwrap.wrap(
            visible(text),
            self.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
        return map(visible, lines)  # once more: each is the start of a line


def _plan(plan: Plan, outcome: Outcome | None, page: _Page) -> Iterator[str]:
    title, head = visible(plan.title), words.head(plan)
    beside = len(title) + 3 + len(head) <= page.width
    yield f"{page.paint(title, _BOLD)}{'   ' if beside else chr(10) + '  '}{head}"
    yield from _table(plan, page)
    for note in words.notes(plan):
        yield from page.wrapped(note)
    if outcome:
        for line in words.simulated(outcome):
            yield from page.wrapped(line)
    else:
        yield from _failures(plan, page)


def _table(plan: Plan, page: _Page) -> Iterator[str]:
    rows = [_HEADER, *(tuple(map(visible, row)) for row in _rows(plan))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    _shrink(widths, page.width)
    for number, row in enumerate(rows):
        line = (
            "  " + "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        never = page.paint(words.UNBOUNDED, _YELLOW)
        yield line.replace(words.UNBOUNDED, never) if number else page.paint(line, _DIM)
        if number:
            for passed in words.passes_on(plan.stages[number - 1], plan):
                yield from page.wrapped(f"→ {passed}", indent=4 + widths[0])
            if others := words.other_amounts(plan.resources.own[plan.stages[number - 1].name]):
                yield from page.wrapped(f"also requests {others}", indent=4 + widths[0])


def _shrink(widths: list[int], width: int) -> None:
    """Cut the columns that can be long, names last, until a row fits."""
    for column in (2, 1):
        too_much = 2 + sum(widths) + 2 * (len(widths) - 1) - width
        widths[column] -= max(min(too_much, widths[column] - _SHORTEST_COLUMN), 0)


def _rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    number = 0
    for stage, before, time in zip(plan.stages, words.predecessors(plan), plan.time.stages, strict=True):
        number += stage.role is not Role.APP
        sidecar = stage.role is Role.SIDECAR
        yield (
            "" if stage.role is Role.APP else str(number),
            f"{stage.name} (stays)" if sidecar else stage.name,
            words.starts_when(before),
            words.patience(time, stage.role),
            words.cpu_and_memory(plan.resources.own[stage.name]),
        )


def _failures(plan: Plan, page: _Page) -> Iterator[str]:
    found = failures(plan)
    for effect, statuses in dict.fromkeys((failure.effect, failure.statuses) for failure in found):
        alike = [failure.stage for failure in found if (failure.effect, failure.statuses) == (effect, statuses)]
        names = words.listed(alike, "or")
        shows = f"; kubectl shows {', '.join(statuses)}" if statuses else ""
        yield from page.wrapped(f"If {names} fails: {effect}{shows}.")
    if again := words.whole_restart(plan):
        yield from page.wrapped(again)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
