"""The placement is what the settings name, or the store's default; it is never guessed."""

from typing import Any

import pytest

from medusa_sync.core.stored import Entity
from medusa_sync.errors import StoreMismatchError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import Placement, PlacementOptions, find_placement
from medusa_sync.medusa.responses import StoreCurrency, StoreDefaults

pytestmark = pytest.mark.anyio


class Shop(AdminApi):
    """A store with a few sales channels, shipping profiles and stock locations."""

    store: StoreDefaults

    def __init__(self, **entities: list[dict[str, str]]) -> None:
        self.entities: dict[str, list[dict[str, str]]] = {
            "sales_channels": [{"id": "sc_1", "name": "Web"}],
            "shipping_profiles": [{"id": "sp_1", "name": "Parcel", "type": "default"}],
            "stock_locations": [{"id": "sloc_1", "name": "Cellar"}],
        } | entities

    async def defaults(self) -> StoreDefaults:
        return self.store

    async def names(self, collection: str) -> list[str]:
        return sorted(entry["name"] for entry in self.entities[collection])

    async def named(self, collection: str, query: dict[str, str]) -> list[Entity]:
        found = [entry for entry in self.entities[collection] if entry.items() >= query.items()]
        return [Entity(entry["id"]) for entry in found[:2]]


CURRENCIES = ("eur", "usd")
STORE = StoreDefaults("store_1", (StoreCurrency("eur"), StoreCurrency("usd")), "sc_1", "sloc_1")
TWO_CHANNELS = [{"id": "sc_1", "name": "Web"}, {"id": "sc_2", "name": "Web"}]
TWO_PROFILES = [{"id": "sp_1", "name": "A", "type": "x"}, {"id": "sp_2", "name": "B", "type": "y"}]
TWO_LOCATIONS = [{"id": "sloc_1", "name": "Cellar"}, {"id": "sloc_2", "name": "Loft"}]


async def placement(shop: Shop, store: StoreDefaults = STORE, /, **options: Any) -> Placement:
    shop.store = store
    return await find_placement(shop, PlacementOptions(**{"currency": "usd"} | options))


async def test_without_options_the_defaults_of_the_store_are_used() -> None:
    assert await placement(Shop(stock_locations=TWO_LOCATIONS)) == Placement(
        "sc_1", "sp_1", "sloc_1", CURRENCIES
    )


@pytest.mark.parametrize("by", ["id", "name"])
@pytest.mark.parametrize(
    ("option", "entry", "found"),
    [
        ("sales_channel", {"id": "sc_9", "name": "Market"}, Placement("sc_9", "sp_1", "sloc_1", CURRENCIES)),
        (
            "shipping_profile",
            {"id": "sp_9", "name": "Freight"},
            Placement("sc_1", "sp_9", "sloc_1", CURRENCIES),
        ),
        ("stock_location", {"id": "sloc_9", "name": "Loft"}, Placement("sc_1", "sp_1", "sloc_9", CURRENCIES)),
    ],
)
async def test_an_option_is_an_id_or_a_name(
    option: str, entry: dict[str, str], found: Placement, by: str
) -> None:
    shop = Shop()
    shop.entities[f"{option}s"].append(entry)
    assert await placement(shop, **{option: entry[by]}) == found


async def test_an_unsupported_currency_is_an_error() -> None:
    with pytest.raises(StoreMismatchError, match="'gbp', only in: eur, usd") as caught:
        await placement(Shop(), currency="gbp")
    assert caught.value.exit_code == 2
    assert "--currency" in caught.value.hint


@pytest.mark.parametrize("option", ["sales_channel", "shipping_profile", "stock_location"])
@pytest.mark.parametrize("name", ["Nowhere", "sc_0", "sp_0", "sloc_0"])
async def test_an_unknown_name_or_id_is_an_error(option: str, name: str) -> None:
    with pytest.raises(StoreMismatchError, match=f"no {option.replace('_', ' ')} '{name}'") as caught:
        await placement(Shop(), **{option: name})
    assert f"--{option.replace('_', '-')}" in caught.value.hint


async def test_an_ambiguous_name_is_an_error() -> None:
    with pytest.raises(StoreMismatchError, match="several sales channels 'Web'"):
        await placement(Shop(sales_channels=TWO_CHANNELS), sales_channel="Web")


async def test_a_missing_default_sales_channel_is_an_error() -> None:
    store = StoreDefaults("store_1", STORE.supported_currencies, None, "sloc_1")
    with pytest.raises(StoreMismatchError, match="no default sales channel"):
        await placement(Shop(), store)


async def test_the_only_shipping_profile_is_used() -> None:
    shop = Shop(shipping_profiles=TWO_PROFILES[:1])
    assert (await placement(shop)).shipping_profile_id == "sp_1"


async def test_several_shipping_profiles_without_a_default_are_an_error() -> None:
    with pytest.raises(StoreMismatchError, match="several shipping profiles"):
        await placement(Shop(shipping_profiles=TWO_PROFILES))


async def test_a_missing_shipping_profile_is_an_error() -> None:
    with pytest.raises(StoreMismatchError, match="no shipping profile"):
        await placement(Shop(shipping_profiles=[]))


@pytest.mark.parametrize("default", [None, "sloc_gone"])
async def test_the_only_stock_location_is_used(default: str | None) -> None:
    store = StoreDefaults("store_1", STORE.supported_currencies, "sc_1", default)
    assert (await placement(Shop(), store)).location_id == "sloc_1"


async def test_several_stock_locations_without_a_default_are_an_error() -> None:
    store = StoreDefaults("store_1", STORE.supported_currencies, "sc_1", None)
    with pytest.raises(StoreMismatchError, match="several stock locations"):
        await placement(Shop(stock_locations=TWO_LOCATIONS), store)


async def test_without_a_stock_location_there_is_none() -> None:
    store = StoreDefaults("store_1", STORE.supported_currencies, "sc_1", None)
    assert (await placement(Shop(stock_locations=[]), store)).location_id is None


@pytest.mark.parametrize("option", ["sales_channel", "shipping_profile", "stock_location"])
async def test_the_error_lists_the_names_that_exist_and_the_nearest_one(option: str) -> None:
    shop = Shop()
    shop.entities[f"{option}s"] = [{"id": "x_1", "name": "Market"}, {"id": "x_2", "name": "Warehouse"}]
    with pytest.raises(StoreMismatchError, match=r"'warehuose', only: 'Market', 'Warehouse'$") as caught:
        await placement(shop, **{option: "warehuose"})
    assert caught.value.hint.startswith("Did you mean 'Warehouse'? Check --")


async def test_the_error_suggests_the_nearest_currency() -> None:
    with pytest.raises(StoreMismatchError, match=r"only in: eur, usd$") as caught:
        await placement(Shop(), currency="uds")
    assert caught.value.hint.startswith("Did you mean 'usd'? Add it")
