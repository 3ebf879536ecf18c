"""Groups the rows of a table into products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from medusa_sync.sources.base import Entry, Refused
from medusa_sync.sources.dialects.base import Dialect, InvalidRowError, Row
from medusa_sync.sources.dialects.first import FirstPlaces

MAX_ROWS = 20_000  # of a product; more than 10,000 variants are rejected anyway
_TITLE_LENGTH = 200  # of refused products


def products(rows: Iterable[Row], dialect: Dialect) -> Iterator[Entry | Refused]:
    """The products of a table, whose rows follow one another.

    If reading the rows fails, the last product is left out, because it may have more of them.
    """
    first_places = FirstPlaces()
    source_id = ""
    group: list[Row] = []
    for row in rows:
        own_id = dialect.source_id(row)
        if not own_id:
            yield Refused(None, row.place, row.problem or "it belongs to no product: it has no id")
            continue
        if group and own_id != source_id:
            yield _product(source_id, group, dialect, first_places)
            group = []
        source_id = own_id
        if len(group) <= MAX_ROWS:
            group.append(row)
    if group:
        yield _product(source_id, group, dialect, first_places)


def _product(
    source_id: str, group: Sequence[Row], dialect: Dialect, first_places: FirstPlaces
) -> Entry | Refused:
    reason = _problem(source_id, group, first_places)
    if not reason:
        try:
            return Entry(dialect.product(group))
        except InvalidRowError as error:
            reason = str(error)
    return Refused(source_id, group[0]["title"][:_TITLE_LENGTH], reason)


def _problem(source_id: str, group: Sequence[Row], first_places: FirstPlaces) -> str:
    """Why a product is refused, whatever its cells are; empty if it is not."""
    start, unit = group[0].number, group[0].header.unit
    first = first_places.add(source_id, start)
    if first is not None:
        where = f"{unit}s {start} to {group[-1].number}" if len(group) > 1 else f"{unit} {start}"
        return (
            f"{where}: the product has begun on {unit} {first}; its rows do not follow one another, "
            "or two products have the same id"
        )
    if len(group) > MAX_ROWS:
        return f"{unit} {start}: the product has more than {MAX_ROWS:,} rows"
    return next((f"{row.place}: {row.problem}" for row in group if row.problem), "")
