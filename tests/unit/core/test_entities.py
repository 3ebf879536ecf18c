"""What the ids of a store show."""

import pytest

from medusa_sync.core.entities import made_at


@pytest.mark.parametrize(
    ("own_id", "seconds"),
    [
        ("iitem_01ARZ3NDEKTSV4RRFFQ69G5FAV", 1_469_922_850.259),  # the example of the specification of ULIDs
        ("", 0),
        ("iitem_7", 0),
        ("an-id-of-the-merchant", 0),
    ],
)
def test_an_id_shows_when_it_was_made(own_id: str, seconds: float) -> None:
    assert made_at(own_id) == seconds
