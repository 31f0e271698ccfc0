"""Waits for a file, and for what a command of your own finds out."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Words
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import wrong
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import Stage
from initconstructs.model.volumes import EmptyDir, Volume
from initconstructs.presets.program import HOME, shell
from initconstructs.presets.text import check_text
from initconstructs.presets.waiting.wait import CommandOptions, Wait, WaitOptions, deadline, named, wait

_SECURITY = SecurityContext(run_as_user=65532, run_as_group=65532)
_SCRATCH = f"{HOME}/scratch"


@ends_at_the_author
def file(path: str, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until a file or directory is there, in a volume that `mounts` brings.

        waiting.file("/shared/ready", mounts=[shared.at("/shared", read_only=True)])

    Who writes it should rename it into place, or write another file last: it is there as soon as it is created. An
    `emptyDir` survives a restart of the stages, so a file from before the restart passes.

    Sources: https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
    """
    checks.absolute_path("file: path", path)
    return wait(named(path), [{"wait": "file", "at": check_text("file: path", path)}], options)


@ends_at_the_author
def command(
    words: Words,
    *,
    image: str,
    env: Mapping[str, EnvValue] | None = None,
    try_timeout: Duration = "30s",
    **options: Unpack[CommandOptions],
) -> Stage:
    """Wait until a command exits 0, in an image that has it.

        waiting.command(["kafka-topics.sh", "--describe", "--topic", "orders"], image="docker.io/apache/kafka:4.1.0")

    The command is run as it is, without a shell, ever more slowly: up to every second in the first minute and every
    five seconds later, with jitter; a try that takes longer than `try_timeout` is ended. What it says is logged when it
    changes, so it must print no secret; give secrets by `env` and not in `words`. The image needs `sh`, `sleep` and
    `timeout`, which all but the smallest have. It runs beside nothing else: `all_of` takes no commands.

    Runs as user 65532 under Pod Security "restricted"; the command may write where the image lets it. A second run asks
    again.

    Exit codes: as for the others, and 127 when the image has no such command.

    Sources: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/timeout.html
    """
    kept = [check_text("command: words", each) for each in checks.words("command: words", words)]
    if not kept or not kept[0]:
        raise wrong("command: words", words, "must name a command", 'write ["pg_isready", "-h", "db"], say')
    name = options.get("name", named(kept[0].rpartition("/")[2]))
    each_try = checks.seconds("command: try_timeout", try_timeout, 1)
    scratch = Volume(f"{name[:55].rstrip('-')}-scratch", EmptyDir(size_limit="16Mi"))
    return shell("waiting", "retry").stage(
        Stage,
        name,
        [str(deadline(options)), str(each_try), _SCRATCH, *kept],
        options,
        image=image,
        security=_SECURITY,
        mounts=[scratch.at(_SCRATCH)],
        network=True,
        env=env or {},
    )
