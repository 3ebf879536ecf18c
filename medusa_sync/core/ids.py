"""Sets of source ids that take little memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator

_SPARSE = 2**24  # larger numbers are kept as text: a bit for each smaller one would take too much memory
_DIGITS = 8


class IdSet(Collection[str]):
    """A set of source ids; small numbers take a bit each, because most catalogues number products from 1."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._others: set[str] = set()
        self._size = 0

    def add(self, source_id: str) -> bool:
        """Add an id; returns whether it was new."""
        number = _number(source_id)
        if number is None:
            is_new = source_id not in self._others
            self._others.add(source_id)
        else:
            index, bit = divmod(number, 8)
            self._bits.extend(bytes(max(index + 1 - len(self._bits), 0)))
            is_new = not self._bits[index] >> bit & 1
            self._bits[index] |= 1 << bit
        self._size += is_new
        return is_new

    def __contains__(self, source_id: object) -> bool:
        if not isinstance(source_id, str):
            return False
        number = _number(source_id)
        if number is None:
            return source_id in self._others
        index, bit = divmod(number, 8)
        return index < len(self._bits) and bool(self._bits[index] >> bit & 1)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        for index, byte in enumerate(self._bits):
            for bit in range(8):
                if byte >> bit & 1:
                    yield str(8 * index + bit)
        yield from self._others


def _number(source_id: str) -> int | None:
    """The number that an id is, if it is small and written without leading zeros."""
    if not (source_id.isascii() and source_id.isdecimal() and len(source_id) <= _DIGITS):
        return None
    number = int(source_id)
    return number if number < _SPARSE and str(number) == source_id else None
