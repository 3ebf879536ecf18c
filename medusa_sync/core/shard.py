"""A part of the products of a source, for several runs side by side."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

MOST = 1000


@dataclass(frozen=True)  # not a struct, so that `--version` and `--help` do not import msgspec
class Shard:
    """Shard `number` of `count`; each product is in exactly one of them.

    Attributes:
        number: from 1 to `count`.
        count: how many shards there are, at most `MOST`.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= MOST:
            raise ValueError(f"expected K/N with K from 1 to N, such as 3/8, and N up to {MOST}")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def __contains__(self, external_id: str) -> bool:
        # Not `hash`, which differs from process to process.
        digest = blake2b(external_id.encode(errors="surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest) % self.count == self.number - 1


def is_in(shard: Shard | None, external_id: str) -> bool:
    """Whether a run of this shard, or of all products, syncs a product."""
    return shard is None or external_id in shard
