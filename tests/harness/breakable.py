"""A store that tests can break: kill its server, drop its database connections, slow down its tables."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from random import SystemRandom

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from tests.harness.medusa import MEDUSA_VERSION, Store, fresh_database
from tests.harness.medusa_server import Project, project
from tests.harness.postgres import Postgres
from tests.harness.template import facts_of

_PORTS = range(20_000, 32_000)  # below the ephemeral ports, so no client takes it while the server is down


class BreakableStore:
    """A store that keeps its database and URL when its server is killed and restarted."""

    def __init__(self, medusa: Project, database_url: str) -> None:
        self._medusa = medusa
        self._database_url = database_url
        self._port = _free_port()
        self._server = ExitStack()
        self.is_up = False
        self.store = Store(
            **asdict(facts_of(database_url)),
            url=f"http://127.0.0.1:{self._port}",
            database_url=database_url,
            log=medusa.log,
        )

    def start(self) -> None:
        self._server.enter_context(self._medusa.serve(self._port))
        self.is_up = True

    def kill(self) -> None:
        """Send SIGKILL to the server; uncommitted work is lost."""
        self.is_up = False
        self._server.close()
        while self.drop_connections():
            time.sleep(0.02)

    def drop_connections(self) -> int:
        """Close all database connections of the server; returns their number."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchone()
        return row[0] if row else 0

    def reset(self) -> None:
        """Make it a fresh store again, even if its server is down."""
        if not self.is_up:
            self.start()
        self.store.reset()

    def is_slow(self) -> bool:
        """Whether the server is writing to a slowed table."""
        query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            return connection.execute(query).fetchone() is not None

    @contextmanager
    def slowed(self, table: str, *, seconds: float = 0.5) -> Iterator[None]:
        """Delay each row that is written to a table."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            connection.execute(
                SQL(
                    "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql "
                    "AS 'BEGIN PERFORM pg_sleep({}); RETURN new; END'"
                ).format(Literal(seconds))
            )
            connection.execute(
                SQL(
                    "CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION slow()"
                ).format(Identifier(table))
            )
        try:
            yield
        finally:
            with psycopg.connect(self._database_url, autocommit=True) as connection:
                connection.execute(SQL("DROP TRIGGER slow ON {}").format(Identifier(table)))


@contextmanager
def breakable_store(postgres: Postgres) -> Iterator[BreakableStore]:
    with (
        fresh_database(postgres, MEDUSA_VERSION) as database_url,
        project(MEDUSA_VERSION, database_url) as medusa,
    ):
        store = BreakableStore(medusa, database_url)
        store.start()
        try:
            yield store
        finally:
            store.kill()


def _free_port() -> int:
    dice = SystemRandom()
    while True:
        port = dice.choice(_PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
