"""Inventory items and their stock levels."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.harness.fake_medusa.errors import already_exists, invalid_data, no_such_entity, not_found
from tests.harness.fake_medusa.rules import check_new_id, check_unique
from tests.harness.fake_medusa.state import Item, Level, State, Variant
from tests.harness.fake_medusa.steps import Steps, Work

Body = dict[str, Any]


class LevelBatch:
    """Creates and updates levels: all of them or none."""

    def __init__(self, state: State, body: Body) -> None:
        self._state = state
        self._body = body
        self.created: list[tuple[Item, Level]] = []
        self.updated: list[tuple[Item, Level]] = []

    def write(self) -> None:
        creates = self._body.get("create", [])
        updates = self._found(self._body.get("update", []))
        self._check_creates(creates)
        for (item, level), body in updates:
            level.stocked_quantity = body.get("stocked_quantity", level.stocked_quantity)
            self.updated.append((item, level))
        for body in creates:
            item = self._state.items[body["inventory_item_id"]]
            level = Level(self._state.ids.new("ilev"), body["location_id"], body.get("stocked_quantity", 0))
            item.levels.append(level)
            self.created.append((item, level))

    def _found(self, bodies: Iterable[Body]) -> list[tuple[tuple[Item, Level], Body]]:
        found = []
        errors = []
        for body in bodies:
            item_id, location_id = body["inventory_item_id"], body["location_id"]
            item = self._state.items.get(item_id)
            level = level_at(item, location_id)
            if item is None or level is None:
                errors.append(f"Item {item_id} is not stocked at location {location_id}")
            else:
                found.append(((item, level), body))
        if errors:
            raise not_found(", ".join(errors))
        return found

    def _check_creates(self, bodies: Iterable[Body]) -> None:
        """Medusa checks neither that the location exists nor that the item was not deleted."""
        new: set[tuple[str, str]] = set()
        for body in bodies:
            item_id, location_id = body["inventory_item_id"], body["location_id"]
            if item_id not in self._state.items:
                raise no_such_entity("inventory_item_id", item_id)
            if (item_id, location_id) in new or level_at(self._state.items[item_id], location_id):
                raise already_exists("Inventory level", inventory_item_id=item_id, location_id=location_id)
            new.add((item_id, location_id))


def update_item(state: State, item_id: str, body: Body) -> Item:
    stored = {item.id: item for item in state.live_items()}
    if item_id not in stored:
        raise not_found(f'InventoryItem with id "{item_id}" not found')
    if "sku" in body:
        known = ((item.id, item.sku) for item in stored.values())
        check_unique("Inventory item", "sku", known, [(item_id, body["sku"])])
        stored[item_id].sku = body["sku"]
    return stored[item_id]


class ItemRevision(Work):
    """Updates inventory items in one step."""

    def __init__(self, state: State, bodies: Sequence[Body]) -> None:
        self._state = state
        self._bodies = bodies
        self._before = {item.id: item.sku for item in state.live_items()}

    def steps(self) -> Steps:
        for body in self._bodies:
            update_item(self._state, body["id"], body)
        yield from ()

    def undo(self) -> None:
        for item_id, sku in self._before.items():
            self._state.items[item_id].sku = sku


def create_item(state: State, body: Body) -> Item:
    item = Item(body.get("id") or state.ids.new("iitem"), body.get("sku"), body.get("title") or "")
    check_new_id(state, "Inventory item", item.id, state.items)
    check_unique(
        "Inventory item", "sku", ((each.id, each.sku) for each in state.live_items()), [(item.id, item.sku)]
    )
    state.items[item.id] = item
    levels = [{**level, "inventory_item_id": item.id} for level in body.get("location_levels", [])]
    LevelBatch(state, {"create": levels}).write()
    return item


def delete_item(state: State, item_id: str) -> None:
    """Delete an item; variants lose it. If it does not exist, nothing happens."""
    item = state.items.get(item_id)
    if item is None or item.removed:
        return
    remove_items(state, [item])
    for variant in state.variants().values():
        variant.unlink(item_id)


class ItemCreation(Work):
    """Creates inventory items with levels."""

    def __init__(self, state: State, bodies: Sequence[Body]) -> None:
        self._state = state
        self._bodies = bodies
        self._items: list[Item] = []

    def steps(self) -> Steps:
        state = self._state
        for body in self._bodies:
            self._items.append(create_item(state, {**body, "location_levels": []}))
        yield "items"
        levels = [
            {**level, "inventory_item_id": item.id}
            for item, body in zip(self._items, self._bodies, strict=True)
            for level in body.get("location_levels", [])
        ]
        unknown = [
            level["location_id"] for level in levels if level["location_id"] not in state.stock_locations
        ]
        if unknown:
            raise not_found(f"Stock locations with ids: {', '.join(dict.fromkeys(unknown))} was not found")
        LevelBatch(state, {"create": levels}).write()

    def undo(self) -> None:
        for item in self._items:
            del self._state.items[item.id]


def link_item(state: State, variant_id: str, body: Body) -> None:
    """Give a variant an item that exists, perhaps in addition."""
    item, variant = state.items.get(body["inventory_item_id"]), state.variants().get(variant_id)
    if item is None or item.removed or variant is None:
        raise NotImplementedError("FakeMedusa links only existing items to existing variants")
    variant.link(item.id, body["required_quantity"])


def change_links(state: State, body: Body) -> None:
    """Link variants to items, and unlink them; what is so already stays so.

    Medusa does not check that an item was not deleted.
    """
    variants = state.variants()
    for link in body.get("delete", []):
        variants[link["variant_id"]].unlink(link["inventory_item_id"])
    for link in body.get("create", []):
        item = state.items[link["inventory_item_id"]]
        variants[link["variant_id"]].link(item.id, link["required_quantity"])


def reserve(state: State, body: Body) -> Body:
    """Reserve stock, as an order does."""
    level = level_at(state.items.get(body["inventory_item_id"]), body["location_id"])
    if level is None or level.stocked_quantity - level.reserved_quantity < body["quantity"]:
        raise NotImplementedError("FakeMedusa reserves only stock that there is")
    level.reserved_quantity += body["quantity"]
    reservation = {"id": state.ids.new("resitem"), **body}
    state.reservations[reservation["id"]] = reservation
    return reservation


def release(state: State, reservation_id: str) -> None:
    reservation = state.reservations.pop(reservation_id)
    level = level_at(state.items[reservation["inventory_item_id"]], reservation["location_id"])
    if level is not None:
        level.reserved_quantity -= reservation["quantity"]


def level_at(item: Item | None, location_id: str) -> Level | None:
    levels = item.levels if item else []
    return next((level for level in levels if level.location_id == location_id), None)


def make_items(state: State, variants: Iterable[Variant]) -> dict[str, Item]:
    """Create inventory items for variants that have none; they have no levels and are not linked yet."""
    made = {
        variant.id: Item(state.ids.new("iitem"), variant.sku, variant.title)
        for variant in variants
        if not variant.item_ids
    }
    check_unique(
        "Inventory item",
        "sku",
        ((item.id, item.sku) for item in state.live_items()),
        ((item.id, item.sku) for item in made.values()),
    )
    state.items.update((item.id, item) for item in made.values())
    return made


def link_items(state: State, items: Mapping[str, Item]) -> None:
    """Link items to variants; the item of a variant that was deleted meanwhile stays unlinked."""
    stored = state.variants() if items else {}
    for variant_id, item in items.items():
        if variant_id in stored:
            stored[variant_id].link(item.id)


def remove_items(state: State, items: Sequence[Item]) -> Callable[[], None]:
    """Remove all of them, or none if stock is reserved; returns what gives them back with their levels."""
    reserved = [item.id for item in items if item.reserved_quantity]
    if reserved:
        raise invalid_data(
            "Cannot remove following inventory item(s) since they have reservations:"
            f" [{', '.join(reserved)}]."
        )
    levels = [item.levels for item in items]
    for item in items:
        item.removed, item.levels = True, []

    def restore() -> None:
        live = [(item.id, item.sku) for item in state.live_items()]
        check_unique("Inventory item", "sku", live, [(item.id, item.sku) for item in items])
        for item, own in zip(items, levels, strict=True):
            item.removed, item.levels = False, own

    return restore


def unshared_items(state: State, deleted: Sequence[Variant]) -> list[Item]:
    """The items of the managed ones of these variants that no other variant uses."""
    ids = {variant.id for variant in deleted}
    others = [variant for variant_id, variant in state.variants().items() if variant_id not in ids]
    shared = {item_id for variant in others for item_id in variant.item_ids}
    used = (item_id for variant in deleted if variant.manage_inventory for item_id in variant.item_ids)
    return [
        state.items[item_id]
        for item_id in dict.fromkeys(used)
        if item_id not in shared and item_id in state.items
    ]


def link_given_items(state: State, bodies: Mapping[str, Body]) -> None:
    """Link new variants to the inventory items that they name."""
    variants = state.variants()
    for variant_id, link in _given(bodies):
        if variant_id in variants:
            variants[variant_id].link(link["inventory_item_id"], link.get("required_quantity", 1))


def check_given_items(state: State, bodies: Mapping[str, Body]) -> None:
    """Refuse items that do not exist."""
    links = [(own, link["inventory_item_id"]) for own, link in _given(bodies)]
    missing = [item_id for _, item_id in links if item_id not in state.items or state.items[item_id].removed]
    if missing:
        raise invalid_data(f"Inventory Items with ids: {', '.join(missing)} was not found")
    if any(not bodies[variant_id].get("manage_inventory", True) for variant_id, _ in links):
        raise NotImplementedError("FakeMedusa links existing items to managed variants only")


def _given(bodies: Mapping[str, Body]) -> list[tuple[str, Body]]:
    return [(own, link) for own, body in bodies.items() for link in body.get("inventory_items", [])]
