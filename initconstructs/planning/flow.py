"""How long a piece of a command runs, at best and at worst, and where it ends: the values that `shell` adds up."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds at best and at worst; `NEVER` at worst has no bound, at best never ends."""

    best: float = 0.0
    worst: float = 0.0

    def then(self, later: Span) -> Span:
        """This, and the other after it."""
        return Span(self.best + later.best, self.worst + later.worst)

    def times(self, count: int) -> Span:
        """The same, so often."""
        return Span(self.best * count, self.worst * count) if count else Span()

    def within(self, limit: float) -> Span:
        """Cut off after so many seconds."""
        return Span(min(self.best, limit), min(self.worst, limit))


@dataclass(frozen=True, slots=True)
class End:
    """One way in which the script ends: when, and with which exit code where that is known."""

    span: Span
    code: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """What a command does to the script around it.

    `through` is the time until the next command, None where there is no way to it; `code` is the status it leaves,
    None where that is not known; `ends` leave the script, `breaks` the loop around.
    """

    through: Span | None = field(default_factory=Span)
    code: int | None = None
    ends: tuple[End, ...] = ()
    breaks: tuple[Span, ...] = ()
    bound: str = ""
    creates: tuple[tuple[str, float], ...] = ()

    def then(self, later: Flow) -> Flow:
        """This, and where it comes through, the other."""
        if self.through is None:
            return self
        start = self.through
        return Flow(
            through=start.then(later.through) if later.through else None,
            code=later.code,
            ends=(*self.ends, *(End(start.then(end.span), end.code) for end in later.ends)),
            breaks=(*self.breaks, *(start.then(span) for span in later.breaks)),
            bound=self.bound or later.bound,
            creates=(*self.creates, *((path, start.best + at) for path, at in later.creates)),
        )

    def alone(self) -> Flow:
        """The same in a shell of its own: whatever ends it, the script around goes on."""
        codes = {*([self.code] if self.through else []), *(end.code for end in self.ends)}
        through = _either([*([self.through] if self.through else []), *(end.span for end in self.ends)])
        return replace(self, through=through, code=codes.pop() if len(codes) == 1 else None, ends=(), breaks=())

    def or_else(self, other: Flow) -> Flow:
        """Either this or the other, nobody knows which."""
        return Flow(
            through=_either([flow.through for flow in (self, other) if flow.through]),
            code=self.code if self.code == other.code else None,
            ends=(*self.ends, *other.ends),
            breaks=(*self.breaks, *other.breaks),
            bound=self.bound or other.bound,
            creates=(*self.creates, *other.creates),
        )

    def and_if(self, wanted: bool, later: Flow) -> Flow:
        """`self && later` (wanted: success) or `self || later` (wanted: failure)."""
        if self.through is None:
            return self
        if self.code is not None:
            return self.then(later) if (self.code == 0) is wanted else self
        return self.then(later).or_else(replace(self, code=None))

    def repeated(self, count: int) -> Flow:
        """A loop of so many turns that may be left early."""
        full = self.through.times(count) if self.through else None
        worst = (self.through.worst if self.through else 0.0) * max(count - 1, 0)
        ends = tuple(End(Span(end.span.best, worst + end.span.worst), end.code) for end in self.ends)
        left = [Span(span.best, worst + span.worst) for span in self.breaks]
        return Flow(
            through=_either([*([full] if full else []), *left]),
            code=None,
            ends=ends,
            bound=f"a loop of {count}",
            creates=self.creates,
        )

    def endless(self) -> Flow:
        """A loop that only a `break` or an `exit` inside leaves, after who knows how many turns."""
        ends = tuple(End(Span(end.span.best, NEVER), end.code) for end in self.ends)
        left = [Span(span.best, NEVER) for span in self.breaks]
        return Flow(through=_either(left), code=0, ends=ends, creates=self.creates)


def _either(spans: Iterable[Span]) -> Span | None:
    spans = list(spans)
    if not spans:
        return None
    return Span(min(span.best for span in spans), max(span.worst for span in spans))
