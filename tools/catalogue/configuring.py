"""Configuration."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.environment import SecretKey
from initconstructs.model.stages import Stage
from initconstructs.model.volumes import ConfigMapFiles, Volume
from initconstructs.presets import configuring

SHELLS = "the script under dash and busybox: killed at any instant, on a full disk, from a volume like the kubelet's"


def _entry(step: Stage) -> Entry:
    return Entry(step=step, proven=SHELLS, reader=step.output.at("/etc/shop"))


ENTRIES = {
    "copy": _entry(configuring.copy(Volume("shop", ConfigMapFiles("shop")), {"extra.ini": "[log]"}, to="/etc/shop")),
    "render": _entry(
        configuring.render(
            {"app.ini": "url = ${URL}\nlevel = ${LEVEL}\n"},
            to="/etc/shop",
            env={"URL": SecretKey("shop-db", "url"), "LEVEL": SecretKey("shop", "level", optional=True)},
            defaults={"LEVEL": "info"},
            user=1000,
        )
    ),
}
