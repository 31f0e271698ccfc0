"""Errors that end at the author's own line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, TypeVar

from initconstructs.model.errors import ModelError

P = ParamSpec("P")
T = TypeVar("T")


def authors_frames(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of this library and of jsii."""
    if traceback is None:
        return None
    rest = authors_frames(traceback.tb_next)
    package = str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0]
    if package in ("initconstructs", "jsii"):
        return rest
    return TracebackType(rest, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)


def ends_at_the_author(function: Callable[P, T]) -> Callable[P, T]:
    """Drop the library's own frames from the errors of a public function, and hold its options to their types."""
    held = _held(function)

    @functools.wraps(function)
    def call(*args: P.args, **given: P.kwargs) -> T:
        try:
            return held(*args, **given)
        except ModelError as error:
            raise error.with_traceback(None) from None

    return call


def _held(function: Callable[P, T]) -> Callable[P, T]:
    if not any(str(each).startswith("Unpack[") for each in function.__annotations__.values()):
        return function
    from initconstructs.model.arguments import holds_its_arguments  # noqa: PLC0415 -- few need it, and it is slow to load

    return holds_its_arguments(function)
