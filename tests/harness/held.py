"""Holds back a write of a running store, so that a test can act between two steps."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier

_LOCK = 20_221
_WAITING = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"


@contextmanager
def held(database_url: str, table: str, *, on: str) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Hold back rows that are inserted, updated or deleted until the end of the context.

    Yields a function that waits until a row is held back, or until what it is given is false.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:

        def wait(while_: Callable[[], bool]) -> None:
            while while_() and connection.execute(_WAITING, [_LOCK]).fetchone() is None:
                time.sleep(0.01)

        connection.execute(
            SQL(
                "CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql "
                f"AS 'BEGIN PERFORM pg_advisory_xact_lock({_LOCK}); RETURN coalesce(new, old); END'"
            )
        )
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        connection.execute(
            SQL(f"CREATE TRIGGER hold BEFORE {on} ON {{}} FOR EACH ROW EXECUTE FUNCTION hold()").format(
                Identifier(table)
            )
        )
        try:
            yield wait
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
            connection.execute(SQL("DROP TRIGGER hold ON {}").format(Identifier(table)))


@contextmanager
def refused(database_url: str, table: str, *, on: str) -> Iterator[None]:
    """Refuse rows that are inserted, updated or deleted until the end of the context."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RAISE EXCEPTION ''refused''; END'"
        )
        trigger = f"CREATE TRIGGER refuse BEFORE {on} ON {{}} FOR EACH ROW EXECUTE FUNCTION refuse()"
        connection.execute(SQL(trigger).format(Identifier(table)))
        try:
            yield
        finally:
            connection.execute(SQL("DROP TRIGGER refuse ON {}").format(Identifier(table)))
