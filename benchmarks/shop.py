"""A real store, and what is compared on it: the command, the cheapest way, and the start of Python."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.command import PROFILES, Counts, Synced, environment, sync
from benchmarks.installed import Installed
from benchmarks.process import Taken, measure, serving
from benchmarks.results import Scenario
from benchmarks.source import is_changed
from benchmarks.startup import START
from tests.harness.medusa import Store, running_store
from tests.harness.postgres import Postgres, running_postgres

_ROOT = Path(__file__).parent.parent

Say = Callable[[str], None]


@dataclass(frozen=True)
class Servers:
    """The URLs of a source and of the store.

    Attributes:
        size: products of the source.
        variants: of each product.
        plain: the source.
        edited: the second catalogue of `benchmarks.source`.
        store: the store.
    """

    size: int
    variants: int
    plain: str
    edited: str
    store: str

    @property
    def changed(self) -> int:
        return sum(map(is_changed, range(1, self.size + 1)))


class Shop:
    """One store for the whole benchmark."""

    def __init__(
        self, installed: Installed, postgres: Postgres, store: Store, lock_dir: Path, say: Say
    ) -> None:
        self._installed = installed
        self._postgres = postgres
        self._lock_dir = lock_dir
        self.store = store
        self.say = say
        self.key = {"MEDUSA_API_KEY": store.api_key}

    @contextmanager
    def beside(self) -> Iterator[Shop]:
        """A second store, for runs on two stores in turn."""
        with running_store(self._postgres) as store:
            yield Shop(self._installed, self._postgres, store, self._lock_dir, self.say)

    @contextmanager
    def servers(
        self, size: int, *flags: str | Path, originals: int | None = None, variants: int = 1
    ) -> Iterator[Servers]:
        """Serve a catalogue.

        Args:
            size: number of products.
            flags: more arguments of `benchmarks.source`.
            originals: number of different products; the others are copies of them.
            variants: of each product.
        """
        counts = (str(size), "--originals", str(originals or size), "--variants", str(variants))
        with serving("benchmarks.source", *counts, *map(str, flags)) as (plain, edited):
            yield Servers(size, variants, plain, edited, self.store.url)

    @contextmanager
    def far(self, servers: Servers, round_trip_ms: int) -> Iterator[Servers]:
        """The same servers with a round trip time between them and the client."""
        urls = (servers.plain, servers.edited, servers.store)
        with serving("benchmarks.delay", str(round_trip_ms), *urls) as far_urls:
            yield Servers(servers.size, servers.variants, *far_urls)

    def sync(self, flags: Sequence[str], servers: Servers, counts: Counts, *, source: str = "") -> Synced:
        return sync(
            self._installed.command,
            flags,
            source=source or servers.plain,
            store=servers.store,
            credentials=self.key,
            lock_dir=self._lock_dir,
            expected=counts,
        )

    def warm_up(self, count: int) -> None:
        """Sync some products first: the JIT compiler of the store must not affect the measurements."""
        self.say("warming up the store")
        with self.servers(count) as servers:
            self.sync([], servers, {"created": count})

    def fill(self, servers: Servers) -> None:
        """Make the store hold the catalogue."""
        self.store.reset()
        self.sync(PROFILES["recommended"].flags, servers, {"created": servers.size})
        self.vacuum()

    def largest_record(self) -> int:
        """The size in bytes of the largest record, as JSON without spaces."""
        with psycopg.connect(self.store.database_url) as connection:
            rows = connection.execute("SELECT metadata->'medusa_sync' FROM product").fetchall()
        return max(len(json.dumps(record, separators=(",", ":")).encode()) for (record,) in rows)

    def vacuum(self) -> None:
        """Update the statistics of the tables, as PostgreSQL does by itself a minute after many writes."""
        with psycopg.connect(self.store.database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def check(self, servers: Servers) -> None:
        """Check that the store holds exactly what a sync writes.

        Raises:
            RuntimeError: a record or a field differs.
        """
        for flags in ([], ["--overwrite", "--dry-run"]):
            self.sync(flags, servers, {"unchanged": servers.size})

    def compare(
        self,
        scenario: Scenario,
        servers: Servers,
        counts: Counts,
        work: str,
        *,
        source: str = "",
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Run the command and then the cheapest way, and add their measurements.

        Args:
            scenario: gets the measurements.
            servers: source and store.
            counts: the outcomes of the command.
            work: what the cheapest way does.
            source: the URL of the command's source; the plain one by default.
            before: called before each of them.
        """
        profile = PROFILES[scenario.profile]
        before()
        events = [self.store.updated()]
        synced = self.sync(profile.flags, servers, counts, source=source)
        before()
        events.append(self.store.updated())
        batch_size = str(profile.batch_size)
        cheapest = self._python(
            *("-m", "benchmarks.cheapest", work, "--batch-size", batch_size),
            *("--source", servers.plain, "--store", servers.store),
            PYTHONPATH=str(_ROOT),
        )
        found = json.loads(cheapest.stdout)
        scenario.wall_s.append(synced.taken.wall_s)
        scenario.cpu_s.append(synced.taken.cpu_s)
        scenario.peak_mb.append(synced.taken.peak_mb)
        scenario.requests.append(synced.requests)
        scenario.writes.append(synced.writes)
        scenario.cheapest_s.append(found["wall_s"])
        scenario.cheapest_requests.append(found["requests"])
        scenario.cheapest_writes.append(found["writes"])
        scenario.start_s.append(self._python("-c", START).wall_s)
        events.append(self.store.updated())
        scenario.events.append(events[1] - events[0])
        scenario.cheapest_events.append(events[2] - events[1])

    def _python(self, *arguments: str, **variables: str) -> Taken:
        return measure([self._installed.python, *arguments], {**environment(), **self.key, **variables})


@contextmanager
def open_shop(installed: Installed, warm_up: int, say: Say) -> Iterator[Shop]:
    """Run a store that is warm."""
    with (
        tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as name,
        running_postgres() as postgres,
        running_store(postgres) as store,
    ):
        shop = Shop(installed, postgres, store, Path(name), say)
        shop.warm_up(warm_up)
        yield shop
