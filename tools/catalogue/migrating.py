"""Migrations."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.environment import SecretKey
from initconstructs.model.volumes import InlineFiles, Volume
from initconstructs.presets import migrating

IMAGE, URL, JDBC = "ghcr.io/acme/shop:1.4.2", SecretKey("shop-db", "url"), SecretKey("shop-db", "jdbc-url")
FILES = Volume("migrations", InlineFiles({"001-orders.sql": "CREATE TABLE orders (id bigint PRIMARY KEY);\n"}))
TWENTY = "four copies at once twenty times, and one killed half-way, on PostgreSQL"
WRITTEN = "its documentation; the lock as the others"
SCRIPT = "its documentation; the script under dash and busybox"

ENTRIES = {
    "alembic": Entry(step=migrating.alembic(image=IMAGE, database_url=URL), proven=f"Alembic: {TWENTY}"),
    "django": Entry(step=migrating.django(image=IMAGE, database_url=URL), proven=f"Django: {TWENTY}; also on MariaDB"),
    "command": Entry(
        step=migrating.command(["./migrate", "up"], image=IMAGE, database_url=URL),
        proven="PostgreSQL and MariaDB: a session that the server ends, a deadline, a stopped pod",
    ),
    "sql": Entry(
        step=migrating.sql("/migrations", database_url=URL, mounts=[FILES.at("/migrations")]),
        proven="PostgreSQL and MariaDB: four copies at once five times, one killed, files that fail or change",
    ),
    "dbmate": Entry(
        step=migrating.dbmate(image=IMAGE, database_url=URL),
        proven="dbmate: four copies at once twenty times on PostgreSQL",
    ),
    "goose": Entry(step=migrating.goose(image=IMAGE, database_url=URL, version=7), proven=WRITTEN),
    "knex": Entry(
        step=migrating.knex(image=IMAGE, database_url=URL), proven="Knex, also behind a copy that was killed"
    ),
    "liquibase": Entry(
        step=migrating.liquibase(image=IMAGE, database_url=JDBC, changelog="db/changelog.xml"), proven=WRITTEN
    ),
    "flyway": Entry(step=migrating.flyway(image="docker.io/flyway/flyway:11.8.0", database_url=JDBC), proven=SCRIPT),
    "golang_migrate": Entry(
        step=migrating.golang_migrate(
            image="docker.io/migrate/migrate:v4.18.3",
            database="postgres://db:5432/shop?sslmode=verify-full",
            path="/migrations",
            version=7,
            env={"PGUSER": SecretKey("shop-db", "user"), "PGPASSWORD": SecretKey("shop-db", "password")},
        ),
        proven=SCRIPT,
    ),
    "atlas": Entry(step=migrating.atlas(image=IMAGE, database_url=URL, environment="production"), proven=SCRIPT),
    "prisma": Entry(step=migrating.prisma(image=IMAGE, database_url=URL), proven=SCRIPT),
    "rails": Entry(step=migrating.rails(image=IMAGE, database_url=URL), proven=SCRIPT),
    "sqitch": Entry(
        step=migrating.sqitch(image=IMAGE, database_url=SecretKey("shop-db", "target")),
        proven="Sqitch: four copies at once on PostgreSQL",
    ),
    "in_job": Entry(
        step=migrating.in_job(migrating.alembic(image=IMAGE, database_url=URL)),
        proven="Alembic, Django, dbmate, Knex and Sqitch: the schema absent, then there",
    ),
}
