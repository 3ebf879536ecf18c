"""A product that is being written is in exactly one place, at every request, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medusa_sync.core.policy import OnMissing, Share
from medusa_sync.sync.write import attempt, build
from medusa_sync.sync.write.job import Job, Place
from medusa_sync.sync.write.places import Places
from tests.flow.faults import AFTER, BEFORE
from tests.flow.stage import Killed, ListSource, Watcher, copies_of, run_once
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ROWS = products(12)
STORED = 8
SKUS = [row["sku"] for row in ROWS]
FAULTS = {**BEFORE, **AFTER}


class Jobs(Watcher):
    """The jobs of a run, where they are, and their outcomes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.jobs: list[Job] = []
        self.places: list[Places] = []
        monkeypatch.setattr(attempt, "Job", self._remembered(Job, self.jobs))
        monkeypatch.setattr(build, "Places", self._remembered(Places, self.places))

    @staticmethod
    def _remembered(type_: Callable[..., Any], made: list[Any]) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            made.append(type_(*args, **kwargs))
            return made[-1]

        return make

    def check(self) -> None:
        settled = [outcome.external_id for outcome in self.outcomes]
        waiting = [job.external_id for places in self.places for job in places._last]
        for job in self.jobs:
            is_settled, is_waiting = job.place is Place.LEDGER, job.place is Place.FINAL_PASS
            assert settled.count(job.external_id) == is_settled, job.external_id
            assert waiting.count(job.external_id) == is_waiting, job.external_id


@pytest.fixture(scope="module")
def fresh() -> Callable[[], FakeMedusa]:
    store = FakeMedusa()
    with pytest.MonkeyPatch.context() as monkeypatch:
        sync_all(ListSource(ROWS[:STORED]), store, Jobs(monkeypatch))
    return copies_of(store)


def sync_all(source: ListSource, store: FakeMedusa, jobs: Jobs, **changes: Any) -> None:
    with suppress(Killed):
        asyncio.run(run_once(source, store, watcher=jobs, **changes))


@given(
    skus=st.dictionaries(st.sampled_from(range(len(ROWS))), st.sampled_from(SKUS)),
    gone=st.sets(st.sampled_from(range(STORED)), max_size=2),
    faults=st.dictionaries(st.integers(1, 40), st.sampled_from(sorted(FAULTS)), max_size=6),
    batch_size=st.sampled_from([1, 2, 15]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_product_is_in_exactly_one_place_at_every_request(
    fresh: Callable[[], FakeMedusa],
    skus: dict[int, str],
    gone: set[int],
    faults: dict[int, str],
    batch_size: int,
) -> None:
    store = fresh()
    rows = [
        row | {"sku": skus.get(place, row["sku"]), "stock": row["stock"] + 1}
        for place, row in enumerate(ROWS)
        if place not in gone
    ]
    with pytest.MonkeyPatch.context() as monkeypatch:
        jobs = Jobs(monkeypatch)

        def fail(request: httpx.Request, kind: dict[str, Any]) -> httpx.Response | None:
            jobs.check()
            name = faults.get(len(store.requests))
            return kind[name]() if name in kind and request.method == "POST" else None

        store.before = lambda request: fail(request, BEFORE)
        store.after = lambda request, _response: fail(request, AFTER)
        sync_all(
            ListSource(rows),
            store,
            jobs,
            batch_size=batch_size,
            on_missing=OnMissing.DELETE,
            max_removals=Share(100, is_percentage=True),
        )
        jobs.check()
