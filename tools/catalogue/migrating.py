"""Migrations."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.environment import SecretKey
from initconstructs.presets import migrating

IMAGE, URL = "ghcr.io/acme/shop:1.4.2", SecretKey("shop-db", "url")
LOCK = "PostgreSQL: four copies twenty times, one that is killed, a session that the server ends"

ENTRIES = {
    "alembic": Entry(step=migrating.alembic(image=IMAGE, database_url=URL), proven=LOCK),
    "django": Entry(step=migrating.django(image=IMAGE, database_url=URL), proven=LOCK),
    "command": Entry(step=migrating.command(["./migrate", "up"], image=IMAGE, database_url=URL), proven=LOCK),
}
