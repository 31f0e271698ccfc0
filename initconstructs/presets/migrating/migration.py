"""A migration as a value: what runs, under which lock, and how to ask whether it is done."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Literal, TypeAlias

from initconstructs.model import checks
from initconstructs.model.checks import Duration, Words
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import Stage
from initconstructs.presets.program import COMMAND_RESOURCES, Program, StepOptions, python, shell
from initconstructs.presets.text import check_open, check_text

Lock: TypeAlias = Literal["database", "tool"]
"""Who keeps two pods from migrating at once: an advisory lock of the database around the tool, or the tool itself."""

TIMEOUT = "10m"
TWO_WAYS = (
    'take a lock around it with lock="database", in an image that has python3, '
    "or migrate once while the pods wait: migrating.in_job(...)"
)

_WITHOUT_PYTHON = re.compile(r"(?:.*/)?(?:amacneil/dbmate|arigaio/atlas|migrate/migrate|liquibase)(?:[:@].*)?")
"""Images of the tools' makers that have no python3: https://github.com/amacneil/dbmate/blob/main/Dockerfile,
https://github.com/golang-migrate/migrate/blob/master/Dockerfile, https://github.com/liquibase/docker/blob/main/Dockerfile,
https://atlasgo.io/guides/deploying/image"""


class MigrationOptions(StepOptions, total=False):
    """What every migration takes besides its own parameters.

    `timeout` is the total deadline, 10 minutes unless said otherwise. `variable` names the environment variable that
    holds the URL. `env` are further variables. The others are those of a `Stage`.
    """

    timeout: Duration
    variable: str
    env: Mapping[str, EnvValue]
    working_dir: str


@frozen
class Tool:
    """How a tool is called.

    `words` migrate. `question` asks whether there is nothing left to do: it exits 0 then, and says `answer`. `first` is
    run under the lock before the words.
    """

    words: Words
    question: Words = ()
    answer: str = ""
    first: Words = ()
    variable: str = "DATABASE_URL"
    env: Mapping[str, EnvValue] = field(default_factory=dict)


@frozen
class Migration(Stage):
    """A stage that migrates a schema, made by the functions of `migrating`; `in_job` runs it once instead.

    `question` and `answer` are the tool's: a command that exits 0, and says the text, when the schema is there.
    """

    question: tuple[str, ...] = ()
    answer: str = ""


def deadline(options: MigrationOptions) -> int:
    """The total deadline in seconds."""
    return checks.seconds("migrating: timeout", options.get("timeout", TIMEOUT), 1)


def migration(
    tool: Tool, lock: Lock | None, *, image: str, database_url: EnvValue | None, options: MigrationOptions
) -> Migration:
    """The stage that runs the tool under the lock; without one, more than one pod at once is refused."""
    words = _command("words", tool.words)
    variable = options.get("variable", tool.variable)
    if lock == "database":
        _check_python(image)
        first = ["--first", json.dumps(list(tool.first))] if tool.first else []
        args = [variable, *first, *words]
        return stage(python("locking", "run"), args, tool, image=image, database_url=database_url, options=options)
    if lock is not None:
        checks.choice("migrating: lock", lock, ("database", "tool"))
    found = stage(shell("migrating", "bounded"), words, tool, image=image, database_url=database_url, options=options)
    return found if lock else replace(found, exclusive=TWO_WAYS)


def stage(
    program: Program,
    args: Sequence[str],
    tool: Tool,
    *,
    image: str,
    database_url: EnvValue | None,
    options: MigrationOptions,
    security: SecurityContext | None = None,
) -> Migration:
    """The stage of a program that takes the deadline and `args`."""
    variable, env = options.get("variable", tool.variable), options.get("env", {})
    own = {} if database_url is None else {variable: database_url}
    if own and variable in env:
        rule, remedy = f"says {variable} again, which holds database_url", "leave it out, or name another: variable=..."
        raise ModelError("migrating: env", rule, remedy)
    if not own and "variable" in options:
        rule, remedy = "would hold nothing: this tool takes its URL as database=", "leave it out, or give env="
        raise wrong("migrating: variable", variable, rule, remedy)
    made = program.stage(
        Migration,
        "migrate",
        [str(deadline(options)), *args],
        options,
        image=image,
        resources=COMMAND_RESOURCES,
        security=security or SecurityContext(),
        network=True,
        env={**{name: _open(each) for name, each in {**tool.env, **own}.items()}, **env},
    )
    question = _command("question", tool.question) if tool.question else ()
    return replace(made, working_dir=options.get("working_dir"), question=question, answer=tool.answer)


def _open(value: EnvValue) -> EnvValue:
    """A variable that a preset makes of its parameters."""
    return check_open("migrating: the URL", value) if isinstance(value, str) else value


def _command(place: str, words: Words) -> tuple[str, ...]:
    kept = tuple(check_text(f"migrating: {place}", each) for each in checks.words(f"migrating: {place}", words))
    if not kept or not kept[0] or kept[0].startswith("-"):
        raise wrong(f"migrating: {place}", words, "must name a command", 'write ["./migrate", "up"], say')
    return kept


def _check_python(image: str) -> None:
    if _WITHOUT_PYTHON.fullmatch(image):
        raise wrong(
            "migrating: image",
            image,
            "has no python3, which the lock around the tool needs",
            "build an image with both; or say lock=None and migrate once: migrating.in_job(...)",
        )
