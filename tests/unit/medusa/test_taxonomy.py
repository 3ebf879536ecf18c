"""Categories and tags are looked up once and created once."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from medusa_sync.medusa.taxonomy import Taxonomy

from medusa_sync.core.fields import CATEGORIES, COLLECTION, TAGS, TYPE
from medusa_sync.core.merge import members
from medusa_sync.core.stored import (
    ListedCategory,
    StoredCategory,
    StoredCollection,
    StoredTag,
    StoredType,
)
from medusa_sync.errors import (
    AmbiguousWriteError,
    MedusaSyncError,
    StoreError,
    StoreRefusedError,
    TimeLimitError,
)
from medusa_sync.medusa.term_api import TermApi
from medusa_sync.stop import Stop
from tests.unit.builders import desired_product

pytestmark = pytest.mark.anyio

REFUSED = StoreRefusedError("it exists", status=400)
LOST = AmbiguousWriteError("no response")


class Store(TermApi):
    """A store with tags and categories that records what was looked up and created."""

    def __init__(self, *known: str, inactive: Sequence[str] = ()) -> None:
        self.known = {**dict.fromkeys(known, True), **dict.fromkeys(inactive, False)}
        self.asked: list[tuple[str, ...]] = []
        self.attempts = 0
        self.created: dict[str, str] = {}
        self.parents: dict[str, str | None] = {}
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

    async def types(self, values: Sequence[str]) -> list[StoredType]:
        self.asked.append(tuple(values))
        return [StoredType(_id(value), value) for value in values if value in self.known]

    async def collections(self, handles: Sequence[str]) -> list[StoredCollection]:
        self.asked.append(tuple(handles))
        return [StoredCollection(_id(handle), handle) for handle in handles if handle in self.known]

    async def create_type(self, value: str) -> StoredType:
        await self._create(value, value)
        return StoredType(_id(value), value)

    async def create_collection(self, handle: str, title: str) -> StoredCollection:
        await self._create(handle, title)
        return StoredCollection(_id(handle), handle)

    async def create_tag(self, value: str) -> StoredTag:
        await self._create(value, value)
        return StoredTag(_id(value), value)

    async def create_category(self, handle: str, name: str, parent_id: str | None = None) -> StoredCategory:
        self.parents[handle] = parent_id
        await self._create(handle, name)
        return StoredCategory(_id(handle), handle)

    async def activate_category(self, category_id: str) -> None:
        self.activated.append(category_id)

    async def _create(self, key: str, name: str) -> None:
        self.attempts += 1
        await asyncio.sleep(0)
        assert key not in self.created, "created twice"
        if key in self.created_by_others:
            self.known[key] = True
        if key in self.refusals:
            raise self.refusals[key]
        self.created[key] = name
        self.known[key] = True


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


async def tag_ids(taxonomy: Taxonomy, values: list[str]) -> Mapping[str, str]:
    return (await taxonomy.ids({TAGS: values}))[TAGS]


async def category_ids(taxonomy: Taxonomy, handles: list[str]) -> Mapping[str, str]:
    return (await taxonomy.ids({CATEGORIES: handles}))[CATEGORIES]


def picked(ids: Mapping[str, str], *keys: str) -> dict[str, str]:
    return {key: ids[key] for key in keys}


async def test_an_existing_tag_is_not_created() -> None:
    store = Store("red", "blue")
    ids = await tag_ids(Taxonomy(store, Names(), Stop()), ["red", "blue", "red"])
    assert picked(ids, "red", "blue") == {"red": "id of red", "blue": "id of blue"}
    assert (store.asked, store.created) == ([("red", "blue")], {})


async def test_a_missing_tag_is_created() -> None:
    store = Store("red")
    ids = await tag_ids(Taxonomy(store, Names(), Stop()), ["red", "blue"])
    assert picked(ids, "red", "blue") == {"red": "id of red", "blue": "id of blue"}
    assert store.created == {"blue": "blue"}


async def test_nothing_is_looked_up_twice() -> None:
    store = Store("red")
    taxonomy = Taxonomy(store, Names(), Stop())
    await tag_ids(taxonomy, ["red", "blue"])
    await tag_ids(taxonomy, ["blue", "red", "green"])
    assert store.asked == [("red", "blue"), ("green",)]


async def test_forgotten_tags_and_categories_are_looked_up_again() -> None:
    store = Store("red", "toys", inactive=["games"])
    taxonomy = Taxonomy(store, Names(), Stop())
    await tag_ids(taxonomy, ["red", "blue"])
    await category_ids(taxonomy, ["toys", "games"])
    taxonomy.forget({CATEGORIES: ["games"], TAGS: ["red"]})
    assert taxonomy.has({CATEGORIES: ["toys"], TAGS: ["blue"]})
    assert not taxonomy.has({CATEGORIES: ["games"], TAGS: []})
    assert not taxonomy.has({CATEGORIES: [], TAGS: ["red"]})
    await taxonomy.activate_categories(["games"])
    await tag_ids(taxonomy, ["red", "blue"])
    assert (store.asked[-1], store.activated) == (("red",), [])


async def test_a_tag_that_another_batch_forgets_is_still_returned() -> None:
    store = Store("red", "blue")
    taxonomy = Taxonomy(store, Names(), Stop())
    await tag_ids(taxonomy, ["red"])
    waiting = asyncio.create_task(tag_ids(taxonomy, ["red", "blue"]))
    await asyncio.sleep(0)
    taxonomy.forget({CATEGORIES: [], TAGS: ["red"]})
    ids = await waiting
    assert picked(ids, "red", "blue") == {"red": "id of red", "blue": "id of blue"}
    assert not taxonomy.has({CATEGORIES: [], TAGS: ["red"]})


async def test_no_tags_need_no_look_up() -> None:
    store = Store()
    await tag_ids(Taxonomy(store, Names(), Stop()), [])
    assert store.asked == []


async def test_concurrent_batches_create_a_category_once() -> None:
    store = Store()
    taxonomy = Taxonomy(store, Names(), Stop())
    await asyncio.gather(*(category_ids(taxonomy, ["toys", "games"]) for _ in range(5)))
    assert store.created == {"toys": "Toys", "games": "Games"}


async def test_many_tags_are_created() -> None:
    store = Store()
    tags = [f"tag {number}" for number in range(11)]
    assert picked(await tag_ids(Taxonomy(store, Names(), Stop()), tags), *tags) == {
        tag: _id(tag) for tag in tags
    }
    assert list(store.created) == tags


@pytest.mark.parametrize("failure", [REFUSED, LOST], ids=["refused", "lost"])
async def test_a_tag_that_exists_after_a_failure_is_used(failure: MedusaSyncError) -> None:
    store = Store()
    store.refusals, store.created_by_others = {"blue": failure}, {"blue"}
    ids = await tag_ids(Taxonomy(store, Names(), Stop()), ["red", "blue"])
    assert picked(ids, "red", "blue") == {"red": "id of red", "blue": "id of blue"}


@pytest.mark.parametrize(
    "failure", [REFUSED, LOST, StoreError("gone")], ids=["refused", "lost", "unreachable"]
)
async def test_a_tag_that_cannot_be_created_is_an_error(failure: MedusaSyncError) -> None:
    store = Store()
    store.refusals = {"blue": failure}
    with pytest.raises(type(failure), match=str(failure)):
        await tag_ids(Taxonomy(store, Names(), Stop()), ["red", "blue"])


async def test_a_tag_created_beside_a_failure_is_not_created_again() -> None:
    store = Store()
    taxonomy = Taxonomy(store, Names(), Stop())
    store.refusals = {"blue": REFUSED}
    with pytest.raises(StoreRefusedError):
        await tag_ids(taxonomy, ["red", "blue"])
    store.refusals = {}
    await tag_ids(taxonomy, ["red", "blue"])
    assert store.created == {"red": "red", "blue": "blue"}


async def test_an_unreachable_store_is_raised_rather_than_a_refusal() -> None:
    store = Store()
    store.refusals = {"red": REFUSED, "blue": StoreError("gone")}
    with pytest.raises(StoreError):
        await tag_ids(Taxonomy(store, Names(), Stop()), ["red", "blue"])


async def test_a_new_category_has_the_name_from_the_source() -> None:
    store, names = Store("known"), Names(toys="Toys & Games", blank="")
    taxonomy = Taxonomy(store, names, Stop())
    await category_ids(taxonomy, ["known", "toys", "garden-tools", "blank"])
    assert store.created == {"toys": "Toys & Games", "garden-tools": "Garden Tools", "blank": "Blank"}
    await category_ids(taxonomy, ["more"])
    assert names.asked == 1


async def test_the_source_is_not_asked_for_names_if_no_category_is_created() -> None:
    names = Names()
    await category_ids(Taxonomy(Store("toys"), names, Stop()), ["toys"])
    assert names.asked == 0


async def test_an_inactive_category_is_activated_once() -> None:
    store = Store("toys", inactive=["games"])
    taxonomy = Taxonomy(store, Names(), Stop())
    await category_ids(taxonomy, ["toys", "games", "new"])
    for _ in range(2):
        await taxonomy.activate_categories(["toys", "games", "new", "unknown"])
    assert store.activated == ["id of games"]


async def test_nothing_more_is_created_after_a_stop() -> None:
    stop = Stop()

    class Slow(Store):
        async def create_tag(self, value: str) -> StoredTag:
            stop.set(TimeLimitError("over"))
            return await super().create_tag(value)

    store = Slow()
    with pytest.raises(TimeLimitError):
        await tag_ids(Taxonomy(store, Names(), stop), [f"tag {number}" for number in range(20)])
    assert 0 < len(store.created) < 20


# --- ahead of the batches -------------------------------------------------------------------------------


async def test_what_began_is_looked_up_and_created_once() -> None:
    store = Store("red", "toys")
    taxonomy = Taxonomy(store, Names(), Stop())
    taxonomy.begin({CATEGORIES: ["toys", "games"], TAGS: ["red", "blue", "green"]})
    assert picked(await tag_ids(taxonomy, ["blue"]), "blue") == {"blue": "id of blue"}
    await category_ids(taxonomy, ["games"])
    await taxonomy.finish()
    assert sorted(store.asked) == [("red", "blue", "green"), ("toys", "games")]
    assert store.created == {"games": "Games", "blue": "blue", "green": "green"}


async def test_a_batch_does_not_wait_for_the_tags_of_others() -> None:
    store = Store("red")
    taxonomy = Taxonomy(store, Names(), Stop())
    tags = ["red", *(f"tag {number}" for number in range(50))]
    taxonomy.begin({TAGS: tags})
    await tag_ids(taxonomy, ["red"])
    assert len(store.created) < 50
    await taxonomy.finish()
    assert len(store.created) == 50


async def test_a_refused_tag_does_not_affect_the_others() -> None:
    store = Store()
    store.refusals = {"blue": REFUSED}
    taxonomy = Taxonomy(store, Names(), Stop())
    taxonomy.begin({CATEGORIES: [], TAGS: ["red", "blue", "green"]})
    await taxonomy.finish()
    assert picked(await tag_ids(taxonomy, ["red", "green"]), "red") == {"red": "id of red"}
    with pytest.raises(StoreRefusedError):
        await tag_ids(taxonomy, ["blue"])


@pytest.mark.parametrize("failure", [LOST, StoreError("gone")], ids=["lost", "unreachable"])
async def test_nothing_more_is_created_ahead_once_the_store_fails(failure: MedusaSyncError) -> None:
    store = Store()
    tags = [f"tag {number}" for number in range(100)]
    store.refusals = dict.fromkeys(tags, failure)
    taxonomy = Taxonomy(store, Names(), Stop())
    taxonomy.begin({TAGS: tags})
    await taxonomy.finish()
    assert store.attempts <= 8
    store.refusals = {}
    assert len(await tag_ids(taxonomy, tags)) == 100


async def test_what_waits_for_a_tag_may_be_cancelled() -> None:
    store = Store()
    taxonomy = Taxonomy(store, Names(), Stop())
    waiting = asyncio.create_task(tag_ids(taxonomy, ["red"]))
    await asyncio.sleep(0)
    waiting.cancel()
    assert picked(await tag_ids(taxonomy, ["red"]), "red") == {"red": "id of red"}


async def test_categories_are_created_before_tags_because_every_batch_needs_one() -> None:
    class Slow(Store):
        async def categories(self, handles: Sequence[str]) -> list[ListedCategory]:
            for _ in range(5):
                await asyncio.sleep(0)
            return await super().categories(handles)

    store = Slow()
    taxonomy = Taxonomy(store, Names(), Stop())
    taxonomy.begin({CATEGORIES: [f"shelf-{number}" for number in range(20)], TAGS: ["red"]})
    await taxonomy.finish()
    assert list(store.created).index("red") > 10


async def test_tags_are_created_even_if_the_categories_cannot_be_looked_up() -> None:
    class Broken(Store):
        async def categories(self, handles: Sequence[str]) -> list[ListedCategory]:
            raise StoreError(f"gone: {handles}")

    store = Broken()
    taxonomy = Taxonomy(store, Names(), Stop())
    taxonomy.begin({CATEGORIES: ["toys"], TAGS: ["red"]})
    assert picked(await tag_ids(taxonomy, ["red"]), "red") == {"red": "id of red"}
    await taxonomy.finish()


async def test_types_and_collections_are_found_or_created_with_their_titles() -> None:
    store = Store("shirts", "winter-2026")
    taxonomy = Taxonomy(store, Names(), Stop())
    needs = {TYPE: ["shirts", "hats"], COLLECTION: ["winter-2026", "ete-co"]}
    taxonomy.begin(needs, [desired_product(collection="Été & Co")])
    ids = await taxonomy.ids(needs)
    assert ids == {name: {key: _id(key) for key in keys} for name, keys in needs.items()}
    assert store.created == {"hats": "hats", "ete-co": "Été & Co"}
    await taxonomy.finish()


# --- category paths -------------------------------------------------------------------------------------


async def path_ids(taxonomy: Taxonomy, *paths: str) -> Mapping[str, str]:
    """The ids of the last categories of paths such as `Toys > Trains`."""
    product = desired_product(category=None, categories=[path.split(" > ") for path in paths])
    handles = list(members(product.fields[CATEGORIES]))
    taxonomy.begin({CATEGORIES: handles}, [product])
    return await category_ids(taxonomy, handles)


async def test_the_categories_of_a_path_are_created_from_the_top() -> None:
    store, names = Store(), Names()
    ids = await path_ids(Taxonomy(store, names, Stop()), "Toys > Trains > Parts & Spares")
    assert ids == {"toys-trains-parts-spares": "id of toys-trains-parts-spares"}
    assert list(store.created.items()) == [
        ("toys", "Toys"),
        ("toys-trains", "Trains"),
        ("toys-trains-parts-spares", "Parts & Spares"),
    ]
    assert store.parents == {
        "toys": None,
        "toys-trains": "id of toys",
        "toys-trains-parts-spares": "id of toys-trains",
    }
    assert names.asked == 0


async def test_all_categories_of_many_paths_are_looked_up_with_one_request() -> None:
    store = Store("toys")
    await path_ids(Taxonomy(store, Names(), Stop()), "Toys > Trains", "Toys > Cars > Red", "Books")
    [asked] = store.asked
    assert sorted(asked) == ["books", "toys", "toys-cars", "toys-cars-red", "toys-trains"]
    assert store.created.keys() == {"books", "toys-cars", "toys-cars-red", "toys-trains"}


async def test_what_is_above_an_existing_category_is_not_created() -> None:
    """The merchant has moved it."""
    store = Store("toys-trains", "books-red")
    ids = await path_ids(Taxonomy(store, Names(), Stop()), "Toys > Trains", "Books > Red > Thin")
    assert ids.keys() == {"toys-trains", "books-red-thin"}
    assert store.created == {"books-red-thin": "Thin"}
    assert store.parents == {"books-red-thin": "id of books-red"}


async def test_a_category_that_was_not_needed_is_created_when_a_product_needs_it() -> None:
    store = Store("toys-trains")
    taxonomy = Taxonomy(store, Names(), Stop())
    await path_ids(taxonomy, "Toys > Trains")
    await path_ids(taxonomy, "Toys")
    await path_ids(taxonomy, "Toys > Cars")
    assert store.created == {"toys": "Toys", "toys-cars": "Cars"}


async def test_concurrent_batches_create_the_categories_of_a_path_once() -> None:
    store = Store("toys-trains")
    taxonomy = Taxonomy(store, Names(), Stop())
    paths = ["Toys > Trains", "Toys > Cars > Red", "Toys > Cars", "Toys", "Toys > Cars > Blue"]
    await asyncio.gather(*(path_ids(taxonomy, path) for path in paths))
    assert store.created.keys() == {"toys", "toys-cars", "toys-cars-red", "toys-cars-blue"}
    assert store.parents["toys-cars-red"] == store.parents["toys-cars-blue"] == "id of toys-cars"


async def test_many_branches_are_created_at_the_same_time() -> None:
    at_once = 0

    class Slow(Store):
        async def _create(self, key: str, name: str) -> None:
            nonlocal at_once
            self.running = getattr(self, "running", 0) + 1
            at_once = max(at_once, self.running)
            for _ in range(3):
                await asyncio.sleep(0)
            await super()._create(key, name)
            self.running -= 1

    store = Slow()
    await path_ids(Taxonomy(store, Names(), Stop()), *(f"Toys > Shelf {number}" for number in range(20)))
    assert (len(store.created), at_once) == (21, 8)


@pytest.mark.parametrize(
    "failure", [REFUSED, LOST, StoreError("gone")], ids=["refused", "lost", "unreachable"]
)
@pytest.mark.parametrize("broken", ["toys", "toys-cars", "toys-cars-red"])
async def test_below_a_category_that_cannot_be_created_nothing_is_tried(
    failure: MedusaSyncError, broken: str
) -> None:
    store = Store()
    store.refusals = {broken: failure}
    taxonomy = Taxonomy(store, Names(), Stop())
    with pytest.raises(type(failure), match=str(failure)):
        await path_ids(taxonomy, "Toys > Cars > Red")
    assert all(broken.startswith(handle) for handle in store.created)
    assert store.attempts == len(store.created) + 1
    store.refusals = {}
    await path_ids(taxonomy, "Toys > Cars > Red")
    assert list(store.created) == ["toys", "toys-cars", "toys-cars-red"]


async def test_an_unexpected_error_is_raised_for_all_categories_below() -> None:
    class Broken(Store):
        async def create_category(
            self, handle: str, name: str, parent_id: str | None = None
        ) -> StoredCategory:
            raise ZeroDivisionError(handle, name, parent_id)

    taxonomy = Taxonomy(Broken(), Names(), Stop())
    with pytest.raises(ZeroDivisionError):
        await path_ids(taxonomy, "Toys > Cars > Red")
    with pytest.raises(ZeroDivisionError):
        await taxonomy.finish()


async def test_a_refused_branch_does_not_affect_the_others() -> None:
    store = Store()
    store.refusals = {"toys-cars": REFUSED}
    taxonomy = Taxonomy(store, Names(), Stop())
    product = desired_product(categories=[["Toys", "Cars", "Red"], ["Toys", "Trains"]])
    taxonomy.begin({CATEGORIES: ["toys-cars-red", "toys-trains"]}, [product])
    assert (await category_ids(taxonomy, ["toys-trains"])).keys() == {"toys-trains"}
    with pytest.raises(StoreRefusedError):
        await category_ids(taxonomy, ["toys-cars-red"])


async def test_if_a_category_disappears_before_one_is_created_below_it_both_are_created_again() -> None:
    store = Store()
    taxonomy = Taxonomy(store, Names(), Stop())
    await path_ids(taxonomy, "Toys > Cars")
    store.known.clear()
    store.created.clear()
    store.refusals = {"toys-trains": LOST}
    with pytest.raises(AmbiguousWriteError):
        await path_ids(taxonomy, "Toys > Trains")
    store.refusals = {}
    await path_ids(taxonomy, "Toys > Trains")
    assert list(store.created) == ["toys", "toys-trains"]


async def test_what_is_above_a_forgotten_category_is_forgotten() -> None:
    store = Store()
    taxonomy = Taxonomy(store, Names(), Stop())
    await path_ids(taxonomy, "Toys > Trains")
    taxonomy.forget({CATEGORIES: ["toys-trains"]})
    await path_ids(taxonomy, "Toys > Trains")
    assert [sorted(asked) for asked in store.asked] == [["toys", "toys-trains"]] * 2


async def test_nested_categories_are_created_before_tags() -> None:
    store = Store()
    taxonomy = Taxonomy(store, Names(), Stop())
    product = desired_product(category=None, categories=[["Toys", f"Shelf {each}"] for each in range(12)])
    tags = [f"tag {number}" for number in range(30)]
    taxonomy.begin({CATEGORIES: list(members(product.fields[CATEGORIES])), TAGS: tags}, [product])
    await taxonomy.finish()
    created = list(store.created)
    assert len(created) == 43
    assert created.index("toys-shelf-11") < created.index("tag 8")


async def test_after_a_stop_nothing_is_created_below_a_new_category() -> None:
    stop = Stop()

    class Slow(Store):
        async def create_category(
            self, handle: str, name: str, parent_id: str | None = None
        ) -> StoredCategory:
            stop.set(TimeLimitError("over"))
            return await super().create_category(handle, name, parent_id)

    store = Slow()
    with pytest.raises(TimeLimitError):
        await path_ids(Taxonomy(store, Names(), stop), "Toys > Cars > Red")
    assert list(store.created) == ["toys"]
