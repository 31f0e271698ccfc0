"""Hazards of schema migrations in a pod that has replicas."""

from __future__ import annotations

from functools import lru_cache

from initconstructs.manifests.pod_template import child
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.startup.calls import Call, calls_of_argv
from initconstructs.rules.startup.stage import Workload

# Tools without a lock of their own, by program and the words that make it migrate.
# flyway, liquibase, golang-migrate, atlas, rails, prisma and knex take a lock in the database themselves.
_UNLOCKED: dict[str, tuple[str, ...]] = {
    "alembic": ("upgrade",),
    "flask": ("upgrade",),
    "django-admin": ("migrate",),
    "manage.py": ("migrate",),
    "goose": ("up", "up-to"),
    "dbmate": ("up", "migrate"),
    "sequelize": ("db:migrate",),
    "sequelize-cli": ("db:migrate",),
    "typeorm": ("migration:run",),
    "artisan": ("migrate",),
    "doctrine": ("migrations:migrate",),
    "aerich": ("upgrade",),
}
_LOCKS = frozenset(["flock", "consul-lock", "setlock"])
_LOCKING_TOOLS = frozenset(["flyway", "liquibase", "prisma", "knex", "rails", "rake", "atlas", "sqitch", "bundle"])
_VERBS = frozenset(
    ["migrate", "db:migrate", "migrate:deploy", "migration:run", "migrations:migrate", "migrate-db", "db-migrate"]
)
_LAUNCHERS = frozenset(
    ["python", "python3", "php", "node", "npx", "npm", "yarn", "pnpm", "poetry", "uv", "pipenv", "ruby", "bin/console"]
)


@rule(
    "unlocked-migration",
    family="startup",
    severity=Severity.WARNING,
    fix="Take a lock in the database around it, or migrate once in a Job and let the pods wait for the schema.",
)
def unlocked_migration(workload: Workload) -> Places:
    """Every replica runs the migration at the same time.

    What: an init container of a workload with several pods migrates a schema with a tool that takes no lock.
    Why: the pods start together; two of them see the same old version, and one fails half-way through the change or
    applies it twice. Seen in 11 of 11 migrations by init container of 82 public repositories.
    Example: `replicas: 3` with `alembic upgrade head` as init container
    Fix: `pg_advisory_lock` around the command, or a Job (a hook of the release) plus a wait for the schema version.
    Source: https://alembic.sqlalchemy.org/en/latest/cookbook.html (no locking between processes)
    """
    pods = _pods_at_once(workload)
    if not pods:
        return
    for stage in workload.init_stages:
        tool = _unlocked_tool(stage.run)
        if tool:
            yield stage.command_path, f"{stage.name!r} runs {tool} in {pods} at once, with no lock between them"


def _pods_at_once(workload: Workload) -> str:
    spec = child(workload.manifest, "spec")
    if workload.kind == "DaemonSet":
        return "the pods of every node"
    number = spec.get("parallelism" if workload.kind == "Job" else "replicas")
    in_turn = workload.kind == "StatefulSet" and spec.get("podManagementPolicy") != "Parallel"
    many = isinstance(number, int) and not isinstance(number, bool) and number > 1
    return f"{number} pods" if many and not in_turn and workload.kind not in ("Pod", "CronJob") else ""


@lru_cache(maxsize=4096)
def _unlocked_tool(argv: tuple[str, ...]) -> str:
    calls = calls_of_argv(argv)
    tools = [tool for call in calls if (tool := _migrates(call))]
    return tools[0] if tools and not _is_locked(calls) else ""


def _migrates(call: Call) -> str:
    """The tool, as a reader knows it: `alembic upgrade`."""
    words = [word.text.rsplit("/", 1)[-1] for word in call.words]
    if not words or words[0] == "migrate" or _LOCKING_TOOLS.intersection(words[:3]):
        return ""
    for position, word in enumerate(words[:4]):
        verbs = _UNLOCKED.get(word, ())
        verb = next((later for later in words[position + 1 :] if later in verbs), "")
        if verb and (position == 0 or words[0] in _LAUNCHERS):
            return f"{word} {verb}"
    verb = next((word for word in words[1:3] if word in _VERBS), "")
    return f"{words[0]} {verb}" if verb else ""


def _is_locked(calls: tuple[Call, ...]) -> bool:
    return any(
        call.program in _LOCKS
        or any("advisory_lock" in word.text.lower() or "get_lock(" in word.text.lower() for word in call.words)
        for call in calls
    )


CHECKS: tuple[Check[[Workload]], ...] = (unlocked_migration,)
