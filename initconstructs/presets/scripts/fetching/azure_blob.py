"""Blobs of an Azure storage account.

https://learn.microsoft.com/rest/api/storageservices/get-blob
https://learn.microsoft.com/rest/api/storageservices/list-blobs
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from .azure import Azure
from .objects import Item, below, bring
from .task import Failed, Task, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .files import Part

AUDIENCE = "https://storage.azure.com"
VERSION = {"x-ms-version": "2021-12-02"}


def start() -> None:
    run(lambda task, spec: bring(task, spec, Container(task, spec)))


class Container:
    """One container; `key` ends in a slash, or is empty, where all blobs below it are wanted."""

    def __init__(self, task: Task, spec: dict[str, Any]) -> None:
        self.client, self.key = Azure(spec, task, AUDIENCE, VERSION), spec["key"]
        self.home = f"{spec['endpoint']}/{quote(spec['bucket'])}"

    def url(self, key: str) -> str:
        return f"{self.home}/{quote(key)}"

    def items(self) -> list[Item]:
        if self.key and not self.key.endswith("/"):
            headers = self.client.ask(self.url(self.key), method="HEAD").headers
            return [self.item(self.key, headers)]
        found, marker = [], ""
        while True:
            page, marker = self.page(marker)
            found += page
            if not marker:
                break
        if not found:
            raise Failed(f"there is no blob below {self.home}/{self.key}")
        return found

    def page(self, marker: str) -> tuple[list[Item], str]:
        """The next blobs of the listing, and where it goes on; directories are left out."""
        question = {"restype": "container", "comp": "list", "prefix": self.key, "include": "metadata", "marker": marker}
        page = ET.fromstring(self.client.ask(f"{self.home}?{urlencode(question)}").body)  # noqa: S314 -- see s3.py
        found = []
        for each in page.iterfind("Blobs/Blob"):
            properties = {field.tag: field.text or "" for field in each.iterfind("Properties/*")}
            folder = each.findtext("Metadata/hdi_isfolder") == "true" or properties.get("ResourceType") == "directory"
            if not folder:
                found.append(self.item(name_of(each), properties))
        return found, page.findtext("NextMarker") or ""

    def item(self, key: str, about: Any) -> Item:
        """`about` are the headers of a blob, or its properties in a listing, which are called alike."""
        md5 = about.get("Content-MD5")
        size, version = int(about.get("Content-Length")), about.get("ETag") or about.get("Etag")
        return Item(key, below(self.key, key), size, version, {"md5": md5} if md5 else {})

    def fetch(self, item: Item, part: Part) -> Mapping[str, str]:
        self.client.fetch(self.url(item.key), part, {"If-Match": item.version})
        return item.checksums


def name_of(blob: ET.Element) -> str:
    """Its name, which is encoded where XML can't hold it."""
    name = blob.find("Name")
    text = (name is not None and name.text) or ""
    return unquote(text) if name is not None and name.get("Encoded") == "true" else text
