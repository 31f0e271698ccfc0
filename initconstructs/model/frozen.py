"""What every value of the model is: frozen, keyword-only, and quick to say what is wrong."""

from __future__ import annotations

import inspect
import sys
from collections.abc import KeysView
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import ClassVar, NoReturn, TypeVar

from initconstructs.model.author import ends_at_the_author
from initconstructs.model.errors import ModelError, near_miss, wrong

if sys.version_info >= (3, 11):
    from typing import dataclass_transform
else:
    from typing_extensions import dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field, Field))
def frozen(cls: type[T]) -> type[T]:
    """A frozen, keyword-only dataclass whose errors end at the author's line.

    A keyword that the class doesn't have gets the nearest one as a remedy, or what the class says in `_ELSEWHERE`: a
    mapping from keywords that people expect to the place where they belong.

    The methods are shared instead of generated for each class: with some sixty classes, generating them would make up
    a large part of the package's import time.
    """
    made = dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
    for name, method in _METHODS.items():
        setattr(made, name, method)
    setattr(made, "_SHAPE", _Shape(made))  # noqa: B010 -- not an attribute that type checkers know
    return made


_SCALARS: dict[str, type] = {"bool": bool, "bool | None": bool, "str | None": str}
"""Annotations, as written, of flags and texts that have no rule of their own: "false" is no flag."""


class _Shape:
    """The fields of one class, ready for its constructor."""

    def __init__(self, cls: type) -> None:
        own = fields(cls)
        self.names = tuple(each.name for each in own)
        self.known = frozenset(self.names)
        self.positional = tuple(each.name for each in own if not each.kw_only)
        self.defaults = {each.name: each.default for each in own if each.default is not MISSING}
        self.factories = {each.name: each.default_factory for each in own if each.default_factory is not MISSING}
        self.required = self.known - self.defaults.keys() - self.factories.keys()
        self.scalars = {each.name: kind for each in own if (kind := _SCALARS.get(str(each.type)))}
        self.checks = hasattr(cls, "__post_init__")


class _Value:
    """The methods that all values share."""

    _SHAPE: ClassVar[_Shape]

    @ends_at_the_author
    def __init__(self, *args: object, **given: object) -> None:
        shape = self._SHAPE
        values = shape.defaults | _by_name(type(self), args, given) if args else shape.defaults | given
        if values.keys() != shape.known:
            for name, factory in shape.factories.items():
                if name not in values:
                    values[name] = factory()
            if values.keys() != shape.known:
                raise _misfit(type(self), values.keys())
        self.__dict__.update(values)
        for name, kind in shape.scalars.items():
            if not isinstance(values[name], kind) and values[name] is not None:
                raise _mistyped(type(self), name, values[name])
        if shape.checks:
            self.__post_init__()  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._SHAPE.names)
        return f"{type(self).__name__}({shown})"

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # values hold mappings

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(
            f"{type(self).__name__}.{name} can't be assigned: make a new one, replace(value, ...)"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"{type(self).__name__}.{name} can't be deleted")


class _Signature:
    """What `help` and editors show of a constructor, made when someone looks."""

    def __get__(self, _: object, cls: type) -> inspect.Signature:
        return inspect.Signature(
            [_parameter(each) for each in sorted(fields(cls), key=lambda each: each.kw_only is True)]
        )


def _parameter(each: Field[object]) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY if each.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
    default = each.default if each.default is not MISSING else inspect.Parameter.empty
    if each.default_factory is not MISSING:
        default = each.default_factory()
    return inspect.Parameter(each.name, kind, default=default, annotation=each.type)


_SHARED = ("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__")
_METHODS = {name: vars(_Value)[name] for name in _SHARED} | {"__signature__": _Signature()}


def _by_name(cls: type, args: tuple[object, ...], given: dict[str, object]) -> dict[str, object]:
    positional: tuple[str, ...] = getattr(cls, "_SHAPE").positional  # noqa: B009 -- as above
    named = dict(zip(positional, args, strict=False))
    if len(args) > len(positional):
        rule = f"takes at most {len(positional)} value(s) without a keyword"
        raise ModelError(f"{cls.__name__}(...)", rule, f"only {', '.join(positional) or 'none'}; name the others")
    twice = sorted(named.keys() & given.keys())
    if twice:
        raise ModelError(f"{cls.__name__}({twice[0]}=...)", "is given twice", "give it once")
    return named | given


def _mistyped(cls: type, name: str, value: object) -> ModelError:
    shape: _Shape = getattr(cls, "_SHAPE")  # noqa: B009 -- as above
    rule, remedy = ("text", "quote it") if shape.scalars[name] is str else ("True or False", "write it without quotes")
    return wrong(f"{cls.__name__}.{name}", value, f"must be {rule}", remedy)


def _misfit(cls: type, names: KeysView[str]) -> ModelError:
    shape: _Shape = getattr(cls, "_SHAPE")  # noqa: B009 -- as above
    unknown = sorted(names - shape.known)
    if unknown:
        return _unknown(cls, unknown[0], shape.known)
    missing = sorted(shape.required - names)
    return ModelError(
        f"{cls.__name__}(...)", f"needs {missing[0]}", f"give {', '.join(f'{each}=...' for each in missing)}"
    )


def _unknown(cls: type, name: str, known: frozenset[str]) -> ModelError:
    elsewhere: dict[str, str] = getattr(cls, "_ELSEWHERE", {})
    if name in elsewhere:
        return ModelError(f"{cls.__name__}({name}=...)", "is not possible", elsewhere[name])
    remedy = near_miss(name, known) or f"its keywords are {', '.join(sorted(known))}"
    return ModelError(f"{cls.__name__}({name}=...)", "is unknown", remedy)
