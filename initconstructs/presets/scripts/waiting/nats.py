"""NATS introduces itself, and is not about to leave.

https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

from __future__ import annotations

import json

from .wire import Attempt, NotYet, line, stranger


def probe(attempt: Attempt) -> None:
    with attempt.connect() as connection:
        greeting = line(connection)
    if not greeting.startswith(b"INFO {"):
        raise stranger(greeting)
    about = json.loads(greeting[5:])
    if "server_id" not in about:
        raise stranger(greeting)
    if about.get("ldm"):
        raise NotYet("is in lame duck mode")
