"""Makes products of the rows of a table, wherever those of one product are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from medusa_sync.core.ids import IdSet
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import InvalidProductError, Item
from medusa_sync.sources.dialects.base import Dialect, Header, Row
from medusa_sync.sources.groups import MAX_SIZE, Groups

MAX_ROWS = 20_000  # of a product; more than 10,000 variants are rejected anyway


def products(read: Callable[[], Iterable[Row]], dialect: Dialect) -> Iterator[Item]:
    """The products of a table, which is read twice.

    The first time shows which products have rows in several places. Their rows are kept on disk until all of
    them are read; all other products come at once. If reading fails, the last product is left out, because
    it may have more rows; in a table with scattered rows, that is true of all products.

    Args:
        read: gives the rows, each time from the first one.
        dialect: of the table.
    """
    scattered, aliases = _scattered(read(), dialect)
    headers: dict[tuple[str, ...], tuple[int, Header]] = {}
    group: _Group | None = None
    with Groups() as kept:
        for row in read():
            source_id = row.source_id
            if aliases and not row[dialect.ids[0]]:
                source_id = aliases.get(row[dialect.alias], source_id)
            if not source_id:
                yield Item(None, row.place, problem=row.problem or "it belongs to no product: it has no id")
                continue
            if group is not None and source_id != group.source_id:
                yield group.product(dialect)
                group = None
            if source_id in scattered:
                index, _ = headers.setdefault(row.header.given, (len(headers), row.header))
                body = msgspec.msgpack.encode((index, row.number, row.cells, row.problem))
                kept.add(source_id, row.place, body=body)
                continue
            group = group or _Group(source_id)
            group.add(row)
        if group is not None:
            yield group.product(dialect)
        known = [header for _, header in headers.values()]
        for known_id, _, problem, bodies in kept:
            group = _Group(known_id or "", is_cut=bool(problem))
            for index, *row in map(msgspec.msgpack.decode, bodies):
                group.add(Row(known[index], *row))
            yield group.product(dialect)


def _scattered(rows: Iterable[Row], dialect: Dialect) -> tuple[IdSet, Mapping[str, str]]:
    """The ids of products that may have rows in several places, and those that rows only have an alias of.

    Raises:
        SourceError: the rows cannot be read to their end, and some are scattered.
    """
    begun, scattered = IdSet(), IdSet()
    aliases: dict[str, str] = {}
    failure: SourceError | None = None
    last = ""
    try:
        for row in rows:
            source_id = row.source_id
            if source_id and source_id != last:
                last = source_id
                if not begun.add(source_id):
                    scattered.add(source_id)
            if row[dialect.alias] not in {"", source_id} and row[dialect.ids[0]]:
                aliases.setdefault(row[dialect.alias], source_id)
    except SourceError as error:
        failure = error
    aliases = {alias: source_id for alias, source_id in aliases.items() if alias in begun}
    for source_id in aliases.values():
        scattered.add(source_id)
    if failure is not None and scattered:
        raise failure
    return scattered, aliases


class _Group:
    """The rows of a product, as far as they are not too many. The first one with a title has its fields."""

    def __init__(self, source_id: str, *, is_cut: bool = False) -> None:
        self.source_id = source_id
        self._is_cut = is_cut
        self._rows: list[Row] = []
        self._size = 0

    def add(self, row: Row) -> None:
        self._last = row.number
        self._size += sum(map(len, row.cells.values()))
        self._is_cut = self._is_cut or len(self._rows) == MAX_ROWS or self._size > MAX_SIZE
        if not self._rows or not self._is_cut:
            self._rows.append(row)

    def product(self, dialect: Dialect) -> Item:
        rows = self._rows
        titled = next((index for index, row in enumerate(rows) if row[dialect.title]), 0)
        reason = self._problem(rows[titled], dialect)
        rows.insert(0, rows.pop(titled))
        try:
            if not reason:
                product = {**dialect.product(rows), "id": self.source_id}
                return Item(product, unused=rows[0].header.unused)
        except InvalidProductError as error:
            reason = str(error)
        return Item({"id": self.source_id, "title": rows[0][dialect.title]}, problem=reason)

    def _problem(self, titled: Row, dialect: Dialect) -> str:
        """Why the rows are no product in any dialect; empty if they may be one."""
        first, unit = self._rows[0], self._rows[0].header.unit
        if self._is_cut:
            where = first.place if first.number == self._last else f"{unit}s {first.number} to {self._last}"
            return f"{where}: the product has more than {MAX_ROWS:,} rows or {MAX_SIZE:,} characters"
        if bad := next((row for row in self._rows if row.problem), None):
            return f"{bad.place}: {bad.problem}"
        if not titled[dialect.title]:
            return str(first.error(dialect.title, f"is empty; one {unit} of a product must have it"))
        return ""
