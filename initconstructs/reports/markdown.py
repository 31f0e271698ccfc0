"""Text from a manifest in Markdown, which GitHub shows in comments."""

from __future__ import annotations

import re

from initconstructs.reports.finding_words import visible

_SPECIAL = re.compile(r"[\\`*<>|~@&]|(?<=\])\(|(?<=\w)://|#(?=\d)")


def escaped(text: str) -> str:
    """It opens no cell, tag or link, and mentions nobody."""
    return _SPECIAL.sub(lambda match: "".join(f"&#{ord(character)};" for character in match[0]), visible(text))
