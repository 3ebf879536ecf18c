"""What the merchant does to the store as a whole, which ends before everything has to be right again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tests.world.edits import SECOND_CHANNEL
from tests.world.shop import Json, Shop
from tests.world.stored import stored_in
from tests.world.wanted import CHANNELS, REGION_PRICE, SECOND_LOCATION, SECOND_STOCK

if TYPE_CHECKING:
    from tests.world.oracle import Oracle
    from tests.world.world import World

Undo = Callable[[], object]
Event = Callable[["World", random.Random], tuple[str, Undo]]
"""Returns what happened, and what ends it."""


def until_settled(world: World, dice: random.Random, events: Sequence[Event]) -> None:
    """Let one of these events happen; it ends when everything has to be right again."""
    what, undo = dice.choice(events)(world, dice)
    world.note(f"    {what}")
    world.passing.append(undo)


def renames(world: World, dice: random.Random) -> tuple[str, Undo]:
    """Give a region, a stock location or a sales channel another name."""
    shop, paths = world.shop, ("regions", "stock-locations", "sales-channels")
    rows = [(path, own, name) for path in paths for own, name in shop.named(path).items()]
    path, own, before = dice.choice(rows)
    name = f"Renamed {dice.randrange(1000)}"
    shop.post(f"/admin/{path}/{own}", {"name": name})

    def undo() -> None:
        if own in shop.named(path):
            shop.post(f"/admin/{path}/{own}", {"name": before})
        for key, product in stored_in(shop).items():
            if own in product.others["sales channels"] and key in world.oracle.products:  # it stays in it
                world.oracle.loses(key, CHANNELS, product.owned[CHANNELS])

    return f"{before} is {name}", undo


def removes_a_locale(world: World, dice: random.Random) -> tuple[str, Undo]:
    before = world.shop.locales
    if not before:
        return "", lambda: None
    gone = dice.choice(before)
    world.shop.locales = [each for each in before if each != gone]

    def undo() -> None:
        world.shop.locales = sorted({*world.shop.locales, gone})

    return f"no {gone}", undo


def removes_a_currency(world: World, _dice: random.Random) -> tuple[str, Undo]:
    before = world.shop.currencies
    if "eur" not in before:
        return "", lambda: None
    world.shop.currencies = [each for each in before if each != "eur"]

    def undo() -> None:
        world.shop.currencies = ["eur", "usd"]

    return "no euros", undo


def reserves(world: World, dice: random.Random) -> tuple[str, Undo]:
    """An order reserves stock."""
    levels = [
        (item["id"], level["location_id"])
        for item in world.shop.items()
        for level in item["location_levels"]
        if level["stocked_quantity"] > level["reserved_quantity"]
    ]
    if not levels:
        return "", lambda: None
    item, location = dice.choice(levels)
    own = world.shop.reserve(item, location)
    _reserves(world, item, location, 1)

    def undo() -> None:
        world.shop.delete(f"/admin/reservations/{own}")
        _reserves(world, item, location, -1)

    return f"one of {item} is reserved at {location}", undo


def _reserves(world: World, item: str, location: str, number: int) -> None:
    names = {own: name for name, own in world.shop.locations.items()}
    if world.rules.is_available and location in names:
        variants = (each for product in world.shop.products() for each in product["variants"])
        links = ((each["id"], link) for each in variants for link in each["inventory_items"] or ())
        users = {own for own, link in links if link["inventory_item_id"] == item}
        world.oracle.reserves(users, names[location], number)


EVENTS = (renames, removes_a_locale, removes_a_currency, reserves, reserves)


# --- what is removed gets another id when it is made again -------------------------------------------------


def removes_a_region(world: World, _dice: random.Random) -> tuple[str, Undo]:
    """Prices of a deleted region stay, and nobody sees them."""
    shop, oracle = world.shop, world.oracle
    [old] = [own for own, name in shop.names.items() if name == "America"]
    if old not in shop.named("regions"):
        return "", lambda: None
    shop.delete(f"/admin/regions/{old}")

    def undo() -> None:
        del shop.names[old]
        shop.make_region("America")
        oracle.is_replaced(REGION_PRICE, "other prices", "ids of prices", f"id of {REGION_PRICE}")

    return f"no region {old}", undo


def removes_a_location(world: World, _dice: random.Random) -> tuple[str, Undo]:
    """Levels at a deleted location stay."""
    shop, oracle = world.shop, world.oracle
    old = shop.locations[SECOND_STOCK]
    if old not in shop.named("stock-locations"):
        return "", lambda: None
    shop.delete(f"/admin/stock-locations/{old}")

    def undo() -> None:
        shop.make_location(SECOND_LOCATION)
        oracle.is_replaced(SECOND_STOCK, "levels elsewhere", "ids of levels")

    return f"no location {old}", undo


def removes_a_channel(world: World, _dice: random.Random) -> tuple[str, Undo]:
    """Its products are taken out of it."""
    shop, oracle, merchant = world.shop, world.oracle, world.merchant
    old = merchant.second_channel
    if not old:
        return "", lambda: None
    shop.delete(f"/admin/sales-channels/{old}")
    merchant.second_channel = ""
    _lose_channel(oracle, old)

    def undo() -> None:
        merchant.second_channel = shop.channel(SECOND_CHANNEL)
        _lose_channel(oracle, old)  # of products that an undo, or a late request, has put into it again

    return f"no channel {old}", undo


def _lose_channel(oracle: Oracle, old: str) -> None:
    for key, product in oracle.products.items():
        for _, stored in sorted(product.states.get(CHANNELS, ())):
            oracle.loses(key, CHANNELS, tuple(each for each in stored if each != SECOND_CHANNEL))
        if (known := product.others.get("sales channels")) is not None:
            product.others["sales channels"] = [[each for each in own if each != old] for own in known]


REMOVALS = (removes_a_region, removes_a_location, removes_a_channel)


def make_kit(shop: Shop, dice: random.Random) -> tuple[str, Json]:
    """Create a product of the merchant that consists of several of an item; returns its id, and the item."""
    items = [each for each in shop.items() if each["location_levels"]]
    if not items:
        return "", {}
    item = dice.choice(items)
    parts = [{"inventory_item_id": item["id"], "required_quantity": 3}]
    variant = {"title": "Kit", "options": {"Kind": "Kit"}, "prices": [], "inventory_items": parts}
    body = {"title": "Kit", "options": [{"title": "Kind", "values": ["Kit"]}], "variants": [variant]}
    body["handle"] = f"kit-{dice.randrange(10**9)}"
    return str(shop.post("/admin/products/batch", {"create": [body]})["created"][0]["id"]), item
