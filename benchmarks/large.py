"""Quiet runs of large catalogues, whose products are copied in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import httpx
import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from benchmarks.results import LARGE, QUIET, Scenario
from benchmarks.scenarios import quiet_run
from benchmarks.shop import Shop
from medusa_sync.settings.options import OPTIONS
from medusa_sync.sources.base import Item, Unchecked
from medusa_sync.sources.delivery import MappingOptions, deliver

_PAGE = 5_000
_NAME = "dummyjson"  # of the source


def measured(shop: Shop, sizes: Sequence[int], runs: int) -> Iterator[Scenario]:
    """The command writes the products of the smallest catalogue; the other catalogues add copies of them."""
    originals, stored = min(sizes), 0
    for size in sorted(sizes):
        with shop.servers(size, originals=originals) as servers:
            if size == originals:
                shop.fill(servers)
            else:
                shop.say(f"copying {size - stored} products")
                copy_products(shop.store.database_url, servers.plain, originals, stored, size)
                shop.vacuum()
            stored = size
            yield quiet_run(shop, servers, Scenario(LARGE, size, "default", QUIET), runs)


def copy_products(database_url: str, source: str, originals: int, stored: int, size: int) -> None:
    """Add products to the table, with the records of others and the digests of their own source products.

    A quiet run reads only this table, so the copies need no variants.
    """
    own = {
        "id": SQL("'prod_9' || lpad(number::text, 25, '0')"),
        "handle": SQL("handle || '-copy-' || number"),
        "external_id": SQL("own_id"),
        "metadata": SQL("jsonb_set(metadata, '{medusa_sync,source}', to_jsonb(digest))"),
    }
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE copies (number int, own_id text, digest text)")
        with cursor.copy("COPY copies FROM STDIN") as copy:
            for number, row in enumerate(_delivered(source, stored, size), stored + 1):
                copy.write_row((number, row.external_id, row.digest))
        rows = cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = 'product'"
        )
        columns = [name for (name,) in rows]
        cursor.execute(
            SQL(
                "INSERT INTO product ({}) SELECT {} FROM copies "
                "JOIN product ON external_id = 'dummyjson:' || (number - 1) %% %s::int + 1 ORDER BY number"
            ).format(
                SQL(", ").join(map(Identifier, columns)),
                SQL(", ").join(own.get(name, Identifier(name)) for name in columns),
            ),
            [originals],
        )


class _Products(msgspec.Struct):
    products: list[msgspec.Raw]


def _delivered(source: str, first: int, last: int) -> Iterator[Unchecked]:
    options = MappingOptions(_NAME, str(OPTIONS["currency"].default))
    for skip in range(first, last, _PAGE):
        page = httpx.get(source, params={"skip": skip, "limit": min(_PAGE, last - skip)}, timeout=60)
        for raw in msgspec.json.decode(page.content, type=_Products).products:
            if isinstance(row := deliver(Item(raw), options), Unchecked):
                yield row
