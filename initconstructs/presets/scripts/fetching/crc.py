"""CRC-32C and CRC-64/NVME, which the standard library lacks, fast enough for gigabytes.

A loop over bytes in Python takes minutes for one. Here a piece is cut into lanes of `LENGTH` bytes, whose states move
on side by side: `bytes.translate` looks a byte of all lanes up in one call, and whole numbers XOR them in another.
State byte k of all lanes is one such number, a plane. The lanes' results are joined as in zlib's crc32_combine: a CRC
is linear, so that of "ab" is that of "a", moved on over as many zeros as "b" has bytes, XOR that of "b".

https://reveng.sourceforge.io/crc-catalogue/all.htm (CRC-32/ISCSI, CRC-64/NVME)
"""

from __future__ import annotations

from operator import xor

LENGTH = 256
PIECE = 1 << 20


class Crc:
    """A running checksum; `polynomial` has its bits in reverse order, `size` is in bytes."""

    def __init__(self, polynomial: int, size: int) -> None:
        self.size = size
        self.state = self.mask = (1 << 8 * size) - 1
        self.table = [_eight_steps(byte, polynomial) for byte in range(256)]
        self.columns = [bytes(each >> 8 * k & 255 for each in self.table) for k in range(size)]
        self.skip = [self._skip(k) for k in range(size)]

    def update(self, data: bytes) -> None:
        """Take in the next bytes."""
        whole = len(data) // LENGTH * LENGTH
        for start in range(0, whole, PIECE):
            self._lanes(data[start : min(start + PIECE, whole)])
        for byte in data[whole:]:
            self.state = self.state >> 8 ^ self.table[(self.state ^ byte) & 255]

    def digest(self) -> bytes:
        """The checksum, its highest byte first, as the stores write it."""
        return (self.state ^ self.mask).to_bytes(self.size, "big")

    def _lanes(self, data: bytes) -> None:
        count = len(data) // LENGTH
        planes = [0] * self.size
        for position in range(LENGTH):
            column = int.from_bytes(data[position::LENGTH], "little")
            index = (planes[0] ^ column).to_bytes(count, "little")
            looked = [int.from_bytes(index.translate(each), "little") for each in self.columns]
            planes = list(map(xor, looked, [*planes[1:], 0]))
        rows = [each.to_bytes(count, "little") for each in planes]
        for lane in range(count):
            state = sum(row[lane] << 8 * k for k, row in enumerate(rows))
            self.state = self._moved(self.state) ^ state

    def _moved(self, state: int) -> int:
        """The state after `LENGTH` zero bytes."""
        found = 0
        for k, each in enumerate(self.skip):
            found ^= each[state >> 8 * k & 255]
        return found

    def _skip(self, k: int) -> list[int]:
        """The states after `LENGTH` zero bytes for each value of state byte `k`; that of a sum is the sum of theirs."""
        found = [0]
        for bit in range(8):
            moved = self._zeros(1 << 8 * k + bit)
            found += [each ^ moved for each in found]
        return found

    def _zeros(self, state: int) -> int:
        for _ in range(LENGTH):
            state = state >> 8 ^ self.table[state & 255]
        return state


def crc32c() -> Crc:
    return Crc(0x82F63B78, 4)


def crc64nvme() -> Crc:
    return Crc(0x9A6C9329AC4BC9B5, 8)


def _eight_steps(value: int, polynomial: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (polynomial if value & 1 else 0)
    return value
