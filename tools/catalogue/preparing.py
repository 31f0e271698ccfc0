"""Preparations."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.environment import SecretKey
from initconstructs.model.volumes import Claim, Volume
from initconstructs.presets import preparing

DATA, BACKUP = Volume("data", Claim("shop-data")), Volume("backup", Claim("shop-backup"))
READER = DATA.at("/data")
SHELLS = "the script under dash and busybox: killed at any instant, on a full disk"

TOOL = preparing.tool("/usr/local/bin/kubectl", image="docker.io/alpine/k8s:1.34.1")
ROLE = preparing.by_ordinal(
    first={"role.cnf": "[mysqld]\nlog-bin\n"},
    others={"role.cnf": "[mysqld]\nsuper-read-only\n"},
    both={"id.cnf": "[mysqld]\nserver-id=${SERVER_ID}\n"},
    first_id=100,
    to="/etc/mysql/conf.d",
)

ENTRIES = {
    "directories": Entry(
        step=preparing.directories({"journal": 0o700}, empty=["tmp"], remove=["lost+found"], to=READER, user=999),
        proven="the script under dash and busybox, with links that lead out of the volume",
        reader=READER,
    ),
    "seed": Entry(
        step=preparing.seed("/app/data", image="ghcr.io/acme/shop:1.4.2", to=READER, user=1000),
        proven=SHELLS,
        reader=READER,
    ),
    "unpack": Entry(
        step=preparing.unpack(
            "/backup/shop.tar.gz", to=READER, unless="VERSION", mounts=[BACKUP.at("/backup", read_only=True)]
        ),
        proven="the same, with damaged archives and such as lead out of the volume",
        reader=READER,
    ),
    "restore": Entry(
        step=preparing.restore(
            ["pg_basebackup", "-h", "shop-db-0.shop-db", "-D", "."],
            image="docker.io/library/postgres:17.6",
            env={"PGPASSWORD": SecretKey("shop-db", "password")},
            to=READER,
            pods="others",
            user=999,
        ),
        proven="pg_basebackup from a PostgreSQL, and commands that fail, hang or are killed",
        reader=READER,
    ),
    "by_ordinal": Entry(step=ROLE, proven=SHELLS, reader=ROLE.output.at("/etc/mysql/conf.d")),
    "tool": Entry(step=TOOL, proven=SHELLS, reader=TOOL.output.at("/tools")),
}
