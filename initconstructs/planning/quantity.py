"""Amounts of resource lists: a whole number of thousandths, rounded up, as the API server keeps them."""

from __future__ import annotations

from initconstructs.schemas.quantity import MILLI, NANO, Quantity, QuantityError, read

_LARGEST = (2**63 - 1) * 1000  # what a quantity is capped at


def milli(value: object) -> int:
    """The thousandths of a quantity; 0 for what is none, as it holds nothing back."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return 0
    try:
        return min(read(value).rounded_up().nano // MILLI, _LARGEST)
    except QuantityError:
        return 0


def written(name: str, amount: int) -> str:
    """An amount in canonical form: cpu (in millicores) `250m` or `2`, bytes `128Mi` or `2G`, the rest as it is."""
    if name == "cpu":
        return str(Quantity(amount * MILLI))
    if name in ("memory", "ephemeral-storage") or name.startswith("hugepages-"):
        binary, decimal = str(Quantity(amount * NANO, "binary")), str(Quantity(amount * NANO))
        return decimal if len(decimal) + 1 < len(binary) else binary  # 2G, which is 1953125Ki; but 1000Ki, not 1024k
    return str(amount)
