"""The product of a source, and what its owner changes: each edit follows from its name and a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from random import Random
from typing import Any, Final
from zlib import crc32

import msgspec
from msgspec import structs

from medusa_sync.core.fields import UNIQUE
from medusa_sync.core.kinds.prices import is_price, price_key
from medusa_sync.core.kinds.stock import stocks_of
from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import InvalidProductError
from medusa_sync.sources.delivery import MappingOptions
from medusa_sync.sources.mapping import to_desired
from medusa_sync.sources.schema import SourceProduct

Row = dict[str, Any]
Edit = tuple[str, int]
"""The name of an edit and its seed: a shorter list of edits is a smaller example."""

LOCATIONS: Final = {"": "sloc_main", "Berlin": "sloc_berlin", "sloc_berlin": "sloc_berlin"}
REGIONS: Final = {"germany": "reg_de", "reg_de": "reg_de"}
LONG: Final = "a text that is so long that the record has only its digest, "
_TEXTS: Final = ("red", "blue", LONG + "one", LONG + "two")
_OWN: Final[dict[str, tuple[Any, ...]]] = {
    "title": ("Shirt", "T-shirt", LONG + "three"),
    "subtitle": (None, *_TEXTS),
    "description": (None, *_TEXTS),
    "material": (None, *_TEXTS),
    "status": (None, "draft", "published", "active"),
    "thumbnail": (None, "https://cdn.example/a.jpg", "https://cdn.example/b.jpg"),
    "weight": (None, 0.1, 2, 250),
    "type": (None, "Clothes", "Shoes"),
    "collection": (None, "Summer", "Winter"),
    "brand": (None, *_TEXTS),
    "rating": (None, 4, 4.5),
}
_SELLING: Final[dict[str, tuple[Any, ...]]] = {
    "shippingProfile": (None, "Bulky", "Letters"),
    "discountable": (None, True, False),
}
_OF_VARIANT: Final[dict[str, tuple[Any, ...]]] = {
    "sku": (None, "SKU-1", "SKU-2", "SKU-3"),
    "barcode": (None, "401", "402"),
    "ean": (None, "501", "502"),
    "upc": (None, "601", "602"),
    "weight": (None, 0.1, 100),
    "image": (None, "https://cdn.example/c.jpg"),
    "allowBackorder": (None, True, False),
    "material": (None, "wool", "silk"),
    "dimensions": (None, {"width": 1.5}, {"width": 2, "height": 3}),
    "price": (None, 10, 12.5, 20),
    "salePrice": (None, 5, 7.5),
    "stock": (None, 0, 3, {"Berlin": 4}, {"": 1, "Berlin": 2}, {"sloc_berlin": 9}),
    "metadata": (None, {"fit": "slim"}, {"fit": "wide", "wash": 30}),
    "translations": (None, {"de-DE": {"title": "Klein"}}, {"fr-FR": {"title": "Petit"}}),
    "title": (None, "Small one", "Large one"),
}
_PRICES: Final = ("eur", "gbp", "usd.10+", "usd.10-99", "eur.Germany", "eur.reg_de", "eur.Germany.5+")
_SIZES: Final = ("S", "M", "L", "XL")
_SETS: Final = {"tags": _SIZES, "images": tuple(f"https://cdn.example/{each}.jpg" for each in "defg")}
_CHANNELS: Final = ("Web shop", "Market")
_SHELVES: Final = ("Men", "Men > Shirts", "Sale")


def _set_field(draw: Random, row: Row) -> None:
    name = draw.choice([*_OWN])
    row[name] = draw.choice(_OWN[name])


def _set_selling(draw: Random, row: Row) -> None:
    name = draw.choice([*_SELLING])
    row[name] = draw.choice(_SELLING[name])


def _set_member(draw: Random, row: Row) -> None:
    name = draw.choice([*_SETS])
    row[name] = draw.sample(_SETS[name], draw.randint(0, 3))


def _set_shelves(draw: Random, row: Row) -> None:
    row["categories"] = [each.split(" > ") for each in draw.sample(_SHELVES, draw.randint(0, 2))]


def _set_channels(draw: Random, row: Row) -> None:
    row["salesChannels"] = draw.sample(_CHANNELS, draw.randint(0, 2))


def _set_metadata(draw: Random, row: Row) -> None:
    row["metadata"] = draw.choice([None, {"care": "cold"}, {"care": "hot", "lining": LONG}])


def _translate(draw: Random, row: Row) -> None:
    texts = {"title": draw.choice(["Hemd", "Shirt"]), "description": draw.choice([None, LONG + "vier"])}
    row["translations"] = draw.choice([None, {draw.choice(["de-DE", "fr-FR"]): texts}])


def _set_product_stock(draw: Random, row: Row) -> None:
    row["stock"] = draw.choice([None, 0, 5, {"Berlin": 6}, {"": 2, "Berlin": 3}])


def _set_amount(draw: Random, row: Row) -> None:
    part = draw.choice([row, *row["variants"]])
    prices = dict(part.get("prices") or {})
    name = draw.choice(_PRICES)
    prices[name] = draw.choice([8, 9.5, 11])
    for _ in range(draw.randint(0, 2)):
        prices.pop(draw.choice([*prices]), None)
        if not prices:
            break
    part["prices"] = prices or None


def _set_of_variant(draw: Random, row: Row) -> None:
    if not row["variants"]:
        name = draw.choice(["sku", "price", "stock", "allowBackorder"])
        row[name] = draw.choice(_OF_VARIANT[name])
        return
    name = draw.choice([*_OF_VARIANT])
    draw.choice(row["variants"])[name] = draw.choice(_OF_VARIANT[name])


def _set_variant_stock(draw: Random, row: Row) -> None:
    part = draw.choice(row["variants"] or [row])
    part["stock"] = draw.randint(1, 9)


def _set_paid(draw: Random, row: Row) -> None:
    """What customers pay."""
    part = draw.choice([row, *row["variants"]])
    name = draw.choice(["price", "salePrice"])
    part[name] = draw.choice((0, *_OF_VARIANT[name]))


def _share(draw: Random, row: Row) -> None:
    """Let variants share the stock of the product, or give each its own."""
    shares = draw.random() < 0.6
    for each in row["variants"]:
        each["stock"] = None if shares else draw.choice([None, 1, 2])
    if shares:
        row["stock"] = draw.choice([3, 4, {"Berlin": 6}])


def _add_variant(draw: Random, row: Row) -> None:
    names = row["options"] or ["Size"]
    used = {tuple(each["options"].values()) for each in row["variants"]}
    values = tuple(draw.choice(_SIZES) for _ in names)
    if values in used:
        return
    number = draw.randint(1, 9)
    if any(each.get("id") == number for each in row["variants"]):
        return
    row["options"] = names
    variant: Row = {"id": number, "options": dict(zip(names, values, strict=True)), "price": 10}
    variant |= {"sku": f"SKU-{number}"} if draw.random() < 0.6 else {}
    more = draw.sample([*_OF_VARIANT], draw.randint(0, 3))
    row["variants"].append(variant | {name: draw.choice(_OF_VARIANT[name]) for name in more})


def _drop_variant(draw: Random, row: Row) -> None:
    if row["variants"]:
        row["variants"].remove(draw.choice(row["variants"]))
    if not row["variants"]:
        row["options"] = None


def _rename_option(draw: Random, row: Row) -> None:
    names = row["options"]
    if names:
        place, new = draw.randrange(len(names)), draw.choice(["Size", "Fit", "Grösse"])
        if new not in names:
            _replace_options(row, [new if each == place else name for each, name in enumerate(names)])


def _add_option(draw: Random, row: Row) -> None:
    names = row["options"]
    if names and len(names) == 1:
        new = draw.choice(["Colour", "Length"])
        if new not in names:
            for each in row["variants"]:
                each["options"] = {**each["options"], new: draw.choice(["red", "blue"])}
            row["options"] = [*names, new]


def _drop_option(_draw: Random, row: Row) -> None:
    if row["options"] and len(row["options"]) > 1:
        dropped = row["options"][-1]
        for each in row["variants"]:
            each["options"] = {name: value for name, value in each["options"].items() if name != dropped}
        row["options"] = row["options"][:-1]


def _change_value(draw: Random, row: Row) -> None:
    if row["variants"]:
        each = draw.choice(row["variants"])
        name = draw.choice([*each["options"]])
        each["options"] = {**each["options"], name: draw.choice(_SIZES)}


def _move_variants(draw: Random, row: Row) -> None:
    draw.shuffle(row["variants"])


def _swap_skus(draw: Random, row: Row) -> None:
    if len(row["variants"]) > 1:
        one, two = draw.sample(row["variants"], 2)
        one["sku"], two["sku"] = two.get("sku"), one.get("sku")


def _lose_variants(_draw: Random, row: Row) -> None:
    row["variants"], row["options"] = [], None


def _replace_options(row: Row, names: list[str]) -> None:
    for each in row["variants"]:
        each["options"] = dict(zip(names, each["options"].values(), strict=True))
    row["options"] = names


EDITS: Final[dict[str, tuple[int, Callable[[Random, Row], None]]]] = {
    "field": (6, _set_field),
    "set": (4, _set_member),
    "categories": (2, _set_shelves),
    "selling": (3, _set_selling),
    "channels": (2, _set_channels),
    "metadata": (2, _set_metadata),
    "texts": (3, _translate),
    "product stock": (2, _set_product_stock),
    "amount": (4, _set_amount),
    "variant": (8, _set_of_variant),
    "paid": (3, _set_paid),
    "variant stock": (1, _set_variant_stock),
    "share": (2, _share),
    "add variant": (3, _add_variant),
    "drop variant": (2, _drop_variant),
    "rename option": (1, _rename_option),
    "add option": (1, _add_option),
    "drop option": (1, _drop_option),
    "option value": (2, _change_value),
    "move variants": (2, _move_variants),
    "swap SKUs": (1, _swap_skus),
    "lose variants": (1, _lose_variants),
}
"""Each edit with its weight."""


def drawn(draw: Random, table: dict[str, tuple[int, Any]], number: int) -> list[Edit]:
    """Some edits of a table."""
    weights = [weight for weight, _ in table.values()]
    return [(name, draw.getrandbits(32)) for name in draw.choices([*table], weights, k=number)]


def new_row() -> Row:
    return {"id": 1, "title": "Shirt", "price": 10, "options": None, "variants": []}


def edited(row: Row, edits: list[Edit]) -> Row:
    """A row after some edits; those that would make it invalid are left out."""
    for name, seed in edits:
        changed = deepcopy(row)
        EDITS[name][1](Random(seed), changed)
        if desired(changed) is not None:
            row = changed
    return row


def desired(row: Row, *, is_available: bool = False) -> DesiredProduct | None:
    """What a store of these locations and regions should hold; None if the row is invalid.

    With `is_available`, its stock is what no order has reserved.
    """
    known = {name: value for name, value in row.items() if value is not None and value != []}
    known["variants"] = [
        {name: value for name, value in each.items() if value is not None} for each in row["variants"]
    ]
    if not known["variants"]:
        del known["variants"]
    try:
        options = structs.replace(_OPTIONS, is_available=is_available)
        product = to_desired(msgspec.convert(known, SourceProduct), options)
    except InvalidProductError:
        return None
    if any(_is_repeated(map(LOCATIONS.get, names)) for names in _locations(product)):
        return None
    prices = (filter(is_price, each.fields) for each in product.variants)
    if any(
        _is_repeated(filter(None, (each.fields.get(name) for each in product.variants))) for name in UNIQUE
    ):
        return None  # who gets it is decided for all products of a run
    if any(_is_repeated(price_key(name, "usd", REGIONS) for name in names) for names in prices):
        return None
    digest = f"{crc32(msgspec.json.encode(known, order='sorted')):x}"
    return structs.replace(product, locations=LOCATIONS, regions=REGIONS, digest=digest)


def _is_repeated(values: Iterable[object]) -> bool:
    """Whether two of these mean the same; such a product is rejected before it is planned."""
    known = list(values)
    return len({*known}) < len(known)


def _locations(product: DesiredProduct) -> list[list[str]]:
    return [[name.removeprefix("stock").removeprefix(".") for name in stock] for stock in stocks_of(product)]


_OPTIONS: Final = MappingOptions("shop", "usd", sale_prices=True)
