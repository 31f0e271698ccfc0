"""Waits for a file, and for what a command of your own finds out."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.checks import Duration, Words
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import ends_at_the_author, wrong
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import Stage
from initconstructs.presets.program import HOME, TELL_WHY, literal, program_volume
from initconstructs.presets.text import check_text
from initconstructs.presets.waiting.wait import (
    RESOURCES,
    TIMEOUT,
    CommandOptions,
    StageOptions,
    Wait,
    named,
    wait,
)

_SECURITY = SecurityContext(run_as_user=65532, run_as_group=65532)


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

    The command is run as it is, without a shell, every second in the first minute and every five seconds later; a try
    that takes longer than `try_timeout` is ended. Its output is logged when it changes, so it must print no secret;
    give secrets by `env` and not in `words`. The image needs `sh`, `date`, `sleep` and `timeout`, which all but the
    smallest have. It runs beside nothing else: `all_of` takes no commands.

    Runs as user 65532 under Pod Security "restricted"; the command may write where the image lets it. Exit codes as for
    the others, and 127 when the image has no such command. A second run asks again.

    Sources: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/timeout.html
    """
    kept = [literal(check_text("command: words", each)) for each in checks.words("command: words", words)]
    if not kept or not kept[0]:
        raise wrong("command: words", words, "must name a command", 'write ["pg_isready", "-h", "db"], say')
    name = options.get("name", named(words[0].rpartition("/")[2]))
    seconds = checks.seconds("command: timeout", options.get("timeout", TIMEOUT), 1)
    each_try = checks.seconds("command: try_timeout", try_timeout, 1)
    script = (files("initconstructs.presets") / "scripts" / "retry.sh").read_text("utf-8")
    program = program_volume(name, {"retry.sh": script}).at(HOME, read_only=True)
    return Stage(
        name,
        image=image,
        command=["sh", f"{HOME}/retry.sh"],
        args=[str(seconds), str(each_try), *kept],
        env=env or {},
        mounts=[program, *options.get("mounts", ())],
        resources=options.get("resources", RESOURCES),
        security=options.get("security", _SECURITY),
        after=options.get("after", ()),
        before=options.get("before", ()),
        raw=TELL_WHY | dict(options.get("raw", {})),
    )
