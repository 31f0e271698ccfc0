"""The one error for a text that can't be read as manifests."""

from __future__ import annotations


class UnreadableManifest(ValueError):  # noqa: N818 - named for what it says of the input
    """Says where the text is broken, which rule it breaks, and what to do instead."""

    def __init__(
        self,
        problem: str,
        *,
        rule: str,
        remedy: str,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.problem, self.rule, self.remedy = problem, rule, remedy
        self.file, self.line, self.column = file, line, column
        place = ":".join(str(part) for part in (file or "<input>", line, column) if part is not None)
        super().__init__(f"{place}: {problem} [{rule}]; {remedy}")


class UnrenderedTemplate(UnreadableManifest):
    """The text is a template of Helm's or of another program's, which is no YAML until it is rendered."""
