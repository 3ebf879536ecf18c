"""Keeps the parts of products on disk, so that those of one product may be anywhere in a source."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, Self

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import NO_SPACE

MAX_SIZE = 2**26  # characters in the parts of a product, which are all in memory then

_TABLES = """
    PRAGMA journal_mode = OFF;
    CREATE TABLE part (
        number INTEGER PRIMARY KEY, product INTEGER, id TEXT, digest BLOB, body BLOB, place TEXT, problem TEXT
    );
    CREATE UNIQUE INDEX same ON part (id, digest);
    CREATE INDEX product ON part (product);
    BEGIN;
"""


class Group(NamedTuple):
    """A product: its number and id, the place of its first part, why it is rejected, and its parts."""

    product: int
    source_id: str | None
    place: str
    problem: str
    bodies: list[bytes]


class Groups:
    """Products in the order of their first parts. Parts with the same contents count once.

    The database is a temporary file without a name, of which only 2 MB are in memory.
    """

    def __init__(self) -> None:
        self._products = 0
        self._failure: SourceError | None = None
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def __len__(self) -> int:
        return self._products

    def __iter__(self) -> Iterator[Group]:
        """The products, each with its parts in the order in which they were added.

        Raises:
            SourceError: the disk is full.
        """
        with self._intact():
            rows = self._database.execute(
                "SELECT product, id, place, body, problem FROM part ORDER BY product, number"
            )
            for product, own in groupby(rows, itemgetter(0)):
                source_id, first, problem = None, "", ""
                bodies: list[bytes] = []
                size = 0
                for _, own_id, place, body, reason in own:
                    source_id = source_id or own_id
                    first, problem, size = first or place, problem or reason, size + len(body)
                    if body and (size <= MAX_SIZE or not bodies):
                        bodies.append(body)
                if size > MAX_SIZE:
                    problem = problem or f"it has more than {MAX_SIZE:,} characters"
                yield Group(product, source_id, first, problem, bodies)

    def add(self, source_id: str | None, place: str, *, body: bytes = b"", problem: str = "") -> int:
        """Add a part; without an id, it is a product of its own. Returns the number of the product.

        Raises:
            SourceError: the disk is full.
        """
        digest = blake2b(body, digest_size=16).digest()
        with self._intact():
            known = self._database.execute(
                "SELECT product FROM part WHERE id = ? LIMIT 1", (source_id,)
            ).fetchone()
            product: int = known[0] if known else self._products
            self._products += known is None
            self._database.execute(
                "INSERT OR IGNORE INTO part VALUES (NULL, ?, ?, ?, ?, ?, ?)",
                (product, source_id, digest, body, place, problem),
            )
        return product

    def join(self, source_id: str, other: str) -> None:
        """Make the products of two ids one; the parts of the other id may follow later.

        Raises:
            SourceError: the disk is full.
        """
        self.add(other, "")
        query = "SELECT DISTINCT product FROM part WHERE id IN (?, ?) ORDER BY product"
        with self._intact():
            first, *later = self._database.execute(query, (source_id, other)).fetchall()
            for product in later:
                self._database.execute("UPDATE part SET product = ? WHERE product = ?", first + product)

    @contextmanager
    def _intact(self) -> Iterator[None]:
        """Use the database, unless it could not be written before: then its file is damaged."""
        if self._failure is not None:
            raise self._failure
        try:
            yield
        except sqlite3.DatabaseError as error:
            reason = f"the temporary file cannot be written ({error})"
            self._failure = SourceError(reason, hint=NO_SPACE)
            raise self._failure from error
