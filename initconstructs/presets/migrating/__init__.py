"""Change a database's schema, one pod at a time: `migrating.alembic(image=IMAGE, database_url=SecretKey("db", "url"))`.

Each function returns a stage that runs in the app's own image, under an advisory lock of the PostgreSQL database.

* **What runs.** A static Python program (3.8 or newer, nothing installed) takes the lock and then starts the tool. The
  lock belongs to its database session, so the server drops it when the container is killed at any instant, and the
  program stops the tool when the session is lost. It needs a session of its own: connect to the server itself or to a
  pooler in session mode, not in transaction mode.
* **Privileges.** Pod Security "restricted"; the image's own user, which must not be root. The URL comes by an
  environment variable, from a Secret say; it is never on a command line.
* **Resources.** Requests 100m CPU and 128Mi unless `resources=` says otherwise.
* **Exit codes.** The tool's own; 124 the deadline came (`timeout=`, 10 minutes unless said otherwise, for the wait for
  the lock and the migration together); 125 the lock was lost; 127 there is no such tool; 2 wrong arguments; 143 the
  pod was stopped.
* **Second run.** It takes the lock and runs the tool again, which finds nothing left to do.

Sources: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from initconstructs.presets.migrating.locked import MigrationOptions, alembic, command, django

__all__ = ["MigrationOptions", "alembic", "command", "django"]
