"""Products with options and variants, as the store has to hold them."""

from collections.abc import Sequence
from typing import Any

from tests.flow import merchant
from tests.flow.stage import SOURCE_NAME, assert_items_follow
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Variant
from tests.harness.shirts import TIERS, variant


def held(store: FakeMedusa, number: int = 1) -> dict[str, dict[str, Any]]:
    """What the store holds of a shirt: its variants by SKU, else by title."""
    product = store.products[f"{SOURCE_NAME}:{number}"]
    return {
        variant.sku or variant.title: {
            "price": named_prices(store, variant),
            "stock": store.level_of(variant.sku) if variant.sku and variant.manage_inventory else None,
            "options": variant.options,
            "barcode": variant.barcode,
            "title": variant.title,
        }
        for variant in product.variants
    }


def named_prices(store: FakeMedusa, variant: Variant) -> dict[str, float]:
    """Amounts by the key that a catalogue can use for them, such as `usd.America.10+`."""
    found = {}
    for each in variant.prices:
        rules = dict(each.rules or {})
        region = store.state.regions.get(rules.pop("region_id", ""))
        least, most = each.min_quantity, each.max_quantity
        tier = "" if (least, most) == (None, None) else f"{least}+" if most is None else f"{least}-{most}"
        parts = [each.currency_code, region.name if region else "", tier, *rules.values()]
        found[".".join(filter(None, parts))] = each.amount
    assert len(found) == len(variant.prices), "two have the same key"
    return found


def add_own_variant(store: FakeMedusa) -> None:
    """Add a green variant, as the merchant does."""
    merchant.add_variant(store, 1, {"Size": "S", "Colour": "Green"})


def wanted(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the store should hold of a shirt."""
    return {
        each.get("sku") or " / ".join(each["options"].values()): {
            "price": {"usd": each["price"], **each.get("prices", {})},
            "stock": each.get("stock"),
            "options": each["options"],
            "barcode": each.get("barcode"),
            "title": each.get("title") or " / ".join(each["options"].values()),
        }
        for each in row["variants"]
    }


def assert_shirts(rows: Sequence[dict[str, Any]], store: FakeMedusa) -> None:
    """The store has these shirts, each variant once, and nothing else."""
    assert store.products.keys() == {f"{SOURCE_NAME}:{row['id']}" for row in rows}
    for row in rows:
        assert held(store, row["id"]) == wanted(row)
    assert_items_follow(store)


# --- changes of a shirt, in several versions --------------------------------------------------------------


def variant_fields(row: dict[str, Any], version: int) -> None:
    for each in row["variants"][:2]:
        each |= {
            "price": each["price"] + version,
            "compareAtPrice": 2 * each["price"],
            "stock": each["stock"] + version,
            "sku": f"{each['sku']}{version}",
            "prices": {f"eur.{5 * version}+": 4, "usd.America": 5 + version, "usd.America.10-20": 3},
        }


def option_values(row: dict[str, Any], version: int) -> None:
    for each in row["variants"]:
        if each["options"]["Size"] == "M":
            each["options"]["Size"] = f"M{version}"


def new_variants(row: dict[str, Any], version: int) -> None:
    row["variants"] += [
        variant(row["id"], size, "Red", barcode=None, prices=dict(TIERS)) for size in ("XL", "XXL")[:version]
    ]


def renamed_option(row: dict[str, Any], version: int) -> None:
    row["options"] = ["Size", f"Colour {version}"]
    for each in row["variants"]:
        each["options"] = dict(zip(row["options"], each["options"].values(), strict=True))


def added_option(row: dict[str, Any], version: int) -> None:
    row["options"] = ["Size", "Colour", "Fit"]
    for each in row["variants"]:
        each["options"] = {**each["options"], "Fit": f"fit {version}"}


def swapped_variants(row: dict[str, Any], version: int) -> None:
    one, two = row["variants"][0], row["variants"][1 + version]
    for name in ("sku", "options"):
        one[name], two[name] = two[name], one[name]


CHANGES = (variant_fields, option_values, new_variants, renamed_option, added_option, swapped_variants)
