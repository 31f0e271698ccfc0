"""What an app needs, looked at before it starts."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.volumes import ConfigMapFiles, SecretFiles, Volume
from initconstructs.presets import checking

IMAGE = "ghcr.io/acme/shop@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TLS = Volume("tls", SecretFiles("shop-tls")).at("/tls", read_only=True)
CONFIG = Volume("config", ConfigMapFiles("shop")).at("/config", read_only=True)
SUMS = Volume("sums", ConfigMapFiles("sums")).at("/sums", read_only=True)
KEYS = Volume("keys", ConfigMapFiles("cosign")).at("/keys", read_only=True)
POLICIES = Volume("policies", ConfigMapFiles("policies")).at("/policies", read_only=True)

ENTRIES = {
    "all_of": Entry(
        step=checking.all_of(checking.secret("shop-db", ["url"]), checking.certificate("/tls/tls.crt", mounts=[TLS])),
        proven="all of the first six",
    ),
    "certificate": Entry(
        step=checking.certificate("/tls/tls.crt", key="/tls/tls.key", mounts=[TLS]),
        proven="certificates that openssl makes: expired, soon, not yet, another key, broken",
    ),
    "checksums": Entry(
        step=checking.checksums("/sums/SHA256SUMS", directory="/config", mounts=[SUMS, CONFIG]),
        proven="manifests of sha256sum and its kin, odd names too",
    ),
    "ownership": Entry(step=checking.ownership("/tls/tls.key", at_most=0o644, mounts=[TLS]), proven="files"),
    "secret": Entry(step=checking.secret("shop-db", ["username", "password"]), proven="files as the kubelet lays them"),
    "kernel_parameter": Entry(
        step=checking.kernel_parameter("vm.max_map_count", at_least=262144), proven="the kernel, beside sysctl"
    ),
    "device": Entry(step=checking.device("/dev/kvm"), proven="devices"),
    "signature": Entry(
        step=checking.signature(IMAGE, key="/keys/cosign.pub", pull_secret="registry", mounts=[KEYS]),  # noqa: S106
        proven="its documentation",
    ),
    "vulnerabilities": Entry(step=checking.vulnerabilities(IMAGE), proven="its documentation"),
    "misconfiguration": Entry(step=checking.misconfiguration("/config", mounts=[CONFIG]), proven="its documentation"),
    "policy": Entry(
        step=checking.policy("/config/app.yaml", policies="/policies", mounts=[CONFIG, POLICIES]),
        proven="its documentation",
    ),
}
