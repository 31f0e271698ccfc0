"""What a function that takes `**options: Unpack[...]` is given, held against its signature.

Python hands any keyword to such a function, and any value: `timout="5m"` or `required="no"` would pass unnoticed.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from initconstructs.model import checks
from initconstructs.model.errors import ModelError, near_miss, wrong

P = ParamSpec("P")
T = TypeVar("T")


def holds_its_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Refuse unknown keywords, and values of a wrong type that the function itself has not refused better.

    The `name` among them is that of a container, which others are made of.
    """

    @functools.wraps(function)
    def call(*args: P.args, **given: P.kwargs) -> T:
        signature, hints = _known(function)
        _check_names(function.__name__, given, hints)
        bound = _bound(function.__name__, signature, args, given)
        own = signature.parameters.get("name")
        if "name" in given and (own is None or own.kind is own.POSITIONAL_ONLY):
            checks.label(f"{function.__name__}: name", given["name"])
        try:
            made = function(*args, **given)
        except ModelError:
            raise
        except (AttributeError, TypeError, ValueError):
            _check_types(function.__name__, bound, hints)
            raise
        _check_types(function.__name__, bound, hints)
        return made

    return call


@functools.cache
def _known(function: Callable[..., object]) -> tuple[inspect.Signature, Mapping[str, object]]:
    """The signature, and the type of each parameter and option."""
    signature, hints = inspect.signature(function), get_type_hints(function)
    options = next(each.name for each in signature.parameters.values() if each.kind is each.VAR_KEYWORD)
    (options_type,) = get_args(hints.pop(options))
    hints.pop("return", None)
    return signature, {**hints, **get_type_hints(options_type)}


def _check_names(function: str, given: Mapping[str, object], hints: Mapping[str, object]) -> None:
    for name in given.keys() - hints.keys():
        remedy = near_miss(name, hints) or f"its keywords are {', '.join(sorted(hints))}"
        raise ModelError(f"{function}({name}=...)", "is unknown", remedy)


def _bound(
    function: str, signature: inspect.Signature, args: tuple[object, ...], given: Mapping[str, object]
) -> inspect.BoundArguments:
    try:
        return signature.bind(*args, **given)
    except TypeError as error:
        raise ModelError(f"{function}(...)", f"can't be called so: {error}", f"see help({function})") from None


def _check_types(function: str, bound: inspect.BoundArguments, hints: Mapping[str, object]) -> None:
    for name, value in _values(bound):
        kind = hints[name]
        if _fits(value, kind):
            continue
        place, named = f"{function}: {name}", _named(kind)
        remedy = "leave it out, or give one" if value is None else "give it a value of this type"
        if "Secret" in named:
            raise ModelError(place, f"is of type {type(value).__name__}: must be {named}", remedy)
        raise wrong(place, value, f"must be {named}", remedy)


def _values(bound: inspect.BoundArguments) -> Iterator[tuple[str, object]]:
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            yield from value.items()
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            yield from ((name, each) for each in value)
        else:
            yield name, value


def _fits(value: object, kind: object) -> bool:
    """Whether a value is of an annotated type; a bool is no number."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in parts)
    if origin is Literal:
        return value in parts
    if isinstance(origin, type):
        return _collection_fits(value, origin, parts)
    if kind is int or kind is float:
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return not isinstance(kind, type) or isinstance(value, kind)


def _collection_fits(value: object, origin: type, parts: tuple[object, ...]) -> bool:
    """Any sequence but a text does for a list, as elsewhere in the model."""
    if origin is tuple and ... not in parts:
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(_fits, value, parts))
    if issubclass(origin, Mapping):
        key_kind, kind = parts
        return isinstance(value, Mapping) and all(_fits(k, key_kind) and _fits(v, kind) for k, v in value.items())
    return (
        isinstance(value, Sequence)
        and not isinstance(value, (str, bytes))
        and all(_fits(each, parts[0]) for each in value)
    )


def _named(kind: object) -> str:
    """An annotation as its author reads it, without modules."""
    if kind in (bool, int, str):
        return {bool: "True or False", int: "a whole number", str: "text"}[kind]
    text = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
    return re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text).replace(NoneType.__name__, "None")
