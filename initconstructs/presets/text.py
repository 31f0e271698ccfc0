"""Text that reaches a program as its author wrote it."""

from __future__ import annotations

from initconstructs.model.errors import wrong


def check_text(place: str, text: object) -> str:
    """Text that every program can take: it has no NUL, and it is Unicode."""
    if not isinstance(text, str) or "\0" in text or not _encodes(text):
        raise wrong(place, text, "must be Unicode text without NUL", "correct it")
    return text


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
