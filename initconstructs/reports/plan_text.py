"""Plans as text for a terminal, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from initconstructs.planning.failures import failures
from initconstructs.planning.plan import Plan
from initconstructs.planning.pod import Role
from initconstructs.planning.simulate import Outcome
from initconstructs.reports import plan_words as words

WIDTH = 80
_BOLD, _DIM, _YELLOW, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[0m"
_SHORTEST_COLUMN = 12
_HEADER = ("#", "stage", "starts when", "gives up after", "requests")


def plans_text(plans: Sequence[Plan], outcomes: Sequence[Outcome | None] = (), *, colour: bool = False) -> str:
    """What `explain` prints; an outcome per plan replaces the table of failures by its own story."""
    padded = [*outcomes, *[None] * (len(plans) - len(outcomes))]
    blocks = ("\n".join(_plan(plan, outcome, _Paint(colour))) for plan, outcome in zip(plans, padded, strict=True))
    return "\n\n".join(blocks) + "\n" if plans else "No workload found.\n"


class _Paint:
    """Colour where there is a terminal; nothing where not."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __call__(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self._on else text


def _plan(plan: Plan, outcome: Outcome | None, paint: _Paint) -> Iterator[str]:
    head = words.head(plan)
    beside = len(plan.title) + 3 + len(head) <= WIDTH
    yield f"{paint(plan.title, _BOLD)}{'   ' if beside else chr(10) + '  '}{head}"
    yield from _table(plan, paint)
    for note in words.notes(plan):
        yield from _wrapped(note)
    if outcome:
        for line in words.simulated(outcome):
            yield from _wrapped(line)
    else:
        yield from _failures(plan)


def _table(plan: Plan, paint: _Paint) -> Iterator[str]:
    rows = [_HEADER, *_rows(plan)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    _shrink(widths)
    for number, row in enumerate(rows):
        line = (
            "  " + "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        yield paint(line, _DIM) if number == 0 else line.replace(words.UNBOUNDED, paint(words.UNBOUNDED, _YELLOW))
        if number:
            for passed in words.passes_on(plan.stages[number - 1], plan):
                yield from _wrapped(f"→ {passed}", indent=4 + widths[0])
            if others := words.other_amounts(plan.resources.own[plan.stages[number - 1].name]):
                yield from _wrapped(f"also requests {others}", indent=4 + widths[0])


def _shrink(widths: list[int]) -> None:
    """Cut the columns that can be long, names last, until a row fits."""
    for column in (2, 1):
        too_much = 2 + sum(widths) + 2 * (len(widths) - 1) - WIDTH
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


def _failures(plan: Plan) -> Iterator[str]:
    found = failures(plan)
    for effect, statuses in dict.fromkeys((failure.effect, failure.statuses) for failure in found):
        alike = [failure.stage for failure in found if (failure.effect, failure.statuses) == (effect, statuses)]
        names = words.listed(alike, "or")
        shows = f"; kubectl shows {', '.join(statuses)}" if statuses else ""
        yield from _wrapped(f"If {names} fails: {effect}{shows}.")
    if again := words.whole_restart(plan):
        yield from _wrapped(again)


def _wrapped(text: str, indent: int = 2) -> Iterable[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
