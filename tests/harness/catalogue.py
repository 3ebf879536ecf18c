"""Generates catalogues in the format of DummyJSON; the same arguments give the same catalogue."""

import json
from collections.abc import Iterable
from importlib.resources import files
from random import Random
from typing import Any, Final, NamedTuple


class _Aisle(NamedTuple):
    name: str
    goods: list[str]
    tags: list[str]


def _aisle(line: str) -> _Aisle:
    name, goods, tags = line.split(" | ")
    return _Aisle(name, goods.split(", "), tags.split(", "))


_AISLE_LINES: Final = (
    "Baking | Cake Tin, Rolling Pin, Flour Sieve, Pastry Brush | cakes, pastry, bread, dough, icing",
    "Bath Towels | Bath Sheet, Hand Towel, Bath Mat, Face Cloth | towels, bathroom, soft goods, sauna, spa",
    "Bicycle Parts | Saddle, Bell, Mudguard, Pannier | cycling, commuting, touring, spare parts, repairs",
    "Birds & Wildlife | Nest Box, Bird Table, Bee Hotel, Bat Box | birds, insects, bats, feeding, nesting",
    "Camping | Tent Peg, Mess Tin, Camp Stool, Tarpaulin | tents, hiking, campfire, outdoors, shelter",
    "Clocks | Wall Clock, Alarm Clock, Egg Timer, Sundial | time, timers, alarms, clockwork, quartz",
    "Coffee & Tea | Coffee Dripper, Tea Strainer, Jug, Teapot | coffee, tea, brewing, filters, mornings",
    "Curtains | Curtain, Roller Blind, Curtain Rod, Tieback | windows, blinds, shade, hanging, fabric",
    "Desk | Letter Tray, Pen Pot, Desk Pad, Bookend | office, filing, writing, paperwork, desktop",
    "Garden Tools | Trowel, Hand Fork, Rake, Secateurs | digging, pruning, weeding, sharp tools, soil",
    "Gloves | Mittens, Wrist Warmers, Gauntlets, Work Gloves | hands, winter, knitwear, workwear, leather",
    "Hats | Beret, Flat Cap, Bucket Hat, Beanie | headwear, caps, sun, rain, felted",
    "Haberdashery | Pin Cushion, Sewing Box, Thimble, Button Jar | sewing, mending, needles, buttons, thread",
    "Kites | Delta Kite, Box Kite, Kite Reel, Kite Tail | wind, beach, flying, string, stunts",
    "Lamps | Desk Lamp, Floor Lamp, Night Light, Lampshade | light, reading, bedside, dimmable, bulbs",
    "Laundry | Peg Bag, Drying Rack, Laundry Basket, Ironing Mat | washing, drying, ironing, pegs, baskets",
    "Music | Ukulele, Tambourine, Kalimba, Recorder | melodies, strings, percussion, woodwind, beginners",
    "Notebooks | Sketchbook, Pocket Diary, Ledger, Address Book | paper, drawing, ruled, blank, planners",
    "Pets | Dog Lead, Cat Basket, Food Bowl, Scratching Post | dogs, cats, walks, naps, treats",
    "Plant Pots | Flower Pot, Planter, Window Box, Saucer | balcony, herbs, houseplants, terrace, planters",
    "Storage | Bread Bin, Shelf Crate, Storage Jar, Coat Hook | boxes, jars, shelves, hallway, pantry",
    "Table Linen | Napkin, Table Runner, Place Mat, Tablecloth | dining, napkins, feasts, picnic, washable",
    "Wooden Toys | Toy Tractor, Blocks, Spinning Top, Pull-Along Duck | gifts, play, toddlers, farm, animals",
    "Writing | Dip Pen, Pencil Case, Ink Well, Blotter | ink, pens, pencils, calligraphy, letters",
)
_AISLES: Final = [_aisle(line) for line in _AISLE_LINES]
_COLOURS: Final = (
    *("Amber", "Apricot", "Ash", "Azure", "Brick", "Charcoal", "Chestnut", "Cobalt", "Coral", "Cream"),
    *("Crimson", "Ebony", "Emerald", "Fawn", "Ginger", "Hazel", "Indigo", "Ivory", "Jade", "Lemon"),
    *("Lilac", "Mustard", "Olive", "Pearl", "Plum", "Russet", "Sage", "Slate", "Teal", "Umber"),
)
_MATERIALS: Final = (
    *("Bamboo", "Beech", "Birch", "Brass", "Canvas", "Ceramic", "Copper", "Cork", "Cotton", "Enamel"),
    *("Felt", "Flax", "Glass", "Hemp", "Jute", "Larch", "Oak", "Pewter", "Pine", "Stone"),
    *("Tin", "Walnut", "Wicker", "Wool"),
)
_BRANDS: Final = (
    *("Alderwick", "Bramblecote", "Copperdell", "Dunmallow", "Elmsworthy", "Fennelby", "Gorsemoor"),
    *("Harrowbell", "Inglebrook", "Thistle & Vole", "Kestrelhay", "Larkmantle", "Merrowstone"),
)
_PRAISES: Final = (
    "Made to be used every day, and mended when it needs to be.",
    "Small batches, plain packaging, nothing that you do not need.",
    "It looks better with every year.",
    "A present that is not forgotten in a drawer.",
    "Finished by hand, so no two are quite the same.",
    "Easy to clean, easy to store, hard to break.",
)
_WARRANTIES: Final = ("Sold without a warranty", "One-year guarantee", "Five-year guarantee")
_SHIPPINGS: Final = ("Leaves the warehouse today", "Leaves within two days", "Made to order, one week")
_RETURNS: Final = ("Cannot be sent back", "Send it back within 14 days", "Send it back within 30 days")
_DAY: Final = "2025-05-06T07:08:09.010Z"


