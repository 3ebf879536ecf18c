"""Inventory items and their stock levels."""

from collections.abc import Iterable
from typing import Any

from tests.harness.fake_medusa.errors import ApiError, already_exists, no_such_entity, not_found
from tests.harness.fake_medusa.rules import check_unique
from tests.harness.fake_medusa.state import Item, Level, State

Body = dict[str, Any]


class LevelBatch:
    """Creates, updates and deletes levels: all of them or none."""

    def __init__(self, state: State, body: Body) -> None:
        self._state = state
        self._body = body
        self.created: list[tuple[Item, Level]] = []
        self.updated: list[tuple[Item, Level]] = []

    def write(self) -> None:
        creates, deletes = self._body.get("create", []), set(self._body.get("delete", []))
        self._check_deletes(deletes)
        updates = self._found(self._body.get("update", []))
        self._check_creates(creates)
        for item in self._state.items.values():
            item.levels = [level for level in item.levels if level.id not in deletes]
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

    def _check_deletes(self, ids: set[str]) -> None:
        for level in (level for item in self._state.items.values() for level in item.levels):
            if level.id in ids and level.stocked_quantity and not self._body.get("force"):
                raise ApiError(
                    400,
                    "not_allowed",
                    f"Cannot remove Inventory Levels for {level.location_id} because there are"
                    " stocked items at the locations. Use force flag to delete anyway.",
                )


def update_item(state: State, item_id: str, body: Body) -> Item:
    stored = {item.id: item for item in state.live_items()}
    if item_id not in stored:
        raise not_found(f'InventoryItem with id "{item_id}" not found')
    if "sku" in body:
        known = ((item.id, item.sku) for item in stored.values())
        check_unique("Inventory item", "sku", known, [(item_id, body["sku"])])
        stored[item_id].sku = body["sku"]
    return stored[item_id]


def level_at(item: Item | None, location_id: str) -> Level | None:
    levels = item.levels if item else []
    return next((level for level in levels if level.location_id == location_id), None)
