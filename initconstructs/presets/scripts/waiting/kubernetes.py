"""Objects of the Kubernetes API are as wanted: listed once, then watched, so that no change is missed.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from .http import open_connection
from .states import STATES
from .wire import Attempt, NotYet

WATCH_SECONDS = 30
WATCHES = True  # a try lasts as long as its watch


def probe(attempt: Attempt) -> None:
    spec = attempt.spec
    wanted = STATES[spec["until"]]
    (listed,) = ask(attempt, {}, attempt.patience)
    found = {each["metadata"]["name"]: each for each in listed.get("items", [])}
    lacking = wanted(spec, list(found.values()))
    if lacking is None:
        return
    attempt.see(lacking)
    watch = {"watch": "1", "resourceVersion": listed["metadata"]["resourceVersion"], "timeoutSeconds": WATCH_SECONDS}
    for event in ask(attempt, watch, WATCH_SECONDS + 5):
        lacking = wanted(spec, changed(found, event))
        if lacking is None:
            return
        attempt.see(lacking)
    raise NotYet(lacking)


def changed(found: dict[str, Any], event: dict[str, Any]) -> list[Any]:
    """The objects after an event; a Job that was deleted still counts with the state it had at last."""
    about = event["object"]
    if event["type"] == "ERROR":
        raise NotYet(about.get("message", "the watch failed"))
    found[about["metadata"]["name"]] = about
    after = list(found.values())
    if event["type"] == "DELETED":
        del found[about["metadata"]["name"]]
        if about.get("kind") != "Job":
            return list(found.values())
    return after


def ask(attempt: Attempt, parameters: dict[str, Any], patience: float) -> Iterator[Any]:
    """The answer, or the events of a watch, line by line."""
    spec = attempt.spec
    credentials = Path(spec["credentials"])
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    connection = open_connection({"ca_file": str(credentials / "ca.crt")}, server, patience)
    try:
        namespace = (credentials / "namespace").read_text().strip()
        path = spec["path"].replace("{namespace}", namespace)
        headers = {"Authorization": f"Bearer {(credentials / 'token').read_text().strip()}"}
        connection.request("GET", f"{path}?{urlencode({**spec['select'], **parameters})}", headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise NotYet(refusal(answer.status, answer.read(65536)))
        parts = answer if parameters else [answer.read()]
        for part in parts:
            yield json.loads(part)
    finally:
        connection.close()


def refusal(status: int, body: bytes) -> str:
    try:
        return f"status {status}: {json.loads(body)['message']}"
    except (ValueError, KeyError, TypeError):
        return f"status {status}"
