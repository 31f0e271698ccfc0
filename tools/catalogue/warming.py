"""Warming of caches."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.environment import SecretKey
from initconstructs.model.volumes import Claim, Volume
from initconstructs.presets import warming

COMMIT = "6" * 40
HUB = "a small server written from the Hub's document"

_warm = warming.http({"rates.json": "https://rates.example/api/today"}, budget="30s")
_model = warming.model("acme/shop-ranker", revision=COMMIT, volume=Volume("models", Claim("models")))
_dataset = warming.dataset("acme/products", revision=COMMIT, files=["2026/*.parquet"], token=SecretKey("hub", "token"))
_cache = warming.redis(
    "cache",
    command=["./manage", "dump-cache"],
    image="ghcr.io/acme/shop:1.4.2",
    password=SecretKey("cache", "password"),
    marker="warm:1.4.2",
    expires="1h",
)

ENTRIES = {
    "http": Entry(step=_warm, reader=_warm.output.at("/srv/warm"), proven="a server that stalls and refuses"),
    "model": Entry(step=_model, reader=_model.output.at("/models"), proven=HUB),
    "dataset": Entry(step=_dataset, reader=_dataset.output.at("/data"), proven=HUB),
    "redis": Entry(step=_cache, proven="Redis: started late, with a password, over TLS, and the load killed half-way"),
    "image": Entry(step=warming.image("ghcr.io/acme/worker:1.4.2"), proven="its command, run"),
}
