"""The merchant of a real store works on products with variants."""

from __future__ import annotations

from tests.e2e.fault_proxy import FaultProxy
from tests.e2e.shirts import (
    REMOVE,
    Rig,
    Row,
    add_value,
    add_variant,
    as_stored,
    as_wanted,
    held,
    product,
    variant_ids,
    without_blue,
)
from tests.e2e.shop import Shop
from tests.e2e.storefront import Storefront
from tests.flow.shirts import shirts
from tests.harness.dummyjson import dummyjson

SIZE = 5


def test_a_variant_of_the_merchant_is_never_touched(rig: Rig, storefront: Storefront) -> None:
    before = product(rig.shop)
    add_value(rig.shop, before, "Colour", "Green")
    own = add_variant(rig.shop, before, "OWN", {"Size": "S", "Colour": "Green"})
    stored = next(each for each in product(rig.shop)["variants"] if each["id"] == own)
    row = without_blue(1)
    row["variants"][0] |= {"price": 5, "options": {"Size": "XS", "Colour": "Red"}}
    rig.change(row)
    rig.follow(*REMOVE, updated=1, unchanged=SIZE - 1)
    after = product(rig.shop)
    assert next(each for each in after["variants"] if each["id"] == own) == stored
    assert variant_ids(rig.shop).keys() == {"SH1-S-R", "SH1-M-R", "SH1-L-R", "OWN"}
    assert as_stored(after)["options"] == {"Size": ["L", "M", "S", "XS"], "Colour": ["Green", "Red"]}
    assert storefront.offers()["OWN"][0] == 77


WITH_SKUS = 2


def made_by_hand(row: Row, *, with_skus: bool) -> Row:
    """A product as a merchant creates it: variants in another order, other prices, some without stock."""
    variants = [
        {
            "title": f"By hand {number}",
            "options": each["options"],
            "prices": [{"currency_code": "usd", "amount": 1}, {"currency_code": "eur", "amount": 2}],
            "manage_inventory": number % 2 == 0,
            **({"sku": each["sku"]} if with_skus else {}),
        }
        for number, each in enumerate(reversed(row["variants"]))
    ]
    options = [
        {"title": name, "values": sorted({each["options"][name] for each in row["variants"]})}
        for name in row["options"]
    ]
    title = f"By hand {row['id']}" if with_skus else row["title"]
    return {"title": title, "options": options, "variants": variants}


def test_products_are_adopted_with_their_variants_by_sku_and_by_option_values(
    shop: Shop, proxy: FaultProxy
) -> None:
    rows = shirts(SIZE)
    for row in rows[:4]:
        shop.post("/admin/products", made_by_hand(row, with_skus=row["id"] <= WITH_SKUS))
    made = {each["id"]: each for each in shop.get("/admin/products", fields="id,variants.id")["products"]}
    with dummyjson(rows) as source:
        rig = Rig(shop, source, proxy)
        run = rig.run()
        assert (run.exit_code, run.counts) == (5, {"created": SIZE - 4, "rejected": 4})
        rig.follow("--adopt", updated=4, unchanged=SIZE - 4)
    stored = held(shop)
    assert len(stored) == SIZE
    for row in rows[:4]:
        each, wanted = stored[f"dummyjson:{row['id']}"], as_wanted(row, shop) | {"status": "draft"}
        for one in wanted["variants"].values():  # what stays the merchant's
            one["prices"] = [("eur", 2), *one["prices"]]
            if row["id"] > WITH_SKUS and "Blue" in one["title"]:
                one["items"] = [None]
        assert as_stored(each) == wanted
        assert _ids(each["variants"]) == _ids(made.pop(each["id"])["variants"])


def _ids(entities: list[Row]) -> set[str]:
    return {each["id"] for each in entities}
