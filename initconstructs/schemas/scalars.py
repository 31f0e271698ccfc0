"""The grammars of values that the server decodes by a method of their own: what is wrong with one, in its words.

Sources: apimachinery pkg/api/resource/quantity.go (ParseQuantity), pkg/apis/meta/v1/time.go; Go encoding/base64.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from datetime import datetime

_QUANTITY = re.compile(r"[+-]?[0-9]*(?:\.[0-9]*)?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_NO_DIGITS = re.compile(
    r"[+-]?\.?(?:[eE]-0*[1-9][0-9]+|[PE]i)", re.ASCII
)  # in a scale that the server computes exactly
_SUFFIX = re.compile(r"(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,18})?", re.ASCII)
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,]\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)

BAD_SHAPE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
BAD_SUFFIX = "unable to parse quantity's suffix"
BAD_NUMBER = "unable to parse numeric part of quantity"


def quantity_error(text: str) -> str | None:
    """What ParseQuantity says of a text, or None. It is laxer than its own message: `m` and `.` are zero."""
    shape = _QUANTITY.fullmatch(text)
    if not text or shape is None:
        return BAD_SHAPE
    if not _SUFFIX.fullmatch(shape[1]):
        return BAD_SUFFIX
    return BAD_NUMBER if _NO_DIGITS.fullmatch(text) else None


def time_error(text: str) -> str | None:
    """What time.Parse says of a text that should be RFC 3339, or None."""
    match = _RFC3339.fullmatch(text)
    if match and _is_date(match[1]):
        return None
    return f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"'


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return False
    return True


def base64_error(text: str) -> str | None:
    """What base64.StdEncoding says of a text, or None; it skips line breaks."""
    body = text.replace("\r", "").replace("\n", "")
    try:
        b64decode(body.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return f"illegal base64 data at input byte {_legal_length(body)}"
    return None


def _legal_length(body: str) -> int:
    """How many bytes of a base64 text come before the first one that can't be part of it."""
    legal = re.match(r"[A-Za-z0-9+/]*={0,2}", body)
    return legal.end() if legal and legal.end() < len(body) else len(body) // 4 * 4
