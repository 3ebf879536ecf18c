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


@given(DESIRED_PRODUCTS)
@example(desired_product(title="香水"))
@example(desired_product(title="!!!"))
@example(desired_product(title="-" * 500))
@example(desired_product(title="Ab " * 166))
@example(desired_product(title="&#45;&amp;"))
@example(desired_product(title="İıŞßŒ ﬁ ½ ² Ⅷ 🍵"))
def test_medusa_accepts_every_candidate(desired: DesiredProduct) -> None:
    for handle in first_handles(desired):
        assert HANDLE.fullmatch(handle), handle
        assert len(handle) <= 255


@given(DESIRED_PRODUCTS)
def test_candidates_do_not_repeat(desired: DesiredProduct) -> None:
    handles = first_handles(desired)
    assert len(set(handles)) == len(handles)


def test_candidates_are_the_slug_then_with_the_id_then_with_a_number() -> None:
    handles = first_handles(desired_product(7, title="Café Crème"))
    assert handles[:3] == ["cafe-creme", "cafe-creme-7", "cafe-creme-7-2"]


def test_without_a_slug_the_external_id_is_the_handle() -> None:
    assert first_handles(desired_product(7, title="!!!"))[:2] == ["dummyjson-7", "dummyjson-7-2"]


def test_a_handle_of_the_source_wins_over_the_title_and_has_no_alternatives() -> None:
    handles = first_handles(desired_product(7, title="Café Crème", handle="Morning Coffee"))
    assert handles == ["morning-coffee"]


def test_a_handle_without_letters_and_digits_has_alternatives() -> None:
    assert first_handles(desired_product(7, handle="!!!"))[:2] == ["dummyjson-7", "dummyjson-7-2"]


@pytest.mark.parametrize("fields", [{"title": "Null"}, {"title": "NULL!"}, {"handle": "null"}], ids=str)
def test_null_is_no_handle_because_medusa_cannot_look_it_up(fields: dict[str, str]) -> None:
    assert first_handles(desired_product(7, **fields))[:2] == ["dummyjson-7", "dummyjson-7-2"]


@given(DESIRED_PRODUCTS, st.text(min_size=1, max_size=20))
@example(desired_product(title="Jug"), "::")
def test_any_id_gives_different_candidates_that_medusa_accepts(
    desired: DesiredProduct, source_id: str
) -> None:
    own = structs.replace(desired, source_id=source_id, external_id=f"dummyjson:{source_id}")
    handles = first_handles(own)
    assert len(set(handles)) == len(handles)
    assert all(HANDLE.fullmatch(handle) for handle in handles)


@given(st.text(min_size=1, max_size=20))
def test_equal_titles_share_only_the_first_candidate(title: str) -> None:
    one, other = (first_handles(with_fields(desired_product(n), title=title)) for n in (1, 2))
    assert not set(one[1:]) & set(other[1:])
