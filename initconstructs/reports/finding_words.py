"""The words that all reports of findings share, and text from a manifest made safe to print."""

from __future__ import annotations

import re

from initconstructs.rules.finding import Finding, ObjectRef

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def title(about: ObjectRef) -> str:
    """The object as a reader names it: `Deployment shop/api`."""
    name = "/".join(part for part in (about.namespace, about.name) if part)
    return f"{about.kind or 'object'} {name or '(no name)'}"


def place(finding: Finding) -> str:
    """As compilers write it: `shop.yaml:12:11`, as far as it is known."""
    return ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part is not None)


def visible(text: str) -> str:
    """Control characters as escapes: they could move the cursor, recolour the terminal, or begin a line of their own.

    The last would be a command to whatever reads the log of a CI job; marks of writing direction hide what is there.
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
