"""Where new products go is what the settings name, or the store's default; it is never guessed."""

from typing import Any

import pytest

from tests.flow.stage import ListSource, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Channel, Named

PREFIXES = {"sales_channel": "sc", "shipping_profile": "sp", "stock_location": "sloc"}
kinds = pytest.mark.parametrize("kind", PREFIXES)


def table(store: FakeMedusa, kind: str) -> dict[str, Channel | Named]:
    found: dict[str, Channel | Named] = getattr(store.state, f"{kind}s")
    return found


def add(store: FakeMedusa, kind: str, own_id: str, name: str) -> None:
    of_kind: dict[str, Channel | Named] = {
        "shipping_profile": Named(own_id, name, "other"),
        "sales_channel": Channel(own_id, name),
    }
    table(store, kind)[own_id] = of_kind.get(kind, Named(own_id, name))


def replace(store: FakeMedusa, kind: str, *names: str) -> None:
    table(store, kind).clear()
    for number, name in enumerate(names, 1):
        add(store, kind, f"{PREFIXES[kind]}_{number}", name)


def places(store: FakeMedusa, **options: Any) -> list[str | None]:
    """The channel, profile and location of a new product."""
    result = sync(ListSource(products(1), currency=options.get("currency", "usd")), store, **options)
    assert result.exit_code == 0, result.error
    [product] = store.products.values()
    [item_id] = product.variants[0].item_ids
    [level] = store.state.items[item_id].levels
    return [*product.sales_channel_ids, product.shipping_profile_id, level.location_id]


def refused(store: FakeMedusa, **options: Any) -> tuple[str, str]:
    """The error and the hint of a run that writes nothing."""
    result = sync(ListSource(products(1)), store, **options)
    assert (result.exit_code, store.state.products) == (2, {})
    return result.error, result.hint


@kinds
@pytest.mark.parametrize("named_by", ["nothing", "id", "name"])
def test_an_option_is_an_id_or_a_name_and_the_default_is_that_of_the_store(kind: str, named_by: str) -> None:
    store, own_id = FakeMedusa(), f"{PREFIXES[kind]}_9"
    add(store, kind, own_id, "Another")
    chosen = {"id": {kind: own_id}, "name": {kind: "Another"}}.get(named_by, {})
    defaults = [store.sales_channel_id, store.shipping_profile_id, store.location_id]
    expected = [
        own_id if chosen and name == kind else default
        for name, default in zip(PREFIXES, defaults, strict=True)
    ]
    assert places(store, **chosen) == expected


@kinds
def test_the_error_lists_the_names_that_exist_and_the_nearest_one(kind: str) -> None:
    store = FakeMedusa()
    replace(store, kind, "Market", "Depot")
    error, hint = refused(store, **{kind: "depto"})
    assert error.endswith("'depto', only: 'Depot', 'Market'")
    assert hint.startswith("Did you mean 'Depot'? Check --")


UNCLEAR: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "several sales channels 'Web'": ({"sales_channel": ["Web", "Web"]}, {"sales_channel": "Web"}),
    "no default sales channel": ({"default_sales_channel_id": None}, {}),
    "no shipping profile": ({"shipping_profile": []}, {}),
    "several shipping profiles": ({"shipping_profile": ["One", "Two"]}, {}),
    "several stock locations": ({"default_location_id": None, "stock_location": ["Shop", "Loft"]}, {}),
}
"""What the store has, by settings or by the names of a kind, and the options, by words of the error."""


@pytest.mark.parametrize("words", UNCLEAR)
def test_what_is_ambiguous_or_missing_is_an_error(words: str) -> None:
    store, (changes, options) = FakeMedusa(), UNCLEAR[words]
    for name, value in changes.items():
        if name in PREFIXES:
            replace(store, name, *value)
        else:
            setattr(store.state.store, name, value)
    assert words in refused(store, **options)[0]


@pytest.mark.parametrize("default", [None, "sloc_gone"])
def test_without_a_default_the_only_profile_and_location_are_used(default: str | None) -> None:
    store = FakeMedusa()
    replace(store, "shipping_profile", "One")
    store.state.store.default_location_id = default
    assert places(store)[1:] == ["sp_1", store.location_id]


@pytest.mark.parametrize(
    ("currency", "words"), [("gbp", "--currency"), ("uds", "Did you mean 'usd'? Add it")]
)
def test_a_currency_that_the_store_lacks_is_an_error(currency: str, words: str) -> None:
    error, hint = refused(FakeMedusa(), currency=currency)
    assert error.endswith(f"no currency {currency!r}, only: 'eur', 'usd'")
    assert words in hint
