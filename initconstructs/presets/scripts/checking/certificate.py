"""Certificates hold, and for some time to come; the key belongs to the first."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .x509 import validity

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def problems(spec: Mapping[str, Any]) -> Iterator[str]:
    place, text = spec["path"], Path(spec["path"]).read_text("ascii", "replace")
    blocks = _PEM.findall(text)
    if not blocks:
        yield f"{place}: has no certificate"
    for number, block in enumerate(blocks, 1):
        name = place if len(blocks) == 1 else f"{place}: certificate {number}"
        try:
            since, until = validity(ssl.PEM_cert_to_DER_cert(block))
        except (ValueError, StopIteration):
            yield f"{name}: is no certificate"
        else:
            yield from _times(name, since, until, spec["valid_for"])
    if spec.get("key") and blocks:
        yield from _key(place, spec["key"])


def _times(name: str, since: float, until: float, needed: int) -> Iterator[str]:
    now = time.time()
    if now < since:
        yield f"{name}: is not valid before {_shown(since)}"
    elif until < now:
        yield f"{name}: expired on {_shown(until)}"
    elif until < now + needed:
        yield f"{name}: expires on {_shown(until)}, in less than {needed} s"


def _shown(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _key(certificate: str, key: str) -> Iterator[str]:
    with Path(key).open("rb"):  # so that a missing one is told from a wrong one
        pass
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # how strong it is, is not asked
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        yield f"{key}: is not the key of {certificate} ({error.reason or 'it is encrypted or broken'})"
