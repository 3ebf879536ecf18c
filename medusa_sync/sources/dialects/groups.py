"""Groups the rows of a table into products."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from medusa_sync.sources.base import Entry, Refused
from medusa_sync.sources.dialects.base import Dialect, InvalidRowError, Row
from medusa_sync.sources.dialects.cells import is_shortened
from medusa_sync.sources.text import shown

MAX_ROWS = 20_000  # of a product; more than 10,000 variants are rejected anyway
MAX_SIZE = 2**26  # characters in the rows of a product, which are all in memory
_TITLE_LENGTH = 200  # of refused products
_SLOTS = 1_024  # to begin with; a power of two
_MASK = 2**64 - 1


def products(rows: Iterable[Row], dialect: Dialect) -> Iterator[Entry | Refused]:
    """The products of a table, whose rows follow one another.

    If reading the rows fails, the last product is left out, because it may have more of them.
    """
    first_places = FirstPlaces()
    group = _Group("")
    for row in rows:
        is_next = bool(group.rows) and dialect.continues(row, group.rows[0])
        source_id = group.source_id if is_next else dialect.source_id(row)
        if not source_id:
            yield Refused(None, row.place, row.problem or "it belongs to no product: it has no id")
            continue
        if is_shortened(source_id):  # products with different ids can have the same one now
            reason = f"its id is {shown(source_id)}: a spreadsheet has lost its last digits"
            yield Refused(None, row.place, reason)
            continue
        if source_id != group.source_id:
            if group.rows:
                yield group.product(dialect, first_places)
            group = _Group(source_id)
        group.add(row)
    if group.rows:
        yield group.product(dialect, first_places)


class _Group:
    """The rows of a product, as far as they are not too many."""

    def __init__(self, source_id: str) -> None:
        self.source_id = source_id
        self.rows: list[Row] = []
        self._last = 0  # the number of the last row
        self._size = 0
        self._is_too_large = False

    def add(self, row: Row) -> None:
        self._last = row.number
        self._size += row.size
        self._is_too_large = len(self.rows) >= MAX_ROWS or self._size > MAX_SIZE
        if not self._is_too_large:
            self.rows.append(row)

    def product(self, dialect: Dialect, first_places: FirstPlaces) -> Entry | Refused:
        reason = self._problem(first_places)
        if not reason:
            try:
                return Entry(dialect.product(self.rows))
            except InvalidRowError as error:
                reason = str(error)
        return Refused(self.source_id, self.rows[0]["title"][:_TITLE_LENGTH], reason)

    def _problem(self, first_places: FirstPlaces) -> str:
        """Why the product is refused in any dialect; empty if it is not."""
        first_row = self.rows[0]
        start, unit = first_row.number, first_row.header.unit
        where = f"{unit} {start}" if start == self._last else f"{unit}s {start} to {self._last}"
        first = first_places.add(self.source_id, start)
        if first is not None:
            return (
                f"{where}: the product has begun on {unit} {first}; its rows do not follow one another, "
                "or two products have the same id"
            )
        if self._is_too_large:
            return f"{where}: the product has more than {MAX_ROWS:,} rows or {MAX_SIZE:,} characters"
        for row in self.rows:
            if row.problem:
                return f"{row.place}: {row.problem}"
        if not first_row["title"]:
            return str(first_row.error("title", f"is empty; the first {unit} of a product must have it"))
        return ""


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
