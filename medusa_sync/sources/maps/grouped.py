"""Joins the parts of products, which may be anywhere in a source, on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Any, Self

import msgspec

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Entry, Item, Refused
from medusa_sync.sources.mapping import usable_id
from medusa_sync.sources.maps.program import MAX_NUMBER, MapError, Program
from medusa_sync.sources.text import shown

MAX_SIZE = 2**26  # characters in the parts of a product, which are all in memory

_JOINED = ("variants", "images", "tags", "categories")
_TITLE_LENGTH = 200  # of refused products
_TABLES = """
    PRAGMA journal_mode = OFF;
    CREATE TABLE product (number INTEGER PRIMARY KEY, id TEXT UNIQUE, place TEXT, problem TEXT);
    CREATE TABLE part (
        product INTEGER, digest BLOB, number INTEGER, body BLOB, PRIMARY KEY (product, digest)
    ) WITHOUT ROWID;
    BEGIN;
"""
_PARTS = """
    SELECT product.number, id, place, problem, part.number, body
    FROM product LEFT JOIN part ON part.product = product.number ORDER BY product.number
"""
_NO_SPACE = "Free disk space, or set TMPDIR to a folder with more."


class Grouped:
    """Products that a map makes of items, in the order of their first parts.

    Parts with the same contents count once. The database is a temporary file without a name, of which only
    2 MB are in memory.

    Attributes:
        items: how many there were.
        without_products: how many of them gave no part.
    """

    def __init__(self, program: Program) -> None:
        self.items = 0
        self.without_products = 0
        self._program = program
        self._parts = 0
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def __len__(self) -> int:
        """The number of products, with those that are refused."""
        count: int = self._database.execute("SELECT count(*) FROM product").fetchone()[0]
        return count

    def add(self, item: Item) -> None:
        """Add the parts that the map makes of an item.

        Raises:
            SourceError: the disk is full.
        """
        self.items += 1
        ids: list[str] = []
        has_parts = False
        try:
            for part in self._program.parts(item.value):
                has_parts = True
                source_id = _id_of(part)
                if source_id is None:
                    self.refuse(item.place, _unknown(part))
                else:
                    ids.append(source_id)
                    self._add(source_id, item.place, msgspec.json.encode(part))
        except MapError as error:
            # It may have been any product, and those that it has begun may not be complete.
            self.refuse(item.place, str(error))
            for source_id in ids:
                problem, number = f"{item.place}: {error}", self._number(source_id, item.place)
                self._execute("UPDATE product SET problem = ? WHERE number = ?", problem, number)
        else:
            self.without_products += not has_parts

    def refuse(self, place: str, reason: str) -> None:
        """Refuse a part of a product that is not known."""
        self._execute("INSERT INTO product (place, problem) VALUES (?, ?)", place, reason)

    def products(self) -> Iterator[Entry | Refused]:
        rows = self._database.execute(_PARTS)
        for (_, source_id, place, problem), parts in groupby(rows, itemgetter(0, 1, 2, 3)):
            if source_id is None:
                yield Refused(None, place, problem)
                continue
            bodies: list[tuple[int, bytes]] = []
            size = 0
            for *_, number, body in parts:
                size += len(body)
                if size <= MAX_SIZE:
                    bodies.append((number, body))
            decoded = [msgspec.json.decode(body) for _, body in sorted(bodies)]
            product = decoded[0] if len(decoded) == 1 else _joined(decoded)
            reason = problem or (f"it has more than {MAX_SIZE:,} characters" if size > MAX_SIZE else "")
            title = product.get("title")
            name = title[:_TITLE_LENGTH] if isinstance(title, str) else place
            yield Refused(source_id, name, reason) if reason else Entry(product)

    def _add(self, source_id: str, place: str, body: bytes) -> None:
        self._parts += 1
        digest = blake2b(body, digest_size=16).digest()
        number = self._number(source_id, place)
        self._execute("INSERT OR IGNORE INTO part VALUES (?, ?, ?, ?)", number, digest, self._parts, body)

    def _number(self, source_id: str, place: str) -> int:
        """The number of a product, which is added if it is new."""
        found = self._execute("SELECT number FROM product WHERE id = ?", source_id).fetchone()
        number = found[0] if found else None
        if number is None:
            insert = "INSERT INTO product (id, place) VALUES (?, ?)"
            number = self._execute(insert, source_id, place).lastrowid
        return int(number or 0)

    def _execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise SourceError(f"the temporary file cannot be written ({error})", hint=_NO_SPACE) from error


def _id_of(part: Any) -> str | None:
    value = part.get("id") if isinstance(part, dict) else None
    is_exact = not isinstance(value, int | float) or abs(value) <= MAX_NUMBER
    return usable_id(value) if is_exact else None


def _unknown(part: Any) -> str:
    """Why the product of a part is not known."""
    if not isinstance(part, dict):
        return f"the map gives {shown(msgspec.json.encode(part).decode())}, which is not a product"
    if "id" not in part:
        return "the map gives a product without an id"
    return f"the map gives a product with the id {shown(msgspec.json.encode(part['id']).decode())}"


def _joined(parts: list[dict[str, Any]]) -> Mapping[str, Any]:
    """One product: lists are joined, and of other fields the first value counts."""
    product: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            known = product.get(name)
            if known is None:
                product[name] = value
            elif name in _JOINED and isinstance(known, list) and isinstance(value, list):
                product[name] = known + value
    return product
