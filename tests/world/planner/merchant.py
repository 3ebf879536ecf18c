"""What the merchant, customers and other apps change in the store."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from msgspec import structs

from medusa_sync.core.entities import NamedEntity
from medusa_sync.core.stored import (
    StoredImage,
    StoredInventoryItem,
    StoredOption,
    StoredPrice,
    StoredTranslation,
    StoredValue,
    StoredVariant,
)
from tests.world.planner.shop import Item, Shop, stored_category, stored_profile
from tests.world.planner.source import Edit

_TEXTS: Final = ("written by the merchant", "red", "blue")


def _own(shop: Shop, **values: Any) -> None:
    shop.product = structs.replace(shop.product, **values)


def _field(draw: Random, shop: Shop) -> None:
    texts = ["title", "subtitle", "description", "material", "thumbnail"]
    others: dict[str, list[Any]] = {
        "weight": [3, 250, None],
        "status": ["draft", "published", "proposed"],
        "discountable": [True, False],
        "shipping_profile": [stored_profile("Letters"), stored_profile("Mine")],
    }
    name = draw.choice([*texts, *others])
    text: Any = draw.choice(others.get(name, [*_TEXTS, None]))
    _own(shop, **{name: "Untitled" if name == "title" and text is None else text})


def _metadata(draw: Random, shop: Shop) -> None:
    key = draw.choice(["brand", "care", "note"])
    _own(shop, metadata={**(shop.product.metadata or {}), key: draw.choice(_TEXTS)})


def _tags(draw: Random, shop: Shop) -> None:
    tags = [each for each in shop.product.tags if draw.random() < 0.6]
    new = draw.choice(["S", "M", "mine"])
    if all(each.value != new for each in tags):
        tags.append(StoredValue(f"tag_{new}", new))
    _own(shop, tags=tuple(tags))


def _images(draw: Random, shop: Shop) -> None:
    images = [each for each in shop.product.images if draw.random() < 0.6]
    draw.shuffle(images)
    new = draw.choice(["https://cdn.example/d.jpg", "https://cdn.example/mine.jpg"])
    if all(each.url != new for each in images):
        images.append(StoredImage(f"img_m{draw.getrandbits(16)}", new))
    _own(shop, images=tuple(images))


def _categories(draw: Random, shop: Shop) -> None:
    kept = [each for each in shop.product.categories if draw.random() < 0.6]
    new = stored_category(draw.choice(["men", "mine"]))
    _own(shop, categories=tuple(kept) if new in kept else (*kept, new))


def _channels(draw: Random, shop: Shop) -> None:
    kept = [each for each in shop.product.sales_channels if each and draw.random() < 0.6]
    new = NamedEntity(*draw.choice([("sc_Market", "Market"), ("sc_Mine", "Mine")]))
    _own(shop, sales_channels=tuple(kept) if new in kept else (*kept, new))


def _type(draw: Random, shop: Shop) -> None:
    value = draw.choice([None, "Clothes", "Mine"])
    _own(shop, type=None if value is None else StoredValue(f"type_{value}", value))


def _text(draw: Random, shop: Shop) -> None:
    locale = draw.choice(["de-DE", "fr-FR"])
    others = [each for each in shop.product.translations or () if each.locale_code != locale]
    text = {} if draw.random() < 0.3 else {"title": draw.choice(_TEXTS)}
    own = StoredTranslation(f"tr_m{draw.getrandbits(16)}", locale, text)
    _own(shop, translations=(*others, own))


def _variant(draw: Random, shop: Shop) -> StoredVariant | None:
    return draw.choice(shop.product.variants) if shop.product.variants else None


def _of_variant(draw: Random, shop: Shop) -> None:
    if (variant := _variant(draw, shop)) is None:
        return
    names = [
        "title",
        "weight",
        "thumbnail",
        "barcode",
        "ean",
        "upc",
        "sku",
        "metadata",
        "allow_backorder",
        "material",
        "width",
    ]
    name = draw.choice(names)
    values: dict[str, Any] = {
        "title": draw.choice(_TEXTS),
        "weight": draw.choice([None, 3, 100]),
        "thumbnail": draw.choice([None, "https://cdn.example/mine.jpg"]),
        "allow_backorder": draw.random() < 0.5,
        "material": draw.choice([None, "linen"]),
        "width": draw.choice([None, 9]),
        "barcode": draw.choice([None, f"4{draw.getrandbits(20)}"]),
        **{name: draw.choice([None, f"5{draw.getrandbits(20)}"]) for name in ("ean", "upc")},
        "sku": draw.choice([None, f"M-{draw.getrandbits(20)}"]),
        "metadata": {**(variant.metadata or {}), draw.choice(["fit", "note"]): draw.choice(_TEXTS)},
    }
    shop.change(variant.id, **{name: values[name]})


def _price(draw: Random, shop: Shop) -> None:
    variant = _variant(draw, shop)
    if variant is None:
        return
    prices = [each for each in variant.prices if draw.random() < 0.8]
    prices = [structs.replace(each, amount=99) if draw.random() < 0.5 else each for each in prices]
    if draw.random() < 0.3 and all(each.currency_code != "chf" for each in prices):
        prices.append(StoredPrice(f"price_m{draw.getrandbits(16)}", "chf", 17))
    shop.change(variant.id, prices=tuple(prices))


def _order(draw: Random, shop: Shop) -> None:
    """Stock that customers bought, or that came back."""
    levels = [(item, location) for item in shop.items.values() for location in item.levels]
    if levels:
        item, location = draw.choice(levels)
        item.levels[location] = max(0, item.levels[location] + draw.choice([-2, -1, 1]))


def _reserve(draw: Random, shop: Shop) -> None:
    """Orders that are not shipped yet."""
    levels = [(item, location) for item in shop.items.values() for location in item.levels]
    if levels:
        item, location = draw.choice(levels)
        item.reserved[location] = draw.randint(0, 3)


def _kit(draw: Random, shop: Shop) -> None:
    """A variant that is sold with a box, or several of it together."""
    variant = _variant(draw, shop)
    if variant is None or not variant.inventory_items:
        return
    links = variant.inventory_items
    if draw.random() < 0.3:
        links = tuple(structs.replace(each, required_quantity=6) for each in links)
    else:
        box = f"iitem_m{draw.getrandbits(16)}"
        shop.items[box] = Item("BOX", {"sloc_main": 50}, {})
        links = draw.choice([(StoredInventoryItem(box), *links), (*links, StoredInventoryItem(box))])
    shop.change(variant.id, inventory_items=links)


def _bundle(draw: Random, shop: Shop) -> None:
    """Another product uses the item of a variant, too."""
    variant = _variant(draw, shop)
    if variant is not None and variant.inventory_items:
        shop.bundled.add(variant.inventory_items[0].inventory_item_id)


def _delete_variant(draw: Random, shop: Shop) -> None:
    if len(shop.product.variants) > 1 and (variant := _variant(draw, shop)):
        shop.drop([variant.id])


def _add_variant(draw: Random, shop: Shop) -> None:
    used = {
        tuple(sorted((each.option_id, each.value) for each in own.options)) for own in shop.product.variants
    }
    options = tuple((each.id, "Mine") for each in shop.product.options)
    if options and tuple(sorted(options)) not in used:
        shop.add_by_hand(f"variant_m{draw.getrandbits(16)}", options)


def _rename_option(draw: Random, shop: Shop) -> None:
    if shop.product.options:
        chosen, title = draw.choice(shop.product.options), draw.choice(["Mine", "Size", "Fit"])
        if all(each.title != title for each in shop.product.options):
            renamed = [
                StoredOption(each.id, title, each.values, each.is_exclusive) if each is chosen else each
                for each in shop.product.options
            ]
            _own(shop, options=tuple(renamed))


EDITS: Final[dict[str, tuple[int, Callable[[Random, Shop], None]]]] = {
    "field": (5, _field),
    "metadata": (2, _metadata),
    "tags": (2, _tags),
    "images": (2, _images),
    "categories": (2, _categories),
    "channels": (2, _channels),
    "type": (1, _type),
    "text": (2, _text),
    "of variant": (5, _of_variant),
    "price": (4, _price),
    "order": (3, _order),
    "reserve": (3, _reserve),
    "kit": (2, _kit),
    "bundle": (1, _bundle),
    "delete variant": (1, _delete_variant),
    "add variant": (1, _add_variant),
    "rename option": (1, _rename_option),
}
"""Each edit with its weight."""


def edit(shop: Shop, edits: list[Edit]) -> None:
    for name, seed in edits:
        EDITS[name][1](Random(seed), shop)
