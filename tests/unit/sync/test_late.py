"""Notes for requests that may still be delivered."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredSummary
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.sync.late import LateRequests


class Store:
    """A store in which the note of a product fails."""

    def __init__(self, error: MedusaSyncError) -> None:
        self._error = error

    async def look_up(self, external_ids: list[str]) -> list[StoredSummary]:
        return [StoredSummary("prod_1", each, Record()) for each in external_ids]

    async def edit_products(self, _bodies: list[dict[str, Any]]) -> None:
        raise self._error


def note(error: MedusaSyncError) -> None:
    late = LateRequests(cast(AdminApi, Store(error)))
    with pytest.raises(AmbiguousWriteError), late.may_change(["shop:1"]):
        raise AmbiguousWriteError("the connection broke")
    asyncio.run(late.note())


@pytest.mark.parametrize(
    "error", [AmbiguousWriteError("the connection broke"), StoreRefusedError("no", status=400)], ids=repr
)
def test_a_run_does_not_end_because_a_note_may_not_be_written(
    error: MedusaSyncError, caplog: pytest.LogCaptureFixture
) -> None:
    note(error)
    assert "1 products may not be checked again" in caplog.text


def test_an_unavailable_store_ends_the_run() -> None:
    with pytest.raises(StoreError):
        note(StoreError("it is down"))
