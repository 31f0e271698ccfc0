"""What every value of the model is: frozen, keyword-only, and quick to say what is wrong."""

from __future__ import annotations

import functools
from dataclasses import Field, dataclass, field, fields
from typing import TypeVar

from typing_extensions import dataclass_transform

from initconstructs.model.errors import ModelError, ends_at_the_author, near_miss

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field, Field))
def frozen(cls: type[T]) -> type[T]:
    """A frozen, keyword-only dataclass whose errors end at the author's line.

    A keyword that the class doesn't have gets the nearest one as a remedy, or what the class says in `_ELSEWHERE`: a
    mapping from keywords that people expect to the place where they belong.
    """
    made = dataclass(frozen=True, kw_only=True)(cls)
    known = frozenset(each.name for each in fields(made))  # type: ignore[arg-type]
    plain_init = made.__init__

    @ends_at_the_author
    @functools.wraps(plain_init)
    def init(self: T, *args: object, **given: object) -> None:
        if not known.issuperset(given):
            raise _unknown(made, sorted(given.keys() - known)[0], known)
        plain_init(self, *args, **given)

    setattr(made, "__init__", init)  # noqa: B010 -- type checkers refuse an assignment to a class's __init__
    return made


def _unknown(cls: type, name: str, known: frozenset[str]) -> ModelError:
    elsewhere: dict[str, str] = getattr(cls, "_ELSEWHERE", {})
    if name in elsewhere:
        return ModelError(f"{cls.__name__}({name}=...)", "is not possible", elsewhere[name])
    remedy = near_miss(name, known) or f"its keywords are {', '.join(sorted(known))}"
    return ModelError(f"{cls.__name__}({name}=...)", "is unknown", remedy)
