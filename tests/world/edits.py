"""The kinds of edits that a merchant makes."""

from typing import Any

import httpx

from tests.world.editing import KINDS, Editing, Kind, NothingToEditError, kind
from tests.world.shop import LEVELS, Json
from tests.world.wanted import CHANNELS, CUSTOMS, LOCALES, OTHER_PRICES, PROFILE, RARE, SECOND_STOCK, TEXTS

SECOND_CHANNEL = "Market"
SECOND_PROFILE = "Bulky"
MERCHANT_SKU = "M-"  # how those of the merchant begin

__all__ = ["KINDS", "Editing", "NothingToEditError"]


def rare_field(edit: Editing) -> Any:
    """Set one that few products of the source have."""
    number = edit.number()
    name = [*RARE][number % len(RARE)]
    new = f"merchants-{number}"
    ids = {"type": edit.shop.type, "collection": edit.shop.collection}
    return edit.set(name, new, **({f"{name}_id": ids[name](new)} if name in ids else {}))


def measure_or_customs_of_variant(edit: Editing) -> Any:
    number, names = edit.dice.randrange(100, 999), ("weight", *CUSTOMS)
    name = names[number % len(names)]
    return edit.set_of_variant(name, number if name == "weight" else f"Merchant's {name} {number}")


KINDS |= {
    "title": Kind(lambda edit: edit.set("title", f"Merchant's title {edit.number()}"), 6),
    "description": Kind(lambda edit: edit.set("description", f"Merchant's words {edit.number()}"), 2),
    "thumbnail": Kind(lambda edit: edit.set("thumbnail", f"https://m.example/{edit.number()}.png"), 2),
    "weight": Kind(lambda edit: edit.set("weight", edit.dice.randrange(100, 999)), 2),
    "campaign": Kind(
        *(lambda edit: edit.set_unowned("own metadata", metadata={"campaign": str(edit.number())}), 4),
        of_metadata=True,
    ),
    "rare_field": Kind(rare_field, 2),
    "price": Kind(lambda edit: edit.set_price("price"), 6),
    "other_price": Kind(lambda edit: edit.set_price(edit.dice.choice(OTHER_PRICES)), 9),
    "barcode": Kind(lambda edit: edit.set_of_variant("barcode", f"M{edit.number()}"), 2),
    "ean": Kind(lambda edit: edit.set_of_variant("ean", f"M{edit.number()}"), 1),
    "variant_title": Kind(lambda edit: edit.set_of_variant("title", f"Merchant's title {edit.number()}"), 3),
    "measure_or_customs_of_variant": Kind(measure_or_customs_of_variant, 2),
}


@kind(2)
def backorder(edit: Editing) -> Any:
    name, variant = edit.ours()
    if "allow_backorder" not in edit.expected.variants[name].states:
        raise NothingToEditError
    return edit.set_of_variant("allow_backorder", not variant["allow_backorder"])


# --- products -------------------------------------------------------------------------------------------


@kind(4, of_metadata=True)
def brand(edit: Editing) -> Any:
    new = f"Merchant's brand {edit.number()}"
    return edit.set("brand", new, metadata={"brand": new})


@kind(2)
def channels(edit: Editing) -> Any:
    if not edit.merchant.second_channel:
        raise NothingToEditError
    known = {channel["id"] for channel in edit.product["sales_channels"]} ^ {edit.merchant.second_channel}
    body = [{"id": each} for each in sorted(known)]
    if CHANNELS not in edit.expected.states:
        return edit.set_unowned("sales channels", sales_channels=body)
    names = {channel["name"] for channel in edit.product["sales_channels"]} ^ {SECOND_CHANNEL}
    return edit.set(CHANNELS, tuple(sorted(names)), sales_channels=body)


@kind(2)
def shipping_profile(edit: Editing) -> Any:
    profiles = edit.merchant.profiles
    name = edit.dice.choice(sorted(profiles))
    if PROFILE in edit.expected.states:
        return edit.set(PROFILE, name, shipping_profile_id=profiles[name])
    return edit.set_unowned("shipping profile", shipping_profile_id=profiles[name])


@kind(1)
def discountable(edit: Editing) -> Any:
    if "discountable" not in edit.expected.states:
        raise NothingToEditError
    return edit.set("discountable", not edit.product["discountable"])


