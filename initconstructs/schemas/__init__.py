"""The shapes of Kubernetes objects: which fields a definition has in which minor, and of which type.

The data are compiled from the published schemas by tools/compile_schemas.py; this package imports nothing of ours.
"""

from __future__ import annotations

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
