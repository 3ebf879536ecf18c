"""How far a price may move."""

from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.policy import PriceLimit

AMOUNTS = st.integers(1, 10**9).map(lambda cents: cents / 100)
PERCENT = st.integers(0, 1000)


@given(AMOUNTS, AMOUNTS, PERCENT, PERCENT)
def test_a_price_may_move_up_to_the_limit_in_both_directions_and_never_become_0(
    stored: float, planned: float, one: int, other: int
) -> None:
    low, high = PriceLimit(min(one, other)), PriceLimit(max(one, other))
    assert high.allows(stored, planned) or not low.allows(stored, planned)
    assert low.allows(stored, stored)
    assert low.allows(0, 0)
    assert not low.allows(stored, 0)
    assert not low.allows(0, stored), "0 has no percentage"
    for sign in (1, -1) if one < 100 else (1,):
        assert PriceLimit(one).allows(stored, stored * (1 + sign * one / 100))
        assert not PriceLimit(one).allows(stored, stored * (1 + sign * (one / 100 + 0.001)))
