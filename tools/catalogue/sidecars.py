"""Sidecars."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.environment import SecretKey
from initconstructs.model.volumes import EmptyDir, Volume
from initconstructs.presets import sidecars

LOGS = Volume("logs", EmptyDir())
PROVEN = "{}: its start, what it serves, and its end by signal as process 1"

FLUENT_BIT = """\
pipeline:
  inputs:
    - name: tail
      path: /logs/*.log
  outputs:
    - name: http
      match: "*"
      host: logs.example.org
      port: 443
      tls: on
      header: Authorization Bearer ${TOKEN}
"""
HAPROXY = """\
listen db
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    bind 127.0.0.1:5432
    server db shop-db.example.org:5432 ssl verify required ca-file @system-ca
"""

ENTRIES = {
    "fluent_bit": Entry(
        step=sidecars.fluent_bit(
            FLUENT_BIT, env={"TOKEN": SecretKey("logs", "token")}, mounts=[LOGS.at("/logs", read_only=True)]
        ),
        proven="its documentation only",
        reader=LOGS.at("/logs"),
    ),
    "haproxy": Entry(step=sidecars.haproxy(HAPROXY), proven=PROVEN.format("HAProxy")),
    "cloud_sql_proxy": Entry(
        step=sidecars.cloud_sql_proxy("acme-prod:europe-west3:shop"), proven="its documentation only"
    ),
    "postgres_exporter": Entry(
        step=sidecars.postgres_exporter(data_source=SecretKey("shop-db", "exporter-url")),
        proven=PROVEN.format("the exporter, before and beside PostgreSQL"),
    ),
    "redis_exporter": Entry(
        step=sidecars.redis_exporter(password=SecretKey("cache", "password")),
        proven=PROVEN.format("the exporter, before and beside Redis"),
    ),
}
