"""Makes products of the rows of a table, wherever those of one product are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from medusa_sync.core.ids import IdSet
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import InvalidProductError, Item
from medusa_sync.sources.dialects.base import Dialect, Header, Row
from medusa_sync.sources.dialects.cells import deletion
from medusa_sync.sources.groups import MAX_SIZE, Groups
from medusa_sync.sources.schema import DELETED

MAX_ROWS = 20_000  # of a product; more than 10,000 variants are rejected anyway


def products(rows: Iterable[Row], dialect: Dialect) -> Iterator[Item]:
    """The products of a table, once all of it was read.

    If reading fails, the last product is left out, because it may have more rows; if the rows of any product
    are in several places, that is true of all products.
    """
    headers: dict[tuple[str, ...], tuple[int, Header]] = {}
    aliases: dict[str, str] = {}  # of ids
    unknown = IdSet()  # aliases of rows that have nothing else
    failure: SourceError | None = None
    is_scattered = False
    last = -1
    with Groups() as groups:
        try:
            for row in rows:
                index, _ = headers.setdefault(row.header.given, (len(headers), row.header))
                body = msgspec.msgpack.encode((index, row.number, row.cells, row.problem, row.rest))
                source_id, alias = row.source_id, row[dialect.alias]
                if alias and row[dialect.ids[0]]:
                    aliases.setdefault(alias, source_id)
                elif alias:
                    unknown.add(alias)
                    source_id = _unknown(alias)
                count = len(groups)
                product = groups.add(source_id or None, row.place, body=body)
                if source_id:
                    is_scattered = is_scattered or product not in {count, last}
                    last = product
        except SourceError as error:
            failure = error
        for alias, source_id in aliases.items():
            if alias in unknown:
                is_scattered = True
                groups.join(source_id, _unknown(alias))
        if failure is not None and is_scattered:
            raise failure
        known = [header for _, header in headers.values()]
        for group in groups:
            own = [Row(known[index], *row) for index, *row in map(msgspec.msgpack.decode, group.bodies)]
            if failure is None or group.product != last:
                yield _product(own, dialect, is_cut=bool(group.problem))
    if failure is not None:
        raise failure


def _unknown(alias: str) -> str:
    """What stands for the id of rows that only have an alias; no id begins with a space."""
    return f" {alias}"


def _left(rows: list[Row], dialect: Dialect) -> list[Row]:
    """The rows that are not deleted; none if the product is: all of its rows, or all that have its title."""
    left = [row for row in rows if not deletion(row[dialect.deleted])]
    has_title = any(row[dialect.title] for row in rows)
    return left if not has_title or any(row[dialect.title] for row in left) else []


def _product(rows: list[Row], dialect: Dialect, *, is_cut: bool) -> Item:
    """A product; the first row with a title has its fields."""
    first, header = rows[0], rows[0].header
    unit = header.unit
    item = partial(Item, remarks=header.remarks, is_foreign=not dialect.is_own)
    source_id = next((row.source_id for row in rows if row[dialect.ids[0]]), first.source_id)
    if not source_id:
        return item(None, first.place, problem=first.problem or "it belongs to no product: it has no id")
    rows = _left(rows, dialect)
    if not rows:
        return item({"id": source_id, DELETED: True})
    titled = next((index for index, row in enumerate(rows) if row[dialect.title]), 0)
    rows.insert(0, rows.pop(titled))
    reason = ""
    if len(rows) > MAX_ROWS or is_cut:
        where = f"{unit}s {first.number} to {rows[-1].number}"
        reason = f"{where}: the product has more than {MAX_ROWS:,} rows or {MAX_SIZE:,} characters"
    elif bad := next((row for row in rows if row.problem), None):
        reason = f"{bad.place}: {bad.problem}"
    elif not rows[0][dialect.title]:
        reason = str(first.error(dialect.title, f"is empty; one {unit} of a product must have it"))
    try:
        if not reason:
            rest = {name: value for row in reversed(rows) for name, value in row.rest.items()}
            return item({**dialect.product(rows), "id": source_id}, rest=rest)
    except InvalidProductError as error:
        reason = str(error)
    return item({"id": source_id, "title": rows[0][dialect.title]}, problem=reason)
