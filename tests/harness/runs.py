"""Runs in memory, from a source that is a list to a store that is a transport."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

import httpx
from msgspec import structs

from medusa_sync import InterruptedRunError, Outcome, RunResult, Settings, load_settings
from medusa_sync.app import session
from medusa_sync.app.kept import KeptRuns
from medusa_sync.app.undo import UndoneRun, undone_run
from medusa_sync.errors import SourceError, TimeLimitError
from medusa_sync.redact import Redactor, redacted
from medusa_sync.report.json import as_json
from medusa_sync.report.plan import save_plan
from medusa_sync.sources.base import Item, Page, Source
from medusa_sync.sources.delivery import MappingOptions, page_of
from medusa_sync.sources.plan import Plan
from medusa_sync.stop import Stop
from medusa_sync.sync.mode import Mode, Sync, Undo

SOURCE_NAME = "dummyjson"


@dataclass
class ListSource(Source):
    """A source in memory, with rows of DummyJSON."""

    rows: list[Any]
    page_size: int = 30
    currency: str = "usd"
    sale_prices: bool = False
    source_map: str = ""
    ends_after: int | None = None  # it fails after so many pages
    first_rows: list[Any] | None = None  # of the first reading, while products move between its pages
    is_available: bool = False  # its stock is what no order has reserved
    source_name: str = SOURCE_NAME

    def __post_init__(self) -> None:
        self.in_one_piece = self.first_rows is None

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        rows = (self.rows if self.first_rows is None else self.first_rows)[:limit]
        self.first_rows = None
        for number, start in enumerate(range(0, len(rows), self.page_size)):
            if number == self.ends_after:
                raise SourceError("the source failed")
            yield self.page(rows[start : start + self.page_size])

    def page(self, rows: Sequence[Any]) -> Page:
        options = MappingOptions(
            *(self.source_name, self.currency, self.sale_prices, self.source_map),
            is_available=self.is_available,
        )
        return page_of(map(Item, rows), len(self.rows), options)

    async def category_names(self) -> Mapping[str, str]:
        return {}


class Watcher:
    """An observer that records the outcomes."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def fetched(self, seen: int, total: int | None) -> None:
        """Ignored: tests look at the outcomes."""

    def settled(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class Signal(Stop):
    """The stop token of a run, set by a test."""

    def interrupt(self) -> None:
        """As SIGTERM does."""
        self.set(InterruptedRunError("Interrupted by SIGTERM", signal_number=15))

    def run_out(self) -> None:
        """As the time limit does."""
        self.set(TimeLimitError("The run was stopped"))


@cache
def _loaded(given: frozenset[tuple[str, str]]) -> Settings:
    flags = {"source": "memory", **dict(given)}
    return load_settings(flags, environment={}, directory=Path("/nowhere"))


class Target(Protocol):
    """A store, and the way to it."""

    url: str
    api_key: str

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response: ...


def settings(store: Target, **changes: Any) -> Settings:
    """Settings by their names, with the values that flags have; None leaves one out.

    Batches are smaller than by default, so that few products are several of them.
    """
    given = {"batch_size": "15", "medusa_url": store.url} | {
        name: str(value) for name, value in changes.items() if value is not None
    }
    if "email" not in given:
        given.setdefault("api_key", store.api_key)
    return _loaded(frozenset(given.items()))


async def run_once(
    source: Source | None,
    store: Target,
    /,
    *,
    watcher: Watcher | None = None,
    stop: Stop | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    pictures: httpx.AsyncBaseTransport | None = None,
    **changes: Any,
) -> RunResult:
    """One run with other `settings`, of the source that they name if none is given.

    `transport` is the way to the store, if it is not direct; `pictures` serves images.
    """
    chosen = settings(store, **changes)
    if isinstance(source, Plan):
        chosen = session.settings_of_plan(chosen, source)
    return await session.run_once(
        *(chosen, watcher or Watcher(), stop or Stop(), Redactor(())),
        mode=None if source is None else mode_of(source),
        transport=transport or cast(httpx.AsyncBaseTransport, store),
        to_images=pictures,
        lock=nullcontext(),
    )


def mode_of(source: Source) -> Mode:
    """What a session does with a source."""
    if isinstance(source, Plan):
        return session.mode_of_plan(source)
    return Undo(source, source.created) if isinstance(source, UndoneRun) else Sync(source)


def document(result: RunResult, *secrets: str) -> str:
    """The text of the JSON document of a run without secrets."""
    return as_json(redacted(result, Redactor(secrets)))


def keep(result: RunResult, number: int, store: Target, folder: Path) -> Path | None:
    """Keep a run as the command does, as the one with this number; returns its document if it is kept."""
    if not result.is_needed_later:
        return None
    begun = datetime.fromtimestamp(number, UTC)
    result = structs.replace(redacted(result, Redactor()), run_id=f"{number:08x}", started_at=begun)
    kept = KeptRuns.of(settings(store, lock_dir=folder))
    kept.keep(result, most=1_000)
    return kept.find(result.run_id)


def save(result: RunResult, store: Target, file: Path, **changes: Any) -> None:
    """Save the plan of a dry run with these `settings`."""
    save_plan(result, settings(store, **changes), str(file))


def approved(file: Path) -> Source:
    """The source of an approved plan, after it was checked."""
    return Plan(file)


def undone(file: str, store: Target) -> Source:
    """The source of an undo: the document of a run."""
    return undone_run(file, SOURCE_NAME, settings(store).medusa_url)
