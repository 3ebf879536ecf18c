"""The document of a run of the planner, as reports write it, and the undo that reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import structs

from medusa_sync.app.undo import undone_run
from medusa_sync.core.change import Change
from medusa_sync.core.fields import VARIANT
from medusa_sync.core.outcome import Outcome, gained, outcome_of, written
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Requests, RunResult, Status
from medusa_sync.core.selection import PlanSettings
from medusa_sync.core.since import variant_digest
from medusa_sync.core.undo import plan_change
from medusa_sync.errors import SettingsError
from medusa_sync.report.json import as_json
from tests.world.planner.shop import Shop
from tests.world.planner.source import LOCATIONS, REGIONS

_STORE: Final = "https://store.example"


def write(shop: Shop, change: Change) -> Outcome:
    """Write a change; returns what reports say about it."""
    for _ in shop.commits(change):
        pass
    record, new = shop.product.record, [each.key for each in change.new_variants]
    assert record is not None
    known = {each.id: each for each in shop.product.variants}
    made = {key: known[record.variants[key].id] for key in new}
    parts = written(change, change.stored.id, change, made)
    recorded: dict[str | None, str] = {key: variant_digest(record.variants[key]) for key in new}
    parts = structs.replace(parts, recorded=recorded)
    return structs.replace(outcome_of(change, change.changes, gained(change)), written=parts)


def undone(outcome: Outcome) -> DesiredProduct | None:
    """What an undo wants of a product, which it reads from the document of the run; None if nothing."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "run.json")
        file.write_text(as_json(_result(outcome)))
        try:
            source = undone_run(str(file), "shop", _STORE)
        except SettingsError:  # that of a run that wrote nothing is refused
            return None
    try:
        source.pages(None).__anext__().send(None)
    except StopIteration as end:  # it does not wait for anything
        [row] = end.value.rows
        assert isinstance(row, DesiredProduct)
        return structs.replace(row, locations=LOCATIONS, regions=REGIONS)
    except StopAsyncIteration:
        return None
    raise AssertionError("the document of a run is read without waiting")


def plan(shop: Shop, wanted: DesiredProduct, how: PlanSettings, *, deletes: bool) -> Change:
    """Plan an undo; it deletes the variants that the run has created, or sets their stock to 0."""
    first = plan_change(wanted, shop.read(), how, deletes=deletes)
    dropped = {each.id for each in first.dropped.values()}
    return plan_change(wanted, shop.read(), how, removed_ids=dropped, deletes=deletes)


def new_variants(outcome: Outcome) -> set[str | None]:
    """The keys of the variants that a run has created."""
    return {each.key for each in outcome.changes if each.field == VARIANT and each.stored is None}


def _result(outcome: Outcome) -> RunResult:
    return RunResult(
        job="products",
        dry_run=False,
        status=Status.OK,
        exit_code=0,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        duration_s=1,
        source_url="https://shop.example",
        source_format="JSON",
        source_total=1,
        seen=1,
        store_url=_STORE,
        store=None,
        counts={outcome.result: 1},
        conflicts=0,
        not_compared=0,
        requests=Requests(),
        problems=(),
        not_completed=(),
        changes=[outcome],
        notes=(),
        error="",
        hint="",
        source_name="shop",
    )
