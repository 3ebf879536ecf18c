"""Inventory items and their levels."""

from typing import Any

import pytest

from tests.contract.shop import LEVELS, Refusal, Shop, View, exists, item_of, not_there, variant_of

ITEMS = "/admin/inventory-items"


def levels_of(shop: Shop, item_id: str) -> dict[str, float]:
    """Stocked quantities by location."""
    response = shop.call("GET", ITEMS, **{"id[]": [item_id]})
    (item,) = response["inventory_items"]
    return {level["location_id"]: level["stocked_quantity"] for level in item["location_levels"]}


def changed(shop: Shop, product: View, **changes: Any) -> View:
    """Update the variant of a product."""
    return shop.variants(product, update=[{"id": variant_of(product)["id"], **changes}])


def managed(shop: Shop, product: View, *, wanted: bool) -> View:
    return changed(shop, product, manage_inventory=wanted)


def taken(sku: str) -> Refusal:
    return exists("Inventory item", sku=sku)


def stock(shop: Shop, product: View) -> str:
    """Create a level; returns the id of the item."""
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), 7)]})
    return item_of(product)


@pytest.fixture
def product(shop: Shop) -> View:
    return shop.create()


# --- levels ---


def test_levels_are_created_and_updated(shop: Shop, product: View) -> None:
    """An item has none at first, and Medusa does not check that a location exists."""
    item_id, second = item_of(product), "sloc_gone"
    assert levels_of(shop, item_id) == {}
    response = shop.call("POST", LEVELS, {"create": [shop.level(item_id, 7)]})
    assert [level["stocked_quantity"] for level in response["created"]] == [7]
    mixed = {
        "create": [{"inventory_item_id": item_id, "location_id": second}],
        "update": [shop.level(item_id, 3), shop.level(item_id, 4)],
    }
    response = shop.call("POST", LEVELS, mixed)
    assert [level["inventory_item_id"] for level in response["created"]] == [item_id]
    assert levels_of(shop, item_id) == {shop.location_id: 4, second: 0}


def test_a_level_cannot_be_created_twice(shop: Shop, product: View) -> None:
    item_id, other = stock(shop, product), item_of(shop.create(2))
    refusal = exists("Inventory level", inventory_item_id="<id>", location_id="<id>")
    body = {"create": [shop.level(other, 1), shop.level(item_id, 8)]}
    assert shop.refusal("POST", LEVELS, body) == refusal
    assert (levels_of(shop, item_id), levels_of(shop, other)) == ({shop.location_id: 7}, {})


def test_only_existing_levels_and_items_are_accepted(shop: Shop, product: View) -> None:
    item_id, other = stock(shop, product), item_of(shop.create(2))
    body = {"update": [shop.level(item_id, 8), shop.level(other, 8)]}
    message = "Item <id> is not stocked at location <id>"
    assert shop.refusal("POST", LEVELS, body) == (404, "not_found", message)
    body = {"create": [shop.level("iitem_gone", 8)]}
    assert shop.refusal("POST", LEVELS, body) == not_there("inventory_item_id", "iitem_gone")
    assert levels_of(shop, item_id) == {shop.location_id: 7}


