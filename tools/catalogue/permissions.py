"""Ownership of volumes."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.volumes import Nfs, Volume
from initconstructs.presets import permissions

DATA = Volume("data", Nfs(server="nfs.example.org", path="/shop"))

ENTRIES = {
    "chown": Entry(
        step=permissions.chown(DATA.at("/data"), user=999, mode=0o640, profile="baseline"),
        proven="the script under dash and busybox with these capabilities alone: killed at any instant, links, mounts",
        reader=DATA.at("/data"),
        profile="baseline",
    )
}
