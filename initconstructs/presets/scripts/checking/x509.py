"""As much of X.509 as tells until when a certificate holds.

RFC 5280, section 4.1: Certificate is a sequence whose first part, TBSCertificate, is version (tagged 0, may be absent),
serial number, signature algorithm, issuer, validity, ...; validity is two times, which UTCTime or GeneralizedTime hold.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator

_VERSION, _UTC_TIME = 0xA0, 0x17


def validity(certificate: bytes) -> tuple[float, float]:
    """Seconds since 1970 from when and until when the certificate (DER) holds.

    Raises ValueError for anything else.
    """
    _, whole = next(_parts(certificate))
    _, signed = next(_parts(whole))
    fields = [content for tag, content in _parts(signed) if tag != _VERSION]
    if len(fields) < 6:
        raise ValueError("is no certificate")
    since, until = (_seconds(tag, content.decode("ascii")) for tag, content in _parts(fields[3]))
    return since, until


def _parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of every element that stands in a row."""
    at = 0
    while at < len(content):
        tag, size, at = content[at], _byte(content, at + 1), at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(content[at : at + count], "big"), at + count
        if at + size > len(content):
            raise ValueError("is cut short")
        yield tag, content[at : at + size]
        at += size


def _byte(content: bytes, at: int) -> int:
    if at >= len(content):
        raise ValueError("is cut short")
    return content[at]


def _seconds(tag: int, text: str) -> float:
    """Two digits of a year stand for 1950 to 2049."""
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))
