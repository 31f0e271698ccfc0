"""Packet filters of the pod."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Literal, TypeAlias

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Words
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.security import Capabilities, SeccompProfile, SecurityContext
from initconstructs.model.stages import Stage
from initconstructs.model.volumes import EmptyDir, Mount, Volume
from initconstructs.presets import images
from initconstructs.presets.networking.change import TIMEOUT, change
from initconstructs.presets.program import StageOptions
from initconstructs.presets.text import check_text

Variant: TypeAlias = Literal["nft", "legacy"]
"""The kernel's interface: nft of every node of today, or that of old kernels."""

_SECURITY = SecurityContext(
    run_as_user=0,
    run_as_group=0,
    read_only_root_filesystem=True,
    allow_privilege_escalation=False,
    seccomp_profile=SeccompProfile("RuntimeDefault"),
    capabilities=Capabilities(add=["NET_ADMIN", "NET_RAW"], drop=["ALL"]),
)


@frozen
class Redirect:
    """TCP connections to `ports` (all, where none is named) go to the port `to` of this pod instead.

    "inbound" are those that come to the pod, "outbound" those that its containers open, but for those to the pod
    itself. Left as they are: those to `except_ports`, those of the users `except_users` (outbound only: name the one
    that the proxy runs as, or its own come back to it), and those with a peer in `except_networks`.
    """

    to: int
    ports: Sequence[int] = ()
    direction: Literal["inbound", "outbound"] = "inbound"
    except_ports: Sequence[int] = ()
    except_users: Sequence[int] = ()
    except_networks: Words = ()

    def __post_init__(self) -> None:
        checks.port_number("Redirect.to", self.to)
        checks.choice("Redirect.direction", self.direction, ("inbound", "outbound"))
        for name, least, most in (("ports", 1, 65535), ("except_ports", 1, 65535), ("except_users", 0, 2**32 - 2)):
            kept = checks.items(f"Redirect.{name}", getattr(self, name), int, "list numbers")
            for each in kept:
                checks.number(f"Redirect.{name}", each, least, most)
            object.__setattr__(self, name, kept)
        networks = checks.words("Redirect.except_networks", self.except_networks)
        object.__setattr__(self, "except_networks", tuple(network("Redirect.except_networks", e) for e in networks))
        self._check_users()

    def _check_users(self) -> None:
        if self.direction == "outbound" and not self.except_users:
            rule = "needs the user that the proxy runs as: its own connections would come back to it for ever"
            raise ModelError("Redirect.except_users", rule, "write except_users=[1337], say")
        if self.direction == "inbound" and self.except_users:
            rule = "is only for outbound: who opened a connection from outside is not known here"
            raise ModelError("Redirect.except_users", rule, "take except_networks")

    def words(self) -> Iterator[str]:
        """What the program is told."""
        yield {"inbound": "in", "outbound": "out"}[self.direction]
        yield str(self.to)
        for each in (self.ports, self.except_ports, self.except_users, self.except_networks):
            yield ",".join(map(str, each))


@ends_at_the_author
def redirect(
    *redirects: Redirect,
    ipv4: bool = True,
    ipv6: bool = True,
    variant: Variant = "nft",
    timeout: Duration = TIMEOUT,
    **options: Unpack[StageOptions],
) -> Stage:
    """Redirect TCP connections of the pod to a port of its own.

        networking.redirect(networking.Redirect(to=15001, direction="outbound", except_users=[1337]))

    The rules stand in chains of their own, INITCONSTRUCTS_*, which a second run empties and fills again, so that they
    are there once. When one family is refused, or the deadline comes, both are as they were; the app doesn't start.
    Runs as uid 0 with NET_ADMIN and NET_RAW, at Pod Security "privileged", which is what it takes to change packet
    filters.

    Exit codes: 1 the kernel refused the rules (a node without ip6tables: `ipv6=False`).

    Sources: https://man7.org/linux/man-pages/man8/iptables-restore.8.html
    https://man7.org/linux/man-pages/man8/iptables-extensions.8.html
    """
    kept = checks.items("redirect", redirects, Redirect, "write Redirect(to=8080, ports=[80]), say")
    families = f"{'4' if ipv4 else ''}{'6' if ipv6 else ''}"
    if not kept or not families:
        missing = "nothing to redirect" if not kept else "no family of addresses"
        raise ModelError("redirect(...)", f"has {missing}", "give it Redirect(...) values, for ipv4, ipv6 or both")
    checks.choice("redirect: variant", variant, ("nft", "legacy"))
    words = [variant, families, *(word for each in kept for word in each.words())]
    return _filtering("redirect", words, variant, timeout, options)


@ends_at_the_author
def restore(
    ipv4: str | None = None,
    *,
    ipv6: str | None = None,
    variant: Variant = "nft",
    timeout: Duration = TIMEOUT,
    **options: Unpack[StageOptions],
) -> Stage:
    """Put the packet filters of rule files in place, texts of `iptables-save` that `mounts` bring.

        networking.restore("/rules/ipv4", mounts=[Volume("rules", ConfigMapFiles("rules")).at("/rules")])

    A table that a file names is replaced whole, the others stay: in a service mesh, name none that is the mesh's.
    `ipv4` and `ipv6` are paths; when either is refused, or the deadline comes, those tables are as they were. Runs as
    uid 0 with NET_ADMIN and NET_RAW, at Pod Security "privileged".

    Exit codes: 1 a file has a mistake, or the kernel refused it; 124 the deadline came, as when the rules name hosts
    that nobody resolves.

    Sources: https://man7.org/linux/man-pages/man8/iptables-restore.8.html
    """
    if ipv4 is None and ipv6 is None:
        raise ModelError("restore(...)", "has no rules", 'write restore("/rules/ipv4"), say')
    checks.choice("restore: variant", variant, ("nft", "legacy"))
    for place, path in (("restore: ipv4", ipv4), ("restore: ipv6", ipv6)):
        if path is not None:
            checks.absolute_path(place, check_text(place, path))
    return _filtering("restore", [variant, ipv4 or "", ipv6 or ""], variant, timeout, options)


def _filtering(script: str, words: Sequence[str], variant: Variant, timeout: Duration, options: StageOptions) -> Stage:
    name = options.get("name", script)
    seconds = checks.seconds(f"{script}: timeout", timeout, 1)
    return change(script, "tables").stage(
        Stage,
        script,
        [str(seconds), *words],
        options,
        image=images.IPTABLES,
        security=_SECURITY,
        mounts=_lock(name) if variant == "legacy" else (),
        profile="privileged",
    )


def _lock(name: str) -> Sequence[Mount]:
    """Where the legacy tool keeps its lock: https://man7.org/linux/man-pages/man8/iptables.8.html"""
    return [Volume(f"{name[:59].rstrip('-')}-run", EmptyDir(size_limit="1Mi")).at("/run")]


def network(place: str, value: str) -> str:
    """A network of either family, as the kernel prints it."""
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise wrong(place, value, f"must be a network ({error})", 'write "10.0.0.0/8" or "fd00::/8", say') from None
