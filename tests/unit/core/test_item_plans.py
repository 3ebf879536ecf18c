"""Each inventory item of a product is planned once: who uses it, what it is called, what stock it has."""

from collections.abc import Mapping

import pytest
from msgspec import structs

from medusa_sync.core.change import Change, creation
from medusa_sync.core.entities import Entity
from medusa_sync.core.fields import SKU, TITLE
from medusa_sync.core.inventory import ItemPlan, Move, StoredItem
from medusa_sync.core.kinds.options import OPTION, AppliedOption
from medusa_sync.core.kinds.stock import SHARED, STOCK
from medusa_sync.core.plan import plan_update
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from medusa_sync.core.record import Pending, Record, VariantRecord, Write
from medusa_sync.core.selection import PlanSettings
from medusa_sync.core.stored import (
    StoredInventory,
    StoredInventoryItem,
    StoredLevel,
    StoredOption,
    StoredOptionValue,
    StoredProduct,
    StoredVariant,
)
from medusa_sync.core.value import Value

BERLIN = "sloc_berlin"
Variants = Mapping[str, Mapping[str, Value]]
"""Fields by the key of the variant."""

Items = Mapping[str, tuple[str, str | None]]
"""Ids and SKUs of items by the key of the variant that uses it."""


def desired(variants: Variants, stock: int | None = None) -> DesiredProduct:
    """A product of which each variant has its key as the value of its only option."""
    return DesiredProduct(
        "shop:1",
        "1",
        "usd",
        {TITLE: "Shirt", **({} if stock is None else {STOCK: stock})},
        options=("Size",),
        variants=tuple(
            DesiredVariant(key, key, {f"{OPTION}Size": key, **own}) for key, own in variants.items()
        ),
        locations={"": BERLIN},
    )


def stored(before: DesiredProduct, items: Items) -> StoredProduct:
    """The product after a run that wrote it, with these items; each has 5."""
    users = {
        item_id: tuple(Entity(f"id_{key}") for key, own in items.items() if own[0] == item_id)
        for item_id, _ in items.values()
    }
    links = {
        key: StoredInventoryItem(
            item_id, inventory=StoredInventory((StoredLevel(BERLIN, 5),), sku, users[item_id])
        )
        for key, (item_id, sku) in items.items()
    }
    return StoredProduct(
        "prod_1",
        "shop:1",
        title="Shirt",
        options=(StoredOption("opt_1", "Size"),),
        variants=tuple(
            StoredVariant(
                f"id_{each.key}",
                sku=str(each.fields[SKU]) if SKU in each.fields else None,
                manage_inventory=each.key in items,
                options=(StoredOptionValue("opt_1", each.key),),
                inventory_items=(links[each.key],) if each.key in items else (),
            )
            for each in before.variants
        ),
        record=Record(
            fields=dict(before.fields),
            options=(AppliedOption("Size", "opt_1"),),
            variants={
                each.key: VariantRecord(f"id_{each.key}", dict(each.fields)) for each in before.variants
            },
            locations={"": BERLIN},
        ),
    )


def planned(before: DesiredProduct, items: Items, after: DesiredProduct) -> Change:
    return plan_update(after, stored(before, items), PlanSettings())


OWN: Variants = {"S": {SKU: "A", STOCK: 5}, "M": {SKU: "B", STOCK: 5}}
ITEMS: Items = {"S": ("iitem_1", "A"), "M": ("iitem_2", "B")}
SHARING: Variants = {"S": {SKU: "A", STOCK: SHARED}, "M": {SKU: "B", STOCK: SHARED}}
ONE_ITEM: Items = {"S": ("iitem_1", "shop:1"), "M": ("iitem_1", "shop:1")}
LEVELS = {BERLIN: 5}
IS_THERE = frozenset({BERLIN})


