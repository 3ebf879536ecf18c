"""The products of a shop's database: `medusa-sync products --source shopdb:///var/lib/shop.db`."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from urllib.parse import urlsplit

from medusa_sync import Item, ItemSource, PageOfItems, SourceError

PAGE = 1_000  # products
QUERY = """
    SELECT number AS id, name AS title, cents / 100.0 AS price, quantity AS stock, labels AS tags
    FROM products WHERE active ORDER BY number LIMIT ?
"""


class ShopDb(ItemSource):
    """A SELECT whose columns have the names of medusa-sync JSON; nothing changes while it is read."""

    format = "shop database"

    def __init__(self, url: str) -> None:
        self._path = urlsplit(url).path

    async def pages(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
        try:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as database:
                database.row_factory = sqlite3.Row
                rows = database.execute(QUERY, [-1 if limit is None else limit])
                while page := rows.fetchmany(PAGE):
                    yield PageOfItems(tuple(Item(product(row)) for row in page), None)
        except sqlite3.Error as error:  # if the pages ended here without an error, the rest would be missing
            raise SourceError(f"{self._path}: {error}", hint="Check the path and the database.") from error


def product(row: sqlite3.Row) -> dict[str, object]:
    return {**dict(row), "tags": (row["tags"] or "").split()}
