"""Restores the rows of a database while its server runs."""

from collections.abc import Iterable
from graphlib import TopologicalSorter

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

_COPIES = "pristine"


def remember(url: str) -> None:
    """Copy every table that has rows into a separate schema."""
    with psycopg.connect(url) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(_COPIES)))
        for table in _tables(connection, "public"):
            original, copy = Identifier("public", table), Identifier(_COPIES, table)
            if connection.execute(SQL("SELECT FROM {} LIMIT 1").format(original)).fetchone() is not None:
                connection.execute(SQL("CREATE TABLE {} AS TABLE {}").format(copy, original))


def restore(url: str) -> None:
    """Undo all changes of rows since `remember`.

    Tables are truncated, so that the next test has neither dead rows nor old statistics.
    """
    with psycopg.connect(url) as connection:
        connection.execute("SET lock_timeout = '10s'")
        copied = _tables(connection, _COPIES)
        taxonomy = _taxonomy(connection)
        emptied = _with_referencing(_changed(connection, copied), taxonomy)
        if not emptied:
            return
        tables = SQL(", ").join(Identifier("public", table) for table in sorted(emptied))
        connection.execute(SQL("TRUNCATE {}").format(tables))
        filled = emptied & set(copied)
        for table in _referenced_first(filled, taxonomy):
            original, copy = Identifier("public", table), Identifier(_COPIES, table)
            connection.execute(SQL("INSERT INTO {} TABLE {}").format(original, copy))


def _tables(connection: psycopg.Connection, schema: str) -> list[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
    return [table for (table,) in rows]


def _taxonomy(connection: psycopg.Connection) -> set[tuple[str, str]]:
    """Pairs of a table and another table that it references with a foreign key."""
    rows = connection.execute(
        """
        SELECT referencing.relname, referenced.relname
        FROM pg_constraint
        JOIN pg_class referencing ON referencing.oid = conrelid
        JOIN pg_class referenced ON referenced.oid = confrelid
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conrelid <> confrelid
        """
    )
    return {(referencing, referenced) for referencing, referenced in rows}


def _changed(connection: psycopg.Connection, copied: Iterable[str]) -> set[str]:
    copied = set(copied)
    tests = [(_differs if table in copied else _has_rows)(table) for table in _tables(connection, "public")]
    return {table for (table,) in connection.execute(SQL(" UNION ALL ").join(tests))}


def _has_rows(table: str) -> Composed:
    return SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(Literal(table), Identifier("public", table))


def _differs(table: str) -> Composed:
    """Compare rows as text, because not every type can be compared."""
    return SQL(
        """
        SELECT {name} WHERE EXISTS (
            (SELECT a::text FROM {original} a EXCEPT ALL SELECT b::text FROM {copy} b)
            UNION ALL
            (SELECT b::text FROM {copy} b EXCEPT ALL SELECT a::text FROM {original} a)
        )
        """
    ).format(name=Literal(table), original=Identifier("public", table), copy=Identifier(_COPIES, table))


def _with_referencing(tables: set[str], taxonomy: set[tuple[str, str]]) -> set[str]:
    """Add the tables that reference these: PostgreSQL truncates them only together."""
    reached = set(tables)
    while more := {referencing for referencing, referenced in taxonomy if referenced in reached} - reached:
        reached |= more
    return reached


def _referenced_first(tables: set[str], taxonomy: set[tuple[str, str]]) -> Iterable[str]:
    graph: dict[str, set[str]] = {table: set() for table in tables}
    for referencing, referenced in taxonomy:
        if referencing in tables and referenced in tables:
            graph[referencing].add(referenced)
    return TopologicalSorter(graph).static_order()