@pytest.mark.parametrize(
    ("before", "items", "after", "plans"),
    [
        pytest.param(desired(OWN), ITEMS, desired(OWN), [], id="nothing changes"),
        pytest.param(
            *(desired(OWN), ITEMS, desired({**OWN, "S": {SKU: "C", STOCK: 7}})),
            [ItemPlan("S", "iitem_1", "C", "A", levels={BERLIN: 7}, stored_levels=LEVELS)],
            id="an item follows the SKU and the stock of its variant",
        ),
        pytest.param(
            *(
                desired(OWN),
                {**ITEMS, "S": ("iitem_1", "MINE")},
                desired({**OWN, "S": {SKU: "C", STOCK: 5}}),
            ),
            [],
            id="an item keeps the SKU of the merchant",
        ),
        pytest.param(
            *(desired({"S": {SKU: "A"}}), {}, desired({"S": {SKU: "A", STOCK: 5}})),
            [ItemPlan("S", None, "A", moves=(Move("id_S", None),), levels=LEVELS, named=IS_THERE)],
            id="a variant that is tracked again takes the item with its SKU",
        ),
        pytest.param(
            *(desired(OWN), ITEMS, desired({**OWN, "L": {SKU: "C", STOCK: 5, TITLE: "L"}})),
            [ItemPlan("L", None, "C", levels=LEVELS, named=IS_THERE, is_new=True, title="L")],
            id="a new variant gets a new item",
        ),
        pytest.param(
            *(desired(OWN), ITEMS, desired(SHARING, 5)),
            [
                ItemPlan(
                    *("S", "iitem_1", "shop:1", "A"),
                    moves=(Move("id_S", "iitem_1", IS_THERE), Move("id_M", "iitem_2", IS_THERE)),
                    stored_levels=LEVELS,
                    named=IS_THERE,
                    is_shared=True,
                )
            ],
            id="variants begin to share the item of the first one",
        ),
        pytest.param(
            *(desired(OWN, 7), ITEMS, desired(SHARING, 7)),
            [
                ItemPlan(
                    *("S", "iitem_1", "shop:1", "A"),
                    moves=(Move("id_S", "iitem_1", IS_THERE), Move("id_M", "iitem_2", IS_THERE)),
                    levels={BERLIN: 7},
                    stored_levels=LEVELS,
                    named=IS_THERE,
                    is_shared=True,
                )
            ],
            id="they get their stock although a killed run has given it to another item",
        ),
        pytest.param(
            *(desired({"S": {}, "M": {}}), {}, desired({"S": {STOCK: SHARED}, "M": {STOCK: SHARED}}, 5)),
            [
                ItemPlan(
                    *("", None, "shop:1"),
                    moves=(Move("id_S", None, IS_THERE), Move("id_M", None, IS_THERE)),
                    levels=LEVELS,
                    named=IS_THERE,
                    is_shared=True,
                    is_new=True,
                    title="Shirt",
                )
            ],
            id="variants without items begin to share a new one",
        ),
        pytest.param(
            *(desired(SHARING, 5), ONE_ITEM, desired(SHARING, 7)),
            [
                ItemPlan(
                    *("S", "iitem_1", "shop:1", "shop:1"),
                    levels={BERLIN: 7},
                    stored_levels=LEVELS,
                    named=IS_THERE,
                    is_shared=True,
                )
            ],
            id="the stock that variants share is written once",
        ),
        pytest.param(
            *(desired(SHARING, 5), ONE_ITEM, desired(OWN)),
            [
                ItemPlan("S", "iitem_1", "A", "shop:1", stored_levels=LEVELS),
                ItemPlan("M", None, "B", moves=(Move("id_M", "iitem_1"),), levels=LEVELS, named=IS_THERE),
                ItemPlan(*("", "iitem_1", "shop:1", "shop:1"), stored_levels=LEVELS, is_shared=True),
            ],
            id="the first variant keeps the item that all shared",
        ),
    ],
)
def test_an_item_is_planned_once(
    before: DesiredProduct, items: Items, after: DesiredProduct, plans: list[ItemPlan]
) -> None:
    assert [*planned(before, items, after).items] == plans


def test_after_a_kill_the_item_that_variants_will_share_gets_what_another_one_had() -> None:
    """The killed run has noted that they share, and the product had its stock in an item that is gone."""
    product, after = stored(desired(OWN, 7), ITEMS), desired(SHARING, 7)
    pending = Pending(Write.UPDATE, variants={key: {STOCK: (5, SHARED)} for key in OWN})
    assert product.record is not None
    noted = structs.replace(product, record=structs.replace(product.record, pending=pending))
    shared = plan_update(after, noted, PlanSettings()).shared
    assert shared is not None
    assert (shared.item_id, shared.levels) == ("iitem_1", {BERLIN: 7})


def test_a_new_product_gets_an_item_for_each_variant_or_one_for_all() -> None:
    own, shared = creation(desired(OWN), "shirt"), creation(desired(SHARING, 5), "shirt")
    assert [(each.sku, each.levels, each.is_new) for each in own.items] == [
        ("A", LEVELS, True),
        ("B", LEVELS, True),
    ]
    assert [(each.sku, each.levels, each.is_shared) for each in shared.items] == [("shop:1", LEVELS, True)]


def test_a_variant_takes_an_unused_item_with_its_sku_only_if_it_has_none() -> None:
    unused = StoredItem("iitem_unused", "A", 0, (), ())
    ids = [ItemPlan("S", own, "A").id_among({"A": unused}) for own in ("iitem_own", None)]
    assert ids == ["iitem_own", "iitem_unused"]
