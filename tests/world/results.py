"""What the results of two runs have to agree on, if one of them is the plan of the other."""

from typing import Any

from medusa_sync import Outcome, RunResult


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


def _changes(outcome: Outcome) -> list[str]:
    """The changes and conflicts; the store lists the members of sets in any order."""
    fields = [
        (each.variant, each.field, *map(_value, (each.stored, each.planned, each.applied, each.desired)))
        for each in outcome.changes
    ]
    return sorted(map(str, [*fields, *outcome.conflicts]))


def _value(value: Any) -> Any:
    return tuple(sorted(value)) if isinstance(value, tuple) else value
