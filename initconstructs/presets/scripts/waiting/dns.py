"""A name resolves, to enough addresses."""

from __future__ import annotations

import socket

from .wire import Attempt, NotYet


def probe(attempt: Attempt) -> None:
    wanted = attempt.spec["at_least"]
    found = {each[4][0] for each in socket.getaddrinfo(attempt.spec["at"], None, type=socket.SOCK_STREAM)}
    if len(found) < wanted:
        raise NotYet(f"resolves to {len(found)} of {wanted} addresses")
