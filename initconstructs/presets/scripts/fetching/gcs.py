"""Objects of Google Cloud Storage, as they are stored: one with a content encoding stays encoded.

https://cloud.google.com/storage/docs/json_api/v1/objects
https://cloud.google.com/storage/docs/transcoding
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from .google import Google
from .objects import Item, below, bring
from .task import Failed, Task, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .files import Part

ENDPOINT = "https://storage.googleapis.com"
FIELDS = "name,size,generation,md5Hash,crc32c"


def start() -> None:
    run(lambda task, spec: bring(task, spec, Gcs(task, spec)))


class Gcs:
    """One bucket; `key` ends in a slash, or is empty, where all objects below it are wanted."""

    def __init__(self, task: Task, spec: dict[str, Any]) -> None:
        self.client, self.spec, self.key = Google(spec, task), spec, spec["key"]
        self.home = f"{spec.get('endpoint') or ENDPOINT}/storage/v1/b/{quote(spec['bucket'], safe='')}/o"

    def url(self, key: str, question: Mapping[str, str]) -> str:
        return f"{self.home}/{quote(key, safe='')}?{urlencode(question)}"

    def items(self) -> list[Item]:
        if self.key and not self.key.endswith("/"):
            return [self.item(self.client.ask(self.url(self.key, {"fields": FIELDS})).json())]
        question = {"prefix": self.key, "fields": f"nextPageToken,items({FIELDS})"}
        found: list[dict[str, Any]] = []
        while True:
            page = self.client.ask(f"{self.home}?{urlencode(question)}").json()
            found += page.get("items", [])
            if not page.get("nextPageToken"):
                break
            question["pageToken"] = page["nextPageToken"]
        items = [self.item(each) for each in found if not each["name"].endswith("/")]  # the marks of empty folders
        if not items:
            raise Failed(f"there is no object below gs://{self.spec['bucket']}/{self.key}")
        return items

    def item(self, found: dict[str, Any]) -> Item:
        key, claims = found["name"], {"md5": found.get("md5Hash"), "crc32c": found.get("crc32c")}
        known = {kind: text for kind, text in claims.items() if text}
        return Item(key, below(self.key, key), int(found["size"]), str(found["generation"]), known)

    def fetch(self, item: Item, part: Part) -> Mapping[str, str]:
        url = self.url(item.key, {"alt": "media", "generation": item.version})
        self.client.fetch(url, part, {"Accept-Encoding": "gzip"})
        return item.checksums
