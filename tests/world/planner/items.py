"""What must hold for inventory items: those that variants share, and those that are the merchant's."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Final

from msgspec import structs

from medusa_sync.core.plan import plan_update
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredInventoryItem
from tests.world.planner.case import DEFAULTS, Case, World
from tests.world.planner.checks import Check
from tests.world.planner.expected import differences, wanted
from tests.world.planner.records import ending_with, remove
from tests.world.planner.shop import Item, contents
from tests.world.planner.source import Row, desired, new_row

Stock = int | dict[str, int]
_SIZES: Final = ("S", "M", "L", "XL")
_CAN: Final = "iitem_can"


def shared_stock_is_split_and_joined(case: Case) -> None:
    """Whichever variants share their stock, leave and return, each has what the source says, and no more."""
    draw = Random(case.how)
    world = World(structs.replace(case, first=[], killed=None, merchant=[], later=[], is_available=False))
    sizes, is_in_berlin = draw.sample(_SIZES, draw.randint(2, 4)), draw.random() < 0.4

    def number() -> Stock:
        here = draw.randint(1, 9)
        return {"": here, "Berlin": draw.randint(1, 9)} if is_in_berlin else here

    gone, sharing_before = set[str](), set[str]()
    for stage in range(4):
        left = sizes if stage in {0, 3} else draw.sample(sizes, draw.randint(1, len(sizes)))
        sharing = left if not stage else draw.choice([left, [], draw.sample(left, len(left) // 2)])
        world.desired = _shirt({size: None if size in sharing else number() for size in left}, number())
        users = _users(world)
        if not world.settle(world.desired, DEFAULTS):
            return
        known = {each.key for each in world.desired.variants}
        gone = {own for key, own in world.ids.items() if key not in known}
        _has_its_stock(world, gone)
        sharing_now, items = _sharing(world), _users(world)
        for item, using in users.items():
            leaving = (using & sharing_before) - sharing_now - gone
            if len(leaving) > 1 and using & gone and not using & sharing_now:
                assert not items.get(item, set()) & leaving, "dropped variants keep the item"
        sharing_before = sharing_now
        if draw.random() < 0.5 and (drafted := remove(world, None, deletes=False)):
            for item, using in items.items():
                assert item in _users(world) or not using <= drafted, "one of the drafted variants keeps it"
            held = contents(world.shop)
            for_sale = [
                key for key in held if key[0] in drafted and key[1].startswith("stock ") and held[key]
            ]
            assert not for_sale, for_sale
            _has_its_stock(world, gone)


def _users(world: World) -> dict[str, set[str]]:
    """The variants that use each item."""
    found = defaultdict[str, set[str]](set)
    for each in world.shop.product.variants:
        for link in each.inventory_items:
            found[link.inventory_item_id].add(each.id)
    return found


def _sharing(world: World) -> set[str]:
    wants = (each for each in world.desired.variants if each.fields["stock"] == "shared")
    return {world.ids[each.key] for each in wants}


def _shirt(stock: dict[str, Stock | None], shared: Stock) -> DesiredProduct:
    """A product with these sizes, of which those without a number share the stock of the product."""
    variants: list[Row] = [
        {"id": size, "options": {"Size": size}, "price": 10, "stock": own} for size, own in stock.items()
    ]
    found = desired({**new_row(), "options": ["Size"], "stock": shared, "variants": variants})
    assert found is not None
    return found


def _has_its_stock(world: World, gone: set[str]) -> None:
    found, wants = contents(world.shop), wanted(world.desired, world.ids)
    stock = {key: value for key, value in wants.items() if key[1].startswith("stock ")}
    wrong = {key: (value, found.get(key)) for key, value in stock.items() if found.get(key) != value}
    assert not wrong, wrong
    items = {each.id: each.item_id for each in world.shop.product.variants}
    sharing = _sharing(world)
    own = [items[world.ids[each.key]] for each in world.desired.variants if each.fields["stock"] != "shared"]
    assert len({items[each] for each in sharing}) <= 1, items
    assert len({*own, *(items[each] for each in sharing)}) == len(own) + bool(sharing), items
    left = {items.get(each) for each in gone} & {*own}
    assert len(left) <= 1, (items, gone)  # one may have kept the item that dropped ones use


def kits_are_the_merchants(case: Case) -> None:
    """Nothing writes to the items of kits, and of what other products use, or says so."""
    edits = [(name, case.how + number) for number, name in enumerate(["kit", "bundle"])]
    first = [*case.first, ("add variant", case.how), ("variant stock", case.how)]
    later = ending_with(case, "variant stock", "drop variant", "variant stock")
    world = World(structs.replace(later, first=first, merchant=edits))
    before = {key: each for key, each in world.edited.items() if key[1] == "kit"}
    if not world.settle(world.desired, DEFAULTS):
        return
    gone = {*world.ids.values()}
    removal = plan_update(world.desired, world.shop.read(), DEFAULTS, removed_ids=gone, deletes=False)
    said = [own for each in removal.variants if each.keeps_items for own in each.changes]
    assert not [each for each in said if each.field.startswith("stock")], said
    remove(world, None, deletes=False)
    after = {key: each for key, each in contents(world.shop).items() if key in before}
    is_tracked = {own for own, field in contents(world.shop) if field == "is tracked"}
    lost = {key: each for key, each in differences(before, after).items() if key[0] in is_tracked}
    assert not lost, lost


def an_item_of_several_sizes_is_the_merchants(case: Case) -> None:
    """Sizes with stock of their own that the merchant has linked to one item: nothing writes to it."""
    draw = Random(case.how)
    world = World(structs.replace(case, first=[], killed=None, merchant=[], later=[]))
    for stage in range(3):
        sizes = _SIZES if stage < 2 else draw.sample(_SIZES, 2)
        world.desired = _shirt({size: draw.randint(1, 9) for size in sizes}, 0)
        assert world.settle(world.desired, DEFAULTS)
        if not stage:
            world.shop.items[_CAN] = Item("CAN", {"sloc_main": 50}, {})
            for own in draw.sample([*world.ids.values()], draw.randint(2, 4)):
                world.shop.change(own, inventory_items=(StoredInventoryItem(_CAN),))
    remove(world, None, deletes=False)
    can = world.shop.items[_CAN]
    assert (can.sku, can.levels) == ("CAN", {"sloc_main": 50}), can


CHECKS: Final[dict[Check, int]] = {
    shared_stock_is_split_and_joined: 2,
    kits_are_the_merchants: 2,
    an_item_of_several_sizes_is_the_merchants: 1,
}
"""As those of the merge."""
