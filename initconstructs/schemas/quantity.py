"""Quantities as the API server reads, compares, rounds and prints them.

Source: k8s.io/apimachinery/pkg/api/resource/quantity.go and suffix.go.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

NANO = 10**9
MILLI = 10**6  # nanos in a thousandth, the finest step that a resource list keeps

_LARGEST = (2**63 - 1) * NANO  # with a binary suffix; other amounts have no end
_SIGNIFICANT = 60  # digits, three times what an int64 can hold
_FARTHEST = 1000  # as far as an exponent, or a row of zeros, is followed

# The server's own scan: a sign, digits around a point, then whatever of a suffix there is.
_SHAPE = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d*)(?:\.(?P<part>\d*))?(?P<suffix>[eEinumkKMGTP]*[-+]?\d*)", re.ASCII)

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BINARY_SUFFIX = {bits // 10: suffix for suffix, bits in _BINARY.items()} | {0: ""}
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,18})", re.ASCII)


class QuantityError(ValueError):
    """A text that is no quantity; its message is the API server's."""


class Quantity(NamedTuple):
    """An exact amount in nanos, the finest that Kubernetes keeps, and the suffixes that it is printed with."""

    nano: int
    style: str = "decimal"  # or "binary" or "exponent"

    def __str__(self) -> str:
        """The canonical form: `1500m` for 1.5, `1Gi` for 1024Mi."""
        if not self.nano:
            return "0"
        whole, fraction = divmod(abs(self.nano), NANO)
        if self.style == "binary" and whole >= 1024 and not fraction:
            return f"{_sign(self.nano)}{_binary(whole)}"
        return f"{_sign(self.nano)}{_decimal(abs(self.nano), exponent=self.style == 'exponent')}"

    def rounded_up(self, step: int = MILLI) -> Quantity:
        """Rounded away from zero to a multiple of `step` nanos, as every value of a resource list is."""
        steps = -(-abs(self.nano) // step)
        return Quantity(steps * step if self.nano > 0 else -steps * step, self.style)

    @property
    def is_integer(self) -> bool:
        """Whether nothing is left behind the point."""
        return self.nano % NANO == 0


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """The quantity that a text stands for; a QuantityError in the server's words for what is none."""
    match = _SHAPE.fullmatch(text)
    if not text or match is None:
        raise QuantityError(
            r"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    sign, whole, part, suffix = match.group("sign", "whole", "part", "suffix")
    base, exponent, style = _suffix(suffix)
    digits, scale = _digits(f"{whole}{part or ''}", len(part or ""))
    nano = min(_scaled(digits << exponent, scale), _LARGEST) if base == 2 else _scaled(digits, scale + exponent)
    if style == "binary" and nano < NANO:
        style = "decimal"
    return Quantity(-nano if sign == "-" else nano, style)


def read(value: object) -> Quantity:
    """The quantity of a decoded JSON value: a text, which may have space around it, or a number."""
    return parse(value.strip() if isinstance(value, str) else repr(value))


def _digits(text: str, fraction: int) -> tuple[int, int]:
    significant = text.lstrip("0")
    kept = significant[:_SIGNIFICANT]
    return int(kept or "0"), len(significant) - len(kept) - fraction


def _suffix(suffix: str) -> tuple[int, int, str]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], "decimal"
    if suffix in _BINARY:
        return 2, _BINARY[suffix], "binary"
    match = _EXPONENT.fullmatch(suffix)
    if match is None:
        raise QuantityError("unable to parse quantity's suffix")
    return 10, max(-_FARTHEST, min(int(match[1]), _FARTHEST)), "exponent"


def _scaled(digits: int, scale: int) -> int:
    """`digits` times ten to the `scale`, in nanos, rounded up."""
    shift = max(-_FARTHEST, min(scale, _FARTHEST)) + 9
    power: int = 10 ** abs(shift)
    return -(-digits // power) if shift < 0 else digits * power


def _sign(nano: int) -> str:
    return "-" if nano < 0 else ""


def _decimal(nano: int, *, exponent: bool) -> str:
    power = -9
    while nano % 1000 == 0 and (exponent or power < 18):
        nano //= 1000
        power += 3
    if exponent:
        return f"{nano}e{power}" if power else str(nano)
    return f"{nano}{_DECIMAL_SUFFIX[power]}"


def _binary(amount: int) -> str:
    power = 0
    while power < 6 and amount % 1024 == 0:
        amount //= 1024
        power += 1
    return f"{amount}{_BINARY_SUFFIX[power]}"
