"""What the merchant does to the store as a whole, which ends before everything has to be right again."""

import random
from collections.abc import Callable
from typing import Any

from tests.harness.fake_medusa import FakeMedusa
from tests.world.shop import Shop

Undo = Callable[[], None]


def renames(store: FakeMedusa, dice: random.Random) -> tuple[str, Undo]:
    """Give a region, a stock location or a sales channel another name."""
    state = store.state
    rows: list[Any] = [
        row
        for table in (state.regions, state.stock_locations, state.sales_channels)
        for row in table.values()
    ]
    row = dice.choice(rows)
    before, row.name = row.name, f"Renamed {dice.randrange(1000)}"
    return f"{before} is {row.name}", lambda: setattr(row, "name", before)


def removes_a_locale(store: FakeMedusa, dice: random.Random) -> tuple[str, Undo]:
    before = list(store.state.locales)
    if not before:
        return "", lambda: None
    gone = dice.choice(before)
    store.state.locales = [each for each in before if each != gone]
    return f"no {gone}", lambda: setattr(store.state, "locales", sorted({*store.state.locales, gone}))


def removes_a_currency(store: FakeMedusa, _dice: random.Random) -> tuple[str, Undo]:
    settings = store.state.store
    gone = [each for each in settings.supported_currencies if each.currency_code == "eur"]
    if not gone:
        return "", lambda: None
    settings.supported_currencies = [each for each in settings.supported_currencies if each not in gone]
    return "no euros", lambda: settings.supported_currencies.extend(gone)


def reserves(store: FakeMedusa, dice: random.Random) -> tuple[str, Undo]:
    """An order reserves stock."""
    levels = [level for item in store.state.live_items() for level in item.levels if level.stocked_quantity]
    if not levels:
        return "", lambda: None
    level = dice.choice(levels)
    level.reserved_quantity += 1

    def release() -> None:
        level.reserved_quantity -= 1

    return f"one of {level.id} is reserved", release


EVENTS = (renames, removes_a_locale, removes_a_currency, reserves, reserves)


def make_kit(store: FakeMedusa, shop: Shop, dice: random.Random) -> str:
    """Create a product of the merchant that consists of several of an item; returns its id."""
    items = [each for each in store.state.live_items() if each.levels]
    if not items:
        return ""
    parts = [{"inventory_item_id": dice.choice(items).id, "required_quantity": 3}]
    variant = {"title": "Kit", "options": {"Kind": "Kit"}, "prices": [], "inventory_items": parts}
    body = {"title": "Kit", "options": [{"title": "Kind", "values": ["Kit"]}], "variants": [variant]}
    body["handle"] = f"kit-{dice.randrange(10**9)}"
    return str(shop.post("/admin/products/batch", {"create": [body]})["created"][0]["id"])
