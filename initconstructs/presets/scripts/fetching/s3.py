"""Objects of S3, or of a store that speaks its protocol.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlsplit

from .aws import Aws, endpoint
from .objects import DIGESTS, Item, below, bring
from .sigv4 import path_of, query_of
from .task import Failed, Task, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

    from .files import Part

ENABLED = {"x-amz-checksum-mode": "ENABLED"}
ENCRYPTION = "x-amz-server-side-encryption"


def start() -> None:
    run(lambda task, spec: bring(task, spec, S3(task, spec)))


class S3:
    """One bucket; `key` ends in a slash, or is empty, where all objects below it are wanted."""

    def __init__(self, task: Task, spec: dict[str, Any]) -> None:
        self.client, self.spec, self.key = Aws(spec, task, "s3"), spec, spec["key"]
        where = urlsplit(spec.get("endpoint") or endpoint("s3", self.client.scope.region))
        host, path = where.netloc, where.path.rstrip("/")
        if spec["path_style"]:
            path += f"/{spec['bucket']}"
        else:
            host = f"{spec['bucket']}.{host}"
        self.home = f"{where.scheme}://{host}{path}"

    def url(self, key: str) -> str:
        return f"{self.home}/{path_of(key)}"

    def items(self) -> list[Item]:
        if self.key and not self.key.endswith("/"):
            return [self.head(self.key)]
        found, token = [], ""
        while True:
            page, token = self.page(token)
            found += page
            if not token:
                break
        if not found:
            raise Failed(f"there is no object below s3://{self.spec['bucket']}/{self.key}, or none that may be listed")
        return found

    def page(self, token: str) -> tuple[list[Item], str]:
        """The next objects of the listing, and what to ask for more with; the marks of empty folders are left out."""
        question = {"list-type": "2", "prefix": self.key, "encoding-type": "url"}
        query = query_of({**question, **({"continuation-token": token} if token else {})})
        page = ET.fromstring(self.client.ask(f"{self.home}/?{query}").body)  # noqa: S314 -- from the store we trust
        found = []
        for each in page.iterfind("{*}Contents"):
            key = unquote_plus(each.findtext("{*}Key", ""))
            if not key.endswith("/"):
                size, version = int(each.findtext("{*}Size", "0")), each.findtext("{*}ETag", "")
                found.append(Item(key, below(self.key, key), size, version))
        return found, page.findtext("{*}NextContinuationToken", "")

    def head(self, key: str) -> Item:
        headers = self.client.ask(self.url(key), method="HEAD", headers=ENABLED).headers
        size, version = int(headers.get("Content-Length", 0)), headers.get("ETag", "")
        return Item(key, below(self.key, key), size, version, checksums(headers))

    def fetch(self, item: Item, part: Part) -> Mapping[str, str]:
        headers = self.client.fetch(self.url(item.key), part, {"If-Match": item.version, **ENABLED})
        resumed = "Content-Range" in headers  # then they may tell the checksum of the rest
        return self.head(item.key).checksums if resumed else checksums(headers)


def checksums(headers: Message) -> dict[str, str]:
    """Those of the whole object; one of its parts' checksums ends in their number.

    An ETag is the MD5 of an object that was uploaded in one part, and that no key of KMS or of the client encrypts.
    """
    given = {kind: headers.get(f"x-amz-checksum-{kind}", "") for kind in DIGESTS}
    found = {kind: text for kind, text in given.items() if text and "-" not in text}
    tag = (headers.get("ETag") or "").strip('"')
    encrypted = headers.get(ENCRYPTION, "AES256") != "AES256" or f"{ENCRYPTION}-customer-algorithm" in headers
    if re.fullmatch("[0-9a-f]{32}", tag) and not encrypted:
        found["md5"] = base64.b64encode(bytes.fromhex(tag)).decode()
    return found
