"""Change a database's schema once, however many pods start: `migrating.alembic(image=IMAGE, database_url=...)`.

Each function returns a stage that runs a tool in the app's own image, in one of two ways. In the pod, under a lock, so
that of the pods that start together one migrates and the others wait and then find nothing to do. Or once, in a Job,
while every pod waits until the tool says that the schema is there: `migrating.in_job(migrating.alembic(...))`.

`lock="database"` takes an advisory lock of PostgreSQL, MySQL or MariaDB around the tool. `lock="tool"` leaves it to a
tool that holds such a lock itself. `lock=None` takes none: with more than one pod, or an autoscaler, that is an error.
One replica still meets another where a rollout overtakes a migration that runs; `strategy=Recreate()` prevents it.

* **What runs.** For `lock="database"` a static Python program (3.8 or newer, nothing installed), which the image must
  have `python3` for: it takes the lock and starts the tool. The lock belongs to its database session, so the server
  drops it when the container is killed at any instant (and PostgreSQL within a minute when the node dies; MySQL by
  `net.ipv4.tcp_keepalive_time` of its host), and the program stops the tool when the session is lost. A statement
  that the server is at just then runs to its end and is rolled back where DDL can be; until then, its tables hold back
  the next copy. The lock needs a session of its own: connect to the server itself or to a pooler in session mode.
  CockroachDB, YugabyteDB and Galera have no such lock; use a Job there. Without our lock, a POSIX shell script ends
  the tool at the deadline; the image must have `sh` and `timeout`.
* **The URL.** PostgreSQL, MySQL and MariaDB, as drivers write it (`postgresql+psycopg://`, `mysql+pymysql://`,
  `jdbc:mariadb://`), with one host, or a socket (`?host=/cloudsql/...`, `?unix_socket=`); with `sslmode`, `ssl-mode` or
  `ssl`, a CA file as `sslrootcert` or `ssl_ca`, and a client's `sslcert` and `sslkey`. TLS is used where the server has
  it, and its certificate is verified where a CA is named. Logins by `caching_sha2_password` need it; those by ed25519
  are not possible.
* **Privileges.** Pod Security "restricted"; the image's own user, which must not be root. The URL comes by an
  environment variable, from a Secret; it is never on a command line, and a password in the manifest is refused.
* **Resources.** Requests 100m CPU and 128Mi unless `resources=` says otherwise.
* **Exit codes.** The tool's own; 124 the deadline came (`timeout=`, 10 minutes unless said otherwise, for the wait for
  the lock and the migration together); 125 the lock was lost; 126 the tool can't be run; 127 there is none; 2 wrong
  arguments; 143 the pod was stopped.
* **Second run.** It takes the lock and runs the tool again, which finds nothing left to do.

Sources: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS,
https://dev.mysql.com/doc/refman/8.4/en/locking-functions.html#function_get-lock,
https://www.cockroachlabs.com/docs/stable/postgresql-compatibility, https://galeracluster.com/library/training/tutorials/differences.html
"""

from initconstructs.presets.migrating.job import JobOptions, in_job
from initconstructs.presets.migrating.migration import Lock, Migration, MigrationOptions
from initconstructs.presets.migrating.self_locking import atlas, flyway, golang_migrate, prisma, rails, sqitch
from initconstructs.presets.migrating.sql import sql
from initconstructs.presets.migrating.tools import alembic, command, dbmate, django, goose, knex, liquibase

__all__ = [
    "JobOptions",
    "Lock",
    "Migration",
    "MigrationOptions",
    "alembic",
    "atlas",
    "command",
    "dbmate",
    "django",
    "flyway",
    "golang_migrate",
    "goose",
    "in_job",
    "knex",
    "liquibase",
    "prisma",
    "rails",
    "sqitch",
    "sql",
]
