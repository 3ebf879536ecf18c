"""Each product of a run has exactly one outcome, and the sum is checked."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.stored import StoredSummary
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.compare import Stale
from tests.unit.builders import desired_product

REASON = "the run was stopped"
SETTLED = sorted(set(Result) - {Result.REJECTED, Result.REMOVED})


def new_ledger() -> Ledger:
    return Ledger(on_settled=lambda _: None)


@given(st.lists(st.sampled_from(["opened", "begun", "rejected", "set aside", *SETTLED])))
def test_every_product_has_an_outcome_after_an_early_end(ends: list[str]) -> None:
    ledger = new_ledger()
    for number, end in enumerate(ends):
        external_id = f"dummyjson:{number}"
        if end == "rejected":
            ledger.reject(Outcome(external_id, "", Result.REJECTED, "price: it is -1"))
            continue
        ledger.open(external_id, "Rug")
        if end in SETTLED:
            ledger.begin(external_id)
            ledger.settle(Outcome(external_id, "Rug", Result(end)))
        elif end == "begun":
            ledger.begin(external_id)
        elif end == "set aside":
            ledger.set_aside(external_id)
    ledger.close(REASON)
    expected = {result: ends.count(result) for result in Result}
    expected[Result.UNCONFIRMED] += ends.count("begun")
    expected[Result.NOT_ATTEMPTED] += ends.count("opened")
    assert ledger.counts == expected
    assert ledger.seen == len(ends) == ledger.counts.total() + ledger.not_compared
    assert [outcome.result for outcome in ledger.not_completed] == [
        Result.UNCONFIRMED if end == "begun" else Result.NOT_ATTEMPTED
        for end in ends
        if end in {"begun", "opened"}
    ]
    assert {outcome.reason for outcome in ledger.not_completed} <= {REASON}


def test_unconfirmed_product_is_a_problem() -> None:
    ledger = new_ledger()
    ledger.open("dummyjson:1", "Rug")
    ledger.begin("dummyjson:1")
    lost = Outcome("dummyjson:1", "Rug", Result.UNCONFIRMED, "no answer")
    ledger.settle(lost)
    ledger.close("")
    assert (list(ledger.problems), ledger.not_completed) == ([lost], [])


@pytest.mark.parametrize("result", [Result.FAILED, Result.UNCONFIRMED])
def test_failed_removal_is_a_problem_but_not_counted(result: Result) -> None:
    ledger = new_ledger()
    ledger.remove(Outcome("dummyjson:1", "Rug", result, "no answer"))
    ledger.close("")
    assert len(ledger.problems) == 1
    assert ledger.counts.total() == 0


@pytest.mark.parametrize(
    ("was_stored", "action", "kept", "gained"),
    [
        (True, None, 1, 0),
        (True, Action.UPDATE, 1, 0),
        (False, Action.CREATE, 0, 1),
        (False, Action.ADOPT, 0, 1),
        (True, Action.CREATE, 0, 1),
        (False, None, 0, 0),
    ],
)
def test_products_of_this_source_in_the_store_are_counted(
    was_stored: bool,  # noqa: FBT001 - a parameter
    action: Action | None,
    kept: int,
    gained: int,
) -> None:
    ledger = new_ledger()
    ledger.open("dummyjson:1", "Rug")
    if was_stored:
        ledger.found(["dummyjson:1"])
    ledger.settle(Outcome("dummyjson:1", "Rug", Result.UPDATED, action=action))
    assert (ledger.kept, ledger.gained) == (kept, gained)


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_deferred_product_takes_no_memory_and_counts_as_before_when_it_is_resumed(
    is_stored: bool,  # noqa: FBT001 - a parameter
) -> None:
    ledger, product = new_ledger(), desired_product(1)
    stale = [Stale(product, [StoredSummary("prod_1", product.external_id, None)] if is_stored else ())]
    ledger.open(product.external_id, product.title)
    ledger.found([product.external_id] if is_stored else [])
    ledger.defer(stale)
    with pytest.raises(KeyError):
        ledger.begin(product.external_id)
    ledger.resume(stale)
    ledger.settle(Outcome.of(product, Result.UPDATED))
    ledger.close("")
    assert (ledger.seen, ledger.kept) == (1, is_stored)


def test_skipped_products_with_a_reason_are_kept_apart_from_changes() -> None:
    ledger = new_ledger()
    for number, reason in enumerate(["", "it was deleted"]):
        ledger.open(f"dummyjson:{number}", "Rug")
        ledger.settle(Outcome(f"dummyjson:{number}", "Rug", Result.SKIPPED, reason))
    assert [each.external_id for each in ledger.skipped] == ["dummyjson:1"]
    assert (len(ledger.changes), len(ledger.problems), ledger.counts[Result.SKIPPED]) == (0, 0, 2)


@pytest.mark.parametrize("call", [Ledger.begin, Ledger.set_aside])
def test_product_that_is_not_open_is_a_bug(call: Callable[[Ledger, str], None]) -> None:
    with pytest.raises(KeyError):
        call(new_ledger(), "dummyjson:1")