@kind(3)
def translation(edit: Editing) -> Any:
    locale, field = edit.dice.choice(LOCALES), edit.dice.choice(TEXTS)
    name, new = f"translation.{locale}.{field}", f"Merchant's {field} in {locale} {edit.number()}"
    if name not in edit.expected.states:
        raise NothingToEditError
    edit.shop.translate(edit.product, locale, **{field: new})
    edit.merchant.oracle.edit(edit.key, name, new)
    return f"{name} {new}"


@kind(2, of_delivered=True)
def status(edit: Editing) -> Any:
    new = "draft" if edit.product["status"] == "published" else "published"
    if "status" in edit.expected.states:
        return edit.set("status", new)
    edit.shop.edit(edit.product, status=new)
    edit.expected.statuses = {(new, drafted) for _, drafted in edit.expected.statuses}
    return new


@kind(6)
def tags(edit: Editing) -> Any:
    known = sorted({tag["value"] for tag in edit.product["tags"]})
    kept = edit.dice.sample(known, len(known) // 2)
    new = tuple(sorted({f"merchant {edit.dice.randrange(9)}", *kept}))
    return edit.set("tags", new, tags=[{"id": edit.shop.tag(tag)} for tag in new])


@kind(6)
def images(edit: Editing) -> Any:
    known = sorted(edit.product["images"], key=lambda image: image["rank"])
    new: list[Json] = [{"id": image["id"], "url": image["url"]} for image in known]
    if len(new) > 1 and edit.dice.random() < 0.5:
        new.pop(edit.dice.randrange(len(new)))
    new.append({"url": f"https://m.example/{edit.number()}.png"})
    return edit.set("images", tuple(edit.shop.source_of(image["url"]) for image in new), images=new)


@kind(3)
def category(edit: Editing) -> Any:
    known = {category["handle"] for category in edit.product["categories"]} ^ {"merchants-shelf"}
    new = tuple(sorted(known))
    return edit.set("categories", new, categories=[{"id": edit.shop.category(handle)} for handle in new])


@kind(1, of_delivered=True)
def delete_product(edit: Editing) -> Any:
    edit.shop.delete(f"/admin/products/{edit.product['id']}")
    edit.merchant.oracle.delete(edit.key)
    return edit.product["id"]


@kind(1, of_delivered=True)
def stop_managing_and_delete(edit: Editing) -> Any:
    stop_managing(edit)
    return delete_product(edit)


# --- variants -------------------------------------------------------------------------------------------


@kind(2)
def sale_price(edit: Editing) -> Any:
    name, variant = edit.ours()
    listed = [each for each in edit.shop.sale_prices() if each["variant_id"] == variant["id"]]
    if len(listed) != 1:
        raise NothingToEditError
    new = edit.amount()
    body = {"id": listed[0]["id"], "variant_id": variant["id"], "currency_code": "usd", "amount": new}
    edit.shop.post(f"/admin/price-lists/{listed[0]['list_id']}/prices/batch", {"update": [body]})
    edit.merchant.oracle.edit(edit.key, "sale_price", new, variant=name)
    return f"{name} {new}"


@kind(2, identifies=True)
def sku(edit: Editing) -> Any:
    name, variant = edit.ours()
    new = f"{MERCHANT_SKU}{edit.number()}"
    edit.shop.edit_variant(edit.product, variant, sku=new)
    edit.merchant.oracle.left_skus |= {link["inventory"]["sku"] for link in variant["inventory_items"]}
    edit.merchant.oracle.edit(edit.key, "sku", new, variant=name)
    return f"{name} {new}"


@kind(3)
def option_value(edit: Editing) -> Any:
    """Give a variant another value for one of its options."""
    (place, chosen), (name, variant) = edit.dice.choice(edit.options()), edit.ours()
    new = f"Merchant's {edit.number()}"
    values = {value["option_id"]: value["value"] for value in variant["options"]} | {chosen["id"]: new}
    options = edit.product["options"]
    if values.keys() != {option["id"] for option in options}:
        raise NothingToEditError
    edit.shop.add_value(edit.product, chosen, new)
    body = {option["title"]: values[option["id"]] for option in options}
    edit.shop.edit_variant(edit.product, variant, options=body)
    edit.merchant.oracle.edit(edit.key, f"option.{place}", new, variant=name)
    return f"{name} {body}"


@kind(2)
def unused_value(edit: Editing) -> Any:
    """Add an option value that no variant has yet."""
    new, option = f"Unused {edit.number()}", edit.dice.choice(edit.product["options"])
    edit.shop.add_value(edit.product, option, new)
    edit.expected.own_values.add((option["id"], new))
    return new


@kind(2, of_delivered=True, identifies=True)
def option_title(edit: Editing) -> Any:
    (place, option), new = edit.dice.choice(edit.options()), f"Merchant's option {edit.number()}"
    edit.shop.post(f"/admin/product-options/{option['id']}", {"title": new})
    edit.merchant.oracle.edit(edit.key, f"options.{place}", new)
    return f"{option['title']!r}: {new!r}"


@kind(4)
def stock(edit: Editing) -> Any:
    name, variant = edit.with_item()
    new, field = edit.dice.randrange(200), "stock"
    if edit.dice.random() < 0.4 and edit.merchant.read(edit.key).variants[variant["id"]].owned[SECOND_STOCK]:
        field = SECOND_STOCK
    edit.shop.set_stock(variant, new, field)
    held = edit.merchant.read(edit.key).variants[variant["id"]].owned[field]
    edit.merchant.oracle.edit(edit.key, field, held, variant=name)
    return f"{field} of {name} {new}"


@kind(3)
def level_elsewhere(edit: Editing) -> Any:
    name, variant = edit.with_item()
    if any(edit.expected.variants[name].others.get("levels elsewhere", [{"": 0}])):
        raise NothingToEditError
    item, location = variant["inventory_items"][0]["inventory_item_id"], edit.merchant.elsewhere
    level = {"inventory_item_id": item, "location_id": location}
    body = {"create": [{**level, "stocked_quantity": edit.dice.randrange(1, 200)}]}
    edit.shop.post(LEVELS, body)
    edit.merchant.look(edit.key, "levels elsewhere", "ids of levels", variant=name)
    return f"{name} {body}"


@kind(1)
def stop_managing(edit: Editing) -> Any:
    name, variant = edit.with_item()
    expected, oracle = edit.expected.variants[name], edit.merchant.oracle
    if any(not isinstance(applied, int) for applied, _ in expected.states["stock"]):
        raise NothingToEditError  # a dropped variant that comes back is managed again
    edit.shop.edit_variant(edit.product, variant, manage_inventory=False)
    expected.is_managed = False
    oracle.left_skus |= {link["inventory"]["sku"] for link in variant["inventory_items"]}
    edit.merchant.look(edit.key, "ids of items", "ids of levels", "levels elsewhere", variant=name)
    return f"{name} {variant['id']}"


@kind(4)
def add_variant(edit: Editing) -> Any:
    """Add a variant with a new value for the first option, and the values of a sibling for the others."""
    value, product = f"Own {edit.number()}", edit.product
    first, *others = product["options"]
    edit.shop.add_value(product, first, value)
    used = {each["option_id"]: each["value"] for one in product["variants"] for each in one["options"]}
    values = {each["title"]: used.get(each["id"]) or each["values"][0]["value"] for each in others}
    body = {
        "title": value,
        "sku": value,
        "options": {first["title"]: value, **values},
        "manage_inventory": False,
        "prices": [{"currency_code": "usd", "amount": 77}, {"currency_code": "eur", "amount": 66}],
    }
    edit.shop.post(f"/admin/products/{product['id']}/variants", body)
    edit.merchant.look_at_own_variants(edit.key)
    return value


@kind(2, of_delivered=True, identifies=True)
def delete_our_variant(edit: Editing) -> Any:
    name, variant = edit.ours()
    if name not in edit.merchant.wanted[edit.key].variants:
        raise NothingToEditError
    try:
        edit.shop.delete(f"/admin/products/{edit.product['id']}/variants/{variant['id']}")
    except httpx.HTTPStatusError:  # Medusa restores every sale price that the variant ever had
        for each in edit.shop.sale_prices():
            if each["variant_id"] == variant["id"]:
                edit.merchant.oracle.loses(edit.key, "sale_price", each["amount"], variant=name)
        raise
    edit.expected.variants[name].is_gone = True
    return f"{name} {variant['id']}"


@kind(1, of_delivered=True, identifies=True)
def add_and_delete_variant(edit: Editing) -> Any:
    add_variant(edit)
    return delete_our_variant(edit)
