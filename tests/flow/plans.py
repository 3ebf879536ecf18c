"""Compares what a dry run plans with what the next run does."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from medusa_sync import RunResult
from tests.flow.stage import ListSource, apply, copies_of, save, sync, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import times
from tests.world.results import shown, written


def carried_out(source: ListSource, store: FakeMedusa, **options: Any) -> RunResult:
    """A run, after checking that it does what a dry run planned; returns its result."""
    copy = copies_of(store)
    fresh = copy()
    plan = sync(source, fresh, dry_run=True, **options)
    assert writes(fresh) == []
    result = sync(source, store, **options)
    assert shown(plan) == shown(result), (shown(plan), shown(result), reasons(plan), reasons(result))
    for _ in range(times(1, quick=0)):
        assert_can_be_approved(source, copy, **options)
    return result


def assert_can_be_approved(source: ListSource, copy: Callable[[], FakeMedusa], **options: Any) -> None:
    """A saved plan is the same each time, and is written exactly and once."""
    store = copy()
    speed = {name: value for name, value in options.items() if name in {"batch_size", "concurrency"}}
    with TemporaryDirectory() as folder:
        one, other = Path(folder, "one"), Path(folder, "other")
        plan = save(source, store, one, **options)
        save(source, copy(), other, **options)
        assert one.read_bytes() == other.read_bytes()
        if plan.error:
            return
        result = apply(one, store, **speed)
        assert written(result) == written(plan), [each.reason for each in result.skipped]
        store.requests.clear()
        again = apply(one, store, **speed)
    assert (writes(store), list(again.skipped)) == ([], [])


def owners(result: RunResult) -> set[str]:
    """What has the values that are newly withheld."""
    return {each.owner for outcome in result.changes for each in outcome.withheld if each.is_new}


def reasons(result: RunResult) -> dict[str, str]:
    """The reasons of rejected products by external id."""
    return {str(each.external_id): each.reason for each in result.problems if each.result == "rejected"}
