"""The words that all reports of findings share, and text from a manifest made safe to print."""

from __future__ import annotations

import re

from initconstructs.rules.finding import Finding, ObjectRef

_COMMAND = re.compile(r"^(\s*)(:)(?=:)|(#)(?=#\[)")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def title(about: ObjectRef) -> str:
    """The object as a reader names it: `Deployment shop/api`."""
    name = "/".join(part for part in (about.namespace, about.name) if part)
    return f"{about.kind or 'object'} {name or '(no name)'}"


def place(finding: Finding) -> str:
    """As compilers write it: `shop.yaml:12:11`, as far as it is known."""
    return ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part is not None)


def visible(text: str) -> str:
    """One line that is safe to print, with escapes for what is not.

    Control characters could move the cursor or begin another line, and marks of writing direction hide what is there.
    In the log of a job GitHub's runner takes `::` at the start of a line, after any blanks, and `##[` anywhere for a
    command; see ActionCommand.cs of actions/runner.
    """
    shown = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
    return _COMMAND.sub(lambda match: f"{match[1] or ''}\\x{ord(match[2] or match[3]):x}", shown)
