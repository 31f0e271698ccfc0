"""Why a cloud refuses, from the JSON or XML of its answer, and what is worth another try though it says 400."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from http.client import HTTPException
from typing import TYPE_CHECKING

from .http import Again, Client, reason, shown
from .task import Failed, Task

if TYPE_CHECKING:
    import urllib.request
    from collections.abc import Callable, Collection
    from http.client import HTTPResponse
    from typing import TypeVar

    T = TypeVar("T")

REFUSED = (301, 307, 400, 401, 403, 404, 405, 409, 410, 412)
UNSAID = {403: "it is not allowed, or not there", 404: "it is not there", 412: "it changed while it was fetched"}
BUSY = re.compile("Throttl|TooManyRequests|RequestLimit|BandwidthLimit|SlowDown|RequestTimeout|ServerBusy")
"""https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"""

NEAR_SECONDS, LONGEST_NEAR = 2, 30.0


class Explained(Client):
    """A client whose failures say what the cloud says."""

    def opened(self, request: urllib.request.Request, expect: Collection[int]) -> HTTPResponse:
        found = super().opened(request, {*expect, *REFUSED})
        if found.status in REFUSED and found.status not in expect:
            with found:
                raise explained(request.full_url, found)
        return found


class Near(Explained):
    """Asks the node itself, by no proxy, for a quarter of the time: where it is no node of this cloud it never answers.

    In a pod that is new it may need some seconds to know who the pod is.
    """

    def __init__(self, task: Task) -> None:
        super().__init__(task, direct=True)
        self.stall = NEAR_SECONDS

    def tried(self, once: Callable[[], T]) -> T:
        end = time.monotonic() + min(LONGEST_NEAR, self.task.seconds / 4)
        while True:
            try:
                return once()
            except Again as error:
                self.task.see(str(error))
                if time.monotonic() >= end:
                    raise Failed(str(error)) from None
                time.sleep(1)


def explained(url: str, answer: HTTPResponse) -> Exception:
    try:
        code, text = said(answer.read(65536))
    except (OSError, HTTPException):
        code, text = "", ""
    place = answer.headers.get("x-amz-bucket-region")
    where = f" (the bucket is in {place})" if place and answer.status in (301, 307, 400) else ""
    words = ": ".join(filter(None, (code, text))) or UNSAID.get(answer.status, "")
    line = f"{shown(url)}: status {answer.status}{words and ': '}{words}{where}"
    return Again(line) if BUSY.search(code) else Failed(line)


def said(body: bytes) -> tuple[str, str]:
    """The code and the message of a refusal."""
    try:
        found = json.loads(body)
    except ValueError:
        return first(body, "Code"), first(body, "Message")
    kind = found.get("__type") if isinstance(found, dict) else None
    return str(kind or "").rpartition("#")[2], reason(found)


def first(body: bytes, name: str) -> str:
    """The text of the first XML element called `name`, or nothing."""
    found = re.search(f"<{name}>([^<]*)</{name}>", body.decode("utf-8", "replace"))
    return unescape(found[1]).strip() if found else ""
