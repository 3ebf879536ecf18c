"""What products refer to by id: looked up once, created once, and never guessed."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from medusa_sync.core.stored import ListedCategory, StoredCategory, StoredTag
from medusa_sync.errors import (
    AmbiguousWriteError,
    MedusaSyncError,
    StoreError,
    StoreMismatchError,
    StoreRefusedError,
    TimeLimitError,
)
from medusa_sync.medusa.api import AdminApi, Entity, StoreCurrency, StoreDefaults
from medusa_sync.medusa.taxonomy import Placement, Taxonomy, Wanted, find_placement
from medusa_sync.stop import Stop

pytestmark = pytest.mark.anyio

REFUSED = StoreRefusedError("it exists", status=400)
LOST = AmbiguousWriteError("no answer")


class Shelf(AdminApi):
    """A store that has tags and categories, and says what it was asked."""

    def __init__(self, *known: str, inactive: Sequence[str] = ()) -> None:
        self.known = {**dict.fromkeys(known, True), **dict.fromkeys(inactive, False)}
        self.asked: list[tuple[str, ...]] = []
        self.created: dict[str, str] = {}
        self.activated: list[str] = []
        self.refusals: dict[str, MedusaSyncError] = {}
        self.created_by_others: set[str] = set()

    async def tags(self, values: Sequence[str]) -> list[StoredTag]:
        await asyncio.sleep(0)
        self.asked.append(tuple(values))
        return [StoredTag(_id(value), value) for value in values if value in self.known]

    async def categories(self, handles: Sequence[str]) -> list[ListedCategory]:
        await asyncio.sleep(0)
        self.asked.append(tuple(handles))
        found = [handle for handle in handles if handle in self.known]
        return [ListedCategory(_id(handle), handle, self.known[handle]) for handle in found]

    async def create_tag(self, value: str) -> StoredTag:
        await self._create(value, value)
        return StoredTag(_id(value), value)

    async def create_category(self, handle: str, name: str) -> StoredCategory:
        await self._create(handle, name)
        return StoredCategory(_id(handle), handle)

    async def activate_category(self, category_id: str) -> None:
        self.activated.append(category_id)

    async def _create(self, key: str, name: str) -> None:
        await asyncio.sleep(0)
        assert key not in self.created, "created twice"
        if key in self.created_by_others:
            self.known[key] = True
        if key in self.refusals:
            raise self.refusals[key]
        self.created[key] = name


class Names:
    """The names that a source gives to categories."""

    def __init__(self, **names: str) -> None:
        self.names = names
        self.asked = 0

    async def __call__(self) -> Mapping[str, str]:
        await asyncio.sleep(0)
        self.asked += 1
        return self.names


def _id(key: str) -> str:
    return f"id of {key}"


def picked(ids: Mapping[str, str], *keys: str) -> dict[str, str]:
    return {key: ids[key] for key in keys}


# --- categories and tags --------------------------------------------------------------------------------


async def test_what_the_store_has_is_not_created() -> None:
    shelf = Shelf("red", "blue")
    ids = await Taxonomy(shelf, Names(), Stop()).tag_ids(["red", "blue", "red"])
    assert picked(ids, "red", "blue") == {"red": "id of red", "blue": "id of blue"}
    assert (shelf.asked, shelf.created) == ([("red", "blue")], {})


async def test_what_the_store_lacks_is_created() -> None:
    shelf = Shelf("red")
    ids = await Taxonomy(shelf, Names(), Stop()).tag_ids(["red", "blue"])
    assert picked(ids, "red", "blue") == {"red": "id of red", "blue": "id of blue"}
    assert shelf.created == {"blue": "blue"}


async def test_nothing_is_looked_up_twice() -> None:
    shelf = Shelf("red")
    taxonomy = Taxonomy(shelf, Names(), Stop())
    await taxonomy.tag_ids(["red", "blue"])
    await taxonomy.tag_ids(["blue", "red", "green"])
    assert shelf.asked == [("red", "blue"), ("green",)]


async def test_what_is_forgotten_is_looked_up_again() -> None:
    shelf = Shelf("red", "toys", inactive=["games"])
    taxonomy = Taxonomy(shelf, Names(), Stop())
    await taxonomy.tag_ids(["red", "blue"])
    await taxonomy.category_ids(["toys", "games"])
    await taxonomy.forget(["games"], ["red"])
    assert taxonomy.has(["toys"], ["blue"])
    assert not taxonomy.has(["games"], [])
    assert not taxonomy.has([], ["red"])
    await taxonomy.activate_categories(["games"])
    await taxonomy.tag_ids(["red", "blue"])
    assert (shelf.asked[-1], shelf.activated) == (("red",), [])


async def test_what_one_batch_forgets_another_one_still_gets() -> None:
    """It was known when that batch asked for it together with something new."""
    shelf = Shelf("red", "blue")
    taxonomy = Taxonomy(shelf, Names(), Stop())
    await taxonomy.tag_ids(["red"])
    ids, _ = await asyncio.gather(taxonomy.tag_ids(["red", "blue"]), taxonomy.forget([], ["red"]))
    assert picked(ids, "red", "blue") == {"red": "id of red", "blue": "id of blue"}
    assert not taxonomy.has([], ["red"])


async def test_nothing_is_asked_for_nothing() -> None:
    shelf = Shelf()
    await Taxonomy(shelf, Names(), Stop()).tag_ids([])
    assert shelf.asked == []


async def test_batches_side_by_side_create_a_thing_once() -> None:
    shelf = Shelf()
    taxonomy = Taxonomy(shelf, Names(), Stop())
    await asyncio.gather(*(taxonomy.category_ids(["toys", "games"]) for _ in range(5)))
    assert shelf.created == {"toys": "Toys", "games": "Games"}


async def test_many_things_are_created() -> None:
    shelf = Shelf()
    tags = [f"tag {number}" for number in range(11)]
    assert picked(await Taxonomy(shelf, Names(), Stop()).tag_ids(tags), *tags) == {
        tag: _id(tag) for tag in tags
    }
    assert list(shelf.created) == tags


@pytest.mark.parametrize("failure", [REFUSED, LOST], ids=["refused", "lost"])
async def test_what_turns_out_to_exist_is_taken(failure: MedusaSyncError) -> None:
    shelf = Shelf()
    shelf.refusals, shelf.created_by_others = {"blue": failure}, {"blue"}
    ids = await Taxonomy(shelf, Names(), Stop()).tag_ids(["red", "blue"])
    assert picked(ids, "red", "blue") == {"red": "id of red", "blue": "id of blue"}


@pytest.mark.parametrize(
    "failure", [REFUSED, LOST, StoreError("gone")], ids=["refused", "lost", "unreachable"]
)
async def test_what_cannot_be_created_is_an_error(failure: MedusaSyncError) -> None:
    shelf = Shelf()
    shelf.refusals = {"blue": failure}
    with pytest.raises(type(failure), match=str(failure)):
        await Taxonomy(shelf, Names(), Stop()).tag_ids(["red", "blue"])


async def test_what_was_created_beside_a_failure_is_not_created_again() -> None:
    shelf = Shelf()
    taxonomy = Taxonomy(shelf, Names(), Stop())
    shelf.refusals = {"blue": REFUSED}
    with pytest.raises(StoreRefusedError):
        await taxonomy.tag_ids(["red", "blue"])
    shelf.refusals = {}
    await taxonomy.tag_ids(["red", "blue"])
    assert shelf.created == {"red": "red", "blue": "blue"}


async def test_an_unreachable_store_counts_more_than_a_refusal() -> None:
    shelf = Shelf()
    shelf.refusals = {"red": REFUSED, "blue": StoreError("gone")}
    with pytest.raises(StoreError):
        await Taxonomy(shelf, Names(), Stop()).tag_ids(["red", "blue"])


async def test_a_new_category_is_named_as_the_source_names_it() -> None:
    shelf, names = Shelf("known"), Names(toys="Toys & Games", blank="")
    taxonomy = Taxonomy(shelf, names, Stop())
    await taxonomy.category_ids(["known", "toys", "garden-tools", "blank"])
    assert shelf.created == {"toys": "Toys & Games", "garden-tools": "Garden Tools", "blank": "Blank"}
    await taxonomy.category_ids(["more"])
    assert names.asked == 1


async def test_the_source_is_not_asked_for_names_that_nobody_needs() -> None:
    names = Names()
    await Taxonomy(Shelf("toys"), names, Stop()).category_ids(["toys"])
    assert names.asked == 0


async def test_an_inactive_category_is_activated_once() -> None:
    shelf = Shelf("toys", inactive=["games"])
    taxonomy = Taxonomy(shelf, Names(), Stop())
    await taxonomy.category_ids(["toys", "games", "new"])
    for _ in range(2):
        await taxonomy.activate_categories(["toys", "games", "new", "unknown"])
    assert shelf.activated == ["id of games"]


# --- places ---------------------------------------------------------------------------------------------


class Shop(AdminApi):
    """A store with a few sales channels, shipping profiles and stock locations."""

    store: StoreDefaults

    def __init__(self, **collections: list[dict[str, str]]) -> None:
        self.collections: dict[str, list[dict[str, str]]] = {
            "sales_channels": [{"id": "sc_1", "name": "Web"}],
            "shipping_profiles": [{"id": "sp_1", "name": "Parcel", "type": "default"}],
            "stock_locations": [{"id": "sloc_1", "name": "Cellar"}],
        } | collections

    async def defaults(self) -> StoreDefaults:
        return self.store

    async def named(self, collection: str, query: dict[str, str]) -> list[Entity]:
        found = [entry for entry in self.collections[collection] if entry.items() >= query.items()]
        return [Entity(entry["id"]) for entry in found[:2]]


STORE = StoreDefaults("store_1", (StoreCurrency("eur"), StoreCurrency("usd")), "sc_1", "sloc_1")
TWO_CHANNELS = [{"id": "sc_1", "name": "Web"}, {"id": "sc_2", "name": "Web"}]
TWO_PROFILES = [{"id": "sp_1", "name": "A", "type": "x"}, {"id": "sp_2", "name": "B", "type": "y"}]
TWO_LOCATIONS = [{"id": "sloc_1", "name": "Cellar"}, {"id": "sloc_2", "name": "Loft"}]


async def places(shop: Shop, store: StoreDefaults = STORE, /, **wanted: Any) -> Placement:
    shop.store = store
    return await find_placement(shop, Wanted(**{"currency": "usd"} | wanted))


async def test_what_is_not_named_is_the_default() -> None:
    assert await places(Shop(stock_locations=TWO_LOCATIONS)) == Placement("sc_1", "sp_1", "sloc_1")


@pytest.mark.parametrize("by", ["id", "name"])
@pytest.mark.parametrize(
    ("wanted", "entry", "found"),
    [
        ("sales_channel", {"id": "sc_9", "name": "Market"}, Placement("sc_9", "sp_1", "sloc_1")),
        ("shipping_profile", {"id": "sp_9", "name": "Freight"}, Placement("sc_1", "sp_9", "sloc_1")),
        ("stock_location", {"id": "sloc_9", "name": "Loft"}, Placement("sc_1", "sp_1", "sloc_9")),
    ],
)
async def test_what_is_named_is_found_by_id_or_name(
    wanted: str, entry: dict[str, str], found: Placement, by: str
) -> None:
    shop = Shop()
    shop.collections[f"{wanted}s"].append(entry)
    assert await places(shop, **{wanted: entry[by]}) == found


async def test_a_currency_that_the_store_does_not_have_is_refused() -> None:
    with pytest.raises(StoreMismatchError, match="'gbp', only in: eur, usd") as caught:
        await places(Shop(), currency="gbp")
    assert caught.value.exit_code == 2
    assert "--currency" in caught.value.hint


@pytest.mark.parametrize("wanted", ["sales_channel", "shipping_profile", "stock_location"])
@pytest.mark.parametrize("name", ["Nowhere", "sc_0", "sp_0", "sloc_0"])
async def test_what_the_store_does_not_have_is_refused(wanted: str, name: str) -> None:
    with pytest.raises(StoreMismatchError, match=f"no {wanted.replace('_', ' ')} '{name}'") as caught:
        await places(Shop(), **{wanted: name})
    assert f"--{wanted.replace('_', '-')}" in caught.value.hint


async def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(StoreMismatchError, match="several sales channels 'Web'"):
        await places(Shop(sales_channels=TWO_CHANNELS), sales_channel="Web")


@pytest.mark.parametrize("default", [None, "sc_gone"])
async def test_a_store_without_a_default_sales_channel_is_refused(default: str | None) -> None:
    store = StoreDefaults("store_1", STORE.supported_currencies, default, "sloc_1")
    with pytest.raises(StoreMismatchError, match="no default sales channel"):
        await places(Shop(), store)


async def test_the_only_shipping_profile_needs_no_type() -> None:
    shop = Shop(shipping_profiles=TWO_PROFILES[:1])
    assert (await places(shop)).shipping_profile_id == "sp_1"


async def test_one_of_several_shipping_profiles_is_not_guessed() -> None:
    with pytest.raises(StoreMismatchError, match="several shipping profiles"):
        await places(Shop(shipping_profiles=TWO_PROFILES))


async def test_a_store_without_a_shipping_profile_is_refused() -> None:
    with pytest.raises(StoreMismatchError, match="no shipping profile"):
        await places(Shop(shipping_profiles=[]))


@pytest.mark.parametrize("default", [None, "sloc_gone"])
async def test_the_only_stock_location_is_taken(default: str | None) -> None:
    store = StoreDefaults("store_1", STORE.supported_currencies, "sc_1", default)
    assert (await places(Shop(), store)).location_id == "sloc_1"


async def test_one_of_several_stock_locations_is_not_guessed() -> None:
    store = StoreDefaults("store_1", STORE.supported_currencies, "sc_1", None)
    with pytest.raises(StoreMismatchError, match="several stock locations"):
        await places(Shop(stock_locations=TWO_LOCATIONS), store)


async def test_a_store_may_have_no_stock_location() -> None:
    store = StoreDefaults("store_1", STORE.supported_currencies, "sc_1", None)
    assert (await places(Shop(stock_locations=[]), store)).location_id is None


async def test_nothing_more_is_created_once_the_run_has_to_end() -> None:
    stop = Stop()

    class Slow(Shelf):
        async def create_tag(self, value: str) -> StoredTag:
            stop.set(TimeLimitError("over"))
            return await super().create_tag(value)

    shelf = Slow()
    with pytest.raises(TimeLimitError):
        await Taxonomy(shelf, Names(), stop).tag_ids([f"tag {number}" for number in range(20)])
    assert 0 < len(shelf.created) < 20
