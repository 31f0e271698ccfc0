"""The versions of Kubernetes that the library knows."""

from __future__ import annotations

import re

from initconstructs.model.errors import wrong

OLDEST_KUBERNETES, NEWEST_KUBERNETES = 30, 37
"""Minors of Kubernetes 1. A test holds them to the schemas, which are slow to import."""


def minor_of(kubernetes: object) -> int:
    """36 for "1.36".

    Raises `ModelError` for anything that is not a known minor.
    """
    found = re.fullmatch(r"1\.(\d{1,3})", kubernetes) if isinstance(kubernetes, str) else None
    if not found or not OLDEST_KUBERNETES <= int(found[1]) <= NEWEST_KUBERNETES:
        known = f"must be a version from 1.{OLDEST_KUBERNETES} to 1.{NEWEST_KUBERNETES}"
        raise wrong("Settings.kubernetes", kubernetes, known, 'write "1.36", say')
    return int(found[1])
