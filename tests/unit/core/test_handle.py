"""Handles of new products."""

import re
from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.handles import handle_candidates
from medusa_sync.core.product import DesiredProduct
from tests.unit.builders import DESIRED_PRODUCTS, desired_product

NO_SLUG = ("!!!", "Null", "NULL!")  # Medusa cannot look up null
OF_ID = ["dummyjson-7", "dummyjson-7-2"]
HANDLE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def first_handles(desired: DesiredProduct) -> list[str]:
    return list(islice(handle_candidates(desired), 5))


@given(DESIRED_PRODUCTS, st.none() | st.text(min_size=1, max_size=20))
@example(desired_product(title="香水"), None)
@example(desired_product(title="!!!"), None)
@example(desired_product(title="-" * 500), None)
@example(desired_product(title="Ab " * 166), None)
@example(desired_product(title="&#45;&amp;"), None)
@example(desired_product(title="İıŞßŒ ﬁ ½ ² Ⅷ 🍵"), None)
@example(desired_product(title="Jug"), "::")
def test_medusa_accepts_every_candidate_and_none_is_repeated(
    desired: DesiredProduct, source_id: str | None
) -> None:
    own = source_id or desired.source_id
    handles = first_handles(structs.replace(desired, source_id=own, external_id=f"dummyjson:{own}"))
    assert len(set(handles)) == len(handles)
    for handle in handles:
        assert HANDLE.fullmatch(handle), handle
        assert len(handle) <= 255


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": "Café Crème"}, ["cafe-creme", "cafe-creme-7", "cafe-creme-7-2"]),
        ({"title": "Café Crème", "handle": "Morning Coffee"}, ["morning-coffee", "morning-coffee-7"]),
        *(({name: text}, OF_ID) for name in ("title", "handle") for text in NO_SLUG),
    ],
)
def test_candidates_are_the_slug_then_with_the_id_then_with_a_number(
    fields: dict[str, str], expected: list[str]
) -> None:
    assert first_handles(desired_product(7, **fields))[: len(expected)] == expected


@given(st.text(min_size=1, max_size=20))
def test_equal_titles_share_only_the_first_candidate(title: str) -> None:
    one, other = (first_handles(desired_product(number, title=f"{title}x")) for number in (1, 2))
    assert not set(one[1:]) & set(other[1:])
