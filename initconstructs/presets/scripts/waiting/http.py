"""An HTTP server gives the wanted status, and a body with the wanted text."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

from .wire import Attempt, NotYet, connected, tls_context

LONGEST_BODY = 1 << 20


def probe(attempt: Attempt) -> None:
    spec = attempt.spec
    low, high = spec["status"]
    answer, body = fetch(spec, spec["at"], attempt.patience)
    if not low <= answer.status <= high:
        raise NotYet(f"status {answer.status}")
    if spec.get("body", "").encode() not in body:
        raise NotYet(f"status {answer.status}, without the wanted text")


def fetch(spec: dict[str, Any], url: str, patience: float) -> tuple[HTTPResponse, bytes]:
    """The answer to a GET, and its body."""
    parts = urlsplit(url)
    connection = open_connection(spec, url, patience)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers=spec.get("headers", {}))
        answer = connection.getresponse()
        body = answer.read(LONGEST_BODY)
        if answer.length and len(body) < LONGEST_BODY:
            raise IncompleteRead(body)
        return answer, body
    except IncompleteRead:
        raise NotYet("closed the connection half-way") from None
    finally:
        connection.close()


def open_connection(spec: dict[str, Any], url: str, patience: float) -> HTTPConnection:
    """A connection to the server of the URL."""
    parts = urlsplit(url)
    host, context = parts.hostname or "", None
    if parts.scheme == "https":
        context = tls_context(spec.get("ca_file"), spec.get("verify", True))
        connection: HTTPConnection = HTTPSConnection(host, parts.port or 443, context=context)
    else:
        connection = HTTPConnection(host, parts.port or 80)
    connection.sock = connected(host, connection.port, patience, context)
    return connection
