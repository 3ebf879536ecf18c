"""Holds back a write of a running store, so that a test can act between two steps."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

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

        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        does = f"PERFORM pg_advisory_xact_lock({_LOCK}); RETURN coalesce(new, old)"
        with _before_each_row(connection, table, on, does):
            try:
                yield wait
            finally:
                connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


@contextmanager
def refused(database_url: str, table: str, *, on: str) -> Iterator[None]:
    """Refuse rows that are inserted, updated or deleted until the end of the context."""
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        _before_each_row(connection, table, on, "RAISE EXCEPTION 'refused'"),
    ):
        yield


@contextmanager
def _before_each_row(connection: psycopg.Connection[Any], table: str, on: str, does: str) -> Iterator[None]:
    """Let the database do this before it inserts, updates or deletes a row."""
    body, place = Literal(f"BEGIN {does}; END"), Identifier(table)
    function = SQL("CREATE OR REPLACE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS {}")
    connection.execute(function.format(body))
    trigger = f"CREATE TRIGGER act BEFORE {on} ON {{}} FOR EACH ROW EXECUTE FUNCTION act()"
    connection.execute(SQL(trigger).format(place))
    try:
        yield
    finally:
        connection.execute(SQL("DROP TRIGGER act ON {}").format(place))
