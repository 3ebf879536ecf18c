"""What histories leave in the store in memory, they leave in a real one."""

import pytest

from tests.conftest import SharedStore
from tests.tiers import times
from tests.world.real import compare


@pytest.mark.e2e
def test_histories_end_alike_on_a_real_store(shared_store: SharedStore) -> None:
    assert compare(shared_store.server, seed=3, count=times(20, quick=1)) == 0
