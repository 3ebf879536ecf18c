"""PostgreSQL for tests: the server of `DATABASE_URL`, or one from npm."""

# A template is a database that is slow to create. It is created once and then copied: within the server of
# `DATABASE_URL`, or else as a data folder in the cache, where each test process runs a server on its own
# copy.

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from tests.harness.cache import cached
from tests.harness.postgres_server import PACKAGE_VERSION, init, serving, serving_copy

TEST_DATABASE_PREFIX = "medusa_sync_test_"


class Postgres(ABC):
    """Creates and drops databases; the URLs have the credentials of their owner."""

    @abstractmethod
    def ensure_template(self, name: str, fill: Callable[[str], None]) -> None:
        """Create the template `name` if it does not exist; `fill` gets the URL of an empty database."""

    @abstractmethod
    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or as a copy of `template`, and return its URL."""

    @abstractmethod
    def drop_database(self, name: str) -> None: ...


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    url = os.environ.get("DATABASE_URL")
    with ExitStack() as stack:
        if url:
            session = stack.enter_context(psycopg.connect(url, autocommit=True))
            yield _SharedServer(url, session)
        else:
            yield _OwnServers(stack)


class _SharedServer(Postgres):
    """The server of `DATABASE_URL`, which other test processes may use at the same time.

    `session` holds a lock on each of its databases. A database without a lock was left by a killed process.
    """

    def __init__(self, url: str, session: psycopg.Connection) -> None:
        self._url = url
        self._session = session
        self._drop_abandoned()

    def ensure_template(self, name: str, fill: Callable[[str], None]) -> None:
        self._session.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        try:
            found = self._session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if found is None:
                unfinished = f"{name}_unfinished"
                self._session.execute(_drop(unfinished))
                self._session.execute(_create(unfinished, None))
                fill(_url_of(self._url, unfinished))
                self._session.execute(_rename(unfinished, name))
        finally:
            self._session.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])

    def create_database(self, name: str, template: str | None = None) -> str:
        self._session.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        self._session.execute(_create(name, template))
        return _url_of(self._url, name)

    def drop_database(self, name: str) -> None:
        self._session.execute(_drop(name))
        self._session.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])

    def _drop_abandoned(self) -> None:
        names = self._session.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [TEST_DATABASE_PREFIX]
        ).fetchall()
        for (name,) in names:
            row = self._session.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name]).fetchone()
            if row == (True,):
                self.drop_database(name)


class _OwnServers(Postgres):
    """Servers from npm, one for each template in use."""

    def __init__(self, servers: ExitStack) -> None:
        self._servers = servers
        self._cluster_by_template: dict[str, Path] = {}
        self._url_by_template: dict[str | None, str] = {}
        self._url_by_database: dict[str, str] = {}

    def ensure_template(self, name: str, fill: Callable[[str], None]) -> None:
        def make(folder: Path) -> None:
            data = folder / "data"
            init(data)
            with serving(data) as url:
                _execute(url, _create(name, None))
                fill(_url_of(url, name))

        self._cluster_by_template[name] = cached(f"{name}-postgres-{PACKAGE_VERSION}", make)

    def create_database(self, name: str, template: str | None = None) -> str:
        if template not in self._url_by_template:
            cluster = None if template is None else self._cluster_by_template[template]
            self._url_by_template[template] = self._servers.enter_context(serving_copy(cluster))
        server = self._url_by_template[template]
        _execute(server, _create(name, template))
        self._url_by_database[name] = server
        return _url_of(server, name)

    def drop_database(self, name: str) -> None:
        _execute(self._url_by_database.pop(name), _drop(name))


def _execute(url: str, statement: Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _create(name: str, template: str | None) -> Composed:
    return SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template or "template0"))


def _drop(name: str) -> Composed:
    return SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))


def _rename(name: str, new_name: str) -> Composed:
    return SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(name), Identifier(new_name))


def _url_of(server: str, database: str) -> str:
    return urlsplit(server)._replace(path=f"/{database}").geturl()
