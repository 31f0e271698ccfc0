"""The pod's network, and whom it trusts."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.volumes import ConfigMapFiles, Volume
from initconstructs.presets import networking
from initconstructs.presets.networking import Redirect, Route

TRUST = networking.ca_bundle("/acme", mounts=[Volume("acme-ca", ConfigMapFiles("acme-ca")).at("/acme", read_only=True)])
OWN = networking.self_signed_certificate(["shop.shop.svc", "*.shop.svc", "127.0.0.1"])
REQUEST = networking.certificate_request(["shop.shop.svc"])
RULES = Volume("rules", ConfigMapFiles("rules")).at("/rules", read_only=True)
SHELLS = "under dash and busybox, with nothing else on PATH"

ENTRIES = {
    "redirect": Entry(
        step=networking.redirect(
            Redirect(to=8080, ports=[80, 443], except_networks=["10.0.0.0/8", "fd00::/8"]),
            Redirect(to=15001, direction="outbound", except_ports=[22], except_users=[1337]),
        ),
        proven=f"iptables, nft and legacy, and connections in a network of its own; {SHELLS}",
        profile="privileged",
    ),
    "restore": Entry(
        step=networking.restore("/rules/ipv4", mounts=[RULES]),
        proven=f"iptables, nft and legacy, in a network of its own; {SHELLS}",
        profile="privileged",
    ),
    "routes": Entry(
        step=networking.routes(Route(to="10.8.0.0/16", via="10.0.0.1"), Route(to="fd01::/64", device="eth1")),
        proven=f"a network of its own; {SHELLS}",
        profile="privileged",
    ),
    "privileged_sysctls": Entry(
        step=networking.privileged_sysctls({"vm.max_map_count": 262144}),
        proven=f"a network namespace, read back; {SHELLS}",
        profile="privileged",
    ),
    "ca_bundle": Entry(
        step=TRUST, proven="openssl, and Java's keytool and TLS client", reader=TRUST.output.at("/trust")
    ),
    "self_signed_certificate": Entry(
        step=OWN, proven=f"openssl, and a TLS server; {SHELLS}", reader=OWN.output.at("/tls")
    ),
    "certificate_request": Entry(step=REQUEST, proven=f"openssl; {SHELLS}", reader=REQUEST.output.at("/tls")),
}
