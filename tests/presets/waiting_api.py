"""A server that lists and watches the objects of one namespace as the Kubernetes API does, and checks rights."""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from initconstructs import PolicyRule
from tests.presets.conftest import QuietHandler

Object = dict[str, Any]
BREAK = "break off"
CAN_BE_ASKED = {"fieldSelector", "labelSelector", "watch", "resourceVersion", "timeoutSeconds", "allowWatchBookmarks"}


@dataclass
class Api:
    """The objects, and their changes, which are told to whoever watches.

    `refusals` are the statuses that the next requests get, with their headers.
    """

    port: int = 0
    token: str = "top-secret"
    version: int = 7
    oldest: int = 0
    rules: list[PolicyRule] = field(default_factory=list)
    objects: dict[str, Object] = field(default_factory=dict)
    history: list[Object] = field(default_factory=list)
    watchers: list[queue.Queue[Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def change(self, name: str, *, event: str = "MODIFIED", kind: str = "", **parts: Any) -> None:
        with self.lock:
            self.version += 1
            metadata = {"name": name} | parts.pop("metadata", {}) | {"resourceVersion": str(self.version)}
            about = {"kind": kind, "metadata": metadata} | parts
            self.objects.pop(name, None) if event == "DELETED" else self.objects.update({name: about})
            self.history.append({"type": event, "object": about})
            self.tell(self.history[-1])

    def tell(self, event: Any) -> None:
        """What every watch brings next; None ends it, and BREAK breaks it off."""
        with self.lock:
            for each in self.watchers:
                each.put(event)

    def compact(self) -> None:
        """Forget what happened: older versions can't be watched from any more."""
        with self.lock:
            self.version += 1
            self.oldest = self.version

    def await_watch(self, started: Any) -> None:
        """Until somebody watches."""
        while not self.watchers:
            time.sleep(0.02)
            assert started.process.poll() is None, started.process.communicate()

    def allows(self, namespace: str, verb: str, group: str, resource: str, name: str | None) -> bool:
        """As the API server decides: a rule with names covers requests for one of these names only."""
        return any(
            namespace == (rule.namespace or "shop")
            and verb in rule.verbs
            and group in rule.api_groups
            and resource in rule.resources
            and (rule.resource_names is None or name in rule.resource_names)
            for rule in self.rules
        )

    def watched_from(self, version: int) -> queue.Queue[Any]:
        """What a watch from a version on brings: what has happened since, and what will."""
        events: queue.Queue[Any] = queue.Queue()
        for each in self.history:
            if int(each["object"]["metadata"]["resourceVersion"]) > version:
                events.put(each)
        self.watchers.append(events)
        return events

    def handler(self) -> type[Handler]:
        return type("ApiHandler", (Handler,), {"api": self})


class Handler(QuietHandler):
    api: Api

    def do_GET(self) -> None:  # noqa: N802 -- the name that http.server calls
        api, url = self.api, urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        verb = "watch" if query.get("watch") == "1" else "list"
        api.requests.append((verb, url.path.split("/")[-1]))
        api.times.append(time.monotonic())
        if api.refusals:
            status, headers = api.refusals.pop(0)
            return self.reply(status, {"message": "not now"}, headers)
        if self.headers["Authorization"] != f"Bearer {api.token}":
            return self.reply(401, {"message": "Unauthorized"})
        if not self.allowed(verb, url.path, query):
            return self.reply(403, {"message": f"cannot {verb} {url.path.split('/')[-1]}"})
        assert self.headers["Accept-Encoding"] == "identity", "answers must be readable"
        assert query.keys() <= CAN_BE_ASKED, query
        return self.watch(query["resourceVersion"]) if verb == "watch" else self.list_now()

    def allowed(self, verb: str, path: str, query: dict[str, str]) -> bool:
        *_, namespace, resource = path.split("/")
        group = path.split("/")[2] if path.startswith("/apis/") else ""
        name = query.get("fieldSelector", "").removeprefix("metadata.name=") or None
        return self.api.allows(namespace, verb, group, resource, name)

    def reply(self, status: int, body: Object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def list_now(self) -> None:
        with self.api.lock:
            items = [{key: part for key, part in each.items() if key != "kind"} for each in self.api.objects.values()]
            version = str(self.api.version)
        self.reply(200, {"kind": "List", "metadata": {"resourceVersion": version}, "items": items or None})

    def watch(self, version: str) -> None:
        self.api.versions.append(version)
        if int(version) < self.api.oldest:
            self.reply(410, {"message": "too old resource version"})
            return
        with self.api.lock:
            events = self.api.watched_from(int(version))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (event := events.get(timeout=60)) not in (None, BREAK):
            data = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        with self.api.lock:
            self.api.watchers.remove(events)
        self.close_connection = True
        if event is None:
            self.wfile.write(b"0\r\n\r\n")
