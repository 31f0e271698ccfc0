"""Waits for what another container or a volume brings."""

from __future__ import annotations

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.errors import ends_at_the_author
from initconstructs.presets.waiting.address import check_text
from initconstructs.presets.waiting.wait import StageOptions, Wait, named, wait


@ends_at_the_author
def file(path: str, **options: Unpack[StageOptions]) -> Wait:
    """Wait until a file or directory is there, in a volume that `mounts` brings.

        waiting.file("/shared/ready", mounts=[shared.at("/shared", read_only=True)])

    Who writes it should rename it into place, or write another file last: it is there as soon as it is created. An
    `emptyDir` survives a restart of the stages, so a file from before the restart passes.

    Sources: https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
    """
    checks.absolute_path("file: path", path)
    return wait(named(path), [{"wait": "file", "at": check_text("file: path", path)}], options)