def test_levels_of_many_items_at_several_locations_are_written_in_one_call(shop: Shop) -> None:
    """An item can be created with several, too."""
    second = shop.call("POST", "/admin/stock-locations", {"name": "Second"})["stock_location"]["id"]
    both = [{"location_id": each, "stocked_quantity": n} for n, each in enumerate((shop.location_id, second))]
    ids = [f"iitem_{n}" for n in range(60)]
    items = [{"id": own, "sku": own, "location_levels": both[: n % 3]} for n, own in enumerate(ids)]
    shop.workflow("create-inventory-items-workflow", items=items)
    bodies = [{**level, "inventory_item_id": own, "stocked_quantity": 9} for own in ids for level in both]
    known = [each for n, each in enumerate(bodies) if n % 2 < n // 2 % 3]
    create = [each for each in bodies if each not in known]
    shop.call("POST", LEVELS, {"create": create, "update": known})
    for own in ids:
        assert levels_of(shop, own) == {shop.location_id: 9, second: 9}


# --- items of variants ---


def test_a_variant_that_is_no_longer_managed_leaves_its_item(shop: Shop, product: View) -> None:
    """The item keeps its levels, reservations and SKU; not even its own variant gets it back."""
    shop.reserve(product, "Default", 2)
    item_id = item_of(product)
    product = managed(shop, product, wanted=False)
    assert (variant_of(product)["inventory_items"], variant_of(product)["manage_inventory"]) == ([], False)
    assert levels_of(shop, item_id) == {shop.location_id: 7}
    found = shop.call("GET", ITEMS, **{"id[]": [item_id], "fields": "id,reserved_quantity"})
    assert found["inventory_items"][0]["reserved_quantity"] == 2
    body = {"id": variant_of(product)["id"], "title": "New", "manage_inventory": True, "prices": []}
    path = f"/admin/products/{product['id']}/variants/{body.pop('id')}"
    assert shop.refusal("POST", path, body) == taken("SKU-1")
    assert shop.product(product["id"]) == product
    shop.call("DELETE", f"/admin/products/{product['id']}")
    assert shop.batch_refusal(create=[shop.body(1)]) == taken("SKU-1")


@pytest.mark.parametrize("sku", ["NEW", None])
def test_renaming_an_item_frees_its_sku(shop: Shop, product: View, sku: str | None) -> None:
    path = f"{ITEMS}/{item_of(product)}"
    renamed = changed(shop, product, sku="OTHER")
    assert variant_of(renamed)["inventory_items"][0]["inventory"]["sku"] == "SKU-1", "it does not follow"
    assert shop.batch_refusal(create=[shop.body(2, variant={"sku": "SKU-1"})]) == taken("SKU-1")
    response = shop.call("POST", path, {"sku": sku}, fields="id,sku")
    assert response == {"inventory_item": {"id": item_of(product), "sku": sku}}
    changed(shop, product, sku=sku)
    other = shop.create(2, variant={"sku": "SKU-1"})
    assert variant_of(other)["inventory_items"][0]["inventory"]["sku"] == "SKU-1"
    assert shop.refusal("POST", path, {"sku": "SKU-1"}) == taken("SKU-1")
    assert shop.refusal("POST", f"{ITEMS}/iitem_gone", {"sku": "X"})[0] == 404


def test_deleting_a_product_deletes_its_item(shop: Shop, product: View) -> None:
    item_id = stock(shop, product)
    shop.call("DELETE", f"/admin/products/{product['id']}")
    assert shop.call("GET", ITEMS)["count"] == 0
    message = "Item <id> is not stocked at location <id>"
    assert shop.refusal("POST", LEVELS, {"update": [shop.level(item_id, 1)]}) == (404, "not_found", message)
    shop.call("POST", LEVELS, {"create": [shop.level(item_id, 1)]})  # Medusa does not check that it exists


def test_deleting_a_product_keeps_the_item_that_another_product_uses_too(shop: Shop, product: View) -> None:
    item_id = stock(shop, product)
    shop.create(2, variant={"inventory_items": [link_to(item_id)]})
    shop.call("DELETE", f"/admin/products/{product['id']}")
    assert levels_of(shop, item_id) == {shop.location_id: 7}


# --- items that exist ---


@pytest.fixture
def unused(shop: Shop, product: View) -> str:
    """An item with a level and the SKU `SKU-1`, which no variant uses."""
    item_id = stock(shop, product)
    managed(shop, product, wanted=False)
    return item_id


def link_to(item_id: str) -> View:
    return {"inventory_item_id": item_id, "required_quantity": 1}


def test_an_unused_item_can_be_linked_to_new_variants_and_keeps_its_levels(
    shop: Shop, product: View, unused: str
) -> None:
    """It stays if the creation is refused."""
    shop.call("DELETE", f"/admin/products/{product['id']}")
    shop.create(3)
    bodies = [
        shop.body(1, variant={"inventory_items": [link_to(unused)]}),
        shop.body(2, variant={"sku": "SKU-3"}),
    ]
    assert shop.batch_refusal(create=bodies)[0] == 400
    made = shop.create(2, variant={"sku": "SKU-1", "inventory_items": [link_to(unused)]})
    assert (item_of(made), levels_of(shop, unused)) == (unused, {shop.location_id: 7})
    assert shop.call("GET", ITEMS)["count"] == 2
    other = shop.second_variant(shop.create(4), sku="TWO", inventory_items=[link_to(unused)])
    assert item_of(other, "Two") == unused


def test_an_unused_item_is_deleted_with_its_level(shop: Shop, product: View, unused: str) -> None:
    for own in (unused, unused, "iitem_gone"):  # one that does not exist is deleted, too
        response = shop.call("DELETE", f"{ITEMS}/{own}")
        assert response == {"id": own, "object": "inventory_item", "deleted": True}
    assert item_of(managed(shop, product, wanted=True)) != unused


@pytest.mark.parametrize("sku", ["NEW", None])
def test_an_item_is_created_on_its_own_and_linked(shop: Shop, sku: str | None) -> None:
    """The variant keeps it if it is managed afterwards."""
    product = shop.create(variant={"sku": sku, "manage_inventory": False})
    body = {} if sku is None else {"sku": sku}
    item_id = shop.call("POST", ITEMS, body, fields="id")["inventory_item"]["id"]
    path = f"/admin/products/{product['id']}/variants/{variant_of(product)['id']}/inventory-items"
    shop.call("POST", path, link_to(item_id), fields="id")
    assert item_of(shop.product(product["id"])) == item_of(managed(shop, product, wanted=True)) == item_id
    if sku is not None:
        assert shop.refusal("POST", ITEMS, body) == taken("NEW")


# --- items that variants share ---


@pytest.fixture
def pair(shop: Shop) -> View:
    """A product whose two variants use one item, which was created with its stock."""
    levels = [{"location_id": shop.location_id, "stocked_quantity": 5}]
    body = {"sku": "BOTH", "title": "Both", "location_levels": levels}
    item_id = shop.call("POST", ITEMS, body, fields="id")["inventory_item"]["id"]
    product = shop.create(variant={"inventory_items": [link_to(item_id)]})
    return shop.second_variant(product, sku="TWO", inventory_items=[link_to(item_id)])


def relink(shop: Shop, product: View, **parts: list[View]) -> View:
    shop.call("POST", f"/admin/products/{product['id']}/variants/inventory-items/batch", parts)
    return shop.product(product["id"])


def used(product: View) -> list[list[str]]:
    """The SKUs of the items of each variant."""
    return [[each["inventory"]["sku"] for each in own["inventory_items"]] for own in product["variants"]]


def test_variants_are_linked_to_other_items_in_one_call(shop: Shop, pair: View) -> None:
    """What is linked already is linked once, and what is not linked can be unlinked."""
    assert used(pair) == [["BOTH"], ["BOTH"]]
    assert levels_of(shop, item_of(pair)) == {shop.location_id: 5}
    other = shop.call("POST", ITEMS, {"sku": "OWN"}, fields="id")["inventory_item"]["id"]
    one, two = ({"variant_id": each["id"]} for each in pair["variants"])
    shared = {"inventory_item_id": item_of(pair)}
    for _ in range(2):
        product = relink(
            *(shop, pair),
            create=[{**one, **link_to(other)}, {**two, **shared, "required_quantity": 1}],
            delete=[{**one, **shared}],
        )
        assert used(product) == [["OWN"], ["BOTH"]]
    assert managed(shop, product, wanted=True) == product
    product = relink(shop, product, delete=[{**one, "inventory_item_id": other}])
    assert used(product) == [[], ["BOTH"]]
    assert shop.call("GET", ITEMS)["count"] == 2
    shop.call("DELETE", f"{ITEMS}/{other}")
    product = relink(shop, product, create=[{**one, **link_to(other)}])
    [link] = product["variants"][0]["inventory_items"]
    assert (link["inventory_item_id"], link.get("inventory")) == (other, None), "though it was deleted"


def test_an_item_that_is_deleted_is_unlinked(shop: Shop, pair: View) -> None:
    item_id = item_of(pair)
    other = shop.create(2)
    shop.reserve(other, "Default", 2)
    refusal = shop.refusal("DELETE", f"{ITEMS}/{item_of(other)}")
    assert refusal[:2] == (400, "invalid_data")
    assert "since they have reservations" in refusal[2]
    shop.call("DELETE", f"{ITEMS}/{item_id}")
    assert used(shop.product(pair["id"])) == [[], []]


LINKS = "id,variants.id,variants.inventory_items.inventory_item_id,variants.inventory_items.required_quantity"
USERS = f"{LINKS},variants.inventory_items.inventory.sku,variants.inventory_items.inventory.variants.id"


def links(shop: Shop, product: View) -> dict[str, list[tuple[Any, int, Any]]]:
    """By id of the variant: SKU of each item, how many of it the variant takes, and who uses it."""
    shown = shop.call("GET", f"/admin/products/{product['id']}", fields=USERS)["product"]["variants"]
    return {
        each["id"]: [
            (
                link["inventory"]["sku"] if "inventory" in link else None,
                link["required_quantity"],
                {user["id"] for user in link["inventory"]["variants"]} if "inventory" in link else None,
            )
            for link in each["inventory_items"]
        ]
        for each in shown
    }


def test_a_product_shows_kits_and_who_else_uses_their_items(shop: Shop) -> None:
    """Users of other products, too, but not those of deleted ones."""
    own, can = (
        shop.call("POST", ITEMS, {"sku": sku}, fields="id")["inventory_item"]["id"] for sku in ("OWN", "CAN")
    )
    box = shop.create(1, variant={"inventory_items": [{**link_to(can), "required_quantity": 6}]})
    one = shop.create(2, variant={"inventory_items": [link_to(own)]})
    path = f"/admin/products/{one['id']}/variants/{variant_of(one)['id']}/inventory-items"
    shop.call("POST", path, {**link_to(can), "required_quantity": 2})
    six, two = (variant_of(each)["id"] for each in (box, one))
    assert links(shop, box) == {six: [("CAN", 6, {six, two})]}
    assert links(shop, one) == {two: [("OWN", 1, {two}), ("CAN", 2, {six, two})]}
    shop.call("DELETE", f"/admin/products/{box['id']}")
    assert links(shop, one) == {two: [("OWN", 1, {two}), ("CAN", 2, {two})]}


def test_a_refused_deletion_links_variants_to_all_items_that_they_ever_had(shop: Shop) -> None:
    """Also to deleted ones, which are not shown; such a link can be removed."""
    product = shop.second_variant(shop.create(), sku="TWO")
    one, two = (next(v for v in product["variants"] if v["sku"] == sku) for sku in ("SKU-1", "TWO"))
    gone = one["inventory_items"][0]["inventory_item_id"]
    left, now = (
        shop.call("POST", ITEMS, {"sku": sku}, fields="id")["inventory_item"]["id"] for sku in ("X", "Y")
    )
    own = {"variant_id": one["id"]}
    relink(
        *(shop, product),
        create=[{**own, **link_to(left)}],
        delete=[{**own, "inventory_item_id": gone}],
    )
    shop.call("DELETE", f"{ITEMS}/{gone}")
    relink(
        *(shop, product),
        create=[{**own, **link_to(now)}],
        delete=[{**own, "inventory_item_id": left}],
    )
    mine = {one["id"]}
    assert links(shop, product)[one["id"]] == [("Y", 1, mine)]
    shop.reserve(product, two["title"], 1)
    ids = [one["id"], two["id"]]
    refusal = shop.refusal("POST", f"/admin/products/{product['id']}/variants/batch", {"delete": ids})
    assert refusal[:2] == (400, "invalid_data")
    revived = [(None, 1, None), ("X", 1, mine), ("Y", 1, mine)]
    assert links(shop, product)[one["id"]] == revived
    relink(shop, product, delete=[{**own, "inventory_item_id": each} for each in (gone, left)])
    assert links(shop, product)[one["id"]] == [("Y", 1, mine)]


def test_a_shared_item_is_deleted_with_the_last_variant(shop: Shop, pair: View) -> None:
    one, two = (each["id"] for each in pair["variants"])
    assert used(shop.variants(pair, delete=[one])) == [["BOTH"]]
    assert levels_of(shop, item_of(pair)) == {shop.location_id: 5}
    shop.variants(pair, delete=[two])
    assert shop.call("GET", ITEMS)["count"] == 0
