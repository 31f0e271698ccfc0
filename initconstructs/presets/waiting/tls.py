"""How a wait trusts a server."""

from __future__ import annotations

from initconstructs.model import checks
from initconstructs.model.frozen import frozen


@frozen
class Tls:
    """The server speaks TLS.

    `ca_file` is a PEM file that a mount provides, `mounts=[Volume("ca", ConfigMapFiles("ca")).at("/ca")]`.
    Without it, the image's authorities are trusted. `verify=False` trusts anyone, and so takes no secret header.
    """

    ca_file: str | None = None
    verify: bool = True

    def __post_init__(self) -> None:
        if self.ca_file is not None:
            checks.absolute_path("Tls.ca_file", self.ca_file)


def tls_spec(tls: Tls | None) -> dict[str, object]:
    """What the program is told about TLS."""
    if tls is None:
        return {}
    trust: dict[str, object] = {} if tls.ca_file is None else {"ca_file": tls.ca_file}
    return {"tls": True} | trust | ({} if tls.verify else {"verify": False})
