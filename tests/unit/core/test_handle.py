"""Handles of new products."""

import re
from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.product import DesiredProduct, handle_candidates
from tests.unit.builders import DESIRED_PRODUCTS, desired_product, with_fields

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
        pytest.param({"title": "Café Crème"}, ["cafe-creme", "cafe-creme-7", "cafe-creme-7-2"], id="slug"),
        pytest.param({"title": "!!!"}, ["dummyjson-7", "dummyjson-7-2"], id="no slug"),
        pytest.param({"handle": "!!!"}, ["dummyjson-7", "dummyjson-7-2"], id="no slug of the handle"),
        pytest.param({"title": "Null"}, ["dummyjson-7", "dummyjson-7-2"], id="Medusa cannot look up null"),
        pytest.param({"title": "NULL!"}, ["dummyjson-7", "dummyjson-7-2"], id="null as a slug"),
        pytest.param({"handle": "null"}, ["dummyjson-7", "dummyjson-7-2"], id="null as a handle"),
    ],
)
def test_candidates_are_the_slug_then_with_the_id_then_with_a_number(
    fields: dict[str, str], expected: list[str]
) -> None:
    assert first_handles(desired_product(7, **fields))[: len(expected)] == expected


def test_a_handle_of_the_source_wins_over_the_title_and_has_no_alternatives() -> None:
    handles = first_handles(desired_product(7, title="Café Crème", handle="Morning Coffee"))
    assert handles == ["morning-coffee"]


@given(st.text(min_size=1, max_size=20))
def test_equal_titles_share_only_the_first_candidate(title: str) -> None:
    one, other = (first_handles(with_fields(desired_product(n), title=title)) for n in (1, 2))
    assert not set(one[1:]) & set(other[1:])
