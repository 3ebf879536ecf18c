import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from medusa_sync.testing import Product, SourceTests
from shopdb import ShopDb


class TestShopDb(SourceTests):
    def source(self, products: Sequence[Product], folder: Path) -> ShopDb:
        path = folder / "shop.db"
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE products (number, name, cents, quantity, labels, active)")
            rows = [(each["id"], each["title"], each["price"] * 100) for each in products]
            database.executemany("INSERT INTO products VALUES (?, ?, ?, 1, 'new', 1)", rows)
            database.commit()
        return ShopDb(f"shopdb://{path}")

    def cut_off(self, products: Sequence[Product], folder: Path) -> ShopDb:
        source = self.source(products, folder)
        path = folder / "shop.db"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return source
