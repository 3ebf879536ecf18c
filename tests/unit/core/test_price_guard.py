"""How far a price may move, and which prices of a variant are held back."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from medusa_sync.core.change import Update
from medusa_sync.core.note import final_record
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import PriceLimit
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import ONLY
from medusa_sync.core.selection import ALL
from tests.unit.builders import LOCATION, applied_ids, desired_product, stored_product, with_record

AMOUNTS = st.integers(1, 10**9).map(lambda cents: cents / 100)
PERCENT = st.integers(0, 1000)


@given(AMOUNTS, st.integers(0, 500))
def test_a_price_may_move_up_to_the_limit_in_both_directions(stored: float, percent: int) -> None:
    limit = PriceLimit(percent)
    assert limit.allows(stored, stored * (1 + percent / 100))
    assert not limit.allows(stored, stored * (1 + percent / 100) + stored * 0.001)
    if percent < 100:
        assert limit.allows(stored, stored * (1 - percent / 100))
        assert not limit.allows(stored, stored * (1 - percent / 100) - stored * 0.001)


@given(AMOUNTS, PERCENT)
def test_a_price_may_stay_and_never_become_0(stored: float, percent: int) -> None:
    limit = PriceLimit(percent)
    assert limit.allows(stored, stored)
    assert limit.allows(0, 0)
    assert not limit.allows(stored, 0)
    assert not limit.allows(0, stored), "0 has no percentage"


@given(AMOUNTS, AMOUNTS, PERCENT, PERCENT)
def test_a_higher_limit_allows_what_a_lower_one_allows(
    stored: float, planned: float, one: int, other: int
) -> None:
    low, high = PriceLimit(min(one, other)), PriceLimit(max(one, other))
    assert high.allows(stored, planned) or not low.allows(stored, planned)


def plan(
    before: DesiredProduct, after: DesiredProduct, percent: float | None, *, merchant: float | None = None
) -> Update:
    """The update of a product that was synced as `before`, and whose price the merchant may have changed."""
    held = before if merchant is None else desired_product(price=merchant, title=before.title)
    stored = with_record(stored_product(held), applied_ids(before))
    limit = None if percent is None else PriceLimit(percent)
    return plan_update(after, stored, location_id=LOCATION, price_limit=limit)


@given(AMOUNTS, AMOUNTS, PERCENT)
def test_a_price_is_either_sent_or_held_and_the_record_follows_what_is_sent(
    before: float, after: float, percent: int
) -> None:
    assume(before != after)
    update = plan(desired_product(price=before), desired_product(price=after), percent)
    sent = {change.field for change in update.changes}
    assert ("price" in sent) != bool(update.held)
    assert bool(update.held) == (not PriceLimit(percent).allows(before, after))
    recorded = final_record(update).variants[ONLY].fields["price"]
    assert recorded == (before if update.held else after)
    assert ALL.is_up_to_date(final_record(update), update.desired) == (not update.held)


def test_without_a_limit_nothing_is_held() -> None:
    update = plan(desired_product(price=1), desired_product(price=0), None)
    assert (update.held, [change.field for change in update.changes]) == ((), ["price"])


@pytest.mark.parametrize("percent", [10, 1000])
def test_a_conflict_is_reported_when_the_price_is_sent(percent: int) -> None:
    before, after = desired_product(price=10), desired_product(price=20)
    update = plan(before, after, percent, merchant=11)
    assert bool(update.held) == (not update.conflicts) == (percent == 10)
