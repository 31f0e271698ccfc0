"""Routes of the pod."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.security import Capabilities, SeccompProfile, SecurityContext
from initconstructs.model.stages import Stage
from initconstructs.presets import images
from initconstructs.presets.networking.change import TIMEOUT, change
from initconstructs.presets.networking.filters import network
from initconstructs.presets.program import StageOptions

_DEVICE = re.compile(r"[a-zA-Z0-9][-._a-zA-Z0-9]{0,14}")
_SECURITY = SecurityContext(
    run_as_user=0,
    run_as_group=0,
    read_only_root_filesystem=True,
    allow_privilege_escalation=False,
    seccomp_profile=SeccompProfile("RuntimeDefault"),
    capabilities=Capabilities(add=["NET_ADMIN"], drop=["ALL"]),
)


@frozen
class Route:
    """The way to a network: by the gateway `via`, out of `device`, or both; the lowest `metric` goes first."""

    to: str
    via: str | None = None
    device: str | None = None
    metric: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "to", network("Route.to", self.to))
        if self.via is None and self.device is None:
            raise ModelError("Route", "leads nowhere", 'give via="10.0.0.1", device="eth1", or both')
        if self.via is not None:
            object.__setattr__(self, "via", self._gateway(self.via))
        if self.device is not None and not _DEVICE.fullmatch(self.device):
            raise wrong("Route.device", self.device, "must be a network device", 'write "eth1", say')
        if self.metric is not None:
            checks.number("Route.metric", self.metric, 0, 2**32 - 1)

    def _gateway(self, via: str) -> str:
        try:
            found = ip_address(via)
        except ValueError:
            raise wrong("Route.via", via, "must be an address", 'write "10.0.0.1", say') from None
        if found.version != ip_network(self.to).version or "%" in via:
            raise wrong("Route.via", via, f"must be of the same family as {self.to}, without a zone", "correct one")
        return str(found)

    def words(self) -> list[str]:
        """What the program is told."""
        metric = "" if self.metric is None else str(self.metric)
        return [self.to, self.via or "", self.device or "", metric]


@ends_at_the_author
def routes(*ways: Route, timeout: Duration = TIMEOUT, **options: Unpack[StageOptions]) -> Stage:
    """Add routes to the pod's network, as to a second interface or through a VPN.

        networking.routes(networking.Route(to="10.8.0.0/16", via="10.0.0.1"))

    A route to the same network with the same metric is replaced, so a second run changes nothing. When one is refused,
    or the deadline comes, those before it are taken back, and the app doesn't start. Runs as uid 0 with NET_ADMIN, at
    Pod Security "privileged", which is what it takes to change routes.

    Exit codes: 1 the kernel refused a route: the gateway is not on a network of the pod, say.

    Sources: https://man7.org/linux/man-pages/man8/ip-route.8.html
    """
    kept = checks.items("routes", ways, Route, 'write Route(to="10.8.0.0/16", via="10.0.0.1"), say')
    if not kept:
        raise ModelError("routes(...)", "has no route", 'give it Route(to="10.8.0.0/16", via="10.0.0.1"), say')
    seconds = checks.seconds("routes: timeout", timeout, 1)
    words = [str(seconds), *(word for each in kept for word in each.words())]
    return change("routes").stage(
        Stage, "routes", words, options, image=images.IPTABLES, security=_SECURITY, profile="privileged"
    )
