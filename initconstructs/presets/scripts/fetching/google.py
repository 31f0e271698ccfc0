"""Google Cloud: requests with the token of the service account that the pod, or its node, is.

https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
https://cloud.google.com/compute/docs/metadata/querying-metadata
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from .refusals import Explained, Near
from .task import Failed, Task

if TYPE_CHECKING:
    import urllib.request
    from collections.abc import Collection
    from http.client import HTTPResponse

METADATA = "metadata.google.internal"
FLAVOR = {"Metadata-Flavor": "Google"}
EARLY_SECONDS = 60


class Google(Explained):
    """Sends the token with each request, and takes a new one before it expires."""

    def __init__(self, spec: dict[str, Any], task: Task) -> None:
        super().__init__(task, spec.get("ca_file"))
        self.token, self.expires = "", 0.0

    def opened(self, request: urllib.request.Request, expect: Collection[int]) -> HTTPResponse:
        if time.monotonic() > self.expires:
            self.token, self.expires = token(self.task)
        request.add_header("Authorization", f"Bearer {self.token}")
        return super().opened(request, expect)


def token(task: Task) -> tuple[str, float]:
    """The token, and until when on the monotonic clock it is used."""
    host = os.environ.get("GCE_METADATA_HOST") or METADATA
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
    try:
        answer = Near(task).ask(url, headers=FLAVOR)
    except Failed as error:
        raise Failed(f"no Google credentials: the metadata server gives none: {error}") from None
    if answer.headers.get("Metadata-Flavor") != "Google":
        raise Failed(f"{host} answers, and is not Google's metadata server")
    found = answer.json()
    seconds = float(found.get("expires_in", 0))
    return task.hide(found["access_token"]), time.monotonic() + max(0.0, seconds - EARLY_SECONDS)
