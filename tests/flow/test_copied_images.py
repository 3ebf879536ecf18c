"""Images are copied to the store."""

import json
import logging
import re
import time
from collections.abc import Collection
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import AFTER, FAULTS, Killed, fault_at, no, refuse, strike
from tests.flow.stage import (
    ListSource,
    Signal,
    Watcher,
    apply,
    copies_of,
    counts,
    is_write,
    record_of,
    sync,
    undone,
    writes,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.files import STATIC
from tests.harness.picture_server import PNG, PictureServer, picture, pictured
from tests.harness.runs import document as text_of
from tests.harness.runs import save as save_plan
from tests.tiers import some

HOST = "old.example"
Rows = list[dict[str, Any]]


def shirts(count: int = 3) -> Rows:
    """Products with two images of their own, and one that all of them have."""
    return [
        {
            "id": number,
            "title": f"Shirt {number}",
            "price": 10,
            "images": [url(f"{number}/a.png"), url(f"{number}/b.png?v=1"), url("logo.png")],
            "thumbnail": url(f"{number}/a.png"),
        }
        for number in range(1, count + 1)
    ]


def one_image() -> Rows:
    """A product with an image."""
    return [{"id": 1, "title": "Shirt", "price": 10, "images": [url("a.png")], "thumbnail": url("a.png")}]


def url(path: str) -> str:
    return f"https://{HOST}/{path}"


def copy(source: Any, store: FakeMedusa, pictures: PictureServer | None = None, **changes: Any) -> RunResult:
    changes = {"copy_images": HOST, "max_retries": 0, **changes}
    return sync(source, store, pictures=pictures or PictureServer(), **changes)


def sources_of(store: FakeMedusa, shown: str) -> str:
    """The URL of the image that a URL of the store shows."""
    file = store.state.files.get(shown.removeprefix(STATIC))
    return pictured(file.content) if file else shown


def images_of(store: FakeMedusa, number: int) -> list[str]:
    """What the images of a product show, and its thumbnail."""
    product = store.products[f"dummyjson:{number}"]
    shown = [*(image.url for image in product.images), product.thumbnail or ""]
    return [sources_of(store, each) for each in shown]


def assert_copied(rows: Rows, store: FakeMedusa, *, but: Collection[str] = ()) -> None:
    """Each product has each of its images once, from the store."""
    for row in rows:
        product = store.products[f"dummyjson:{row['id']}"]
        wanted = [*row.get("images", ()), row.get("thumbnail") or ""]
        assert sorted(images_of(store, row["id"])[:-1]) == sorted(wanted[:-1]), row["id"]
        assert images_of(store, row["id"])[-1] == wanted[-1]
        shown = {*(image.url for image in product.images), product.thumbnail or ""}
        assert {each for each in shown if not each.startswith(STATIC)} <= {*but}, row["id"]


def left_in(result: RunResult) -> str:
    """What a result says about images that are left."""
    return next((note for note in result.notes if note.code == "W408"), "")


def assert_quiet(source: ListSource, store: FakeMedusa, **changes: Any) -> RunResult:
    """The next run reads the store once, and asks for no image."""
    store.requests.clear()
    pictures = PictureServer()
    result = copy(source, store, pictures, **changes)
    assert counts(result) == {"unchanged": len(source.rows)}, list(result.problems)
    assert (writes(store), pictures.requests) == ([], [])
    return result


def test_new_products_refer_to_copies() -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    result = copy(source, store, pictures)
    assert counts(result) == {"created": 3}
    assert_copied(source.rows, store)
    assert sorted(pictures.requests) == sorted({*pictures.requests})
    assert len(store.state.files) == len(pictures.requests) == 7
    assert "Images copied to the store: 7." in result.notes
    assert len(store.requests) - len(writes(store)) < 10
    assert_quiet(source, store)
    assert len(store.requests) == 1


def test_a_synced_store_gets_copies_once_that_is_accepted() -> None:
    source, store = ListSource(shirts()), FakeMedusa()
    sync(source, store)
    before = {image.id for product in store.products.values() for image in product.images}
    assert copy(source, store).exit_code == 6
    result = copy(source, store, accept_settings=True)
    assert counts(result) == {"updated": 3}
    assert_copied(source.rows, store)
    assert {image.id for product in store.products.values() for image in product.images} == before
    assert_quiet(source, store)
    store.requests.clear()
    assert sync(source, store).exit_code == 6
    assert counts(sync(source, store, accept_settings=True)) == {"unchanged": 3}
    assert_copied(source.rows, store)


class Follower(Watcher):
    """An observer that follows images, too; others do not have to."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[tuple[int, int]] = []

    def copied(self, done: int, total: int) -> None:
        self.images.append((done, total))


@pytest.mark.parametrize("only", [None, "price"])
def test_progress_counts_images_of_images(only: str | None) -> None:
    source, store, pictures, follower = ListSource(shirts()), FakeMedusa(), PictureServer(), Follower()
    sync(source, store)
    kept = store.products["dummyjson:1"].images[1:]
    body = [{"id": each.id, "url": each.url} for each in kept]
    store.call("POST", f"/admin/products/{store.products['dummyjson:1'].id}", {"images": body})
    pictures.faults[url("2/a.png")] = httpx.Response(404)
    copy(source, store, pictures, watcher=follower, only=only, accept_settings=True)
    expected = [(0, 7), (1, 7), (2, 7), (3, 7), (4, 7), (5, 7), (6, 7), (7, 7)]
    assert [*dict.fromkeys(follower.images)] == (expected if only is None else [])


# --- faults ---


def is_upload(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path == "/admin/uploads"


def is_write_of_product(request: httpx.Request) -> bool:
    return request.method == "POST" and not is_upload(request)


def later(seconds: float) -> Any:
    """Runs see a later time."""
    now = time.time()
    return patch.object(time, "time", lambda: now + seconds)


def redirect_to(target: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": target})


BROKEN: dict[str, Any] = {
    "404": httpx.Response(404),
    "HTML": httpx.Response(200, html="<p>Log in</p>"),
    "HTML that says it is an image": httpx.Response(
        200, headers={"content-type": "image/png"}, text="<script>"
    ),
    "an image that says it is HTML": httpx.Response(
        200, headers={"content-type": "text/html"}, content=PNG + b"1"
    ),
    "SVG": httpx.Response(200, headers={"content-type": "image/svg+xml"}, text="<svg/>"),
    "too large": httpx.Response(200, headers={"content-type": "image/png"}, content=PNG + bytes(10 * 2**20)),
    "no connection": httpx.ConnectError("refused"),
    "cut off": httpx.RemoteProtocolError("closed"),
    "to another host": redirect_to("https://elsewhere.example/a.png"),
    "to a private address": redirect_to("http://127.0.0.1/a.png"),
    "to a file": redirect_to("file:///etc/passwd"),
    "to itself": redirect_to(url("1/a.png")),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_an_image_that_cannot_be_copied_keeps_its_url_and_is_tried_again(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    broken = url("1/a.png")
    pictures.faults[broken] = BROKEN[fault]
    result = copy(source, store, pictures)
    assert (counts(result), result.exit_code) == ({"created": 3}, 0)
    assert_copied(source.rows, store, but=[broken])
    waiting = "source: 1 (failed, and tried again later: 1)."
    assert waiting in left_in(result)
    [line] = [each for each in caplog.records if getattr(each, "event", "") == "image_not_copied"]
    assert "dummyjson:1 keeps its URL at the source, https://old.example/1/a.png: " in line.getMessage()
    assert {*pictures.requests} <= {broken, *all_images(source.rows)}
    assert waiting in left_in(assert_quiet(source, store))
    with later(3_500):
        assert_quiet(source, store)
    with later(3_700):  # not yet there
        result = copy(source, store, pictures)
        assert counts(result) == {"unchanged": 3}
        assert waiting in left_in(result)
        assert_quiet(source, store)
    with later(2 * 3_600):
        assert_quiet(source, store)
    pictures.faults.clear()
    with later(4 * 3_600):
        assert counts(copy(source, store, pictures)) == {"unchanged": 2, "updated": 1}
        assert_copied(source.rows, store)
        assert left_in(assert_quiet(source, store)) == ""


def test_an_image_that_failed_while_the_clock_was_a_year_ahead_is_tried_again() -> None:
    source, store, pictures = ListSource(one_image()), FakeMedusa(), PictureServer()
    pictures.faults[url("a.png")] = BROKEN[next(iter(BROKEN))]
    with later(365 * 86_400):
        copy(source, store, pictures)
    pictures.faults.clear()
    copy(source, store, pictures)
    assert_copied(source.rows, store)


def all_images(rows: Rows) -> set[str]:
    return {each for row in rows for each in row["images"]}


def test_an_image_that_several_products_have_is_counted_once_while_it_fails() -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    pictures.faults[url("logo.png")] = httpx.Response(404)
    waiting = "source: 1 (failed, and tried again later: 1)."
    assert waiting in left_in(copy(source, store, pictures))
    assert waiting in left_in(assert_quiet(source, store))
    with later(3_700):
        assert waiting in left_in(copy(source, store, pictures))
    source.rows[0]["price"] = 11  # that of one product is tried again, too
    with later(4 * 3_600):
        assert waiting in left_in(copy(ListSource(source.rows[:1]), store, pictures))
    pictures.faults.clear()
    with later(9 * 3_600):
        assert left_in(copy(source, store, pictures)) == ""


def test_a_new_image_is_copied_while_another_one_of_the_product_waits() -> None:
    source, store, pictures = ListSource(shirts(1)), FakeMedusa(), PictureServer()
    pictures.faults[url("1/a.png")] = httpx.Response(404)
    copy(source, store, pictures)
    source.rows[0]["images"].append(url("1/new.png"))
    source.rows[0]["price"] = 11
    pictures.requests.clear()
    assert counts(copy(source, store, pictures)) == {"updated": 1}
    assert pictures.requests == [url("1/new.png")]
    assert_copied(source.rows, store, but=[url("1/a.png")])
    assert_quiet(source, store)


@pytest.mark.parametrize(("status", "is_stored"), [(403, False), (413, False), (500, False), (500, True)])
def test_a_file_provider_that_fails_costs_no_product(status: int, *, is_stored: bool) -> None:
    source, store, pictures = ListSource(shirts(9)), FakeMedusa(), PictureServer()
    if is_stored:
        sync(source, store)
    hit = refuse(store, is_upload, httpx.Response(status, json={"message": "No."}))
    result = copy(source, store, pictures, accept_settings=True)
    assert (counts(result), result.exit_code) == ({"unchanged" if is_stored else "created": 9}, 0)
    assert_copied(source.rows, store, but=all_images(source.rows))
    assert len(hit) < 15  # it is not asked for each image
    store.before = None
    assert "updated" in counts(copy(source, store, pictures)), "images that were not tried"
    with later(3_700):
        assert counts(copy(source, store, pictures)) == {"updated": 9}
    assert_copied(source.rows, store)
    with later(3_800):
        assert_quiet(source, store)


def test_an_upload_whose_response_is_lost_is_sent_again() -> None:
    source, store = ListSource(one_image()), FakeMedusa()
    strike(store, "after", is_upload, httpx.ReadError("reset"))
    result = copy(source, store, max_retries=1)
    assert_copied(source.rows, store)
    assert len(store.state.files) == 2
    assert [note for note in result.notes if note.code == "W409"]
    assert_quiet(source, store)


# --- several images in an upload ---


def names_in(request: Any) -> list[str]:
    """The names of the files of an upload."""
    return [name.decode() for name in re.findall(rb'filename="([^"]+)"', request.content)]


def is_upload_of_several(request: httpx.Request) -> bool:
    return is_upload(request) and len(names_in(request)) > 1


def uploads(store: FakeMedusa) -> list[list[str]]:
    """The names of the files of each upload."""
    return [names_in(each) for each in store.requests if each.path == "/admin/uploads"]


def test_images_that_wait_are_uploaded_together() -> None:
    source, store = ListSource(shirts(30)), FakeMedusa()
    copy(source, store)
    assert_copied(source.rows, store)
    sent = uploads(store)
    assert len({name for names in sent for name in names}) == sum(map(len, sent)) == 61
    assert max(map(len, sent)) == 10
    assert len(sent) < 20
    assert_quiet(source, store)


def test_an_upload_is_not_longer_than_the_longest_image() -> None:
    source, store, pictures = ListSource(shirts(2)), FakeMedusa(), PictureServer()
    for each in all_images(source.rows):
        headers = {"content-type": "image/png"}
        pictures.faults[each] = httpx.Response(200, headers=headers, content=picture(each, 4 * 2**20))
    copy(source, store, pictures)
    assert_copied(source.rows, store)
    assert max(map(len, uploads(store))) == 2


@pytest.mark.parametrize("status", [400, 413])
def test_an_image_that_the_store_refuses_fails_alone(status: int, caplog: pytest.LogCaptureFixture) -> None:
    source, store = ListSource(shirts(9)), FakeMedusa()
    bad = url("5/a.png")

    def is_refused(request: httpx.Request) -> bool:
        return is_upload(request) and bad.encode() in request.content

    hit = refuse(store, is_refused, no(status))
    result = copy(source, store)
    assert counts(result) == {"created": 9}
    assert [len(names_in(each)) > 1 for each in hit] == [True, False]
    assert_copied(source.rows, store, but=[bad])
    assert len(store.state.files) == 18
    [line] = [each for each in caplog.records if getattr(each, "event", "") == "image_not_copied"]
    assert bad in line.getMessage()
    assert [note for note in result.notes if note.code == "W409"] == []


FEWER: dict[str, Any] = {
    "none": httpx.ReadError("reset"),
    "500": httpx.Response(500),
    "not JSON": httpx.Response(200, html="<p>Log in</p>"),
    "no files": httpx.Response(200, json={"files": []}),
    "one file": httpx.Response(200, json={"files": [{"id": "1.png", "url": f"{STATIC}1.png"}]}),
}


@pytest.mark.parametrize("answer", FEWER)
def test_images_go_alone_if_the_answer_to_their_upload_cannot_be_used(answer: str) -> None:
    source, store = ListSource(shirts(9)), FakeMedusa()
    hit = strike(store, "after", is_upload_of_several, FEWER[answer])
    result = copy(source, store)
    assert counts(result) == {"created": 9}
    assert_copied(source.rows, store)
    lost = names_in(hit[0])
    assert [names for names in uploads(store) if {*names} & {*lost}] == [lost, *([name] for name in lost)]
    assert len(store.state.files) == 19 + len(lost)
    [note] = [note for note in result.notes if note.code == "W409"]
    assert f"response: {len(lost)}. " in note
    assert_quiet(source, store)


def test_an_upload_whose_answer_has_no_file_costs_only_its_image() -> None:
    source, store = ListSource(one_image()), FakeMedusa()
    refuse(store, is_upload, httpx.Response(200, json={"files": []}))
    result = copy(source, store)
    assert counts(result) == {"created": 1}
    assert_copied(source.rows, store, but=all_images(source.rows))
    [note] = [note for note in result.notes if note.code == "W409"]
    assert "response: 1. " in note


def test_a_file_without_a_url_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    source, store = ListSource(one_image()), FakeMedusa()
    refuse(store, is_upload, httpx.Response(200, json={"files": [{"id": "a.png", "url": "up/a.png"}]}))
    assert counts(copy(source, store)) == {"created": 1}
    assert_copied(source.rows, store, but=all_images(source.rows))
    assert "the file provider of the store gives it no URL, but 'up/a.png'" in caplog.text


def test_a_run_that_is_stopped_sends_no_more_uploads() -> None:
    source, store, stop = ListSource(shirts(30)), FakeMedusa(), Signal()
    strike(store, "after", is_upload, stop.run_out)
    copy(source, store, stop=stop)
    assert len(uploads(store)) <= 3
    assert store.state.files == {}


@pytest.mark.parametrize("before", ["empty", "synced"])
def test_a_product_that_the_store_refuses_leaves_no_files(before: str) -> None:
    """Otherwise each later run would leave some more."""
    source, store = ListSource(shirts()), FakeMedusa()
    if before == "synced":
        sync(source, store)
    own = store.products["dummyjson:2"].id if before == "synced" else '"dummyjson:2"'

    def is_refused(request: httpx.Request) -> bool:
        return is_write_of_product(request) and own in request.content.decode()

    refuse(store, is_refused, no())
    result = copy(source, store, accept_settings=True)
    assert counts(result) == {"created" if before == "empty" else "updated": 2, "failed": 1}
    assert_copied([source.rows[0], source.rows[2]], store)
    used = {image.url for product in store.products.values() for image in product.images}
    assert {f"{STATIC}{each}" for each in store.state.files} <= used
    assert len(store.state.files) == 5


def test_files_that_cannot_be_deleted_cost_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    source, store = ListSource(one_image()), FakeMedusa()
    refuse(store, lambda each: each.method == "DELETE" or is_write_of_product(each), no())
    with caplog.at_level(logging.INFO):
        assert counts(copy(source, store)) == {"failed": 1}
    assert [each for each in caplog.records if getattr(each, "event", "") == "files_kept"]


@pytest.mark.parametrize("fault", ["timed out after", "500 after"])
def test_a_lost_response_deletes_no_files(fault: str) -> None:
    """A run that ends without knowing whether the product was written keeps what it may refer to."""
    source, store = ListSource(shirts(1)), FakeMedusa()
    strike(store, "after", is_write_of_product, AFTER[fault], once=False)
    copy(source, store)
    store.after = None
    assert len(store.state.files) == 3
    assert_copied(source.rows, store)


def test_the_source_of_an_image_gets_neither_cookies_nor_credentials() -> None:
    source, store, pictures = ListSource(shirts(1)), FakeMedusa(), PictureServer()
    answer = httpx.Response(302, headers={"set-cookie": "a=b", "location": url("1/b.png?v=1")})
    pictures.faults[url("1/a.png")] = answer
    copy(source, store, pictures, source_authorization="Bearer hush")
    assert len(store.state.files) == 3
    assert all({"authorization", "cookie"}.isdisjoint(each) for each in pictures.headers)


def test_names_of_files_come_from_the_handle() -> None:
    rows = shirts(1)
    rows[0]["handle"] = "übel..%2f.."
    store = FakeMedusa()
    copy(ListSource(rows), store)
    for each in store.state.files.values():
        assert re.fullmatch(r"\d+-ubel-2f-[0-9a-f]{12}\.png", each.id), each.id


# --- a run that ends early ---


def with_sizes(rows: Rows) -> Rows:
    """The products with two variants, which have images of their own, too."""
    return [
        row
        | {
            "variants": [
                {
                    "id": f"{row['id']}{size}",
                    "price": 1,
                    "options": {"Size": size},
                    "image": url(f"{row['id']}/{size}.png"),
                }
                for size in "SM"
            ]
        }
        for row in rows
    ]


@pytest.mark.parametrize("before", ["empty", "synced", "changed"])
def test_any_fault_at_any_write_leaves_each_picture_once(before: str) -> None:
    source, start = ListSource(with_sizes(shirts(2))), FakeMedusa()
    if before == "synced":
        sync(source, start)
    elif before == "changed":
        copy(source, start)
        for row in source.rows:
            row["images"] = [url(f"{row['id']}/new.png"), *row["images"][1:]]
            row["variants"][0]["image"] = url(f"{row['id']}/new.png")
    fresh = copies_of(start)
    cases = [(number, fault) for number in range(1, 16) for fault in FAULTS]
    for number, fault in some(cases, 8):
        store = fresh()
        hit = fault_at(store, number, fault)
        with suppress(Killed):
            copy(source, store, accept_settings=True)
        store.before = store.after = None
        with later(2 * 3_600):
            for _ in range(2):
                copy(source, store, accept_settings=True)
            assert_copied(source.rows, store)
            for row in source.rows:
                variants = store.products[f"dummyjson:{row['id']}"].variants
                thumbnails = [each.thumbnail for each in variants if each.thumbnail]
                is_upload_hit = all(map(is_upload, hit))
                assert thumbnails or not is_upload_hit  # the ordinary route takes none for new variants
                assert all(each.startswith(STATIC) for each in thumbnails), (number, fault)
                wanted = {each["image"] for each in row["variants"]}
                assert {sources_of(store, each) for each in thumbnails} in (wanted, set()), (number, fault)
            assert_quiet(source, store)


def test_a_run_that_is_killed_between_a_product_and_its_variants_is_completed() -> None:
    source, store = ListSource(with_sizes(shirts(1))), FakeMedusa()
    sync(source, store)
    strike(store, "after", is_write_of_product, Killed())
    with pytest.raises(Killed):
        copy(source, store, accept_settings=True)
    store.after = None
    assert store.products["dummyjson:1"].images[0].url.startswith(STATIC)
    copy(source, store, accept_settings=True)
    thumbnails = [each.thumbnail or "" for each in store.products["dummyjson:1"].variants]
    assert all(each.startswith(STATIC) for each in thumbnails)
    assert_quiet(source, store)


def test_a_file_that_a_product_shows_stays_although_another_run_has_recorded_its_own() -> None:
    """Both have copied it, and the other one confirms its write while this one writes."""
    store = FakeMedusa()
    copy(ListSource(one_image()), store)
    [row] = one_image()
    source = ListSource([row | {"images": [url("b.png")], "thumbnail": url("b.png"), "price": 11}])

    def confirm(request: httpx.Request, *_: object) -> None:
        if is_write(request) and b'"images"' in request.content:
            for file in record_of(store, 1)["copies"]["files"]:
                file[1] += "?other" if file[0] == url("b.png") else ""

    store.after = confirm
    copy(source, store)
    store.after = None
    assert images_of(store, 1) == [url("b.png"), url("b.png")]


def test_a_run_that_is_stopped_goes_on_where_it_was_and_leaves_no_unused_files() -> None:
    source, store, pictures = ListSource(shirts(60)), FakeMedusa(), PictureServer()
    for row in source.rows[1:]:
        del row["images"][2]
    sync(source, store)
    for number in range(12):
        stop, count = Signal(), len(pictures.requests)

        def run_out(stop: Signal = stop, count: int = count) -> httpx.Response:
            if len(pictures.requests) - count > 70:
                stop.run_out()
            own = pictures.requests[-1]
            return httpx.Response(200, headers={"content-type": "image/png"}, content=picture(own))

        pictures.faults["*"] = run_out
        result = copy(source, store, pictures, stop=stop, accept_settings=not number)
        left = 121 - len(store.state.files)
        note = f"source: at least {left} (left for the next run: {left})."
        assert left_in(result).endswith(note) if left else not left_in(result)
        used = {image.url for product in store.products.values() for image in product.images}
        assert {f"{STATIC}{each}" for each in store.state.files} <= used
        if not result.error:
            break
    assert not result.error
    assert_copied(source.rows, store)
    assert_quiet(source, store)


# --- what is wanted changes ---


def test_images_come_and_go() -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    copy(source, store, pictures)
    old = source.rows[0]["images"]
    source.rows[0]["images"] = [url("1/c.png"), old[2]]
    result = copy(source, store, pictures)
    [change] = [each for each in outcomes(result)["dummyjson:1"].changes if each.field == "images"]
    assert (set(change.stored), set(change.planned)) == ({*old}, {*source.rows[0]["images"]})
    assert_copied(source.rows, store)
    assert_quiet(source, store)
    source.rows[0]["price"] = 12
    copy(source, store)
    pictures.requests.clear()
    source.rows[0]["images"] = old
    copy(source, store, pictures)
    assert (sorted(images_of(store, 1)[:-1]), pictures.requests) == (sorted(old), [])
    assert_quiet(source, store)


def outcomes(result: RunResult) -> dict[str | None, Any]:
    return {each.external_id: each for each in result.changes}


def test_an_image_that_the_merchant_removed_is_not_copied() -> None:
    source, store, pictures = ListSource(shirts(1)), FakeMedusa(), PictureServer()
    sync(source, store)
    product = store.products["dummyjson:1"]
    kept = [{"id": each.id, "url": each.url} for each in product.images[:1]]
    store.call("POST", f"/admin/products/{product.id}", {"images": kept})
    copy(source, store, pictures, accept_settings=True)
    assert pictures.requests == [url("1/a.png")]
    assert_quiet(source, store)


def test_a_lost_record_does_not_double_pictures() -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    copy(source, store)
    for product in store.products.values():
        product.metadata = {}
    copy(source, store, pictures, accept_settings=True)
    assert_copied(source.rows, store)
    assert pictures.requests == []
    assert_quiet(source, store)


@pytest.mark.parametrize("name", ["b.png", "a-name-with-which-a-record-keeps-a-digest.png"])
@pytest.mark.parametrize("on_conflict", ["source", "store"])
def test_an_image_that_only_another_run_could_copy_goes_with_the_source(on_conflict: str, name: str) -> None:
    """That run wrote the product, and the one that could not copy the image recorded it afterwards."""
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    source.rows[0]["images"][1] = url(name)
    pictures.faults[url(name)] = httpx.Response(404)
    copy(source, store, pictures)
    failed = deepcopy(store.products["dummyjson:1"].metadata)
    with later(3 * 3_600):
        copy(source, store)
    store.products["dummyjson:1"].metadata = failed
    assert_copied(source.rows, store)
    del source.rows[0]["images"][1]
    copy(source, store, on_conflict=on_conflict)
    assert_copied(source.rows, store)
    assert_quiet(source, store)


def test_a_product_that_shows_a_copy_of_a_former_image_is_adopted() -> None:
    """Its external id and its record are lost, and the source has one image less."""
    source, store = ListSource(shirts(1)), FakeMedusa()
    copy(source, store)
    own = store.products["dummyjson:1"].id
    store.call("POST", f"/admin/products/{own}", {"external_id": None, "metadata": {"medusa_sync": ""}})
    del source.rows[0]["images"][1]
    assert counts(copy(source, store, adopt=True)) == {"updated": 1}
    assert store.products["dummyjson:1"].id == own
    assert_quiet(source, store)


def test_images_of_other_hosts_stay_there() -> None:
    rows = shirts(1)
    rows[0]["images"] = [other := "https://cdn.example/x.png", url("1/b.png")]
    source, store, pictures = ListSource(rows), FakeMedusa(), PictureServer()
    copy(source, store, pictures)
    assert_copied(rows, store, but=[other])
    assert_quiet(source, store)
    assert copy(source, store, copy_images=f"{HOST},cdn.example").exit_code == 6
    copy(source, store, copy_images=f"cdn.example,{HOST}", accept_settings=True)
    assert_copied(rows, store)
    assert_quiet(source, store, copy_images=f"{HOST},cdn.example")


def test_other_hosts_do_not_wait_for_what_failed_before() -> None:
    """The address of the image may have been private, and is named now."""
    source, store, pictures = ListSource(shirts(2)), FakeMedusa(), PictureServer()
    for path in ("1/a.png", "2/a.png"):
        pictures.faults[url(path)] = httpx.Response(404)
    copy(source, store, pictures)
    del pictures.faults[url("1/a.png")]
    named = {"copy_images": f"{HOST},cdn.example"}
    result = copy(source, store, pictures, accept_settings=True, **named)
    assert counts(result) == {"updated": 1, "unchanged": 1}
    assert_copied(source.rows, store, but=[url("2/a.png")])
    assert "source: 1 (failed, and tried again later: 1)." in left_in(result)
    with later(3_500):
        assert_quiet(source, store, **named)


# --- images that are asked for again ---


def again(source: Any, store: FakeMedusa, pictures: PictureServer, **changes: Any) -> RunResult:
    """A run that asks for all images again."""
    pictures.requests.clear()
    pictures.unchanged.clear()
    return copy(source, store, pictures, overwrite=True, only="images", **changes)


def assert_current(rows: Rows, store: FakeMedusa, pictures: PictureServer) -> None:
    """Each product has each of its images as the source has it now."""
    assert_copied(rows, store)
    for row in rows:
        product = store.products[f"dummyjson:{row['id']}"]
        variants = (each.thumbnail for each in product.variants)
        for shown in filter(None, (*(each.url for each in product.images), product.thumbnail, *variants)):
            own = sources_of(store, shown)
            content = store.state.files[shown.removeprefix(STATIC)].content
            assert content == picture(own, version=pictures.versions[own]), (row["id"], own)


@pytest.mark.parametrize("validator", ["etag", "last-modified"])
def test_only_images_that_have_changed_are_copied_again(validator: str) -> None:
    source, store, pictures = ListSource(with_sizes(shirts())), FakeMedusa(), PictureServer(validator)
    copy(source, store, pictures)
    count, urls = len(store.state.files), sorted({*pictures.requests})
    store.requests.clear()
    assert counts(again(source, store, pictures)) == {"unchanged": 3}
    assert (sorted(pictures.requests), sorted(pictures.unchanged)) == (urls, urls)
    assert writes(store) == []
    changed = [url("1/a.png"), url("2/S.png")]
    pictures.versions.update(changed)
    assert_quiet(source, store)
    result = again(source, store, pictures)
    assert counts(result) == {"updated": 2, "unchanged": 1}
    assert "Images copied to the store: 2. Images that have not changed since: 11." in result.notes
    assert len(store.state.files) == count + 2
    assert_current(source.rows, store, pictures)
    assert_quiet(source, store)
    assert counts(again(source, store, pictures)) == {"unchanged": 3}
    assert sorted(pictures.unchanged) == urls


@pytest.mark.parametrize("is_shown", [False, True])
def test_an_image_of_which_nothing_is_known_is_copied_again(*, is_shown: bool) -> None:
    """Its copy is one of an earlier version, or its server does not show what has changed."""
    source, store, pictures = ListSource(shirts(1)), FakeMedusa(), PictureServer()
    copy(source, store, pictures)
    pictures.validator = "etag" if is_shown else ""
    assert counts(again(source, store, pictures)) == {"updated": 1}
    assert (len(store.state.files), len(record_of(store, 1)["copies"]["files"])) == (6, 3)
    assert_current(source.rows, store, pictures)
    assert_quiet(source, store)
    assert counts(again(source, store, pictures)) == {"unchanged" if is_shown else "updated": 1}


@pytest.mark.parametrize("how", [{"overwrite": True}, {"only": "images"}])
def test_other_runs_do_not_ask_for_images_again(how: dict[str, Any]) -> None:
    source, store, pictures = ListSource(shirts(1)), FakeMedusa(), PictureServer("etag")
    copy(source, store, pictures)
    pictures.versions[url("1/a.png")] += 1
    pictures.requests.clear()
    assert counts(copy(source, store, pictures, **how)) == {"unchanged": 1}
    assert pictures.requests == []


def test_an_image_that_cannot_be_asked_for_again_keeps_its_copy(caplog: pytest.LogCaptureFixture) -> None:
    source, store, pictures = ListSource(shirts(1)), FakeMedusa(), PictureServer("etag")
    copy(source, store, pictures)
    pictures.faults[url("1/a.png")] = httpx.Response(404)
    store.requests.clear()
    result = again(source, store, pictures)
    assert (counts(result), writes(store), left_in(result)) == ({"unchanged": 1}, [], "")
    [line] = [each for each in caplog.records if getattr(each, "event", "") == "image_not_copied"]
    assert "an image of dummyjson:1 keeps its copy, https://old.example/1/a.png: " in line.getMessage()
    pictures.faults["*"] = pictures.faults.pop(url("1/a.png"))
    result = again(ListSource(shirts(9)), store, pictures)
    assert counts(result) == {"created": 8, "unchanged": 1}
    assert "left for the next run: " in left_in(result)
    assert "of copies" not in left_in(result)


def test_an_image_that_could_not_be_copied_is_asked_for_again_without_a_pause() -> None:
    source, store, pictures = ListSource(shirts(1)), FakeMedusa(), PictureServer("etag")
    pictures.faults[url("1/a.png")] = httpx.Response(404)
    copy(source, store, pictures)
    pictures.faults.clear()
    assert counts(again(source, store, pictures)) == {"updated": 1}
    assert_current(source.rows, store, pictures)
    assert_quiet(source, store)


def test_a_run_that_is_killed_between_changed_images_and_variants_is_completed() -> None:
    source, store, pictures = ListSource(with_sizes(shirts(1))), FakeMedusa(), PictureServer("etag")
    copy(source, store, pictures)
    pictures.versions.update([url("1/a.png"), url("1/S.png")])
    strike(store, "after", is_write_of_product, Killed())
    with pytest.raises(Killed):
        again(source, store, pictures)
    store.after = None
    copy(source, store, pictures)
    assert_current(source.rows, store, pictures)
    assert_quiet(source, store)


@pytest.mark.parametrize("seen", ['"a"b"', "a\r\nx: y", "é", "a" * 99])
def test_an_etag_that_cannot_be_sent_back_is_not_kept(seen: str) -> None:
    source, store, pictures = ListSource(shirts(1)), FakeMedusa(), PictureServer()
    headers = [(b"content-type", b"image/png"), (b"etag", f'"{seen}"'.encode())]
    own = url("1/a.png")
    pictures.faults[own] = httpx.Response(200, headers=headers, content=picture(own))
    copy(source, store, pictures)
    assert [len(each) for each in record_of(store, 1)["copies"]["files"]] == [2, 2, 2]


# --- other kinds of runs ---


def test_a_dry_run_says_how_many_images_it_would_copy() -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    result = copy(source, store, pictures, dry_run=True)
    assert "Images to copy to the store: 7." in result.notes
    assert (writes(store), pictures.requests) == ([], [])
    sync(source, store)
    store.requests.clear()
    result = copy(source, store, pictures, dry_run=True, accept_settings=True)
    assert "Images to copy to the store: 7." in result.notes
    assert (writes(store), pictures.requests) == ([], [])


LONG = httpx.Response(206, headers={"content-range": "bytes 0-15/99000000"}, content=PNG + b"12345678")
EMPTY = httpx.Response(416, headers={"content-range": "bytes */0"})


@pytest.mark.parametrize("before", ["empty", "synced"])
@pytest.mark.parametrize(
    "fault", [*map(BROKEN.get, ["404", "HTML", "SVG", "to a private address"]), LONG, EMPTY]
)
def test_a_verbose_dry_run_says_how_many_images_it_cannot_reach(
    fault: httpx.Response, before: str, caplog: pytest.LogCaptureFixture
) -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    if before == "synced":
        sync(source, store)
    store.requests.clear()
    pictures.faults[url("2/a.png")] = fault
    follower = Follower()
    options = {"accept_settings": True, "watcher": follower}
    result = copy(source, store, pictures, dry_run=True, verbose=True, **options)
    assert counts(result) == {"created" if before == "empty" else "updated": 3}
    assert "Images to copy to the store: 6." in result.notes
    assert "source: 1 (failed" in left_in(result)
    assert sorted(pictures.requests) == sorted(all_images(source.rows))
    assert {each["range"] for each in pictures.headers} == {"bytes=0-15"}
    assert (writes(store), follower.images[-1]) == ([], (7, 7))
    [line] = [each for each in caplog.records if getattr(each, "event", "") == "image_not_copied"]
    assert "dummyjson:2 would keep its URL at the source, https://old.example/2/a.png: " in line.getMessage()


def test_a_dry_run_that_asks_again_is_what_the_run_does() -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer("etag")
    copy(source, store, pictures)
    pictures.versions[url("2/a.png")] += 1
    pictures.faults[url("3/a.png")] = httpx.Response(404)
    store.requests.clear()
    plan = again(source, store, pictures, dry_run=True)
    assert (writes(store), left_in(plan)) == ([], "")
    assert {"Images to copy to the store: 1.", "Images that have not changed since: 5."} <= {*plan.notes}
    assert counts(plan) == counts(again(source, store, pictures)) == {"updated": 1, "unchanged": 2}


def test_a_plan_does_not_rely_on_which_images_were_reached(tmp_path: Path) -> None:
    source, store, pictures, file = ListSource(shirts()), FakeMedusa(), PictureServer(), tmp_path / "plan"
    for row in source.rows[1:]:
        row["images"] = row["images"][:1]
    sync(source, store)
    pictures.faults[url("2/a.png")] = httpx.Response(404)
    options: Any = {"accept_settings": True, "verbose": True, "dry_run": True, "save_plan": file}
    result = copy(source, store, pictures, **options)
    assert counts(result) == {"updated": 2, "unchanged": 1}
    save_plan(result, store, file, copy_images=HOST, **options)
    pictures.faults.clear()
    pictures.faults[url("3/a.png")] = httpx.Response(404)
    assert counts(apply(file, store, pictures=pictures)) == {"updated": 2, "unchanged": 1}
    assert_copied(source.rows, store, but=[url("3/a.png")])


@pytest.mark.parametrize("options", [{"only": "price"}, {"skip": "images"}])
def test_a_run_without_images_copies_none(options: dict[str, Any]) -> None:
    source, store, pictures = ListSource(shirts()), FakeMedusa(), PictureServer()
    sync(source, store)
    for row in source.rows:
        row["price"] = 20
    assert counts(copy(source, store, pictures, **options)) == {"updated": 3}
    assert_quiet(source, store, **options)
    assert (pictures.requests, store.state.files) == ([], {})
    copy(source, store, pictures, accept_settings=True)
    for row in source.rows:
        row["price"] = 21
    assert counts(copy(source, store, **options)) == {"updated": 3}
    assert_copied(source.rows, store)
    assert_quiet(source, store)


def test_an_undo_brings_copies_back(tmp_path: Path) -> None:
    source, store = ListSource(shirts()), FakeMedusa()
    copy(source, store)
    before = deepcopy(source.rows)
    for row in source.rows:
        row["images"], row["thumbnail"] = [url(f"{row['id']}/new.png")], url(f"{row['id']}/new.png")
    file = tmp_path / "run.json"
    file.write_text(text_of(copy(source, store)))
    assert_copied(source.rows, store)
    result = copy(undone(str(file), store), store, undo=file)
    assert (counts(result), result.exit_code) == ({"updated": 3}, 0)
    assert_copied(before, store)
    assert_quiet(source, store)  # what is undone counts as an edit of the merchant
    created = tmp_path / "created.json"
    source.rows = shirts(4)
    created.write_text(text_of(copy(source, store, only="price")))
    result = copy(undone(str(created), store), store, undo=created, on_missing="delete", max_removals=9)
    assert counts(result) == {"removed": 1}, [*result.skipped]


def test_an_undo_of_the_run_that_made_copies_keeps_them(tmp_path: Path) -> None:
    source, store, file = ListSource(shirts()), FakeMedusa(), tmp_path / "run.json"
    sync(source, store)
    file.write_text(text_of(copy(source, store, accept_settings=True)))
    store.requests.clear()
    result = copy(undone(str(file), store), store, undo=file)
    assert (writes(store), result.exit_code, result.conflicts) == ([], 0, 0)
    assert_copied(source.rows, store)
    assert_quiet(source, store)


def test_two_sources_copy_an_image_each() -> None:
    source, store = ListSource(shirts(1)), FakeMedusa()
    copy(source, store)
    copy(replace(source, source_name="other"), store, source_name="other")
    assert len(store.state.files) == 6
    assert_quiet(source, store)


def test_removed_products_leave_their_files() -> None:
    source, store = ListSource(shirts()), FakeMedusa()
    copy(source, store)
    source.rows = source.rows[:2]
    assert counts(copy(source, store, on_missing="delete", max_removals="100%"))["removed"] == 1
    assert len(store.state.files) == 7
    assert_quiet(source, store)


def test_a_result_says_if_customers_cannot_load_copies() -> None:
    result = copy(ListSource(shirts(1)), FakeMedusa())
    [note] = [each for each in result.notes if each.code == "W315"]
    assert "'localhost:9000'" in note


@pytest.mark.parametrize(("validator", "lengths"), [("", []), ("etag", [18]), ("last-modified", [10])])
def test_a_record_is_short(validator: str, lengths: list[int]) -> None:
    """Also with what shows that an image has changed."""
    store = FakeMedusa()
    copy(ListSource(shirts(1)), store, PictureServer(validator))
    record = record_of(store, 1)
    assert len(json.dumps(record["copies"])) < 3 * 150
    assert [[len(str(each)) for each in own[3:]] for own in record["copies"]["files"]] == [lengths] * 3
    assert record["version"] == 3
