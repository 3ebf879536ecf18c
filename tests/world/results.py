"""What the results of two runs have to agree on, if one of them is the plan of the other."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from medusa_sync import OnConflict, Outcome, RunResult
from tests.world.stored import Stored


def counts(result: RunResult) -> dict[str, int]:
    """The counts that are not zero."""
    return {each.value: count for each, count in result.counts.items() if count}


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


def missing(result: RunResult, stored: Mapping[str, Stored], source_of: Callable[[str], str]) -> list[str]:
    """The fields that the store does not have as reported; `source_of` is the source of an image in it."""
    return [
        f"{outcome.external_id}: {each.name} is {held!r}, reported as {reported!r}"
        for outcome in result.changes
        if outcome.external_id is not None and outcome.external_id in stored and outcome.written is not None
        for each, reported in _reported(outcome)
        for held in _held(stored[outcome.external_id], outcome, each, reported)
        if _value(held) != _value(_called(reported, source_of))
    ]


def _reported(outcome: Outcome) -> Iterator[tuple[Any, Any]]:
    """The changes, and the conflicts that the store has won, with what it has."""
    yield from ((each, each.planned) for each in outcome.changes)
    yield from ((each, each.stored) for each in outcome.conflicts if each.kept is OnConflict.STORE)


def _called(value: Any, source_of: Callable[[str], str]) -> Any:
    """A value in which images are called what they were copied from."""
    if isinstance(value, tuple):
        return tuple(_called(each, source_of) for each in value)
    return source_of(value) if isinstance(value, str) else value


def _held(product: Stored, outcome: Outcome, reported: Any, value: Any) -> Iterator[Any]:
    """What the store has of a field of a report, with this value; nothing if it is gone since."""
    name, key = reported.field.removeprefix("metadata."), reported.key
    if key is None:
        if name in product.owned and name != "categories":  # which have other names there
            yield product.owned[name]
        return
    ids = outcome.written.variants if outcome.written else {}
    variant = product.variants.get(ids.get(key, ""))
    if variant is None or name not in variant.owned:
        return
    used = Counter(item for each in product.variants.values() for item in each.others["ids of items"])
    if name == "stock" and value == "shared":
        own = variant.others["ids of items"]
        is_only = [each for _, each in _reported(outcome)].count("shared") == 1  # the others may be gone
        yield "shared" if any(used[item] > 1 for item in own) or (is_only and own) else None
    elif not name.startswith("stock"):
        yield variant.owned[name]
    elif value is not None:
        yield variant.owned[name] or 0  # it may have lost its item, or the location


def _changes(outcome: Outcome) -> list[str]:
    """The changes and conflicts; the store lists the members of sets in any order."""
    fields = [
        (each.variant, each.field, *map(_value, (each.stored, each.planned, each.applied, each.desired)))
        for each in outcome.changes
    ]
    return sorted(map(str, [*fields, *outcome.conflicts]))


def _value(value: Any) -> Any:
    return tuple(sorted(value)) if isinstance(value, tuple) else value
