"""Syncs products from a database that medusa-sync does not know, through the Python API.

    python custom_source.py shop.db

It needs MEDUSA_BACKEND_URL and MEDUSA_API_KEY in the environment or in .env. Replace the class by one that
reads your own system: it only has to yield dictionaries with the fields that docs/catalogue.md lists.
"""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from medusa_sync import RunResult, load_settings, sync_products


class Database:
    """The products of a table."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.row_factory = sqlite3.Row
            for row in connection.execute("SELECT * FROM products WHERE active ORDER BY number"):
                yield {
                    "id": row["number"],
                    "title": row["name"],
                    "price": row["cents"] / 100,
                    "stock": row["quantity"],
                    "tags": row["labels"].split(),
                }


def sync(products: Database) -> RunResult:
    """Sync the products as a file, one JSON object per line.

    If reading the database fails, there is no file and no run: nothing in the store changes.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "products.ndjson")
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(product) + "\n" for product in products)
        return sync_products(load_settings({"source": str(file), "source_name": "database"}))


if __name__ == "__main__":
    result = sync(Database(sys.argv[1]))
    print(result.status, dict(result.counts))
    for each in result.problems:
        print(f"{each.title}: {each.reason}")
    sys.exit(result.exit_code)
