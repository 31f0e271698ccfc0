"""Plans as one self-contained HTML page: no script, no network, readable on a phone, on paper and in the dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from initconstructs.planning.failures import failures
from initconstructs.planning.plan import Plan
from initconstructs.planning.pod import Role
from initconstructs.planning.quantity import written
from initconstructs.planning.resources import APPS, Phase
from initconstructs.planning.simulate import Outcome
from initconstructs.reports import plan_words as words
from initconstructs.reports.timeline import Bar, bars


def plans_html(plans: Sequence[Plan], outcomes: Sequence[Outcome | None] = ()) -> str:
    """The page that `explain --format html` prints."""
    padded = [*outcomes, *[None] * (len(plans) - len(outcomes))]
    body = [line for plan, outcome in zip(plans, padded, strict=True) for line in _plan(plan, outcome)]
    return "\n".join([*_head(), *(body or ["<p>No workload found.</p>"]), "</main>", "</body>", "</html>", ""])


def _head() -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield "<title>Start-up explained</title>"
    yield f"<style>\n{files('initconstructs.reports').joinpath('plan.css').read_text(encoding='utf-8')}</style>"
    yield "</head>"
    yield "<body>"
    yield "<main>"
    yield "<h1>Start-up explained</h1>"


def _plan(plan: Plan, outcome: Outcome | None) -> Iterator[str]:
    yield "<section>"
    yield f"<h2>{escape(plan.title)}</h2>"
    yield f'<p class="facts">{escape(words.head(plan).replace("   ", " · "))} · {escape(plan.resources.qos)}</p>'
    yield "<ul>"
    yield from (f"<li>{escape(note)}</li>" for note in words.notes(plan))
    yield "</ul>"
    yield from _stages(plan)
    yield from _timeline(plan)
    yield from _resources(plan)
    yield from _simulated(outcome) if outcome else _failures(plan)
    yield "</section>"


def _stages(plan: Plan) -> Iterator[str]:
    rows = []
    for stage, before, time in zip(plan.stages, words.predecessors(plan), plan.time.stages, strict=True):
        rows.append(
            (
                f"{stage.name}{' (sidecar)' if stage.role is Role.SIDECAR else ''}",
                words.starts_when(before),
                words.patience(time, stage.role),
                words.amounts(plan.resources.own[stage.name]),
                "; ".join(words.passes_on(stage, plan)),
            )
        )
    yield "<h3>Order</h3>"
    yield from _table(("stage", "starts when", "gives up after", "requests", "hands over"), rows)


def _timeline(plan: Plan) -> Iterator[str]:
    drawn = list(bars(plan))
    length = max((bar.end_s for bar in drawn), default=1.0)
    yield "<h3>Timeline, at worst</h3>"
    yield '<div class="chart" role="img" aria-label="When each stage runs in the worst case">'
    for bar in drawn:
        style = f"margin-left:{100 * bar.start_s / length:.2f}%;width:{100 * (bar.end_s - bar.start_s) / length:.2f}%"
        kind = "unbounded" if bar.unbounded else bar.role.value
        yield f'<div class="name">{escape(bar.label)}</div>'
        yield f'<div class="track"><div class="bar {kind}" style="{style}"></div></div>'
        yield f'<div class="value">{escape(_when(bar))}</div>'
    yield "</div>"


def _when(bar: Bar) -> str:
    if bar.unbounded:
        return "no end in sight"
    if not bar.known_start:
        return "after that"
    start = words.seconds(bar.start_s)
    return f"{start} to {words.seconds(bar.end_s)}" if bar.role is Role.INIT else f"from {start} on"


def _resources(plan: Plan) -> Iterator[str]:
    yield "<h3>What each phase needs</h3>"
    for resource in ("cpu", "memory"):
        most = max([phase.requests.get(resource, 0) for phase in plan.resources.phases], default=0)
        if most:
            decider = words.deciders({resource: plan.resources.decided_by[resource]})
            yield f"<h4>{resource}, decided by {escape(decider)}</h4>"
            yield f'<div class="chart" role="img" aria-label="{resource} that each phase needs">'
            for phase in plan.resources.phases:
                yield from _step(phase, resource, most)
            yield "</div>"


def _step(phase: Phase, resource: str, most: int) -> Iterator[str]:
    amount = phase.requests.get(resource, 0)
    kind = "peak" if amount == most else "step"
    yield f'<div class="name">{escape("the app" if phase.name == APPS else phase.name)}</div>'
    yield f'<div class="track"><div class="bar {kind}" style="width:{100 * amount / most:.2f}%"></div></div>'
    yield f'<div class="value">{escape(written(resource, amount))}</div>'


def _failures(plan: Plan) -> Iterator[str]:
    rows = [(failure.stage, failure.effect, ", ".join(failure.statuses)) for failure in failures(plan)]
    yield "<h3>If it fails</h3>"
    yield from _table(("stage", "then", "kubectl shows"), rows)
    if again := words.whole_restart(plan):
        yield f"<p>{escape(again)}</p>"


def _simulated(outcome: Outcome) -> Iterator[str]:
    yield "<h3>Simulated</h3>"
    yield "<ul>"
    yield from (f"<li>{escape(line)}</li>" for line in words.simulated(outcome))
    yield "</ul>"
    rows = [(f"{step.at_s:g}", step.status, step.ready, str(step.restarts)) for step in outcome.pod.steps]
    yield from _table(("second", "STATUS", "READY", "RESTARTS"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each cell carries its heading, so that a phone can stack them."""
    yield "<table>"
    yield f"<thead><tr>{''.join(f'<th>{escape(cell)}</th>' for cell in header)}</tr></thead>"
    yield "<tbody>"
    for row in rows:
        cells = (f'<td data-name="{escape(name)}">{escape(cell)}</td>' for name, cell in zip(header, row, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody>"
    yield "</table>"
