"""What Kubernetes defines for all objects: their shapes by minor, and how quantities are read.

The shapes are compiled from the published schemas by tools/compile_schemas.py; this package imports nothing of ours. A
name is loaded when it is first asked for: the model needs quantities, and no shapes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initconstructs.schemas.decoding import Decoded, ShapeError, decode, shape_errors
    from initconstructs.schemas.definitions import (
        NEWEST,
        OLDEST,
        definition_of,
        is_built_in,
        is_served,
        minor_of,
        versions_of,
    )

__all__ = [
    "NEWEST",
    "OLDEST",
    "Decoded",
    "ShapeError",
    "decode",
    "definition_of",
    "is_built_in",
    "is_served",
    "minor_of",
    "shape_errors",
    "versions_of",
]

_DECODING = ("Decoded", "ShapeError", "decode", "shape_errors")


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "decoding" if name in _DECODING else "definitions"
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
