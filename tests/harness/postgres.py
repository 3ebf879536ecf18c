"""PostgreSQL servers from npm for the tests."""

# A template is a database that is slow to create. It is created once, as a data folder in the cache, and then
# copied: each test process runs a server on its own copy.

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from tests.harness.cache import cached
from tests.harness.postgres_server import PACKAGE_VERSION, init, serving, serving_copy

TEST_DATABASE_PREFIX = "medusa_sync_test_"


class Postgres:
    """Creates and drops databases, on one server for each template in use, until `servers` closes."""

    def __init__(self, servers: ExitStack) -> None:
        self._servers = servers
        self._cluster_by_template: dict[str, Path] = {}
        self._url_by_template: dict[str | None, str] = {}
        self._url_by_database: dict[str, str] = {}

    def ensure_template(self, name: str, fill: Callable[[str], None]) -> None:
        """Create the template `name` if it does not exist; `fill` gets the URL of an empty database."""

        def make(folder: Path) -> None:
            data = folder / "data"
            init(data)
            with serving(data) as url:
                _execute(url, _create(name, None))
                fill(_url_of(url, name))

        self._cluster_by_template[name] = cached(f"{name}-postgres-{PACKAGE_VERSION}", make)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or as a copy of `template`, and return its URL with credentials."""
        if template not in self._url_by_template:
            cluster = None if template is None else self._cluster_by_template[template]
            self._url_by_template[template] = self._servers.enter_context(serving_copy(cluster))
        server = self._url_by_template[template]
        _execute(server, _create(name, template))
        self._url_by_database[name] = server
        return _url_of(server, name)

    def drop_database(self, name: str) -> None:
        drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
        _execute(self._url_by_database.pop(name), drop)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    with ExitStack() as servers:
        yield Postgres(servers)


def _execute(url: str, statement: Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _create(name: str, template: str | None) -> Composed:
    return SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template or "template0"))


def _url_of(server: str, database: str) -> str:
    return urlsplit(server)._replace(path=f"/{database}").geturl()
