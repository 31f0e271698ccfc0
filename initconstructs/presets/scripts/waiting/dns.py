"""A name resolves, to enough addresses of one family: a pod may have one of each."""

from __future__ import annotations

import socket
from collections import Counter

from .wire import Attempt, NotYet


def probe(attempt: Attempt) -> None:
    wanted = attempt.spec["at_least"]
    found = {(family, address[0]) for family, *_, address in socket.getaddrinfo(attempt.spec["at"], None)}
    count = max(Counter(family for family, _ in found).values())
    if count < wanted:
        raise NotYet(f"resolves to {count} of {wanted} addresses")
