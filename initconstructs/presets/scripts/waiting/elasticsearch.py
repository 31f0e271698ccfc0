"""Elasticsearch or OpenSearch says that its cluster is healthy enough, or asks for a login.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-health
"""

from __future__ import annotations

import json

from .http import fetch
from .wire import Attempt, NotYet

ORDER = ("red", "yellow", "green")


def probe(attempt: Attempt) -> None:
    spec = attempt.spec
    scheme = "https" if spec.get("tls") else "http"
    answer, body = fetch(spec, f"{scheme}://{spec['at']}/_cluster/health", attempt.patience)
    if answer.status == 401 and "security" in f"{answer.getheader('WWW-Authenticate')} {body!r}".lower():
        return  # it serves, but tells its health to nobody it does not know
    if answer.status != 200:
        raise NotYet(f"status {answer.status}")
    status = json.loads(body)["status"]
    if ORDER.index(status) < ORDER.index(spec["status"]):
        raise NotYet(f"is {status}")
