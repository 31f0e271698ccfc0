"""Hazards of schema migrations in a pod that has replicas."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from initconstructs.manifests.replicas import pods_at_once
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.startup.calls import Call, calls_of_argv
from initconstructs.rules.startup.stage import Workload

# Tools without a lock of their own, by program and the words that make it migrate.
_UNLOCKED: dict[str, tuple[str, ...]] = {
    "alembic": ("upgrade",),
    "flask": ("upgrade",),
    "django": ("migrate", "migrate_schemas"),
    "django-admin": ("migrate", "migrate_schemas"),
    "manage.py": ("migrate", "migrate_schemas"),
    "goose": ("up", "up-to", "up-by-one"),
    "dbmate": ("up", "migrate"),
    "sequelize": ("db:migrate",),
    "sequelize-cli": ("db:migrate",),
    "typeorm": ("migration:run",),
    "drizzle-kit": ("migrate", "push"),
    "db-migrate": ("up",),
    "artisan": ("migrate",),
    "doctrine": ("migrations:migrate",),
    "doctrine-migrations": ("migrate", "migrations:migrate"),
    "aerich": ("upgrade",),
    "piccolo": ("forwards",),
}
# Tools that take a lock in the database themselves, and programs and options that take one around them.
_LOCKING_TOOLS = frozenset(
    """airflow flyway liquibase atlas prisma knex rails rake bundle sqitch sqlx tern mix node-pg-migrate yoyo
    ecto.migrate""".split()  # noqa: SIM905
)
_LOCKS = frozenset(["flock", "consul-lock", "setlock"])
_LOCKING_WORDS = ("advisory_lock", "get_lock(", "--isolated", "from locking.run import")
_ONLY_LOOKS = frozenset(["--check", "--plan", "--sql", "--dry-run", "--pretend", "--help"])
_VERBS = frozenset(
    """migrate db:migrate migrate:deploy migration:run migrations:migrate doctrine:migrations:migrate migrate-db
    db-migrate""".split()  # noqa: SIM905
)
_GROUPS = frozenset(["db", "database", "schema"])
"""Words that a program's verbs may stand behind: `server db migrate`."""
# Programs for which such a word is a text, or the name of something.
_NO_MIGRATORS = frozenset(
    """: [ basename cat cd chmod chown cp curl dirname docker echo export find git grep helm kill kubectl ln ls mkdir mv
    pgrep pkill printf rm rmdir sed set source tail tee test touch unset wget which""".split()  # noqa: SIM905
)
_LAUNCHERS = frozenset(
    "python python3 php node npx npm yarn pnpm bunx bun poetry uv pipenv ruby bin/console".split()  # noqa: SIM905
)
_OUR_SCRIPT = "/initconstructs/migrating/bounded.sh"
"""The script that our presets run a tool by without a lock around it; behind it stand the deadline and the tool."""


@rule(
    "unlocked-migration",
    family="startup",
    severity=Severity.WARNING,
    fix="Take an advisory lock of the database around it (migrating.alembic(...) and its kin do), or migrate once in a "
    "Job while the pods ask the tool whether the schema is there (migrating.in_job(...)).",
)
def unlocked_migration(workload: Workload) -> Places:
    """Every replica runs the migration at the same time.

    What: a container of a workload with several pods, or with an autoscaler, migrates a schema with a tool that takes
    no lock, in an init container or before the app in the app's own. One pod of a StatefulSet may do it, by its number.
    Why: the pods start together; two of them see the same old version, and one fails half-way through the change or
    applies it twice. Seen in 11 of 11 migrations by init container of 82 public repositories.
    Example: `replicas: 3` with `alembic upgrade head` as init container
    Fix: `pg_advisory_lock` around the command, or a Job (a hook of the release) plus a wait for the schema version.
    Source: https://alembic.sqlalchemy.org/en/latest/cookbook.html (no locking between processes)
    """
    pods = pods_at_once(workload.manifest) or workload.autoscaled
    if not pods:
        return
    for stage in (*workload.init_stages, *workload.apps):
        tool = _unlocked_tool(stage.run, workload.kind == "StatefulSet")
        if tool:
            yield stage.command_path, f"{stage.name!r} runs {tool} in {pods} at once, with no lock between them"


@lru_cache(maxsize=4096)
def _unlocked_tool(argv: tuple[str, ...], numbered: bool) -> str:
    if _OUR_SCRIPT in argv:
        argv = argv[argv.index(_OUR_SCRIPT) + 2 :]
    calls = calls_of_argv(argv)
    tools = [tool for call in calls if (tool := _migrates(call)) and not (numbered and _is_of_one_pod(call))]
    return tools[0] if tools and not _is_locked(calls) else ""


def _is_of_one_pod(call: Call) -> bool:
    """Whether the pod's own name decides that it runs: `[ "${HOSTNAME##*-}" = 0 ] && ...`."""
    words = [word for test in call.tests for word in test.words]
    said = [text.upper() for word in words for text in (word.text, *word.variables, *word.substitutions)]
    return any(name in text for text in said for name in ("HOSTNAME", "POD_NAME", "ORDINAL", "POD_INDEX"))


def _migrates(call: Call) -> str:
    """The tool, as a reader knows it: `alembic upgrade`."""
    words = [word.text.rsplit("/", 1)[-1] for word in call.words]
    if not words or _LOCKING_TOOLS.intersection(words[:3]) or words[0] == "migrate":
        return ""
    if _ONLY_LOOKS.intersection(words):
        return ""
    for position, word in enumerate(words[:4]):
        verbs = _UNLOCKED.get(word, ())
        verb = next((later for later in words[position + 1 :] if later in verbs), "")
        if verb and (position == 0 or words[0] in _LAUNCHERS):
            return f"{word} {verb}"
    if ("db", "upgrade") in pairwise(words[1:]):  # Flask-Migrate's, which many apps have as a command of their own
        return f"{words[0]} db upgrade"
    said = [word.text for word in call.words[1 : 3 if {words[0], *words[1:2]} & (_LAUNCHERS | _GROUPS) else 2]]
    verb = next((word for word in said if word in _VERBS), "")
    return f"{words[0]} {verb}" if verb and words[0] not in _NO_MIGRATORS else ""


def _is_locked(calls: tuple[Call, ...]) -> bool:
    return any(
        call.program in _LOCKS or any(lock in word.text.lower() for word in call.words for lock in _LOCKING_WORDS)
        for call in calls
    )


CHECKS: tuple[Check[[Workload]], ...] = (unlocked_migration,)
