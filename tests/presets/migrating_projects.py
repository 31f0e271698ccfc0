"""Small projects of migration tools: two migrations each, of which the second one takes `SLEEP` seconds.

Each migration says so when it runs, and fails when it runs twice.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

Files = Mapping[str, str]

ALEMBIC = {
    "alembic.ini": "[alembic]\nscript_location = %(here)s\n",
    "env.py": """
        import os
        from alembic import context
        from sqlalchemy import NullPool, create_engine

        with create_engine(os.environ["DATABASE_URL"], poolclass=NullPool).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    "versions/one.py": """
        from alembic import op

        revision, down_revision = "one", None

        def upgrade():
            print("ran one", flush=True)
            op.execute("CREATE TABLE orders (id int PRIMARY KEY)")
        """,
    "versions/two.py": """
        import os, time
        from alembic import op

        revision, down_revision = "two", "one"

        def upgrade():
            print("ran two", flush=True)
            op.execute("ALTER TABLE orders ADD total int")
            op.execute("INSERT INTO orders (id, total) VALUES (1, 7)")
            time.sleep(float(os.environ["SLEEP"]))
        """,
}
DJANGO = {
    "manage.py": """
        import os
        from django.core.management import execute_from_command_line

        if os.environ["DATABASE_URL"].startswith("mysql"):
            import pymysql
            pymysql.version_info = (2, 2, 7, "final", 0)
            pymysql.install_as_MySQLdb()
        os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
        execute_from_command_line()
        """,
    "settings.py": """
        import dj_database_url

        SECRET_KEY, USE_TZ, INSTALLED_APPS = "x", True, ["shop"]
        DATABASES = {"default": dj_database_url.config()}
        """,
    "shop/__init__.py": "",
    "shop/models.py": "",
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_one.py": """
        from django.db import migrations

        class Migration(migrations.Migration):
            operations = [
                migrations.RunPython(lambda *_: print("ran one", flush=True)),
                migrations.RunSQL("CREATE TABLE orders (id int PRIMARY KEY)"),
            ]
        """,
    "shop/migrations/0002_two.py": """
        import os, time
        from django.db import migrations

        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_one")]
            operations = [
                migrations.RunPython(lambda *_: print("ran two", flush=True)),
                migrations.RunSQL("ALTER TABLE orders ADD total int"),
                migrations.RunSQL("INSERT INTO orders (id, total) VALUES (1, 7)"),
                migrations.RunPython(lambda *_: time.sleep(float(os.environ["SLEEP"]))),
            ]
        """,
}
DBMATE = {
    "db/migrations/1_one.sql": "-- migrate:up\nCREATE TABLE orders (id int PRIMARY KEY);\n-- migrate:down\n",
    "db/migrations/2_two.sql": """
        -- migrate:up
        ALTER TABLE orders ADD total int;
        INSERT INTO orders (id, total) VALUES (1, 7);
        SELECT pg_sleep(0.2);
        -- migrate:down
        """,
}
SQITCH = {
    "sqitch.conf": "[core]\n\tengine = pg\n",
    "sqitch.plan": """
        %syntax-version=1.0.0
        %project=shop

        one 2026-01-01T00:00:00Z A <a@example.org> # one
        two [one] 2026-01-01T00:00:01Z A <a@example.org> # two
        """,
    "deploy/one.sql": "CREATE TABLE orders (id int PRIMARY KEY);\n",
    "deploy/two.sql": """
        BEGIN;
        ALTER TABLE orders ADD total int;
        INSERT INTO orders (id, total) VALUES (1, 7);
        SELECT pg_sleep(0.2);
        COMMIT;
        """,
    "revert/one.sql": "DROP TABLE orders;\n",
    "revert/two.sql": "ALTER TABLE orders DROP total;\n",
}
KNEX = {
    "knexfile.js": 'module.exports = {client: "pg", connection: process.env.DATABASE_URL}\n',
    "migrations/1_one.js": """
        exports.up = knex => { console.log("ran one"); return knex.raw("CREATE TABLE orders (id int PRIMARY KEY)") }
        exports.down = () => {}
        """,
    "migrations/2_two.js": """
        exports.config = {transaction: false}
        exports.up = async knex => {
            console.log("ran two")
            await new Promise(done => setTimeout(done, 1000 * process.env.SLEEP))
            await knex.raw("ALTER TABLE orders ADD total int")
            await knex.raw("INSERT INTO orders (id, total) VALUES (1, 7)")
        }
        exports.down = () => {}
        """,
}
SQL = {
    "001-one.sql": "CREATE TABLE orders (id int PRIMARY KEY);\n",
    "002-two.sql": "ALTER TABLE orders ADD total int;\nINSERT INTO orders (id, total) VALUES (1, 7);\n",
}


def written(files: Files) -> Callable[[Path], Path]:
    """Write the project into a directory."""

    def write(place: Path) -> Path:
        for name, text in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        return place

    return write
