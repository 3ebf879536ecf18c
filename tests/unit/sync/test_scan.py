"""A scan proves that products are up to date, and never that one is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from msgspec import structs

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Pending, Record, Step, applied
from medusa_sync.core.selection import ALL
from medusa_sync.core.stored import StoredSummary
from medusa_sync.medusa.api import AdminApi, ScanPage
from medusa_sync.sync.read.scan import PAGE_SIZE, Scan
from tests.unit.builders import DESIRED_PRODUCTS, desired_product, with_fields


class Store:
    """Products in pages, and how often a page was read."""

    def __init__(
        self, products: Sequence[StoredSummary], *, count: int | None = None, limit: int = PAGE_SIZE
    ) -> None:
        self.products = list(products)
        self.offsets: list[int] = []
        self._count = len(products) if count is None else count
        self._limit = limit

    async def scan(self, offset: int, limit: int) -> ScanPage:
        await asyncio.sleep(0)
        self.offsets.append(offset)
        size = min(limit, self._limit)
        page = self.products[offset : offset + size]
        return ScanPage(page, len(page), self._count, len(page) < size)


def scanned(store: Store, wanted: int | None = None) -> Scan:
    async def scan() -> Scan:
        async with Scan(cast("AdminApi", store), "dummyjson") as scan:
            await scan.ready(wanted)
            return scan

    return asyncio.run(scan())


def stored(desired: DesiredProduct, record: Record | None = None, number: int = 1) -> StoredSummary:
    return StoredSummary(f"prod_{number}", desired.external_id, record or applied(desired))


def numbered(number: int) -> DesiredProduct:
    return structs.replace(desired_product(), external_id=f"dummyjson:{number}", source_id=str(number))


def catalogue(size: int) -> list[DesiredProduct]:
    return [numbered(number) for number in range(1, size + 1)]


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS)
def test_a_product_is_shown_only_if_nothing_has_changed(
    before: DesiredProduct, desired: DesiredProduct
) -> None:
    record = applied(structs.replace(before, external_id=desired.external_id))
    is_shown = scanned(Store([stored(desired, record)])).shows(desired)
    assert is_shown <= ALL.is_up_to_date(record, desired)
    assert scanned(Store([stored(desired)])).shows(desired)


@pytest.mark.parametrize(
    "changes",
    [{"drafted": True}, {"pending": Pending(Step.UPDATE)}, {"currency": "eur"}, {"fields": {}}],
    ids=str,
)
def test_a_product_that_needs_a_write_is_not_shown(changes: dict[str, Any]) -> None:
    desired = desired_product()
    record = structs.replace(applied(desired), **changes)
    assert not scanned(Store([stored(desired, record)])).shows(desired)


def test_numbers_are_equal_whatever_their_type() -> None:
    """PostgreSQL returns 10.0 as 10."""
    desired = with_fields(desired_product(), price=10.0)
    record = applied(with_fields(desired_product(), price=10))
    assert scanned(Store([stored(desired, record)])).shows(desired)


def test_a_product_that_is_stored_twice_is_not_shown() -> None:
    desired = desired_product()
    assert not scanned(Store([stored(desired), stored(desired, number=2)])).shows(desired)


@pytest.mark.parametrize("external_id", ["other:1", "dummyjson:", "1"])
def test_products_of_other_sources_are_ignored(external_id: str) -> None:
    desired = structs.replace(desired_product(), external_id=external_id)
    scan = scanned(Store([stored(desired), StoredSummary("prod_2", None, None)]))
    assert (scan.size, scan.witness, list(scan.source_ids)) == (2, "", [])
    assert not scan.shows(desired)


@pytest.mark.parametrize("source_id", ["a:b,c", "007", str(10**30), "Größe", "null"])
def test_any_text_can_be_an_id(source_id: str) -> None:
    desired = structs.replace(desired_product(), external_id=f"dummyjson:{source_id}", source_id=source_id)
    scan = scanned(Store([stored(desired)]))
    assert list(scan.source_ids) == [source_id]
    assert scan.shows(desired)


@pytest.mark.parametrize("source_id", ["theirs", "7"])
def test_a_product_without_a_record_is_not_owned(source_id: str) -> None:
    ours, theirs = stored(desired_product()), StoredSummary("prod_2", f"dummyjson:{source_id}", None)
    scan = scanned(Store([ours, theirs]))
    assert set(scan.source_ids) == {desired_product().source_id, source_id}
    assert (list(scan.owned), scan.owned_size) == ([desired_product().source_id], 1)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_product_with_a_copy_without_a_record_is_owned(*, is_first: bool) -> None:
    copies = [stored(desired_product()), StoredSummary("prod_2", desired_product().external_id, None)]
    scan = scanned(Store(copies if is_first else copies[::-1]))
    assert (scan.owned_size, scan.unrecorded, scan.shows(desired_product())) == (1, set(), False)


@pytest.mark.parametrize("limit", [7, 60, 100, PAGE_SIZE])
@pytest.mark.parametrize("count", [0, 1, 150, 180, 1000])
def test_all_pages_are_read_whatever_the_count_says(limit: int, count: int) -> None:
    products = catalogue(180)
    scan = scanned(Store([stored(each) for each in products], count=count, limit=limit))
    assert set(scan.source_ids) == {product.source_id for product in products}
    assert all(map(scan.shows, products))


@pytest.mark.parametrize(("wanted", "pages"), [(None, 10), (100_000, 10), (3_401, 10), (3_400, 1), (1, 1)])
def test_a_few_products_of_a_large_store_are_not_worth_a_scan(wanted: int | None, pages: int) -> None:
    """A page costs about as much as two look-ups of 200 products."""
    store = Store([stored(each) for each in catalogue(95)], limit=10)
    scanned(store, wanted)
    assert len(store.offsets) == pages


@pytest.mark.parametrize("size", [19, 20, 21])
def test_the_page_that_ends_a_scan_is_read_together_with_the_others(size: int) -> None:
    class Slow(Store):
        under_way = most = 0

        async def scan(self, offset: int, limit: int) -> ScanPage:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            page = await super().scan(offset, limit)
            self.under_way -= 1
            return page

    store = Slow([stored(each) for each in catalogue(size)], limit=10)
    scanned(store)
    assert sorted(store.offsets) == list(range(0, size + 1, 10))
    assert store.most == len(store.offsets) - 1


def test_a_product_that_moves_to_a_page_that_was_read_is_not_shown() -> None:
    """Another run deletes a product while this one reads."""
    products = catalogue(6)

    class Changing(Store):
        async def scan(self, offset: int, limit: int) -> ScanPage:
            page = await super().scan(offset, limit)
            if offset == 0:
                del self.products[0]
            return page

    scan = scanned(Changing([stored(each) for each in products], limit=2))
    assert [product.source_id for product in products if not scan.shows(product)] == ["3"]


def test_an_error_of_the_first_page_is_raised() -> None:
    class Broken(Store):
        async def scan(self, offset: int, limit: int) -> ScanPage:
            raise RuntimeError(offset, limit)

    with pytest.raises(RuntimeError):
        scanned(Broken([]))
