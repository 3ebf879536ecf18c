"""Tests that a source must pass, for pytest: derive a class `Test...` from `SourceTests`."""

from __future__ import annotations

import asyncio
import gc
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import aclosing, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias, TypeVar

import pytest

from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import ItemSource, Rejected, Row, checked
from medusa_sync.sources.delivery import MappingOptions
from medusa_sync.sources.maps.program import Program
from medusa_sync.sources.open import Catalogue

Product: TypeAlias = Mapping[str, Any]
T = TypeVar("T")

COUNT = 1_200  # products, which are more than one page
AT_ONCE_S = 2.0
ENDLESS_S = 60.0
BROKEN: Product = {"id": "broken", "title": "", "price": 1}


class SourceTests(ABC):
    """Whether a source is complete or says that it is not, stops when it must, and closes what it opens.

    Attributes:
        source_map: the `--source-map` that its items need; None if they are in medusa-sync JSON.
    """

    source_map: str | None = None

    @abstractmethod
    def source(self, products: Sequence[Product], folder: Path) -> ItemSource:
        """A source of these products: each has `id` and `title`, which are texts, and `price`, a number.

        The title may be empty. The folder is a temporary one.
        """

    @abstractmethod
    def cut_off(self, products: Sequence[Product], folder: Path) -> ItemSource:
        """The same, but it ends early: a file lacks its end, or a connection breaks."""

    def repeating(self, products: Sequence[Product], folder: Path) -> ItemSource | None:  # noqa: ARG002 - for those that override it
        """A source that gets the same page again and again; None if this cannot happen."""
        return None

    def shifting(self, products: Sequence[Product], folder: Path) -> ItemSource | None:  # noqa: ARG002 - the same
        """A source whose first product is deleted once its first page was sent; None if this cannot happen.

        All others move up by one place, so the first of the second page is now in the first one.
        """
        return None

    def test_all_products_arrive_once(self, tmp_path: Path) -> None:
        rows = _run(self._rows(self.source(PRODUCTS, tmp_path)))
        assert [row for row in rows if isinstance(row, Rejected)] == []
        assert _ids(rows) == [each["id"] for each in PRODUCTS]

    def test_a_source_without_products_has_none_or_says_so(self, tmp_path: Path) -> None:
        source = self.source([], tmp_path)
        with suppress(SourceError):
            assert _run(self._rows(source)) == []

    def test_it_can_be_read_again(self, tmp_path: Path) -> None:
        source = self.source(PRODUCTS, tmp_path)

        async def twice() -> tuple[list[Row], list[Row]]:
            return await self._rows(source), await self._rows(source)

        first, second = _run(twice())
        assert _ids(first) == _ids(second)

    def test_a_limit_leaves_as_many_products(self, tmp_path: Path) -> None:
        rows = _run(self._rows(self.source(PRODUCTS, tmp_path), limit=10))
        assert len(set(_ids(rows))) == 10

    def test_a_source_that_ends_early_raises_an_error(self, tmp_path: Path) -> None:
        source = self.cut_off(PRODUCTS, tmp_path)
        with pytest.raises(SourceError):  # otherwise, the products that did not arrive may be removed
            _run(self._rows(source))

    def test_a_source_that_repeats_itself_does_not_go_on_forever(self, tmp_path: Path) -> None:
        source = self.repeating(PRODUCTS, tmp_path)
        if source is None:
            pytest.skip("this source has no method `repeating`")
        with pytest.raises(SourceError):
            _run(asyncio.wait_for(self._rows(source), ENDLESS_S))

    def test_a_product_that_moves_between_pages_is_in_one_of_two_readings(self, tmp_path: Path) -> None:
        source = self.shifting(PRODUCTS, tmp_path)
        if source is None:
            pytest.skip("this source has no method `shifting`")

        async def twice() -> list[Row]:
            return [*await self._rows(source), *await self._rows(source)]

        lacked = {str(each["id"]) for each in PRODUCTS[1:]} - {*_ids(_run(twice()))}
        assert lacked == set(), "a run that removes products reads twice; what both lack is removed"

    def test_names_of_categories_are_texts(self, tmp_path: Path) -> None:
        source = self.source(PRODUCTS[:10], tmp_path)

        async def names() -> Mapping[Any, Any]:
            await self._rows(source)
            return await source.category_names()

        found = _run(names())
        assert all(isinstance(text, str) for item in found.items() for text in item)

    @pytest.mark.parametrize("is_cut_off", [False, True])
    def test_it_prints_nothing_to_stdout(self, is_cut_off: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of a test
        source = (self.cut_off if is_cut_off else self.source)(PRODUCTS, tmp_path)
        printed = StringIO()
        with redirect_stdout(printed):
            _run(self._read(source))
        assert printed.getvalue() == "", "the result of a run is printed there; use logging"

    def test_a_broken_product_arrives_and_the_others_are_not_affected(self, tmp_path: Path) -> None:
        products = [*PRODUCTS[:5], BROKEN, *PRODUCTS[5:10]]
        rows = _run(self._rows(self.source(products, tmp_path)))
        assert len(rows) == len(products), "it must arrive, or it counts as missing from the source"
        assert _ids(rows) == [each["id"] for each in PRODUCTS[:10]]

    @pytest.mark.parametrize("way", ["closed", "cancelled"])
    def test_it_stops_at_once(self, way: str, tmp_path: Path) -> None:
        source = self.source(PRODUCTS, tmp_path)

        async def stop() -> float:
            pages = source.pages(None)
            await anext(pages)
            start = monotonic()
            if way == "cancelled":
                reading = asyncio.ensure_future(anext(pages))
                await asyncio.sleep(0)
                reading.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await reading
            await pages.aclose()
            return monotonic() - start

        assert _run(_closing_all(stop())) < AT_ONCE_S

    @pytest.mark.parametrize("is_cut_off", [False, True])
    def test_it_closes_what_it_opens(self, is_cut_off: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of a test
        source = (self.cut_off if is_cut_off else self.source)(PRODUCTS, tmp_path)
        _run(_closing_all(self._read(source)))

    async def _read(self, source: ItemSource) -> None:
        with suppress(SourceError):
            await self._rows(source)

    async def _rows(self, source: ItemSource, limit: int | None = None) -> list[Row]:
        """The products that a run gets of the source."""
        program = None if self.source_map is None else Program(self.source_map)
        catalogue = Catalogue(source, "the source", MappingOptions("test", "usd"), program)
        async with aclosing(catalogue.pages(limit)) as pages:
            return [checked(row) async for page in pages for row in page.rows]


PRODUCTS: Sequence[Product] = [
    {"id": f"p{number:04}", "title": f"Product {number}", "price": number / 100}
    for number in range(1, COUNT + 1)
]


def _ids(rows: Sequence[Row]) -> list[str]:
    """The ids of the valid products, sorted: a source may have an order of its own."""
    return sorted(row.source_id for row in rows if isinstance(row, DesiredProduct))


def _run(reading: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(reading)
    except SystemExit as error:
        pytest.fail(f"it ends the process with {error!r}; it must raise a SourceError")


async def _closing_all(reading: Coroutine[Any, Any, T]) -> T:
    before = _open()
    result = await reading
    assert _open() <= before, "it leaves a file, a connection or a task behind"
    return result


def _open() -> set[object]:
    gc.collect()  # what earlier tests have left
    return {*Path("/dev/fd").iterdir(), *asyncio.all_tasks()}
