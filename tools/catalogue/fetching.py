"""Fetching of secrets and data."""

from __future__ import annotations

from catalogue.entry import Entry
from catalogue.fetching_cloud import ENTRIES as CLOUD
from initconstructs.model.environment import SecretKey
from initconstructs.presets import fetching

SHA256, COMMIT = "5" * 64, "6" * 40
WRITTEN = "a small server written from the API's document"

_secrets = fetching.vault(
    role="shop",
    files={"db.json": "secret/data/shop/db"},
    environment={"DB_PASSWORD": "secret/data/shop/db#password"},
    hand_over=True,
)
_agent = fetching.vault_agent(role="shop", files={"db.json": "database/creds/shop"})
_site = fetching.git("https://github.com/acme/site.git", ref="v1.4.2", token=SecretKey("git", "token"))
_geo = fetching.https(
    "https://releases.acme.example/geo.tar.gz", sha256=SHA256, extract=True, token=SecretKey("releases", "token")
)
_ranker = fetching.huggingface("acme/shop-ranker", revision=COMMIT, files=["*.safetensors"])
_data = fetching.oci("ghcr.io/acme/geo-data:2026.11", pull_secret="regcred", size_limit="1Gi")  # noqa: S106 -- its name

ENTRIES = {
    "vault": Entry(step=_secrets, reader=_secrets.output.at("/run/secrets/shop"), proven=WRITTEN),
    "vault_agent": Entry(step=_agent, reader=_agent.output.at("/run/secrets/shop"), proven=WRITTEN),
    "git": Entry(
        step=_site,
        reader=_site.output.at("/srv/site", sub_path="site"),
        proven="git's own HTTP server, over TLS and with a login; the script under dash and busybox",
    ),
    "https": Entry(
        step=_geo,
        reader=_geo.output.at("/srv/geo"),
        proven="nginx with TLS; a server that breaks off, stalls, redirects and refuses",
    ),
    "huggingface": Entry(step=_ranker, reader=_ranker.output.at("/models"), proven=WRITTEN),
    "oci": Entry(step=_data, reader=_data.output.at("/srv/geo"), proven=f"{WRITTEN}, over TLS"),
} | CLOUD
