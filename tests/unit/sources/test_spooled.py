"""A spooled source delivers all pages of another one, or none."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.errors import SourceError
from medusa_sync.sources import received
from medusa_sync.sources.base import Page, Rejected, Row
from medusa_sync.sources.received import SpooledSource
from tests.unit.builders import DESIRED_PRODUCTS, SOURCE_URL, desired_product
from tests.unit.sources.pages import pages

pytestmark = pytest.mark.anyio

REJECTED = Rejected("dummyjson:7", "7", "A \ud800", "price: it is -1")
NAMELESS = Rejected(None, None, "", "it is no product")


class PagesSource:
    """Delivers the given pages.

    Args:
        fails: whether it raises an error after the last page.
    """

    format = "pages"
    in_one_piece = False
    notes = ()

    def __init__(self, *pages: Page, fails: bool = False) -> None:
        self.is_closed = False
        self._pages = pages
        self._fails = fails

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        try:
            for page in self._pages[:limit]:
                yield page
            if self._fails:
                raise SourceError("the source failed")
        finally:
            self.is_closed = True

    async def category_names(self) -> Mapping[str, str]:
        return {"a": "A"}

    async def has(self, source_id: str) -> bool | None:
        return source_id == "1"


def page(*rows: Row, **changes: Any) -> Page:
    return Page(rows, **{"total": 99, **changes})


def valid(*numbers: int) -> list[Row]:
    return [desired_product(number) for number in numbers]


def spooled(*pages: Page, min_products: int = 0, **options: Any) -> SpooledSource:
    return SpooledSource(PagesSource(*pages, **options), SOURCE_URL, min_products=min_products)


@given(st.lists(st.lists(DESIRED_PRODUCTS | st.just(NAMELESS), max_size=2), max_size=3))
async def test_pages_are_delivered_as_they_are(delivered: list[list[Row]]) -> None:
    sent = [
        page(*(structs.replace(row, source_id=f"{number}-{index}") for index, row in enumerate(rows)))
        for number, rows in enumerate(delivered)
    ]
    assert await pages(spooled(*sent)) == sent


async def test_texts_that_are_not_unicode_are_kept() -> None:
    [delivered] = await pages(spooled(page(structs.replace(desired_product(1), handle="\ud800"), REJECTED)))
    assert [delivered.rows[0].handle, delivered.rows[1]] == ["\ud800", REJECTED]  # type: ignore[union-attr]  # it is valid


@pytest.mark.parametrize(("least", "is_enough"), [(1, True), (2, True), (3, False)])
async def test_valid_products_are_counted_once(
    least: int,
    is_enough: bool,  # noqa: FBT001 - a parameter
) -> None:
    sent = [page(*valid(1, 1, 2)), page(REJECTED, *valid(2), NAMELESS)]
    source = spooled(*sent, min_products=least)
    if is_enough:
        assert await pages(source) == sent
        return
    with pytest.raises(SourceError) as caught:
        await anext(source.pages(None))
    assert str(caught.value) == (
        f"{SOURCE_URL}: the source has 2 valid products, fewer than 3; the first one that is not valid: "
        "id: duplicate; the first product with this id is used"
    )
    assert "--min-products (SYNC_PRODUCTS_MIN_PRODUCTS)" in caught.value.hint


async def test_empty_source_has_too_few() -> None:
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the source has 0 valid products, fewer than 1$"):
        await pages(spooled(page(), min_products=1))


async def test_failed_source_delivers_nothing() -> None:
    with pytest.raises(SourceError, match="the source failed"):
        await anext(spooled(page(*valid(1, 2)), fails=True, min_products=1).pages(None))


async def test_source_that_repeats_itself_delivers_nothing() -> None:
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the source repeats itself"):
        await anext(spooled(page(*valid(1, 2)), page(*valid(2, 1))).pages(None))


async def test_endless_source_delivers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received, "MAX_PRODUCTS", 3)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the source does not end"):
        await anext(spooled(page(*valid(1, 2)), page(*valid(3, 4))).pages(None))


async def test_nothing_new_beyond_the_total_is_the_end() -> None:
    inner = PagesSource(
        page(*valid(1, 2), total=1), page(*valid(2), total=1, beyond_total=True), page(*valid(3))
    )
    source = SpooledSource(inner, SOURCE_URL, min_products=2)
    assert [row.source_id for each in await pages(source) for row in each.rows] == ["1", "2"]
    assert inner.is_closed


async def test_other_questions_go_to_the_source() -> None:
    source = spooled()
    assert (source.format, await source.category_names()) == ("pages", {"a": "A"})
    assert (await source.has("1"), await source.has("2")) == (True, False)
    assert await pages(spooled(page(*valid(1)), page(*valid(2))), limit=1) == [page(*valid(1))]


async def test_pages_are_not_in_memory() -> None:
    class Long(PagesSource):
        async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:  # noqa: ARG002 - the interface's
            for number in range(40):
                description = f"{number}" * 1_000_000
                product = desired_product(number)
                fields = {**product.fields, "description": description}
                yield page(structs.replace(product, fields=fields))

    tracemalloc.start()
    try:
        count = 0
        async for each in SpooledSource(Long(), SOURCE_URL, min_products=40).pages(None):
            count += len(each.rows)
        assert (count, tracemalloc.get_traced_memory()[1] < 20_000_000) == (40, True)
    finally:
        tracemalloc.stop()
