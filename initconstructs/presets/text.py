"""Text that reaches a program as its author wrote it."""

from __future__ import annotations

import re

from initconstructs.model.checks import quoted
from initconstructs.model.errors import ModelError, wrong

_PASSWORD = re.compile(
    r"://[^/@]*:[^@]+@|(^|[?&;\s])((ssl)?password|passwd|pwd)\s*=|^[^/@:\s]+:[^@]+@(\w+\(|/)", re.IGNORECASE
)
"""In a URL; in words of libpq (`host=db password=...`) and of Go's MySQL driver (`shop:...@tcp(db)/shop`)."""


def check_text(place: str, text: object) -> str:
    """Text that every program can take: it has no NUL, and it is Unicode."""
    if not isinstance(text, str):
        raise wrong(place, text, "must be text", quoted(text))
    if "\0" in text or not _encodes(text):
        raise wrong(place, text, "must be Unicode text without NUL", "correct it")
    return text


def check_hidden_text(place: str, text: object) -> str:
    """As `check_text`, for text that may be a secret and so is not shown."""
    try:
        return check_text(place, text)
    except ModelError as error:
        raise ModelError(place, error.rule, error.remedy) from None


def check_open(place: str, text: str) -> str:
    """Where to connect, as text that may stand in the manifest: it holds no password."""
    if _PASSWORD.search(text):
        rule = "holds a password, which would stand in the manifest"
        raise ModelError(place, rule, 'take it from a Secret: SecretKey("shop-db", "url")')
    return text


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
