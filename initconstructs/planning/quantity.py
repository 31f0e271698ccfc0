"""Quantities of resource lists, exact: a whole number of thousandths, rounded up, as the API server keeps them.

Source: k8s.io/apimachinery/pkg/api/resource (quantity.go, suffix.go); resource lists keep three decimals.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_QUANTITY = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE])?)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_LARGEST = (2**63 - 1) * 1000  # what a quantity is capped at
_LONGEST = 100
_BINARY_STEPS = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def milli(value: object) -> int:
    """The thousandths of a quantity; 0 for what is none, as it holds nothing back."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return 0
    return _milli(str(value).strip())


@lru_cache(maxsize=4096)
def _milli(text: str) -> int:
    match = _QUANTITY.fullmatch(text[:_LONGEST])
    if match is None:
        return 0
    sign, digits, exponent, suffix = match.groups()
    power = int(exponent[1:]) if exponent else _DECIMAL.get(suffix, 0)
    if abs(power) > _LONGEST:
        return 0 if power < 0 else _LARGEST
    scale: Fraction = Fraction(10) ** power
    amount = Fraction(digits) * 1000 * scale * (1 << 10 * _BINARY.get(suffix, 0))
    rounded = min(-(-amount.numerator // amount.denominator), _LARGEST)
    return -rounded if sign == "-" else rounded


def written(name: str, amount: int) -> str:
    """An amount as people write it: cpu (in millicores) `250m` or `2`, bytes `128Mi`, anything else as it is."""
    if name == "cpu":
        return f"{amount}m" if amount % 1000 else str(amount // 1000)
    if name not in ("memory", "ephemeral-storage") and not name.startswith("hugepages-"):
        return str(amount)
    step = 0
    while step < len(_BINARY_STEPS) - 1 and amount and amount % 1024 == 0:
        amount //= 1024
        step += 1
    return f"{amount}{_BINARY_STEPS[step]}"
