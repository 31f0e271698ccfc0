"""Tools that hold a lock of the database's session themselves: the server drops it when they are killed."""

from __future__ import annotations

from typing_extensions import Unpack

from initconstructs.model.author import ends_at_the_author
from initconstructs.model.environment import EnvSource, EnvValue
from initconstructs.model.errors import ModelError
from initconstructs.presets.migrating.migration import (
    Lock,
    Migration,
    MigrationOptions,
    Tool,
    deadline,
    migration,
)
from initconstructs.presets.migrating.tools import NODE
from initconstructs.presets.text import check_open


@ends_at_the_author
def flyway(
    *,
    image: str,
    database_url: EnvValue,
    user: EnvValue | None = None,
    password: EnvSource | None = None,
    locations: str | None = None,
    lock: Lock = "tool",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Migrate a database with Flyway.

        migrating.flyway(image="docker.io/flyway/flyway:11.8.0", database_url=SecretKey("shop-db", "jdbc-url"))

    Flyway holds an advisory lock on PostgreSQL and a named lock on MySQL and MariaDB; other copies wait until the
    deadline. `locations` is where the migrations are, "filesystem:/migrations" say. `in_job` asks `flyway validate`,
    which fails while a migration is pending.

    Sources: https://documentation.red-gate.com/flyway/reference/configuration/flyway-namespace/flyway-lock-retry-count-setting,
    https://documentation.red-gate.com/flyway/reference/commands/validate,
    https://documentation.red-gate.com/flyway/reference/configuration/environment-variables
    """
    if isinstance(password, str):
        raise ModelError("flyway: password", "would stand in the manifest", 'write SecretKey("shop-db", "password")')
    given = {"FLYWAY_USER": user, "FLYWAY_PASSWORD": password, "FLYWAY_LOCATIONS": locations}
    tool = Tool(
        words=["flyway", "-lockRetryCount=-1", "migrate"],
        question=["flyway", "validate"],
        variable="FLYWAY_URL",
        env={name: value for name, value in given.items() if value is not None},
    )
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def golang_migrate(
    *,
    image: str,
    database: str,
    path: str,
    version: int | None = None,
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Migrate a PostgreSQL database with golang-migrate.

        migrating.golang_migrate(
            image="docker.io/migrate/migrate:v4.18.3",
            database="postgres://db:5432/shop?sslmode=verify-full",
            path="/migrations",
            env={"PGUSER": SecretKey("shop-db", "user"), "PGPASSWORD": SecretKey("shop-db", "password")},
        )

    The tool takes its URL on the command line only, so `database` holds no login: its PostgreSQL driver reads PGUSER
    and PGPASSWORD. It holds an advisory lock, and other copies wait until the deadline. A migration that is killed
    half-way leaves the version marked as dirty, and every later run fails until `migrate force` says what is there;
    write each migration as one transaction. `in_job` asks `migrate version` and needs `version`, the number of the
    newest one.

    Sources: https://github.com/golang-migrate/migrate/tree/master/cmd/migrate,
    https://github.com/golang-migrate/migrate/blob/master/database/postgres/postgres.go,
    https://pkg.go.dev/github.com/lib/pq
    """
    check_open("migrating: the URL", database)
    start = ["migrate", "-path", path, "-database", database]
    tool = Tool(
        words=[*start, "-lock-timeout", str(deadline(options)), "up"],
        question=[] if version is None else [*start, "version"],
        answer=f"\n{version}\n",
    )
    return migration(tool, "tool", image=image, database_url=None, options=options)


@ends_at_the_author
def atlas(
    *,
    image: str,
    database_url: EnvValue,
    environment: str,
    config: str = "file://atlas.hcl",
    lock: Lock = "tool",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Apply versioned migrations with Atlas, whose project file must read the URL: `url = getenv("DATABASE_URL")`.

        migrating.atlas(image=IMAGE, database_url=SecretKey("shop-db", "url"), environment="production")

    Atlas holds an advisory lock on PostgreSQL and a named lock on MySQL and MariaDB; other copies wait until the
    deadline. The image needs `sh`, which Atlas' own has in its `-alpine` tags. `in_job` asks `atlas migrate status`.

    Sources: https://atlasgo.io/versioned/apply, https://atlasgo.io/cli-reference#atlas-migrate-apply
    """
    given = ["--config", config, "--env", environment]
    tool = Tool(
        words=["atlas", "migrate", "apply", *given, "--lock-timeout", f"{deadline(options)}s"],
        question=["atlas", "migrate", "status", *given, "--format", "{{ println .Status }}"],
        answer="\nOK\n",
    )
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def prisma(
    *,
    image: str,
    database_url: EnvValue,
    program: str = f"{NODE}/prisma",
    lock: Lock = "tool",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Deploy migrations with Prisma, whose schema or config must read the URL from the environment variable.

        migrating.prisma(image=IMAGE, database_url=SecretKey("shop-db", "url"))

    Prisma holds an advisory lock, for which others wait ten seconds and then fail: the kubelet starts them again. Where
    migrations take longer and the image has python3 (`node` has, `node:...-slim` has not), `lock="database"` lets the
    others wait until the deadline. `in_job` asks `prisma migrate status`, which fails while a migration is pending.

    Sources: https://www.prisma.io/docs/orm/prisma-migrate/workflows/development-and-production#advisory-locking,
    https://www.prisma.io/docs/orm/reference/prisma-cli-reference#migrate-status
    """
    tool = Tool(words=[program, "migrate", "deploy"], question=[program, "migrate", "status"])
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def rails(
    *,
    image: str,
    database_url: EnvValue,
    program: str = "bin/rails",
    lock: Lock = "tool",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Migrate a database with Rails, which reads DATABASE_URL itself.

        migrating.rails(image=IMAGE, database_url=SecretKey("shop-db", "url"), env={"RAILS_ENV": "production"})

    Active Record holds an advisory lock on PostgreSQL and a named lock on MySQL and MariaDB; a copy that finds it taken
    fails with ConcurrentMigrationError, and the kubelet starts it again. Where the image has python3,
    `lock="database"` lets the others wait instead. `in_job` asks `bin/rails db:abort_if_pending_migrations`.

    Sources: https://api.rubyonrails.org/classes/ActiveRecord/ConcurrentMigrationError.html,
    https://guides.rubyonrails.org/configuring.html#configuring-a-database,
    https://guides.rubyonrails.org/active_record_migrations.html
    """
    tool = Tool(words=[program, "db:migrate"], question=[program, "db:abort_if_pending_migrations"])
    return migration(tool, lock, image=image, database_url=database_url, options=options)


@ends_at_the_author
def sqitch(
    *,
    image: str,
    database_url: EnvValue,
    lock: Lock = "tool",
    **options: Unpack[MigrationOptions],
) -> Migration:
    """Deploy changes with Sqitch, to the target that the URL names (`db:pg://user:password@db/shop`).

        migrating.sqitch(image=IMAGE, database_url=SecretKey("shop-db", "target"))

    Sqitch holds an advisory lock on PostgreSQL, from 1.2.0, and other copies wait until the deadline. On MySQL it makes
    its registry before it takes its lock, so let the first deployment of all be one pod's. Who deployed is recorded as
    "initconstructs" unless `env` says otherwise. `in_job` asks `sqitch status`.

    Sources: https://sqitch.org/docs/manual/sqitch-deploy/, https://sqitch.org/docs/manual/sqitch-environment/,
    https://github.com/sqitchers/sqitch/blob/develop/lib/App/Sqitch/Engine/mysql.pm
    """
    tool = Tool(
        words=["sqitch", "deploy", "--lock-timeout", str(deadline(options))],
        question=["sqitch", "status"],
        answer="\nNothing to deploy (up-to-date)\n",
        variable="SQITCH_TARGET",
        env={
            "LC_ALL": "C.UTF-8",
            "SQITCH_FULLNAME": "initconstructs",
            "SQITCH_EMAIL": "initconstructs@localhost",
        },
    )
    return migration(tool, lock, image=image, database_url=database_url, options=options)
