"""The image of a variant, which the store keeps as its thumbnail."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.flow.shirts import shirt
from tests.flow.stage import SOURCE_NAME, ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

SKU = "SH1-S-R"
RED, WINE, PINK = (f"https://i.example/{name}.png" for name in ("red", "wine", "pink"))


def rows(image: Any = None) -> list[dict[str, Any]]:
    """A shirt, one variant of which has an image."""
    variants = [each | ({"image": image} if each["sku"] == SKU else {}) for each in shirt()["variants"]]
    return [shirt(variants=variants)]


def images(store: FakeMedusa) -> dict[str | None, str]:
    variants = store.products[f"{SOURCE_NAME}:1"].variants
    return {each.sku: each.thumbnail for each in variants if each.thumbnail is not None}


def edit(store: FakeMedusa, image: str | None) -> None:
    """Change the image of the variant, as the merchant does."""
    [variant] = [each for each in store.products[f"{SOURCE_NAME}:1"].variants if each.sku == SKU]
    variant.thumbnail = image


@pytest.fixture
def store() -> FakeMedusa:
    store = FakeMedusa()
    assert counts(sync(ListSource(rows(RED)), store)) == {"created": 1}
    return store


def test_a_new_variant_has_its_image_and_a_second_run_writes_nothing(store: FakeMedusa) -> None:
    assert images(store) == {SKU: RED}
    store.requests.clear()
    assert counts(sync(ListSource(rows(RED)), store)) == {"unchanged": 1}
    assert writes(store) == []


@pytest.mark.parametrize("image", [WINE, None])
def test_a_change_is_planned_and_written(store: FakeMedusa, image: str | None) -> None:
    for dry_run in (True, False):
        assert images(store) == {SKU: RED}
        [outcome] = sync(ListSource(rows(image)), store, dry_run=dry_run).changes
        [change] = outcome.changes
        assert (change.field, change.stored, change.planned) == ("thumbnail", RED, image)
    assert images(store) == ({SKU: image} if image else {})
    assert counts(sync(ListSource(rows(image)), store)) == {"unchanged": 1}


@pytest.mark.parametrize("own", [PINK, None])
def test_the_image_of_the_merchant_stays_until_the_source_changes_it(
    store: FakeMedusa, own: str | None
) -> None:
    edit(store, own)
    [changed] = rows(RED)
    changed["title"] += " (new)"
    assert counts(sync(ListSource([changed]), store)) == {"updated": 1}
    assert images(store) == ({SKU: own} if own else {})
    result = sync(ListSource(rows(WINE)), store)
    assert images(store) == {SKU: WINE}
    assert [each.field for outcome in result.changes for each in outcome.conflicts] == ["thumbnail"]


@pytest.mark.parametrize("odd", ["", " ", "/red.png", "file:///red.png", {"src": RED}, [RED], 1, "x" * 3_000])
def test_what_is_not_a_url_is_left_out(odd: Any) -> None:
    store = FakeMedusa()
    assert counts(sync(ListSource(rows(odd)), store)) == {"created": 1}
    assert images(store) == {}


def test_the_ordinary_routes_create_variants_without_images_and_change_them() -> None:
    """They do not take the field of a new variant."""
    store = FakeMedusa()
    store.before = lambda request: httpx.Response(403) if "workflows" in request.url.path else None
    assert counts(sync(ListSource(rows(RED)), store)) == {"created": 1}
    assert images(store) == {}
    assert counts(sync(ListSource(rows(WINE)), store)) == {"updated": 1}
    assert images(store) == {SKU: WINE}
