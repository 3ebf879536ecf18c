"""Quiet runs of large catalogues, whose products are copied in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
from psycopg.sql import SQL, Identifier

from benchmarks.results import LARGE, QUIET, Scenario
from benchmarks.scenarios import quiet_run
from benchmarks.shop import Shop


def measured(shop: Shop, sizes: Sequence[int], runs: int) -> Iterator[Scenario]:
    """The command writes the products of the smallest catalogue; the other catalogues add copies of them."""
    originals, stored = min(sizes), 0
    for size in sorted(sizes):
        with shop.servers(size, originals=originals) as servers:
            if size == originals:
                shop.fill(servers)
            else:
                shop.say(f"copying {size - stored} products")
                copy_products(shop.store.database_url, originals, stored + 1, size)
                shop.vacuum()
            stored = size
            yield quiet_run(shop, servers, Scenario(LARGE, size, "default", QUIET), runs)


def copy_products(database_url: str, originals: int, first: int, last: int) -> None:
    """Add products to the table, with the records of others.

    A quiet run reads only this table, so the copies need no variants.
    """
    own = {
        "id": SQL("'prod_9' || lpad(number::text, 25, '0')"),
        "handle": SQL("handle || '-copy-' || number"),
        "external_id": SQL("'dummyjson:' || number"),
    }
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = 'product'"
        )
        columns = [name for (name,) in rows]
        connection.execute(
            SQL(
                "INSERT INTO product ({}) SELECT {} FROM generate_series(%s::int, %s::int) AS number "
                "JOIN product ON external_id = 'dummyjson:' || (number - 1) %% %s::int + 1"
            ).format(
                SQL(", ").join(map(Identifier, columns)),
                SQL(", ").join(own.get(name, Identifier(name)) for name in columns),
            ),
            [first, last, originals],
        )
