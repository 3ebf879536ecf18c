"""The products of a source: their external ids, sets of them that take little memory, and shards."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import blake2b

MOST_SHARDS = 1000
_SPARSE = 2**24  # larger numbers are kept as text: a bit for each smaller one would take too much memory
_DIGITS = 8


def external_id_of(source_name: str, source_id: str) -> str:
    """The external id that a product of a source has in the store."""
    return f"{source_name}:{source_id}"


def source_id_of(source_name: str, external_id: str | None) -> str | None:
    """The id that the source gave to a product of the store; None if it is not from this source."""
    prefix = external_id_of(source_name, "")
    if external_id is None or not external_id.startswith(prefix):
        return None
    return external_id.removeprefix(prefix) or None


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
            for bit in range(8) if byte else ():
                if byte >> bit & 1:
                    yield str(8 * index + bit)
        yield from self._others


def _number(source_id: str) -> int | None:
    """The number that an id is, if it is small and written without leading zeros."""
    if not (source_id.isascii() and source_id.isdecimal() and len(source_id) <= _DIGITS):
        return None
    number = int(source_id)
    return number if number < _SPARSE and str(number) == source_id else None


@dataclass(frozen=True)  # not a struct, so that `--version` and `--help` do not import msgspec
class Shard:
    """Shard `number` of `count`; each product is in exactly one of them.

    Attributes:
        number: from 1 to `count`.
        count: how many shards there are, at most `MOST_SHARDS`.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= MOST_SHARDS:
            raise ValueError(f"expected K/N with K from 1 to N, such as 3/8, and N up to {MOST_SHARDS}")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def __contains__(self, external_id: str) -> bool:
        # Not `hash`, which differs from process to process.
        digest = blake2b(external_id.encode(errors="surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest) % self.count == self.number - 1


def is_in(shard: Shard | None, external_id: str) -> bool:
    """Whether a run of this shard, or of all products, syncs a product."""
    return shard is None or external_id in shard
