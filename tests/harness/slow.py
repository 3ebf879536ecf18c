"""Slows down writes to a table of a running store, so that a test can act while a step is in progress."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier, Literal


@contextmanager
def slowed(
    database_url: str, table: str, *, seconds: float = 0.5, on: str = "INSERT OR UPDATE"
) -> Iterator[None]:
    """Delay each row that is written to a table."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            SQL(
                "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql "
                "AS 'BEGIN PERFORM pg_sleep({}); RETURN new; END'"
            ).format(Literal(seconds))
        )
        connection.execute(
            SQL(f"CREATE TRIGGER slow BEFORE {on} ON {{}} FOR EACH ROW EXECUTE FUNCTION slow()").format(
                Identifier(table)
            )
        )
    try:
        yield
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(SQL("DROP TRIGGER slow ON {}").format(Identifier(table)))


def is_slow(database_url: str) -> bool:
    """Whether the server is writing to a slowed table."""
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    with psycopg.connect(database_url, autocommit=True) as connection:
        return connection.execute(query).fetchone() is not None
