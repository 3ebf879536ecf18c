"""Reading a source: duplicates, repeated pages, endless sources, and the memory of ids."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import SourceError
from medusa_sync.sources import received
from medusa_sync.sources.base import Page, Rejected, Row, Unchecked
from medusa_sync.sync.read.source import Delivery
from tests.unit.builders import SOURCE_URL, desired_product

pytestmark = pytest.mark.anyio


def valid(*numbers: int) -> list[Row]:
    return [desired_product(number) for number in numbers]


def rejected(number: int | None = None) -> Rejected:
    if number is None:
        return Rejected(None, None, "", "price: it is -1")
    return Rejected(f"dummyjson:{number}", str(number), "", "price: it is -1")


class PagesSource:
    """Delivers the given pages.

    Args:
        has: the response of `has`.
        fails: whether it raises an error after the last page.
    """

    format = ""

    def __init__(
        self, *pages: Page, has: bool | None = None, fails: bool = False, in_one_piece: bool = False
    ) -> None:
        self.delivered = 0
        self.in_one_piece = in_one_piece
        self.notes = ()
        self._pages = pages
        self._has = has
        self._fails = fails

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        assert limit is None
        for page in self._pages:
            self.delivered += 1
            yield page
        if self._fails:
            raise SourceError("the source failed")

    async def category_names(self) -> Mapping[str, str]:
        return {}

    async def has(self, source_id: str) -> bool | None:  # noqa: ARG002 - the interface's
        return self._has


def page(rows: Sequence[Row], **changes: Any) -> Page:
    return Page(tuple(rows), **{"total": 99, **changes})


def beyond(rows: Sequence[Row]) -> Page:
    return page(rows, total=1, beyond_total=True)


def delivery(*pages: Page, **options: Any) -> Delivery:
    return Delivery(PagesSource(*pages, **options), source_url=SOURCE_URL, limit=None)


async def read(reading: Delivery) -> list[Row | Unchecked]:
    return [row async for rows in reading.pages() for row in rows]


def ids(rows: Sequence[Row | Unchecked]) -> list[int]:
    return [int(row.source_id) for row in rows if isinstance(row, DesiredProduct)]


@given(
    st.lists(
        st.lists(st.integers(0, 9).map(desired_product) | (st.none() | st.integers(-1, 9)).map(rejected)),
        max_size=4,
    )
)
async def test_every_row_is_delivered_and_valid_ids_are_unique(pages: list[list[Row]]) -> None:
    """Or reading fails at a page with nothing new."""
    reading = delivery(*map(page, pages))
    rows = await read(reading)
    assert len(ids(rows)) == len(set(ids(rows)))
    sent = [row for each in pages for row in each]
    assert [row.external_id for row in rows] == [row.external_id for row in sent[: len(rows)]]
    assert reading.error is not None or len(rows) == len(sent)
    assert all(row.source_id in reading for row in rows if row.source_id is not None)


async def test_duplicate_is_rejected() -> None:
    first, again, second = await read(delivery(page(valid(1, 1, 2))))
    assert [first, second] == valid(1, 2)
    assert isinstance(again, Rejected)
    assert (again.external_id, again.source_id, again.reason[:3]) == ("dummyjson:1", "1", "id:")


async def test_rejected_rows_are_in_the_delivery() -> None:
    reading = delivery(page([*valid(1), rejected(2), rejected(-2), rejected()]))
    await read(reading)
    assert [source_id in reading for source_id in ("1", "2", "3", "-2", None)] == [
        True,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("first", [valid(1, 2), [*valid(1), rejected(2)]], ids=["valid", "one-rejected"])
async def test_repeated_page_is_an_error(first: list[Row]) -> None:
    reading = delivery(page(first), page(valid(3)), page(first), page(valid(4)))
    assert len(await read(reading)) == 3
    assert f"{SOURCE_URL}: the source repeats itself" in str(reading.error)


@pytest.mark.parametrize(
    "second",
    [valid(2, 3), [*valid(2), rejected(3)], valid(2)],
    ids=["beside-a-new-one", "beside-a-rejected-one", "alone"],
)
async def test_product_that_moved_to_the_next_page_is_not_a_repeated_page(second: list[Row]) -> None:
    reading = delivery(page(valid(1, 2)), page(second), page(valid(4)))
    assert ids(await read(reading))[-1] == 4
    assert reading.error is None


async def test_endless_source_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received, "MAX_PRODUCTS", 3)
    reading = delivery(page(valid(1, 2)), page(valid(3)), page(valid(4)))
    assert ids(await read(reading)) == [1, 2, 3]
    assert f"{SOURCE_URL}: the source does not end" in str(reading.error)


@pytest.mark.parametrize("last", [valid(2), valid(2, 1), [rejected(3)], []])
async def test_beyond_the_total_a_page_with_nothing_new_is_the_end(last: list[Row]) -> None:
    source = PagesSource(page([*valid(1, 2), rejected(3)], total=1), beyond(last), beyond(valid(4)))
    reading = Delivery(source, source_url=SOURCE_URL, limit=None)
    assert ids(await read(reading)) == [1, 2]
    assert (reading.error, source.delivered) == (None, 2)


async def test_beyond_the_total_pages_with_something_new_are_delivered() -> None:
    rows = await read(
        delivery(page(valid(1, 2)), beyond([*valid(2, 3), rejected(4)]), beyond([rejected()]), beyond([]))
    )
    assert ids(rows) == [1, 2, 3]
    assert len(rows) == 6


async def test_total_is_that_of_the_last_page() -> None:
    reading = delivery(page(valid(1), total=1), page(valid(2), total=None), page(valid(3), total=3))
    assert reading.total is None
    await read(reading)
    assert reading.total == 3


async def test_failure_of_the_source_follows_what_it_delivered() -> None:
    reading = delivery(page(valid(1)), fails=True)
    assert await read(reading) == valid(1)
    assert str(reading.error) == "the source failed"


@pytest.mark.parametrize("in_one_piece", [True, False])
@pytest.mark.parametrize("has", [True, False, None])
async def test_source_answers_if_it_has_a_product_that_it_delivered(
    has: bool | None,  # noqa: FBT001 - a parameter
    in_one_piece: bool,  # noqa: FBT001 - a parameter
) -> None:
    reading = delivery(page([rejected(), *valid(1)]), has=has, in_one_piece=in_one_piece)
    await read(reading)
    assert await reading.answers() is (has is True)
    assert await reading.can_tell() is (has is True or in_one_piece)
    assert [await reading.has(source_id) for source_id in ("1", "2")] == [has is True, has is True]


async def test_source_that_delivered_nothing_does_not_answer() -> None:
    reading = delivery(page([]), has=True)
    await read(reading)
    assert not await reading.answers()
