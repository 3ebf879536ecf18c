"""The body of a change holds the changed fields and the record, and nothing else."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from msgspec import structs

from medusa_sync.core.change import Create
from medusa_sync.core.fields import FIELDS
from medusa_sync.core.merge import as_set
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import ONLY, RECORD_KEY, Pending, Record, Step, applied
from medusa_sync.core.stored import StoredImage, StoredInventoryItem, StoredItem, StoredPrice, StoredProduct
from medusa_sync.medusa.payload import (
    Ids,
    create_body,
    new_variant_id,
    record_body,
    release_bodies,
    update_body,
)
from medusa_sync.medusa.placement import Placement
from medusa_sync.medusa.variant_payload import variant_edits
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    LOCATION,
    applied_ids,
    as_json,
    desired_product,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)
from tests.unit.shirts import planned

ID = "prod_9"
PLACEMENT = Placement("sc_1", "sp_1", LOCATION)
NO_LOCATION = Placement("sc_1", "sp_1", None)
URL = "https://cdn.example/{}.webp".format


def ids_of(desired: DesiredProduct) -> Ids:
    """Ids of the terms of a product, as they are looked up."""
    return {
        name: {term: f"id of {term}" for term in as_set(desired.fields[name])}
        for name, field in FIELDS.items()
        if field.is_term
    }


def sent(body: dict[str, Any]) -> dict[str, Any]:
    """A body as it goes over the wire."""
    decoded: dict[str, Any] = json.loads(msgspec.json.encode(body))
    return decoded


def created(
    desired: DesiredProduct,
    *,
    placement: Placement = PLACEMENT,
    status: str = "published",
    item: StoredItem | None = None,
) -> dict[str, Any]:
    change = Create(desired, "a-handle")
    ids, items = ids_of(desired), {str(item.sku): item} if item else {}
    return sent(
        create_body(change, ID, applied(desired), status=status, placement=placement, ids=ids, items=items)
    )


def updated(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> dict[str, Any]:
    """The body without what every update has: id and record; with the variants that are written apart."""
    record, update = applied_ids(desired), planned(desired, stored, **how)
    body = sent(update_body(update, record, placement=PLACEMENT, ids=ids_of(desired)))
    if edits := variant_edits(update):
        body["variants"] = [{"id": own, **edit} for own, edit in edits.items()]
    assert body.pop("id") == stored.id
    assert body["metadata"].pop(RECORD_KEY) == as_json(record)
    if not body["metadata"]:
        del body["metadata"]
    return body


# --- create ---------------------------------------------------------------------------------------------


def test_a_new_product_is_sent_in_full() -> None:
    desired = desired_product(
        7,
        title="Jug",
        description="Holds a litre.",
        category="kitchen",
        tags=["jugs", "copper"],
        brand="Copperdell",
        price=9.99,
        stock=12,
        sku="KIT-7",
        weight=3,
        meta={"barcode": "2001000000071"},
        images=[URL(1), URL(2)],
        thumbnail=URL("t"),
    )
    body = created(desired)
    assert (
        body.pop("metadata").items() >= {RECORD_KEY: as_json(applied(desired)), "brand": "Copperdell"}.items()
    )
    assert (body.pop("length"), body.pop("height"), body.pop("width")) == tuple(
        desired.fields[name] for name in ("length", "height", "width")
    )
    assert body == {
        "id": ID,
        "title": "Jug",
        "handle": "a-handle",
        "external_id": "dummyjson:7",
        "status": "published",
        "description": "Holds a litre.",
        "weight": 3,
        "thumbnail": URL("t"),
        "images": [{"url": URL(1)}, {"url": URL(2)}],
        "categories": [{"id": "id of kitchen"}],
        "tags": [{"id": "id of jugs"}, {"id": "id of copper"}],
        "sales_channels": [{"id": "sc_1"}],
        "shipping_profile_id": "sp_1",
        "options": [{"title": "Default", "values": ["Default"]}],
        "variants": [
            {
                "id": new_variant_id(ID, ONLY),
                "title": "Default",
                "options": {"Default": "Default"},
                "manage_inventory": True,
                "prices": [{"currency_code": "usd", "amount": 9.99}],
                "sku": "KIT-7",
                "barcode": "2001000000071",
            }
        ],
    }


@given(DESIRED_PRODUCTS)
def test_a_new_product_has_no_empty_fields(desired: DesiredProduct) -> None:
    body = created(desired)
    del body["metadata"][RECORD_KEY]
    values = [*body.values(), *body["metadata"].values(), *body["variants"][0].values()]
    assert [value for value in values if value in (None, "", [])] == []


def test_zero_is_sent() -> None:
    body = created(desired_product(price=0, weight=0, minimumOrderQuantity=0))
    amount = body["variants"][0]["prices"][0]["amount"]
    assert (amount, body["weight"], body["metadata"]["minimum_order_quantity"]) == (0, 0, 0)


UNUSED = StoredItem("iitem_09", "KIT-7", 0, (), ())


def test_an_unused_inventory_item_is_linked_to_a_new_variant() -> None:
    body = created(desired_product(sku="KIT-7", stock=5), item=UNUSED)
    assert body["variants"][0]["inventory_items"] == [
        {"inventory_item_id": "iitem_09", "required_quantity": 1}
    ]


@pytest.mark.parametrize(
    ("stock", "placement"), [(None, PLACEMENT), (5, NO_LOCATION)], ids=["no-stock", "no-location"]
)
def test_without_managed_inventory_no_item_is_linked(stock: int | None, placement: Placement) -> None:
    body = created(desired_product(sku="KIT-7", stock=stock), placement=placement, item=UNUSED)
    assert "inventory_items" not in body["variants"][0]


@pytest.mark.parametrize(
    ("stock", "placement", "managed"),
    [(5, PLACEMENT, True), (0, PLACEMENT, True), (None, PLACEMENT, False), (5, NO_LOCATION, False)],
    ids=["stock", "sold-out", "no-stock", "no-location"],
)
def test_inventory_is_managed_if_there_is_a_stock_and_a_location(
    stock: int | None,
    placement: Placement,
    managed: bool,  # noqa: FBT001 - a parameter
) -> None:
    body = created(desired_product(stock=stock), placement=placement)
    assert body["variants"][0]["manage_inventory"] is managed


@pytest.mark.parametrize(("of_source", "status"), [(None, "draft"), ("proposed", "proposed")])
def test_a_new_product_has_the_status_of_the_source_or_else_the_given_one(
    of_source: str | None, status: str
) -> None:
    assert created(desired_product(status=of_source), status="draft")["status"] == status


# --- update ---------------------------------------------------------------------------------------------


def test_a_changed_price_sends_only_the_price() -> None:
    before, after = desired_product(price=9.99), desired_product(price=10.5)
    assert updated(after, stored_product(before)) == {
        "variants": [
            {
                "id": "variant_01",
                "prices": [
                    {
                        "id": "price_01",
                        "currency_code": "usd",
                        "amount": 10.5,
                        "min_quantity": None,
                        "max_quantity": None,
                    }
                ],
            }
        ]
    }


@given(DESIRED_PRODUCTS)
def test_an_unchanged_product_sends_only_the_record(desired: DesiredProduct) -> None:
    assert updated(desired, stored_product(desired)) == {}


def test_an_update_never_sends_handle_status_channel_or_profile() -> None:
    before, after = desired_product(1, title="Jug"), desired_product(2, title="Cup", stock=7)
    after = structs.replace(after, external_id=before.external_id)
    body = updated(after, stored_product(before))
    assert not body.keys() & {
        "handle",
        "status",
        "external_id",
        "options",
        "sales_channels",
        "shipping_profile_id",
    }


@pytest.mark.parametrize("name", ["title", "description", "thumbnail"])
def test_a_changed_text_sends_only_that_text(name: str) -> None:
    before, after = (with_fields(desired_product(), **{name: text}) for text in ("before", "after"))
    assert updated(after, stored_product(before)) == {name: "after"}


def test_a_text_that_the_source_drops_is_sent_as_null() -> None:
    before, after = desired_product(description="Old"), desired_product(description=None)
    assert updated(after, stored_product(before)) == {"description": None}


def test_other_variants_are_not_sent() -> None:
    before, after = desired_product(sku="KIT-7"), desired_product(sku="KIT-8")
    ours = stored_variant(before)
    others = [stored_variant(before, id=f"variant_{number}", sku=None) for number in ("00", "02")]
    body = updated(after, stored_product(before, variants=(others[0], ours, others[1])))
    assert body == {"variants": [{"id": "variant_01", "sku": "KIT-8"}]}


OTHER_PRICES = (
    StoredPrice("price_02", "eur", 8),
    StoredPrice("price_03", "usd", 7, min_quantity=10, max_quantity=99),
    StoredPrice("price_04", "usd", 6, rules={"region_id": "reg_1"}),
)


def prices_sent(before: DesiredProduct, after: DesiredProduct, *prices: StoredPrice) -> list[dict[str, Any]]:
    variant = stored_variant(before, prices=prices)
    body = updated(after, stored_product(before, variants=(variant,)))
    found: list[dict[str, Any]] = body["variants"][0]["prices"]
    return found


def test_other_prices_are_kept_by_id_and_conditions() -> None:
    before, after = desired_product(price=9), desired_product(price=10)
    ours = StoredPrice("price_01", "usd", 9)
    kept = prices_sent(before, after, *OTHER_PRICES[:2], ours, OTHER_PRICES[2])
    assert [price["id"] for price in kept] == ["price_02", "price_03", "price_01", "price_04"]
    assert [price.get("amount") for price in kept] == [None, None, 10, None]
    assert (kept[1]["min_quantity"], kept[1]["max_quantity"]) == (10, 99)
    assert kept[3]["rules"] == {"region_id": "reg_1"}
    assert "rules" not in kept[0]


def test_a_missing_price_is_added_to_the_others() -> None:
    kept = prices_sent(desired_product(price=9), desired_product(price=10), *OTHER_PRICES)
    assert kept[-1] == {"currency_code": "usd", "amount": 10}
    assert [price["id"] for price in kept[:-1]] == ["price_02", "price_03", "price_04"]


def test_images_that_stay_keep_their_ids() -> None:
    before, after = desired_product(images=[URL(1), URL(2)]), desired_product(images=[URL(2), URL(3)])
    merchants = StoredImage("img_9", URL(9))
    stored = stored_product(before)
    stored = structs.replace(stored, images=(*stored.images, merchants))
    assert updated(after, stored) == {
        "images": [
            {"id": f"img_{URL(2)}", "url": URL(2)},
            {"id": "img_9", "url": URL(9)},
            {"url": URL(3)},
        ]
    }


@pytest.mark.parametrize(
    ("source_name", "name", "values"),
    [("tags", "tags", (["a", "b"], ["b", "c"])), ("category", "categories", ("b", "c"))],
)
def test_members_of_a_set_are_sent_by_id(source_name: str, name: str, values: tuple[Any, Any]) -> None:
    """The ids of members that the product has come with the product."""
    before, after = (desired_product(**{source_name: value}) for value in values)
    kept = [] if name == "categories" else [{"id": "ptag_b"}]
    assert updated(after, stored_product(before)) == {name: [*kept, {"id": "id of c"}]}


def test_a_set_that_becomes_empty_is_sent_empty() -> None:
    before, after = desired_product(tags=["a"]), desired_product(tags=[])
    assert updated(after, stored_product(before)) == {"tags": []}


def test_only_changed_metadata_keys_are_sent() -> None:
    before, after = desired_product(brand="Old", rating=4), desired_product(brand="New", rating=4)
    assert updated(after, stored_product(before)) == {"metadata": {"brand": "New"}}


def test_an_empty_text_deletes_a_metadata_key() -> None:
    before, after = desired_product(brand="Old"), desired_product(brand=None)
    assert updated(after, stored_product(before)) == {"metadata": {"brand": ""}}


def test_a_changed_stock_is_not_in_the_body() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    assert updated(after, stored_product(before)) == {}


def test_a_new_stock_turns_on_inventory_management() -> None:
    before, after = desired_product(stock=None), desired_product(stock=5)
    assert updated(after, stored_product(before)) == {
        "variants": [{"id": "variant_01", "manage_inventory": True}]
    }


def test_the_stock_of_a_managed_variant_does_not_change_the_variant() -> None:
    before, after = desired_product(stock=None), desired_product(stock=5)
    items = (StoredInventoryItem("iitem_01"),)
    managed = stored_variant(before, manage_inventory=True, inventory_items=items)
    assert updated(after, stored_product(before, variants=(managed,))) == {}


def test_a_product_that_was_drafted_is_published() -> None:
    desired = desired_product()
    record = structs.replace(applied_ids(desired), drafted=True)
    stored = with_record(stored_product(desired, status="draft"), record)
    assert updated(desired, stored) == {"status": "published"}


def test_without_our_variant_no_variants_are_sent() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug", sku="NEW", price=99)
    theirs = stored_variant(before, id="variant_02", sku="THEIRS", barcode=None)
    assert updated(after, stored_product(before, variants=(theirs,))) == {"title": "Copper Jug"}


@pytest.mark.parametrize("placed", [True, False])
def test_an_adopted_product_gets_our_external_id_and_a_missing_placement(
    placed: bool,  # noqa: FBT001 - a parameter
) -> None:
    desired = desired_product()
    links = {} if placed else {"sales_channels": (), "shipping_profile": None}
    stored = stored_product(desired, external_id=None, metadata=None, **links)
    body = updated(desired, stored, adopt=True)
    del body["metadata"]
    given = {} if placed else {"sales_channels": [{"id": "sc_1"}], "shipping_profile_id": "sp_1"}
    assert body == {"external_id": desired.external_id, **given}


@pytest.mark.parametrize("step", Step)
def test_only_an_interrupted_adoption_gets_its_placement_again(step: Step) -> None:
    desired = desired_product()
    record = structs.replace(applied_ids(desired), pending=Pending(step))
    stored = with_record(stored_product(desired, sales_channels=(), shipping_profile=None), record)
    placement = {"sales_channels": [{"id": "sc_1"}], "shipping_profile_id": "sp_1"}
    assert updated(desired, stored) == (placement if step is Step.ADOPTION else {})


# --- freed values, and the record alone -----------------------------------------------------------------


def test_values_are_freed_on_our_variant_only() -> None:
    before, after = desired_product(sku="ONE"), desired_product(sku="TWO")
    others = tuple(stored_variant(before, id=f"variant_0{number}", sku=None) for number in (2, 3))
    update = planned(after, stored_product(before, variants=(others[0], stored_variant(before), others[1])))
    [body] = release_bodies(update, {ONLY: {"sku": "TWO"}})
    assert body == {"id": "variant_01", "product_id": update.stored.id, "sku": None}


@pytest.mark.parametrize("record", [applied(desired_product()), Record({})])
def test_the_body_of_a_record_has_nothing_else(record: Record) -> None:
    assert sent(record_body("prod_1", record)) == {"id": "prod_1", "metadata": {RECORD_KEY: as_json(record)}}
