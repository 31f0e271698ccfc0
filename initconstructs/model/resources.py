"""Requests and limits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from initconstructs.model import checks
from initconstructs.model.checks import Quantity
from initconstructs.model.errors import wrong
from initconstructs.model.frozen import frozen
from initconstructs.schemas.quantity import parse


@frozen
class Resources:
    """What a container asks for and may use at most, by resource name.

    `Resources(requests={"cpu": "100m", "memory": "64Mi"}, limits={"memory": "64Mi"})`
    """

    requests: Mapping[str, Quantity] | None = None
    limits: Mapping[str, Quantity] | None = None

    def __post_init__(self) -> None:
        for name in ("requests", "limits"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _quantities(f"Resources.{name}", value))
        for resource in (self.requests or {}).keys() & (self.limits or {}).keys():
            self._request_fits(resource)

    def _request_fits(self, resource: str) -> None:
        assert self.requests is not None
        assert self.limits is not None
        request, limit = self.requests[resource], self.limits[resource]
        if parse(str(request)).nano > parse(str(limit)).nano:
            raise wrong(
                f"Resources.requests[{resource!r}]", request, f"is above the limit {limit!r}", "raise the limit to it"
            )


def _quantities(place: str, value: Mapping[str, Quantity]) -> Mapping[str, Quantity]:
    kept = checks.mapping(place, value)
    return MappingProxyType({name: checks.quantity(f"{place}[{name!r}]", each) for name, each in kept.items()})
