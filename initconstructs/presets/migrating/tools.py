"""Tools that take no lock, or one that a killed container leaves behind: they run under a lock of the database."""

from __future__ import annotations

from typing import Literal

from typing_extensions import Unpack

from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Words
from initconstructs.model.environment import EnvValue
from initconstructs.presets.migrating.migration import Lock, Migration, MigrationOptions, Tool, migration

NODE = "node_modules/.bin"


@ends_at_the_author
def command(
    words: Words,
    *,
    image: str,
    database_url: EnvValue,
    question: Words = (),
    answer: str = "",
    lock: Lock | None = "database",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Run any migration tool.

        migrating.command(["./migrate", "up"], image=IMAGE, database_url=SecretKey("shop-db", "url"))

    The tool is run without a shell. `question` are the words that ask it whether the schema is there, which `in_job`
    needs: they exit 0 then, and what they say holds `answer`. `lock="tool"` is for one that keeps other copies out
    itself until it is done, also when it is killed.

    Sources: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    """
    tool = Tool(words=words, question=question, answer=answer)
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def alembic(
    *,
    image: str,
    database_url: EnvValue,
    config: str = "alembic.ini",
    revision: str = "heads",
    lock: Literal["database"] | None = "database",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Upgrade a database with Alembic, whose env.py must read the URL from the environment variable.

        migrating.alembic(image=IMAGE, database_url=SecretKey("shop-db", "url"))

    Alembic takes no lock, so two replicas that start together run the same migration twice. `in_job` asks
    `alembic current --check-heads`, which Alembic has from 1.17.1, and only for all heads.

    Sources: https://alembic.sqlalchemy.org/en/latest/api/commands.html#alembic.command.upgrade,
    https://alembic.sqlalchemy.org/en/latest/changelog.html#change-1.17.1
    """
    start = ["alembic", "-c", config]
    question = [*start, "current", "--check-heads"] if revision in ("head", "heads") else []
    tool = Tool(words=[*start, "upgrade", revision], question=question)
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def django(
    *,
    image: str,
    database_url: EnvValue,
    manage: str = "manage.py",
    lock: Literal["database"] | None = "database",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Migrate a database with Django, whose settings must read the URL from the environment variable.

        migrating.django(image=IMAGE, database_url=SecretKey("shop-db", "url"))

    Django takes no lock, so two replicas that start together run the same migration twice. `in_job` asks
    `manage.py migrate --check`.

    Sources: https://docs.djangoproject.com/en/stable/ref/django-admin/#migrate
    """
    start = ["python3", manage, "migrate"]
    tool = Tool(words=[*start, "--noinput"], question=[*start, "--check"])
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def dbmate(
    *,
    image: str,
    database_url: EnvValue,
    directory: str = "./db/migrations",
    lock: Literal["database"] | None = "database",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Migrate a database with dbmate, in an image that has python3 too.

        migrating.dbmate(image=IMAGE, database_url=SecretKey("shop-db", "url"))

    dbmate takes no lock, and its own image has no python3 to take one around it: copy the program into the app's image,
    or say `lock=None` and put it into a Job. The database must be there; the schema file is not written. `in_job` asks
    `dbmate status --exit-code`.

    Sources: https://github.com/amacneil/dbmate#usage, https://github.com/amacneil/dbmate/issues/101
    """
    variable = options.get("variable", "DATABASE_URL")
    start = ["dbmate", "--env", variable, "--migrations-dir", directory, "--no-dump-schema"]
    tool = Tool(words=[*start, "migrate"], question=[*start, "status", "--exit-code"])
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def goose(
    *,
    image: str,
    database_url: EnvValue,
    driver: str = "postgres",
    directory: str = ".",
    version: int | None = None,
    lock: Literal["database"] | None = "database",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Migrate a PostgreSQL database with goose, in an image that has python3 too.

        migrating.goose(image=IMAGE, database_url=SecretKey("shop-db", "url"), directory="migrations")

    The locks of goose are for programs that use it as a library; the command takes none. `in_job` asks `goose version`
    and needs `version`, the number of the newest migration.

    Sources: https://pressly.github.io/goose/documentation/environment-variables/,
    https://pkg.go.dev/github.com/pressly/goose/v3/lock, https://github.com/pressly/goose/pull/1015
    """
    tool = Tool(
        words=["goose", "up"],
        question=[] if version is None else ["goose", "version"],
        answer=f"goose: version {version}\n",
        variable="GOOSE_DBSTRING",
        env={"GOOSE_DRIVER": driver, "GOOSE_MIGRATION_DIR": directory},
    )
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def knex(
    *,
    image: str,
    database_url: EnvValue,
    knexfile: str = "knexfile.js",
    program: str = f"{NODE}/knex",
    lock: Lock | None = "database",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Migrate a database with Knex, whose knexfile must read the URL from the environment variable.

        migrating.knex(image=IMAGE, database_url=SecretKey("shop-db", "url"))

    Knex keeps its own lock as a row of `knex_migrations_lock`: a copy that finds it taken fails. Where no transaction
    takes it back (on MySQL, or with `transaction: false`), it stays when a container is killed, until someone runs
    `knex migrate:unlock`. So this takes a lock of the database around it and clears the row first, which can only be a
    dead copy's then; the image needs python3, which `node` has and `node:...-slim` has not. With `lock="tool"` the row
    is Knex's affair and yours. `in_job` asks `knex migrate:list`.

    Sources: https://knexjs.org/guide/migrations.html#notes-about-locks
    """
    start = [program, "--knexfile", knexfile]
    tool = Tool(
        words=[*start, "migrate:latest"],
        question=[*start, "migrate:list"],
        answer="No Pending Migration files Found",
        first=[*start, "migrate:unlock"],
    )
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def liquibase(
    *,
    image: str,
    database_url: EnvValue,
    changelog: str,
    lock: Lock | None = "database",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Update a database with Liquibase, in an image that has python3 too.

        migrating.liquibase(image=IMAGE, database_url=SecretKey("shop-db", "jdbc-url"), changelog="db/changelog.xml")

    Liquibase keeps its own lock as a row of DATABASECHANGELOGLOCK, which stays when a container is killed; every later
    copy then waits five minutes and fails, until someone runs `liquibase release-locks`. So this takes a lock of the
    database around it and releases the row first, which can only be a dead copy's then. The JDBC URL holds the login
    (`jdbc:postgresql://db/shop?user=...&password=...`). Liquibase's own image has no python3: with that, put it into a
    Job with `lock="tool"`, and release a dead copy's row by hand. `in_job` asks `liquibase status`.

    Sources: https://docs.liquibase.com/reference-guide/tracking-tables/databasechangeloglock-table,
    https://docs.liquibase.com/commands/utility/release-locks.html
    """
    tool = Tool(
        words=["liquibase", "update"],
        question=["liquibase", "status"],
        answer=" is up to date",
        first=["liquibase", "release-locks"],
        variable="LIQUIBASE_COMMAND_URL",
        env={"LIQUIBASE_COMMAND_CHANGELOG_FILE": changelog},
    )
    return migration(tool, lock, image=image, database_url=database_url, options=options)
