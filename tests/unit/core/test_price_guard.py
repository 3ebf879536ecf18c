"""How far a price may move."""

from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.policy import PriceLimit

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