def _slug(name: str) -> str:
    return "-".join(name.lower().replace("&", " ").split())


CATEGORIES: Final[list[dict[str, str]]] = [
    {
        "slug": _slug(aisle.name),
        "name": aisle.name,
        "url": f"https://shop.example.com/products/category/{_slug(aisle.name)}",
    }
    for aisle in _AISLES
]

_TITLES: Final = len(_AISLES) * 4 * len(_COLOURS) * len(_MATERIALS)
# The stride has no factor in common with _TITLES, so it visits every title before it repeats one.
_STRIDE: Final = 40_009
# One product in this many has the title of the one before it: in turn the identical text, and a
# different text with the same slug.
_TWIN: Final = 13


def _ean13(digits: str) -> str:
    """The twelve digits with their check digit."""
    weighted = sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))
    return f"{digits}{-weighted % 10}"


def _review(number: int, rating: int) -> dict[str, Any]:
    return {
        "rating": rating,
        "comment": "It took a while to arrive, but it was worth it.",
        "date": _DAY,
        "reviewerName": f"Reviewer {number} Bumblethwaite",
        "reviewerEmail": f"reviewer.{number}@example.com",
    }


def _availability(stock: int) -> str:
    if stock == 0:
        return "Out of Stock"
    return "Low Stock" if stock <= 5 else "In Stock"


def product(number: int, *, seed: int = 1) -> dict[str, Any]:
    random = Random(seed << 32 | number)
    twin = number % _TWIN == 0
    index = (seed + (number - twin) * _STRIDE) % _TITLES
    index, place = divmod(index, len(_AISLES))
    index, good = divmod(index, 4)
    index, hue = divmod(index, len(_COLOURS))
    aisle, colour, material = _AISLES[place], _COLOURS[hue], _MATERIALS[index]
    joint = " & " if number % (2 * _TWIN) == _TWIN else " "
    name = aisle.goods[good]
    slug = CATEGORIES[place]["slug"]
    stock = random.randint(0, 100)
    folder = f"https://cdn.example.com/catalogue/{slug}/{number}"
    brand = {} if random.random() < 0.47 else {"brand": random.choice(_BRANDS)}
    return {
        "id": number,
        "title": f"{colour}{joint}{material} {name}",
        "description": f"{name} of {material.lower()} in {colour.lower()}. {random.choice(_PRAISES)}",
        "category": slug,
        "price": round(10 ** random.uniform(0, 3.3), 2),
        "discountPercentage": round(random.uniform(0, 20), 2),
        "rating": round(random.uniform(2.5, 5), 2),
        "stock": stock,
        "tags": random.sample(aisle.tags, random.randint(1, 3)),
        **brand,
        "sku": f"{slug[:3].upper()}-{seed}-{number:05d}",
        "weight": random.randint(1, 10),
        "dimensions": {side: round(random.uniform(5, 30), 2) for side in ("width", "height", "depth")},
        "warrantyInformation": random.choice(_WARRANTIES),
        "shippingInformation": random.choice(_SHIPPINGS),
        "availabilityStatus": _availability(stock),
        "reviews": [_review(each, random.randint(1, 5)) for each in range(3)],
        "returnPolicy": random.choice(_RETURNS),
        "minimumOrderQuantity": random.randint(1, 50),
        "meta": {
            "createdAt": _DAY,
            "updatedAt": _DAY,
            "barcode": _ean13(f"2{seed % 1000:03d}{number:08d}"),
            "qrCode": "https://cdn.example.com/qr-code.png",
        },
        "images": [f"{folder}/{image}.webp" for image in range(1, random.randint(2, 5))],
        "thumbnail": f"{folder}/thumbnail.webp",
    }


def products(count: int, *, seed: int = 1) -> list[dict[str, Any]]:
    return [product(number, seed=seed) for number in range(1, count + 1)]


def ndjson(rows: Iterable[dict[str, Any]]) -> bytes:
    """A product in each line."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def in_variants(product: dict[str, Any], count: int) -> dict[str, Any]:
    """The product in several sizes and colours, with about as many sizes as colours."""
    hues = max(width for width in range(1, len(_COLOURS) + 1) if count % width == 0 and width**2 <= count)
    number, variants = product["id"], []
    for index in range(count):
        size, hue = divmod(index, hues)
        variants.append(
            {
                "id": f"{number}-{index}",
                "sku": f"{product['sku']}-{index:04d}",
                "barcode": _ean13(f"301{number % 10**5:05d}{index:04d}"),
                "price": round(product["price"] + size, 2),
                "stock": (7 * number + 3 * index) % 101,
                "options": {"Size": f"{34 + 2 * size}", "Colour": _COLOURS[hue]},
            }
        )
    stock = sum(variant["stock"] for variant in variants)
    of_all = {"stock": stock, "availabilityStatus": _availability(stock)}
    return {**product, **of_all, "options": ["Size", "Colour"], "variants": variants}


def _packaged(name: str) -> Any:
    return json.loads(files("medusa_sync").joinpath("sources", "sample", name).read_text(encoding="utf-8"))


def sample() -> list[dict[str, Any]]:
    """The products of the packaged sample that have no variants, as those of DummyJSON."""
    return [product for product in whole_sample() if "variants" not in product]


def whole_sample() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = _packaged("products.json")["products"]
    return loaded


def sample_categories() -> list[dict[str, str]]:
    loaded: list[dict[str, str]] = _packaged("categories.json")
    return loaded
