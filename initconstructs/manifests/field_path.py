"""Field paths as the API server writes them: `spec.containers[0].image`, `metadata.labels[a.b/c]`."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SEGMENT = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_BARE = re.compile(r"[^.\[\]/]+")


def parse_path(path: str) -> list[str]:
    """The names, indexes and keys of a path, each as text."""
    return [key or name for key, name in _SEGMENT.findall(path)]


def format_path(segments: Iterable[str | int]) -> str:
    """The path of these names and indexes; a key that holds a dot or a slash goes into brackets."""
    text = ""
    for segment in segments:
        if isinstance(segment, str) and _BARE.fullmatch(segment):
            text += f".{segment}" if text else segment
        else:
            text += f"[{segment}]"
    return text
