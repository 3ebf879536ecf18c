"""Every product of a run has exactly one outcome, and the sum is checked."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.result import Outcome, Result
from medusa_sync.sync.ledger import Ledger

REASON = "the run was stopped"
SETTLED = sorted(set(Result) - {Result.REJECTED, Result.REMOVED})


def ledger() -> Ledger:
    return Ledger(on_settled=lambda _: None)


@given(st.lists(st.sampled_from(["opened", "begun", "rejected", "set aside", *SETTLED])))
def test_an_early_end_accounts_for_every_product(ends: list[str]) -> None:
    account = ledger()
    for number, end in enumerate(ends):
        external_id = f"dummyjson:{number}"
        if end == "rejected":
            account.reject(Outcome(external_id, "", Result.REJECTED, "price: it is -1"))
            continue
        account.open(external_id, "Rug")
        if end in SETTLED:
            account.begin(external_id)
            account.settle(Outcome(external_id, "Rug", Result(end)))
        elif end == "begun":
            account.begin(external_id)
        elif end == "set aside":
            account.set_aside(external_id)
    account.close(REASON)
    expected = {result: ends.count(result) for result in Result}
    expected[Result.UNCONFIRMED] += ends.count("begun")
    expected[Result.NOT_ATTEMPTED] += ends.count("opened")
    assert account.counts == expected
    assert account.seen == len(ends) == account.counts.total() + account.not_compared
    assert [outcome.result for outcome in account.not_completed] == [
        Result.UNCONFIRMED if end == "begun" else Result.NOT_ATTEMPTED
        for end in ends
        if end in {"begun", "opened"}
    ]
    assert {outcome.reason for outcome in account.not_completed} <= {REASON}


def test_a_product_that_stays_unconfirmed_is_a_problem() -> None:
    account = ledger()
    account.open("dummyjson:1", "Rug")
    account.begin("dummyjson:1")
    lost = Outcome("dummyjson:1", "Rug", Result.UNCONFIRMED, "no answer")
    account.settle(lost)
    account.close("")
    assert (account.problems, account.not_completed) == ([lost], [])


@pytest.mark.parametrize("result", [Result.FAILED, Result.UNCONFIRMED])
def test_a_removal_that_did_not_succeed_is_a_problem_but_no_product_of_the_source(result: Result) -> None:
    account = ledger()
    account.remove(Outcome("dummyjson:1", "Rug", result, "no answer"))
    account.close("")
    assert len(account.problems) == 1
    assert account.counts.total() == 0


@pytest.mark.parametrize("call", [Ledger.begin, Ledger.set_aside])
def test_a_product_that_is_not_open_is_a_defect(call: Callable[[Ledger, str], None]) -> None:
    with pytest.raises(KeyError):
        call(ledger(), "dummyjson:1")
