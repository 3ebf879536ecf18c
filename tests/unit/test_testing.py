"""The tests for sources of other packages find what they are for."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from medusa_sync import Item, ItemSource, PageOfItems, SourceError, testing
from medusa_sync.testing import PRODUCTS, Product, SourceTests

PAGE = 50


class Source(ItemSource):
    """A list, with a file that is open as long as it is read, and a fault."""

    def __init__(self, products: Sequence[Product], fault: str = "", *, is_shifting: bool = False) -> None:
        self._products = products
        self._is_shifting = is_shifting
        self._remembered: list[Product] = []
        self._fault = fault
        self._opened: list[IO[bytes]] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def pages(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:  # noqa: ARG002 - it may send more
        file = Path(__file__).open("rb")  # noqa: ASYNC230, SIM115 - it may be left open
        self._opened.append(file)
        try:
            for start in range(0, len(self._products), PAGE):
                if start and self._fault == "cut off":
                    raise SourceError("the connection broke")
                if start and self._fault == "crashes":
                    raise ValueError("oops")
                if start and self._fault == "ends":
                    return
                if start and self._fault == "exits":
                    sys.exit()
                if start and self._fault == "prints":
                    print(f"{start} products")
                if start and self._fault == "blocks":
                    time.sleep(2.1)  # noqa: ASYNC251 - that is the fault
                if self._fault == "task":
                    self._tasks.append(asyncio.create_task(asyncio.sleep(60)))
                rows = self._products[start : start + PAGE]
                if self._fault == "drops":
                    rows = [each for each in rows if each["title"]]
                yield PageOfItems(tuple(Item(dict(row)) for row in rows), None)
                if not start and self._is_shifting:
                    self._products, self._is_shifting = self._products[1:], False
                if self._fault == "remembers":
                    self._remembered += rows
            if self._fault == "once":
                self._products = self._products[:-1]
            if self._fault == "remembers":
                self._products, self._remembered = self._remembered, []
        finally:
            if self._fault != "leak":
                file.close()

    async def category_names(self) -> Mapping[str, str]:
        if self._fault == "names":
            raise ValueError("oops")
        return {"mugs": None} if self._fault == "none" else {}  # type: ignore[dict-item]  # that is the fault


class Suite(SourceTests):
    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def source(self, products: Sequence[Product], folder: Path) -> ItemSource:
        del folder
        return Source(products, "" if self.fault in {"ends", "crashes", "exits"} else self.fault)

    def cut_off(self, products: Sequence[Product], folder: Path) -> ItemSource:
        del folder
        return Source(products, self.fault if self.fault in {"ends", "crashes", "exits"} else "cut off")

    def repeating(self, products: Sequence[Product], folder: Path) -> ItemSource | None:
        del folder
        return Source(products, "cut off") if self.fault != "repeats" else Source(products)

    def shifting(self, products: Sequence[Product], folder: Path) -> ItemSource | None:
        del folder
        return Source(products, self.fault if self.fault == "remembers" else "", is_shifting=True)


CHECKS: dict[str, Callable[[Suite, Path], None]] = {
    "all": Suite.test_all_products_arrive_once,
    "none": Suite.test_a_source_without_products_has_none_or_says_so,
    "again": Suite.test_it_can_be_read_again,
    "limit": Suite.test_a_limit_leaves_as_many_products,
    "early": Suite.test_a_source_that_ends_early_raises_an_error,
    "repeats": Suite.test_a_source_that_repeats_itself_does_not_go_on_forever,
    "moves": Suite.test_a_product_that_moves_between_pages_is_in_one_of_two_readings,
    "names": Suite.test_names_of_categories_are_texts,
    "prints": lambda tests, folder: tests.test_it_prints_nothing_to_stdout(False, folder),  # noqa: FBT003 - a parameter of a test
    "prints before an error": lambda tests, folder: tests.test_it_prints_nothing_to_stdout(True, folder),  # noqa: FBT003 - the same
    "broken": Suite.test_a_broken_product_arrives_and_the_others_are_not_affected,
    "closed": lambda tests, folder: tests.test_it_stops_at_once("closed", folder),
    "cancelled": lambda tests, folder: tests.test_it_stops_at_once("cancelled", folder),
    "closes": lambda tests, folder: tests.test_it_closes_what_it_opens(False, folder),  # noqa: FBT003 - a parameter of a test
    "closes after an error": lambda tests, folder: tests.test_it_closes_what_it_opens(True, folder),  # noqa: FBT003 - the same
}
FAULTS = {
    "": set[str](),
    "ends": {"early"},
    "crashes": {"early", "closes after an error", "prints before an error"},
    "exits": {"early", "closes after an error", "prints before an error"},
    "prints": {"prints"},
    "names": {"names"},
    "none": {"names"},
    "remembers": {"moves"},
    "drops": {"broken"},
    "once": {"again"},
    "repeats": {"repeats"},
    "leak": {"closes", "closed", "cancelled"},
    "task": {"closes", "closed", "cancelled"},
    "blocks": {"cancelled"},
}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_by_the_tests_that_it_concerns(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "PRODUCTS", PRODUCTS[: 2 * PAGE + 20])
    failed = set()
    for name, check in CHECKS.items():
        if fault == "blocks" and name != "cancelled":  # each page takes long
            continue
        try:
            check(Suite(fault), tmp_path)
        except (AssertionError, ValueError, pytest.fail.Exception):
            failed.add(name)
    assert failed == FAULTS[fault]


def test_a_source_that_cannot_repeat_itself_is_not_asked_to(tmp_path: Path) -> None:
    class Others(Suite):
        repeating = SourceTests.repeating
        shifting = SourceTests.shifting

    with pytest.raises(pytest.skip.Exception):
        Others().test_a_source_that_repeats_itself_does_not_go_on_forever(tmp_path)
    with pytest.raises(pytest.skip.Exception):
        Others().test_a_product_that_moves_between_pages_is_in_one_of_two_readings(tmp_path)
    with pytest.raises(TypeError):
        SourceTests()  # type: ignore[abstract]  # that is what is tested
