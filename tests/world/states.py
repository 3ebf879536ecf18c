"""Rare states that five minutes of histories must reach, or they prove little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from medusa_sync import Action, Result

if TYPE_CHECKING:
    from tests.world.runs import Run
    from tests.world.wanted import Wanted
    from tests.world.world import World

UNDONE = "a bulk call was undone"
RARE = (
    UNDONE,
    "a bulk call was undone, and its answer lost",
    "a kill left notes, which were continued with another source",
    "two runs created one product",
    "SKUs moved in a cycle across batches",
    "stock was shared or split after a kill",
    "an undo over an edit",
    "an undo of an undo",
    "an undo over a later run",
    "a plan skipped what was edited since",
    "a plan was written twice at once",
    "a product was removed, and came back",
    "a value was withheld",
    "a product was refused alone",
    "images were copied",
    "an image could not be copied",
)


def of_runs(world: World, runs: Sequence[Run]) -> Iterator[str]:
    """The rare states in which these runs ended."""
    for run in runs:
        if run.result is not None:
            yield from _of_result(world, run)
    created = Counter(own for each in world.network.spans for own in each.created)
    if len(runs) > 1 and max(created.values(), default=0) > 1:
        yield "two runs created one product"
    if len(runs) > 1 and runs[0].plan is not None:
        yield "a plan was written twice at once"


def _of_result(world: World, run: Run) -> Iterator[str]:
    result = run.result
    assert result is not None
    if run.undoes is not None and result.conflicts:
        yield "an undo over an edit"
    if run.plan is not None and result.skipped:
        yield "a plan skipped what was edited since"
    if result.withheld:
        yield "a value was withheld"
    if any(each.name == "images_copied" for each in result.notes):
        yield "images were copied"
    if result.counts.get(Result.FAILED):
        yield "a product was refused alone"
    if any(each.action is Action.CREATE and each.external_id in world.removed for each in result.changes):
        yield "a product was removed, and came back"
    if run.options.get("batch_size") == 1 and run.is_complete and _is_cycle(world, run):
        yield "SKUs moved in a cycle across batches"


def _is_cycle(world: World, run: Run) -> bool:
    """Whether products have exchanged SKUs since the last run, so that none could be written first."""
    before, after = _skus(world.wanted_before), _skus(run.wanted)
    gives = {before[sku]: own for sku, own in after.items() if before.get(sku, own) != own}
    return any(_comes_back(first, gives) for first in gives)


def _comes_back(first: str, gives: Mapping[str, str]) -> bool:
    seen, own = {first}, gives[first]
    while own in gives and own not in seen:
        seen.add(own)
        own = gives[own]
    return own == first


def _skus(wanted: Mapping[str, Wanted]) -> dict[str, str]:
    """The products that want SKUs, by SKU."""
    return {
        fields["sku"]: key
        for key, each in wanted.items()
        for fields in each.variants.values()
        if fields["sku"]
    }


def before_runs(world: World, runs: Sequence[Run]) -> Iterator[str]:
    """The rare states in which these runs begin."""
    noted = {each["external_id"] for each in world.shop.summaries() if "pending" in each["record"]}
    if noted and any(
        world.wanted_before.get(key or "") != run.wanted.get(key or "") for run in runs for key in noted
    ):
        yield "a kill left notes, which were continued with another source"
        for run in runs:
            for key in noted & run.wanted.keys() & world.wanted_before.keys():
                if world.wanted_before[key or ""].sharing != run.wanted[key or ""].sharing:
                    yield "stock was shared or split after a kill"
