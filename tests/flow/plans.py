"""Compares what a dry run plans with what the next run does."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from medusa_sync import Outcome, RunResult
from tests.flow.stage import ListSource, apply, copies_of, counts, save, sync, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import times


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


def written(result: RunResult) -> dict[str, Any]:
    """The fields that were written, with the values before and after."""
    return {
        str(each.external_id): sorted(
            str((change.key, change.field, _value(change.stored), _value(change.planned)))
            for change in each.changes
        )
        for each in result.changes
        if each.action is not None
    }


def shown(result: RunResult) -> dict[str, Any]:
    """What both runs must agree on; the order of products depends on the batches."""
    assert all(each.reason for each in result.problems)
    return {
        "exit code": result.exit_code,
        "counts": counts(result),
        "changes": {str(each.external_id): (each.action, _changes(each)) for each in result.changes},
        "problems": sorted((str(each.external_id), each.result) for each in result.problems),
        "withheld": (result.withheld, withheld(result)),
    }


def withheld(result: RunResult) -> dict[str, list[tuple[str, str]]]:
    """The fields and values that are newly withheld, by external id."""
    return {
        str(outcome.external_id): sorted((each.field, each.value) for each in new)
        for outcome in result.changes
        if (new := [each for each in outcome.withheld if each.is_new])
    }


def owners(result: RunResult) -> set[str]:
    """What has the values that are newly withheld."""
    return {each.owner for outcome in result.changes for each in outcome.withheld if each.is_new}


def _changes(outcome: Outcome) -> list[str]:
    """The changes and conflicts; the store lists the members of sets in any order."""
    fields = [
        (each.variant, each.field, *map(_value, (each.stored, each.planned, each.applied, each.desired)))
        for each in outcome.changes
    ]
    return sorted(map(str, [*fields, *outcome.conflicts]))


def _value(value: Any) -> Any:
    return tuple(sorted(value)) if isinstance(value, tuple) else value


def reasons(result: RunResult) -> dict[str, str]:
    """The reasons of rejected products by external id."""
    return {str(each.external_id): each.reason for each in result.problems if each.result == "rejected"}
