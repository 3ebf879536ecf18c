"""Fields of variants: metadata key by key, images, and prices in several currencies."""

from typing import Any

import httpx
import pytest

from tests.flow.merchant import edit_variant
from tests.flow.stage import ListSource, assert_quiet, counts, make_former, sync, synced, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Variant
from tests.harness.shirts import shirt

SKU = "SH1-S-R"
RED, WINE = (f"https://i.example/{name}.png" for name in ("red", "wine"))
BEFORE: dict[str, Any] = {"metadata": {"fit": "slim", "washable": True}, "image": RED}


def source(**fields: Any) -> ListSource:
    """A shirt, one variant of which has these fields."""
    return ListSource(
        [shirt(variants=[each | fields if each["sku"] == SKU else each for each in shirt()["variants"]])]
    )


def variant(store: FakeMedusa) -> Variant:
    return next(each for each in store.state.variants().values() if each.sku == SKU)


def held(store: FakeMedusa) -> tuple[dict[str, Any], str | None]:
    """The metadata and the image of the variant."""
    metadata = {name: value for name, value in (variant(store).metadata or {}).items() if value != ""}
    return metadata, variant(store).thumbnail


@pytest.fixture
def store() -> FakeMedusa:
    """A store with the variant, to which the merchant has added metadata."""
    store = synced(source(**BEFORE).rows)
    assert held(store) == (BEFORE["metadata"], RED)
    assert not any(
        each.metadata or each.thumbnail for each in store.state.variants().values() if each.sku != SKU
    )
    assert_quiet(source(**BEFORE), store)
    variant(store).metadata = {**BEFORE["metadata"], "own": "kept"}
    return store


@pytest.mark.parametrize(
    ("fields", "change", "then"),
    [
        ({"metadata": {"fit": "wide", "washable": True}}, ("metadata.fit", "slim", "wide"), {"fit": "wide"}),
        ({"metadata": {"washable": True}}, ("metadata.fit", "slim", None), {"fit": None}),
        ({"image": WINE}, ("thumbnail", RED, WINE), {}),
        ({"image": None}, ("thumbnail", RED, None), {}),
    ],
)
def test_only_what_changed_is_written_and_a_dry_run_shows_it(
    store: FakeMedusa, fields: dict[str, Any], change: tuple[Any, ...], then: dict[str, Any]
) -> None:
    changed, before = source(**BEFORE | fields), held(store)
    for dry_run in (True, False):
        assert held(store) == before
        [outcome] = sync(changed, store, dry_run=dry_run).changes
        assert [(each.field, each.stored, each.planned) for each in outcome.changes] == [change]
    metadata = {name: value for name, value in (before[0] | then).items() if value is not None}
    assert held(store) == (metadata, (BEFORE | fields)["image"])
    assert_quiet(changed, store)


def test_metadata_that_option_values_are_changed_with_is_whole(store: FakeMedusa) -> None:
    """Then the store replaces the metadata of a variant."""
    changed = source(**BEFORE | {"metadata": {"fit": "wide", "washable": True}})
    for each in changed.rows[0]["variants"]:
        each["options"] = each["options"] | {"Size": each["options"]["Size"].lower()}
    assert counts(sync(changed, store)) == {"updated": 1}
    assert held(store) == ({"fit": "wide", "washable": True, "own": "kept"}, RED)


@pytest.mark.parametrize("odd", [{"depth": 1}, ["a"], None, float("nan")])
def test_metadata_that_the_store_cannot_keep_is_left_out(odd: Any) -> None:
    """A product that had none is written once."""
    store = synced([shirt()])
    for metadata, then in (({"fit": "slim", "odd": odd}, {"fit": "slim"}), ([odd], {})):
        assert counts(sync(source(metadata=metadata), store)) == {"updated": 1}
        assert held(store)[0] == then
        assert_quiet(source(metadata=metadata), store)


@pytest.mark.parametrize("odd", ["", " ", "/red.png", "file:///red.png", {"alt": RED}, [RED], 1, "x" * 3_000])
def test_an_image_that_is_not_a_url_is_left_out(odd: Any) -> None:
    assert held(synced(source(image=odd).rows)) == ({}, None)


def test_the_ordinary_routes_create_variants_without_images_and_change_them() -> None:
    """They do not take the field of a new variant."""
    store = FakeMedusa()
    store.before = lambda request: httpx.Response(403) if "workflows" in request.url.path else None
    for image, then in ((RED, None), (WINE, WINE)):
        assert sync(source(image=image), store).exit_code == 0
        assert held(store)[1] == then


# --- prices -----------------------------------------------------------------------------------------------


def test_a_product_without_a_price_in_the_currency_of_the_run_has_its_others() -> None:
    """A feed may have products in several currencies."""
    store = FakeMedusa()

    def stored(prices: dict[str, Any], **changes: Any) -> dict[str, float]:
        mug = {"id": 1, "title": "Mug", "prices": prices, **changes}
        rows = ListSource([mug, {"id": 2, "title": "B", "price": 1}])
        how: dict[str, Any] = {"sale_prices": True, "max_price_change": "90%"}
        assert sync(rows, store, dry_run=True, **how).exit_code == 0
        result = sync(rows, store, **how)
        assert (result.exit_code, [*result.problems]) == (0, []), result.error
        assert counts(sync(rows, store, **how)) == {"unchanged": 2}
        [only] = store.products["dummyjson:1"].variants
        return {each.currency_code: each.amount for each in only.prices}

    assert stored({"eur": 5}, compareAtPrice=9) == {"eur": 5}
    assert stored({"eur": 6}) == {"eur": 6}
    assert stored({"eur": 6, "usd": 7}) == {"eur": 6, "usd": 7}
    assert stored({"eur": 6}) == {"eur": 6}
    rows = [{"id": 1, "title": "Mug", "prices": {"chf": 1}}]
    [problem] = sync(ListSource(rows), store).problems
    assert "the store has no currency 'chf', only: 'eur', 'usd'" in problem.reason


def test_an_upgrade_sends_no_image_that_the_version_before_did_not_read() -> None:
    store = synced(source().rows)
    make_former(store, 1)
    result = sync(source(image=RED), store)
    assert (writes(store), variant(store).thumbnail) == ([], None)
    assert [each.name for each in result.notes] == ["newer_fields"]
    sync(source(image=RED), store, overwrite=True, only="thumbnail")
    assert variant(store).thumbnail == RED
    assert_quiet(source(image=RED), store)


DETAILS: dict[str, Any] = {
    "material": "Wool",
    "hsCode": "6109",
    "midCode": "M",
    "originCountry": "pt",
    "dimensions": {"width": 1.5, "height": 2, "depth": 3},
}


def test_customs_fields_material_and_sizes_are_those_of_the_variant() -> None:
    store = synced(source(**DETAILS).rows)
    names = ("material", "hs_code", "mid_code", "origin_country", "width", "height", "length")
    assert [getattr(variant(store), name) for name in names] == ["Wool", "6109", "M", "pt", 1.5, 2, 3]
    assert_quiet(source(**DETAILS), store)
    edit_variant(store, 1, SKU, material="Mine")
    changed = source(**DETAILS | {"hsCode": "6110", "dimensions": None})
    assert counts(sync(changed, store)) == {"updated": 1}
    assert [getattr(variant(store), name) for name in names] == ["Mine", "6110", "M", "pt", None, None, None]
    assert_quiet(changed, store)
