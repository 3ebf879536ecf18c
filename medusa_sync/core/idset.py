"""A set of ids that takes a bit for each: catalogues number their products from 1 on, without great gaps."""

from __future__ import annotations

_SPARSE = 2**24  # ids from here on are kept one by one: a bit for each number up to them would be too much


class IdSet:
    """Whole numbers from 0 on."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._sparse: set[int] = set()
        self._count = 0

    def add(self, number: int) -> None:
        if number in self:
            return
        self._count += 1
        if number >= _SPARSE:
            self._sparse.add(number)
            return
        place, bit = divmod(number, 8)
        self._bits.extend(bytes(max(place + 1 - len(self._bits), 0)))
        self._bits[place] |= 1 << bit

    def __contains__(self, number: int) -> bool:
        if number >= _SPARSE:
            return number in self._sparse
        place, bit = divmod(number, 8)
        return 0 <= place < len(self._bits) and bool(self._bits[place] >> bit & 1)

    def __len__(self) -> int:
        return self._count
