"""Waits for databases, caches and brokers, each in its own protocol."""

from __future__ import annotations

from typing_extensions import Unpack

from initconstructs.model.errors import ends_at_the_author
from initconstructs.presets.waiting.address import at, check_text
from initconstructs.presets.waiting.tls import Tls, tls_spec
from initconstructs.presets.waiting.wait import StageOptions, Wait, named, wait


@ends_at_the_author
def postgres(
    host: str, *, port: int = 5432, database: str = "postgres", user: str = "postgres", **options: Unpack[StageOptions]
) -> Wait:
    """Wait until PostgreSQL accepts sessions: what `pg_isready` asks, with its own client not needed.

        waiting.postgres("db", port=5432)

    A start-up packet is sent and no password. A request to authenticate passes, and so does any refusal that only a
    working server gives (an unknown user, TLS demanded). "The database system is starting up", shutting down, and too
    many clients don't. `user` and `database` matter only for what the server logs, and to a pooler that routes by them.

    Sources: https://www.postgresql.org/docs/current/protocol-flow.html
    https://www.postgresql.org/docs/current/app-pg-isready.html
    """
    place = at("postgres", host, port)
    names = {"database": check_text("postgres: database", database), "user": check_text("postgres: user", user)}
    return wait(named(host), [{"wait": "postgres", "at": place} | names], options)


@ends_at_the_author
def redis(host: str, *, port: int = 6379, tls: Tls | None = None, **options: Unpack[StageOptions]) -> Wait:
    """Wait until Redis, Valkey or a compatible server answers PING.

        waiting.redis("cache")

    A demand for a password passes. Loading the data set, a replica without its master, and protected mode don't.

    Sources: https://redis.io/docs/latest/commands/ping/
    """
    return wait(named(host), [{"wait": "redis", "at": at("redis", host, port)} | tls_spec(tls)], options)
