"""Plain SQL files, run by a small client of our own."""

from __future__ import annotations

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.environment import EnvValue
from initconstructs.presets import images
from initconstructs.presets.migrating.migration import Migration, MigrationOptions, Tool, stage
from initconstructs.presets.program import UNPRIVILEGED, python
from initconstructs.presets.text import check_text


@ends_at_the_author
def sql(
    directory: str, *, database_url: EnvValue, image: str = images.PYTHON, **options: Unpack[MigrationOptions]
) -> Migration:
    """Run the SQL files of a directory in the order of their names, each once.

        migrating.sql(
            "/migrations",
            database_url=SecretKey("shop-db", "url"),
            mounts=[Volume("migrations", InlineFiles({"001-orders.sql": ORDERS})).at("/migrations")],
        )

    The files come from a volume, or from an app's image with python3 (`image=`). One session holds the advisory lock
    and runs them, so work ends when the lock is lost. Each file is one transaction of PostgreSQL, with the row of
    `initconstructs_migrations` that says it ran: killed at any instant, it has run or it has not. MySQL and MariaDB
    commit at each DDL statement, so write one a file there. What only the server understands may stand in a file: no
    `\\copy`, no DELIMITER. A file that changed after it ran is refused.

    Runs as user 65532 with a read-only root file system, in `images.PYTHON`.

    Exit codes: 0 all files have run; 1 one failed, or changed after it ran; 2 wrong arguments, or no files; 124 the
    deadline came; 143 the pod was stopped.

    Sources: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT,
    https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html
    """
    checks.absolute_path("sql: directory", directory)
    program = python("locking", "sql")
    variable = options.get("variable", "DATABASE_URL")
    place = check_text("sql: directory", directory)
    question = [*program.command, "10", variable, "check", place]
    tool = Tool(words=["sql"], question=question)
    args = [variable, "apply", place]
    return stage(program, args, tool, image=image, database_url=database_url, options=options, security=UNPRIVILEGED)
