"""A real Medusa for the tests. `python -m tests.harness.medusa [--index-engine]` runs one until Ctrl-C."""

import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import httpx

from tests.harness import pristine
from tests.harness.admin import add_admin
from tests.harness.medusa_server import project
from tests.harness.postgres import TEST_DATABASE_PREFIX, Postgres, running_postgres
from tests.harness.template import INDEX_ENGINE, Facts, facts_of, template_database

MEDUSA_VERSION = os.environ.get("MEDUSA_VERSION", "2.21.2")
_IDLE_WITHIN_S = 60


@dataclass(frozen=True)
class Store(Facts):
    url: str
    database_url: str
    log: Path

    def reset(self) -> None:
        """Wait until the store is idle, then make it a fresh store again."""
        self.wait_until_idle()
        pristine.restore(self.database_url)

    def updated(self) -> int:
        """Of how many products the store has emitted `product.updated` since it was started."""
        return int(httpx.get(f"{self.url}/harness/updated", timeout=_IDLE_WITHIN_S).text)

    def wait_until_idle(self) -> None:
        """Wait until the server has no request in progress, such as one whose client was killed."""
        deadline = time.monotonic() + _IDLE_WITHIN_S
        while (in_flight := httpx.get(f"{self.url}/harness/in-flight", timeout=_IDLE_WITHIN_S).text) != "0":
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{in_flight} requests are still in progress after {_IDLE_WITHIN_S} s, see {self.log}"
                )
            time.sleep(0.01)


@contextmanager
def running_store(
    postgres: Postgres,
    version: str = MEDUSA_VERSION,
    *,
    index_engine: bool = False,
    with_admin: bool = False,
    translations: bool = True,
    bucket_url: str = "",
) -> Iterator[Store]:
    """Run a fresh store.

    Args:
        postgres: for its database.
        version: of Medusa.
        index_engine: use Medusa's index for product lists, which lags behind.
        with_admin: serve the admin, too.
        translations: the store has them if this version does.
        bucket_url: of a bucket of S3, which gets the files.
    """
    settings = (INDEX_ENGINE if index_engine else {}) | ({"ADMIN": "true"} if with_admin else {})
    settings |= {} if translations else {"MEDUSA_FF_TRANSLATION": "false"}
    settings |= {"BUCKET_URL": bucket_url} if bucket_url else {}
    with (
        fresh_database(postgres, version, index_engine=index_engine) as database_url,
        project(version, database_url, **settings) as medusa,
    ):
        if with_admin:
            add_admin(medusa, version)
        with medusa.serve() as url:
            yield Store(**asdict(facts_of(database_url)), url=url, database_url=database_url, log=medusa.log)


@contextmanager
def running_instances(postgres: Postgres, redis_url: str, count: int) -> Iterator[list[Store]]:
    """Run several servers for one fresh store, with Redis as workflow engine, event bus, cache and lock."""
    with ExitStack() as stack:
        database_url = stack.enter_context(fresh_database(postgres, MEDUSA_VERSION))
        facts = asdict(facts_of(database_url))
        stores = []
        for _ in range(count):
            medusa = stack.enter_context(project(MEDUSA_VERSION, database_url, REDIS_URL=redis_url))
            url = stack.enter_context(medusa.serve())
            stores.append(Store(**facts, url=url, database_url=database_url, log=medusa.log))
        yield stores


@contextmanager
def fresh_database(postgres: Postgres, version: str, *, index_engine: bool = False) -> Iterator[str]:
    """Create the database of a fresh store; yields its URL."""
    template = template_database(postgres, version, index_engine=index_engine)
    name = f"{TEST_DATABASE_PREFIX}{secrets.token_hex(6)}"
    try:
        yield postgres.create_database(name, template)
    finally:
        postgres.drop_database(name)


def main() -> None:
    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    index_engine = "--index-engine" in sys.argv
    with running_postgres() as postgres, running_store(postgres, index_engine=index_engine) as store:
        print(f"MEDUSA_BACKEND_URL={store.url}")
        print(f"MEDUSA_API_KEY={store.api_key}")
        print(f"MEDUSA_EMAIL={store.email}")
        print(f"MEDUSA_PASSWORD={store.password}")
        print(f"DATABASE_URL={store.database_url}")
        print(f"MEDUSA_LOG={store.log}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
