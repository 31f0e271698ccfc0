"""Objects of the Kubernetes API are as wanted: listed once, then watched from there on, so that no change is missed.

A watch that ends, or breaks off, is taken up by the next try where it was: a Job may complete and be removed meanwhile.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

from .http import open_connection
from .states import STATES
from .wire import Attempt, NotYet

WATCH_SECONDS = 30
WATCHES = True  # a try lasts as long as its watch
TOO_MANY_REQUESTS = 429
LONGEST_REST = 5
STALE = (400, 410, 504)  # answers to a version that the server no longer has, or not yet


def probe(attempt: Attempt) -> None:
    memory, wanted = attempt.memory, STATES[attempt.spec["until"]]
    if not memory:
        with ask(attempt, {}, attempt.patience) as answer:
            listed = json.load(answer)
        memory["objects"] = {each["metadata"]["name"]: each for each in listed.get("items") or []}
        memory["version"] = listed["metadata"]["resourceVersion"]
    lacking = wanted(attempt.spec, list(memory["objects"].values()))
    if lacking is None:
        return
    watch = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": WATCH_SECONDS}
    with ask(attempt, {**watch, "resourceVersion": memory["version"]}, WATCH_SECONDS + 5) as answer:
        attempt.see(lacking)
        for event in events(answer):
            lacking = wanted(attempt.spec, changed(memory, event))
            if lacking is None:
                return
            attempt.see(lacking)
    raise NotYet(lacking)


def changed(memory: dict[str, Any], event: dict[str, Any]) -> list[Any]:
    """The objects after an event; a Job that was deleted still counts with the state it had at last."""
    about, objects = event["object"], memory["objects"]
    if event["type"] == "ERROR":
        memory.clear()
        raise NotYet(about.get("message", "the watch failed"))
    memory["version"] = about["metadata"]["resourceVersion"]
    if event["type"] == "BOOKMARK":
        return list(objects.values())
    objects[about["metadata"]["name"]] = about
    after = list(objects.values())
    if event["type"] == "DELETED":
        del objects[about["metadata"]["name"]]
        if about.get("kind") != "Job":
            return list(objects.values())
    return after


def events(answer: HTTPResponse) -> Iterator[dict[str, Any]]:
    """What is told, line by line; the last one may be cut off."""
    try:
        for line in answer:
            if line.endswith(b"\n"):
                yield json.loads(line)
    except IncompleteRead:
        return


@contextmanager
def ask(attempt: Attempt, parameters: dict[str, Any], patience: float) -> Iterator[HTTPResponse]:
    """The answer to a request for the objects, with the token as it is now."""
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
            refuse(attempt, answer)
        yield answer
    except IncompleteRead:
        raise NotYet("closed the connection half-way") from None
    finally:
        connection.close()


def refuse(attempt: Attempt, answer: HTTPResponse) -> NoReturn:
    """Say why the server refuses, after the rest that it may ask for."""
    if answer.status in STALE:
        attempt.memory.clear()
    why = f"status {answer.status}{message(answer.read(65536))}"
    attempt.see(why)
    rest = answer.getheader("Retry-After", "")
    if answer.status == TOO_MANY_REQUESTS and rest.isdecimal():
        time.sleep(min(int(rest), LONGEST_REST))
    raise NotYet(why)


def message(body: bytes) -> str:
    try:
        return f": {json.loads(body)['message']}"
    except (ValueError, KeyError, TypeError):
        return ""
