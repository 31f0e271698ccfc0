"""Migrations in the pod, under a lock of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from typing_extensions import TypedDict, Unpack

from initconstructs.model import checks
from initconstructs.model.checks import Duration, Words
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import ends_at_the_author, wrong
from initconstructs.model.raw import Raw
from initconstructs.model.resources import Resources
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import Edge, Stage
from initconstructs.model.volumes import Mount
from initconstructs.presets.program import HOME, TELL_WHY, literal, program_volume
from initconstructs.presets.text import check_text

TIMEOUT = "10m"
RESOURCES = Resources(requests={"cpu": "100m", "memory": "128Mi"})

# By path, as the tool must start in the image's own working directory; -E, -s, -S: nothing installed changes it.
_START = f'import sys; sys.path.insert(0, "{HOME}"); from locking.run import start; start()'
_COMMAND = ["python3", "-E", "-s", "-S", "-c", _START]


class MigrationOptions(TypedDict, total=False):
    """What every migration takes besides its own parameters.

    `variable` names the environment variable that holds the URL, "DATABASE_URL" unless said otherwise. `timeout` is the
    total deadline. The others are those of a `Stage`.
    """

    variable: str
    env: Mapping[str, EnvValue]
    name: str
    timeout: Duration
    working_dir: str
    resources: Resources
    security: SecurityContext
    mounts: Sequence[Mount]
    after: Sequence[Edge]
    before: Words
    raw: Raw


@ends_at_the_author
def command(words: Words, *, image: str, database_url: EnvValue, **options: Unpack[MigrationOptions]) -> Stage:
    """Run any migration tool under an advisory lock of the PostgreSQL database at `database_url`.

        migrating.command(["./migrate", "up"], image=IMAGE, database_url=SecretKey("shop-db", "url"))

    The tool is run without a shell, in an image that has `python3` beside it. A URL such as
    `postgresql+psycopg://user:password@db:5432/shop?sslmode=verify-full&sslrootcert=/ca/ca.crt` is understood, with the
    parts of libpq's that it names.

    Sources: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    """
    kept = [literal(check_text("migrating: words", each)) for each in checks.words("migrating: words", words)]
    if not kept or not kept[0]:
        raise wrong("migrating: words", words, "must name a command", 'write ["./migrate", "up"], say')
    name, variable = options.get("name", "migrate"), options.get("variable", "DATABASE_URL")
    seconds = checks.seconds("migrating: timeout", options.get("timeout", TIMEOUT), 1)
    program = program_volume(name, _program()).at(f"{HOME}/locking", read_only=True)
    return Stage(
        name,
        image=image,
        command=_COMMAND,
        args=[str(seconds), literal(variable), *kept],
        env={variable: database_url, **options.get("env", {})},
        working_dir=options.get("working_dir"),
        mounts=[program, *options.get("mounts", ())],
        resources=options.get("resources", RESOURCES),
        security=options.get("security"),
        after=options.get("after", ()),
        before=options.get("before", ()),
        raw=TELL_WHY | dict(options.get("raw", {})),
    )


@ends_at_the_author
def alembic(
    *,
    image: str,
    database_url: EnvValue,
    revision: str = "heads",
    config: str = "alembic.ini",
    **options: Unpack[MigrationOptions],
) -> Stage:
    """Upgrade a database with Alembic, whose env.py must read the URL from the environment variable.

        migrating.alembic(image=IMAGE, database_url=SecretKey("shop-db", "url"))

    Alembic takes no lock of its own, so two replicas that start together run the same migration twice.

    Sources: https://alembic.sqlalchemy.org/en/latest/api/commands.html#alembic.command.upgrade
    """
    return command(["alembic", "-c", config, "upgrade", revision], image=image, database_url=database_url, **options)


@ends_at_the_author
def django(
    *, image: str, database_url: EnvValue, manage: str = "manage.py", **options: Unpack[MigrationOptions]
) -> Stage:
    """Migrate a database with Django, whose settings must read the URL from the environment variable.

        migrating.django(image=IMAGE, database_url=SecretKey("shop-db", "url"))

    Django takes no lock of its own, so two replicas that start together run the same migration twice.

    Sources: https://docs.djangoproject.com/en/stable/ref/django-admin/#migrate
    """
    return command(["python3", manage, "migrate", "--noinput"], image=image, database_url=database_url, **options)


@lru_cache(maxsize=1)
def _program() -> Mapping[str, str]:
    scripts = files("initconstructs.presets") / "scripts" / "locking"
    return {name: (scripts / name).read_text("utf-8") for name in ("postgres.py", "run.py")}
