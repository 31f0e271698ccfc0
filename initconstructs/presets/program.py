"""How a preset's program gets into its container, unchanged."""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs.model.volumes import InlineFiles, Volume

HOME = "/initconstructs"
"""Where programs are mounted."""

TELL_WHY = {"terminationMessagePolicy": "FallbackToLogsOnError"}
"""The last lines of the log are the termination message, so that `kubectl describe pod` shows why a stage failed."""


def literal(word: str) -> str:
    """A word that Kubernetes hands over as it is: it expands `$(NAME)` in arguments, and takes `$$` for `$`.

    https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
    """
    return word.replace("$", "$$")


def program_volume(stage: str, program: Mapping[str, str]) -> Volume:
    """The volume with the program of a stage."""
    return Volume(f"{stage}-program"[:63], InlineFiles(program))
