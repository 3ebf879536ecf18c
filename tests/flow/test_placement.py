"""Where new products go is what the settings name, or the store's default; it is never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.stage import ListSource, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Named, Product

KINDS = {
    "sales_channel": "sales_channels",
    "shipping_profile": "shipping_profiles",
    "stock_location": "stock_locations",
}
PREFIXES = {"sales_channel": "sc", "shipping_profile": "sp", "stock_location": "sloc"}
kinds = pytest.mark.parametrize("kind", KINDS)


def add(store: FakeMedusa, kind: str, own_id: str, name: str) -> None:
    more = ("other",) if kind == "shipping_profile" else ()
    getattr(store.state, KINDS[kind])[own_id] = Named(own_id, name, *more)


def placed(store: FakeMedusa, currency: str = "usd", **options: Any) -> Product:
    result = sync(ListSource(products(1)), store, currency=currency, **options)
    assert result.exit_code == 0, result.error
    [product] = store.products.values()
    return product


def refused(store: FakeMedusa, currency: str = "usd", **options: Any) -> RunResult:
    result = sync(ListSource(products(1)), store, currency=currency, **options)
    assert (result.exit_code, store.state.products) == (2, {})
    return result


def places(store: FakeMedusa, product: Product) -> tuple[list[str], str | None, list[str]]:
    [item_id] = product.variants[0].item_ids
    levels = [level.location_id for level in store.state.items[item_id].levels]
    return product.sales_channel_ids, product.shipping_profile_id, levels


def test_without_options_the_defaults_of_the_store_are_used() -> None:
    store = FakeMedusa()
    for kind in KINDS:
        add(store, kind, f"{kind}_9", "Another")
    assert places(store, placed(store)) == (
        [store.sales_channel_id],
        store.shipping_profile_id,
        [store.location_id],
    )


@kinds
@pytest.mark.parametrize("named_by", ["id", "name"])
def test_an_option_is_an_id_or_a_name(kind: str, named_by: str) -> None:
    store, own_id = FakeMedusa(), f"{PREFIXES[kind]}_9"
    add(store, kind, own_id, "Another")
    product = placed(store, **{kind: own_id if named_by == "id" else "Another"})
    channels, profile, locations = places(store, product)
    assert own_id in {*channels, profile, *locations}


@kinds
@pytest.mark.parametrize("name", ["Nowhere", "sc_0", "sp_0", "sloc_0"])
def test_an_unknown_name_or_id_is_an_error(kind: str, name: str) -> None:
    result = refused(FakeMedusa(), **{kind: name})
    assert f"no {kind.replace('_', ' ')} '{name}'" in result.error
    assert f"--{kind.replace('_', '-')}" in result.hint


@kinds
def test_the_error_lists_the_names_that_exist_and_the_nearest_one(kind: str) -> None:
    store = FakeMedusa()
    getattr(store.state, KINDS[kind]).clear()
    add(store, kind, f"{kind}_1", "Market")
    add(store, kind, f"{kind}_2", "Depot")
    result = refused(store, **{kind: "depto"})
    assert result.error.endswith("'depto', only: 'Depot', 'Market'")
    assert result.hint.startswith("Did you mean 'Depot'? Check --")


def test_an_ambiguous_name_is_an_error() -> None:
    store = FakeMedusa()
    for number in (1, 2):
        add(store, "sales_channel", f"sc_{number}", "Web")
    assert "several sales channels 'Web'" in refused(store, sales_channel="Web").error


@pytest.mark.parametrize(("currency", "hint"), [("gbp", "--currency"), ("uds", "Did you mean 'usd'? Add it")])
def test_a_currency_that_the_store_lacks_is_an_error(currency: str, hint: str) -> None:
    result = refused(FakeMedusa(), currency)
    assert result.error.endswith(f"{currency!r}, only in: eur, usd")
    assert hint in result.hint


def test_a_missing_default_sales_channel_is_an_error() -> None:
    store = FakeMedusa()
    store.state.store.default_sales_channel_id = None
    assert "no default sales channel" in refused(store).error


@pytest.mark.parametrize(("count", "words"), [(0, "no shipping profile"), (2, "several shipping profiles")])
def test_without_a_default_shipping_profile_the_only_one_is_used(count: int, words: str) -> None:
    store = FakeMedusa()
    store.state.shipping_profiles.clear()
    add(store, "shipping_profile", "sp_1", "One")
    assert placed(store).shipping_profile_id == "sp_1"
    other = FakeMedusa()
    other.state.shipping_profiles.clear()
    for number in range(count):
        add(other, "shipping_profile", f"sp_{number}", f"Profile {number}")
    assert words in refused(other).error


@pytest.mark.parametrize("default", [None, "sloc_gone"])
def test_the_only_stock_location_is_used(default: str | None) -> None:
    store = FakeMedusa()
    store.state.store.default_location_id = default
    assert places(store, placed(store))[2] == [store.location_id]


def test_several_stock_locations_without_a_default_are_an_error() -> None:
    store = FakeMedusa()
    store.state.store.default_location_id = None
    add(store, "stock_location", "sloc_9", "Loft")
    assert "several stock locations" in refused(store).error
