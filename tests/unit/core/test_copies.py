"""Which images are copied, and how what the store has is translated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json, structs

from medusa_sync.core.change import creation
from medusa_sync.core.kinds.copies import by_record, by_source, expected
from medusa_sync.core.kinds.copying import NEVER, PUBLIC, Copies, Copy, Copying, Failure, mark_of
from medusa_sync.core.plan import plan_update
from medusa_sync.core.record import Record
from medusa_sync.core.recorded import final_record
from medusa_sync.core.selection import ALL, PlanSettings
from medusa_sync.core.stored import StoredImage, StoredProduct
from tests.unit.builders import desired_product

HOUR, DAY = 3_600, 86_400


def test_pauses_grow_to_a_week() -> None:
    failure, pauses = NEVER, []
    for _ in range(12):
        failure = failure.next(1_000)
        pauses.append(failure.again - 1_000)
    assert pauses[:4] == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 7 * DAY


@pytest.mark.parametrize(
    ("hosts", "url", "is_taken"),
    [
        ({PUBLIC}, "https://a.example/1.png", True),
        ({PUBLIC}, "HTTP://A.example:8080/1.png", True),
        ({"a.example"}, "https://A.Example./1.png", True),
        ({"a.example"}, "https://b.example/1.png", False),
        ({"a.example"}, "https://a.example.evil.example/1.png", False),
        ({"a.example"}, "https://a.example@evil.example/1.png", False),
        ({"::1"}, "http://[::1]:9000/1.png", True),
        ({PUBLIC}, "ftp://a.example/1.png", False),
        ({PUBLIC}, "data:image/png;base64,AAAA", False),
        ({PUBLIC}, "https://[1.png", False),
        ({PUBLIC}, "/1.png", False),
    ],
)
def test_the_host_decides(hosts: set[str], url: str, is_taken: bool) -> None:  # noqa: FBT001 - a column
    assert Copying(frozenset(hosts), 0).takes(url, {}, ()) is is_taken


def test_what_is_known_or_waits_is_not_taken() -> None:
    url = "https://a.example/1.png"
    copying = Copying(frozenset({PUBLIC}), 1_000)
    assert not copying.takes(url, {}, [url])
    for again, is_taken in ((1_001, False), (1_000, True)):
        failed = {mark_of(url): Failure(1, again)}
        assert copying.takes(url, failed, ()) is is_taken
        assert structs.replace(copying, failed=failed).takes(url, {}, ()) is is_taken


def test_a_run_that_asks_again_takes_each_image_once() -> None:
    url, other = "https://a.example/1.png", "https://a.example/2.png"
    made = (Copy(other, "https://s.example/2"),)
    copying = Copying(frozenset({PUBLIC}), 1_000, again=True, made=made)
    desired = structs.replace(desired_product(images=[url, other], thumbnail=None), copying=copying)
    failed = {mark_of(url): Failure(1, 2_000)}
    record = Record(copies=Copies((Copy(url, "https://s.example/1"), *made), failed))
    product = by_record(stored("https://s.example/1", "https://s.example/2", copies=record.copies))
    assert expected(desired, record, ALL) == {url: True, other: True}
    assert plan_update(desired, product, PlanSettings()).copies.to_copy == [url]
    desired = structs.replace(desired, copying=structs.replace(copying, failed=failed))
    assert plan_update(desired, product, PlanSettings()).copies.to_copy == []


def stored(*urls: str, copies: Copies | None = None) -> StoredProduct:
    images = tuple(StoredImage(f"img_{number}", url) for number, url in enumerate(urls))
    return StoredProduct("prod_1", "a:1", Record(copies=copies), images=images, thumbnail=urls[0])


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5, unique=True), st.data())
def test_copies_are_called_by_the_url_of_the_source(names: list[str], data: st.DataObject) -> None:
    """Whether the record knows them, or only their names show it; twice is as once."""
    images = [f"https://old.example/{name}.png" for name in names]
    copies = [Copy(url, f"https://s.example/1-shirt-{mark_of(url)}-01J.png") for url in images]
    known = data.draw(st.lists(st.sampled_from(copies), unique=True))
    raw = data.draw(st.lists(st.sampled_from(images), unique=True))
    desired = desired_product(images=images, thumbnail=images[0])
    urls = [each.source if each.source in raw else each.url for each in copies]
    product = by_record(stored(*urls, "https://m.example/own.png", copies=Copies(files=tuple(known))))
    once = by_source(product, desired)
    assert [each.url for each in once.images] == [*images, "https://m.example/own.png"]
    assert once.thumbnail == images[0]
    assert once.files == {each.source: {each.url} for each in copies if each.source not in raw}
    assert by_source(once, desired) == once


def test_a_record_keeps_copies_in_use_and_the_latest_others() -> None:
    desired = desired_product(images=["https://old.example/1.png"], thumbnail=None)
    made = tuple(
        Copy(f"https://old.example/{number}.png", f"https://s.example/{number}") for number in range(20)
    )
    copying = Copying(frozenset({PUBLIC}), 0, made=made)
    record = final_record(creation(structs.replace(desired, copying=copying), "shirt"))
    assert record.copies is not None
    assert [each.url[-2:] for each in record.copies.files] == [
        "/1",
        *(str(number) for number in range(12, 20)),
    ]
    assert record.copies.done
    assert json.decode(json.encode(record), type=Record) == record


def test_a_product_without_copies_has_no_word_about_them_in_its_record() -> None:
    assert final_record(creation(desired_product(), "shirt")).copies is None
