"""Remembers where each id came first, in little memory."""

from __future__ import annotations

from array import array

_SLOTS = 1_024  # to begin with; a power of two
_MASK = 2**64 - 1


class FirstPlaces:
    """The number of the line on which each id came first, in about 30 bytes for each id.

    Ids are compared by their hashes of 64 bits: among a million ids, two have the same one with a
    probability of 1 in 30 million, and then a product is refused.
    """

    def __init__(self) -> None:
        self._hashes = array("Q", bytes(8 * _SLOTS))  # 0 is a free slot
        self._numbers = array("I", bytes(4 * _SLOTS))
        self._size = 0

    def add(self, source_id: str, number: int) -> int | None:
        """Add an id; returns its first number if it is not new."""
        code = hash(source_id) & _MASK or 1
        slot = self._slot(code)
        if self._hashes[slot]:
            return self._numbers[slot]
        self._hashes[slot], self._numbers[slot] = code, number
        self._size += 1
        if 3 * self._size > 2 * len(self._hashes):
            self._grow()
        return None

    def _slot(self, code: int) -> int:
        """The slot of a hash, or the free one where it belongs."""
        last = len(self._hashes) - 1
        slot = code & last
        while self._hashes[slot] not in (0, code):
            slot = slot + 1 & last
        return slot

    def _grow(self) -> None:
        hashes, numbers = self._hashes, self._numbers
        size = 2 * len(hashes)
        self._hashes, self._numbers = array("Q", bytes(8 * size)), array("I", bytes(4 * size))
        for code, number in zip(hashes, numbers, strict=True):
            if code:
                slot = self._slot(code)
                self._hashes[slot], self._numbers[slot] = code, number
