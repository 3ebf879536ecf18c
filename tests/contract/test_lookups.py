"""What queries find; the tool finds everything that it created."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from medusa_sync.core.stored import StoredProduct, category_metadata
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.operations import CREATE_TAGS
from tests.contract.shop import LEVELS, Shop, item_of, variant_of
from tests.harness.fake_medusa import FakeMedusa

TEXTS = ("null", "NULL", "annulled", "nul", "a,b", "a", "b", "red, blue", ",", "a,", "[]", "%", "a b", "é")
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=9)


def _add_tags(shop: Shop, values: Sequence[str]) -> None:
    for value in values:
        shop.tag(value)


def _add_categories(shop: Shop, handles: Sequence[str]) -> None:
    for handle in handles:
        shop.category(handle, name="Category")


def _add_collections(shop: Shop, handles: Sequence[str]) -> None:
    for handle in handles:
        shop.collection("Collection", handle=handle)


def _add_products(shop: Shop, handles: Sequence[str]) -> None:
    shop.batch(create=[shop.body(number, handle=handle) for number, handle in enumerate(handles)])


def _add_items(shop: Shop, skus: Sequence[str]) -> None:
    shop.batch(create=[shop.body(number, variant={"sku": sku}) for number, sku in enumerate(skus)])


async def _tags(api: AdminApi, values: Sequence[str]) -> list[str | None]:
    return list(await api.bulk.existing(CREATE_TAGS, values))


async def _categories(api: AdminApi, handles: Sequence[str]) -> list[str | None]:
    return [category.handle for category in await api.terms.categories(handles)]


async def _items(api: AdminApi, skus: Sequence[str]) -> list[str | None]:
    return [item.sku for item in await api.items.by_sku(skus)]


class Kind(Struct):
    """Entities that are found by a text."""

    collection: str
    key: str
    add: Callable[[Shop, Sequence[str]], None]
    look_up: Callable[[AdminApi, Sequence[str]], Awaitable[list[str | None]]]

    def found(self, shop: Shop, suffix: str, values: Sequence[str]) -> set[str]:
        """The texts of the entities that the query `<key><suffix>=<values>` finds."""
        path = f"/admin/{self.collection.replace('_', '-')}"
        response = shop.call("GET", path, **{f"{self.key}{suffix}": values})
        return {entry[self.key] for entry in response[self.collection]}

    def search(self, shop: Shop, words: str) -> set[str]:
        response = shop.call("GET", f"/admin/{self.collection.replace('_', '-')}", q=words)
        return {entry[self.key] for entry in response[self.collection]}


KINDS = {
    "tag": Kind("product_tags", "value", _add_tags, _tags),
    "category": Kind("product_categories", "handle", _add_categories, _categories),
    "item": Kind("inventory_items", "sku", _add_items, _items),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def test_an_array_of_one_value_is_split_at_commas(shop: Shop, kind: Kind) -> None:
    kind.add(shop, ["a", "b", "a,b"])
    assert kind.found(shop, "[]", ["a,b"]) == {"a", "b"}
    assert kind.found(shop, "[]", ["a,b", "a,b"]) == {"a,b"}
    assert kind.found(shop, "[]", ["a,b", "a"]) == {"a", "a,b"}
    assert kind.found(shop, "", ["a,b"]) == {"a,b"}


def test_an_array_does_not_find_the_text_null(shop: Shop, kind: Kind) -> None:
    kind.add(shop, ["null", "NULL"])
    assert kind.found(shop, "[]", ["null"]) == set()
    assert kind.found(shop, "[]", ["null", "NULL"]) == {"NULL"}


@pytest.mark.parametrize(
    ("collection", "add"),
    [
        ("product_categories", _add_categories),
        ("collections", _add_collections),
        ("products", _add_products),
    ],
)
def test_the_handle_null_finds_everything(
    shop: Shop, collection: str, add: Callable[[Shop, Sequence[str]], None]
) -> None:
    """No filter finds the entity with this handle, not even a list of several."""
    add(shop, ["null", "nil"])
    path = f"/admin/{collection.replace('_', '-')}"

    def found(**query: str | Sequence[str]) -> set[str]:
        return {entry["handle"] for entry in shop.call("GET", path, **query)[collection]}

    assert found(handle="null") == {"null", "nil"}
    assert found(**{"handle[]": ["null"]}) == set()
    assert found(**{"handle[]": ["null", "nil"]}) == {"nil"}


@pytest.mark.parametrize(
    ("path", "collection", "key"),
    [
        ("/admin/product-tags", "product_tags", "value"),
        ("/admin/inventory-items", "inventory_items", "sku"),
        ("/admin/product-variants", "variants", "sku"),
    ],
)
def test_the_value_null_finds_what_has_no_value(shop: Shop, path: str, collection: str, key: str) -> None:
    shop.tag("null")
    shop.batch(
        create=[
            shop.body(number, title=sku or "x", variant={"sku": sku})
            for number, sku in enumerate(("null", "Null", None))
        ]
    )
    found = [entry[key] for entry in shop.call("GET", path, **{key: "null"})[collection]]
    assert set(found) <= {None}
    assert [entry[key] for entry in shop.call("GET", path, **{key: "Null"})[collection]] == (
        [] if key == "value" else ["Null"]
    )


def test_a_search_finds_parts_of_words_in_any_case(shop: Shop, kind: Kind) -> None:
    kind.add(shop, ["null", "ANNULLED", "nil"])
    assert kind.search(shop, "nul") == {"null", "ANNULLED"}
    assert kind.search(shop, "null") == {"null", "ANNULLED", "nil"}


async def found_again(api: AdminApi, kind: Kind, texts: Sequence[str]) -> None:
    for asked in (texts, *([text] for text in texts)):
        assert sorted(map(str, await kind.look_up(api, asked))) == sorted(asked)


def test_created_entities_are_found(shop: Shop, kind: Kind) -> None:
    kind.add(shop, TEXTS)
    shop.ask(lambda api: found_again(api, kind, TEXTS))
    assert shop.ask(lambda api: kind.look_up(api, ["nu", "b,a", "A", "nuLL"])) == []


@given(texts=st.lists(ANY_TEXT | st.sampled_from(TEXTS), max_size=6, unique=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_found(kind: Kind, texts: list[str]) -> None:
    fake = FakeMedusa()
    with httpx.Client(transport=fake, base_url=fake.url, auth=(fake.api_key, "")) as client:
        shop = Shop(fake, client)
        kind.add(shop, texts)
        shop.ask(lambda api: found_again(api, kind, texts))


def test_an_item_shows_who_uses_it(shop: Shop) -> None:
    product = shop.create(variant={"sku": "a,b"})
    item_id, variant_id = item_of(product), variant_of(product)["id"]

    def seen() -> tuple[Any, ...]:
        (item,) = shop.ask(lambda api: api.items.by_sku(["a,b"]))
        return (
            item.id,
            item.sku,
            item.reserved_quantity,
            [each.id for each in item.users],
            [level.location_id for level in item.location_levels],
        )

    assert seen() == (item_id, "a,b", 0, [variant_id], [])
    shop.call("POST", LEVELS, {"create": [shop.level(item_id, 3)]})
    shop.update(product, variants=[{"id": variant_id, "manage_inventory": False}])
    assert seen() == (item_id, "a,b", 0, [], [shop.location_id])


@pytest.mark.parametrize("field", ["sku", "barcode"])
def test_the_owners_of_unique_values_are_found(shop: Shop, field: str) -> None:
    texts = [*TEXTS, "free"]
    shop.batch(
        create=[shop.body(number, variant={field: text}) for number, text in enumerate(texts[:-1], start=1)]
    )

    def owners(*asked: str) -> dict[str, str | None]:
        found = shop.ask(lambda api: api.variants_with(field, asked))
        return {
            str(getattr(variant, field)): variant.product.external_id for variant in found if variant.product
        }

    expected = {text: f"contract:{number}" for number, text in enumerate(texts[:-1], start=1)}
    assert owners(*texts) == expected
    for text in texts:
        assert owners(text) == ({text: expected[text]} if text in expected else {})


def test_an_item_shows_the_product_that_uses_it(shop: Shop) -> None:
    product = shop.create()
    (item,) = shop.ask(lambda api: api.items.by_sku([variant_of(product)["sku"]]))
    [user] = item.users
    assert user.product is not None
    shown = (user.product.id, user.product.external_id, user.product.title)
    assert shown == tuple(product[name] for name in ("id", "external_id", "title"))


def test_a_category_is_found_by_its_slug_after_the_merchant_renamed_it(shop: Shop) -> None:
    body = {"name": "Shoes", "handle": "shoes", "metadata": category_metadata("shoes"), "is_active": True}
    created = shop.call("POST", "/admin/product-categories", body)["product_category"]["id"]
    changes = {"name": "Footwear", "handle": "footwear"}
    shop.call("POST", f"/admin/product-categories/{created}", changes)
    shop.category("hats")
    [found] = shop.ask(lambda api: api.terms.categories(["shoes"]))
    assert (found.id, found.handle, found.name, found.is_active) == (created, "footwear", "Footwear", True)
    product = shop.create(categories=[{"id": created}])
    [stored] = shop.ask(lambda api: api.details("id", [product["id"]]))
    assert isinstance(stored, StoredProduct)
    assert [category.slug for category in stored.categories] == ["shoes"]
