"""The stock of variants: levels of inventory items, which variants may share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, structs

from medusa_sync.codes import Note
from medusa_sync.core.kinds.base import Kind, Left, Meanings, Merge, Sides, is_number
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.policy import AVAILABLE
from medusa_sync.core.steps import Step

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.inventory import ItemPlan, StoredItem
    from medusa_sync.core.product import DesiredProduct
    from medusa_sync.core.record import History, Record
    from medusa_sync.core.stored import StoredVariant
    from medusa_sync.core.value import Value

T = TypeVar("T")
_LISTED = 10  # products or SKUs in a note

STOCK = "stock"
OTHER_STOCK = "stock."  # prefix of the stock at a location that the source names
BACKORDER = "allow_backorder"  # whether it is sold without stock
SHARED = "shared"  # the stock of a variant that shares that of its product
LOCATION = "--stock-location"  # the setting; in the settings of a record, an id
STOCK_IS = "--stock-is"  # the setting; with `available`, levels are compared without what is reserved
LOCATIONS = Names(
    "stock location",
    "Settings > Locations & Shipping",
    "stock_locations",
    f"{LOCATION} (SYNC_PRODUCTS_STOCK_LOCATION)",
)


class Stock(Kind):
    """The quantity of a variant at a stock location; that of a product is shared by variants."""

    merge = Merge.FOLLOW
    is_late = True
    is_shown = False
    of_items = True
    settings_of_values = (LOCATION, STOCK_IS)
    own_steps = frozenset({Step.LEVELS})
    steps = frozenset()  # those of inventory items, which have a plan of their own

    def settings_of_older(self, record: Record) -> Mapping[str, str]:
        return {STOCK_IS: ""} if record.has(self) else {}

    def renamed(
        self, fields: Mapping[str, object], wanted: Mapping[str, Value], before: Meanings, now: Meanings
    ) -> Mapping[str, str]:
        """The name that the source uses for the same location; that of the product has none."""
        names = {now.locations.get(location_of(name)): name for name in stock_of(wanted)}

        def called(name: str) -> str:
            location = before.locations.get(location_of(name))
            if location is None:
                return name
            return names.get(location) or (f"{OTHER_STOCK}{location}" if name in wanted else name)

        return {name: called(name) for name, value in stock_of(fields).items() if not _may_be_shared(value)}

    def resolved(self, product: DesiredProduct, names: StoreNames) -> DesiredProduct:
        if names.location_id is None:
            return _without_stock(product)
        named = {location_of(name) for each in stocks_of(product) for name in each} - {""}
        find = names.of(LOCATIONS).find
        locations = {name: own for name in sorted(named) if (own := find(name))}
        return structs.replace(product, locations={**locations, "": names.location_id})

    def refusals(self, product: DesiredProduct, names: StoreNames, instead: str) -> Iterator[str]:
        locations = names.of(LOCATIONS)
        for stock in stocks_of(product):
            known: dict[str, str] = {}
            for field in stock:
                name = location_of(field)
                own = product.locations.get(name, "")
                if own not in locations.ids:
                    yield f"{field}: {locations.lacks(name, instead)}"
                if own in known:
                    yield f"{known[own]} and {field} are the same stock location"
                known[own] = field

    def paths(self, name: str) -> Iterable[str]:
        links = ("inventory_item_id", "required_quantity", "inventory.sku", "inventory.variants.id")
        quantities = ("location_id", "stocked_quantity", "reserved_quantity")
        levels = (f"inventory.location_levels.{each}" for each in quantities)
        return ("sku", "manage_inventory", *(f"inventory_items.{each}" for each in (*links, *levels)))

    def takes(self, value: Value) -> bool:
        return is_number(value) or value == SHARED

    def value_of_variant(self, variant: StoredVariant, name: str, names: Meanings) -> Value:
        if not variant.manage_inventory:
            return None
        if variant.shares_item:
            return SHARED if name == STOCK else None
        level = variant.level_at(names.locations.get(location_of(name)))
        return level.quantity(is_available=names.is_available) if level else None

    def is_owned(self, wanted: Value, history: History, sides: Sides) -> bool:
        """Whether the store has to follow: the merchant decides whether a variant is tracked."""
        if sides.variant is None:
            return wanted is not None
        if wanted is None:  # the store does not have to track it any more
            is_left = bool(sides.names.locations) and not tracks(sides.wanted)
            return is_left and sides.variant.manage_inventory and history.was_sent
        was_tracked = tracks(sides.applied)
        has_been_sent = any(None in each for each in stock_of(sides.pending).values())
        return sides.variant.manage_inventory or not was_tracked or has_been_sent

    def comes_apart(self, before: Value, after: Value) -> bool:
        return SHARED not in (before, after)  # items are linked otherwise

    def reserved(self, variant: StoredVariant, name: str, names: Meanings) -> int | float | None:
        level = variant.level_at(names.locations.get(location_of(name)))
        return (level.reserved_quantity or 0 if level else 0) if names.is_available else None

    def moved(self, name: str, wanted: Value, history: History, sides: Sides) -> tuple[History, Left | None]:
        was_sharing = any(SHARED in values for values in stock_of(sides.pending).values())
        if STOCK_IS in sides.settings or was_sharing:  # it counted otherwise, or may have lost its item
            history = structs.replace(history, is_known=False)
        if name != STOCK or not sides.former or wanted in (SHARED, None):
            return history, None
        level = sides.variant.level_at(sides.former) if sides.variant else None
        left = level.quantity(is_available=sides.names.is_available) if level else None
        ours = [each for each in (history.applied, *history.pending) if isinstance(each, int) and each]
        # One that the merchant has raised is kept: orders only lower it.
        is_ours = bool(left) and any(left <= each for each in ours if left)
        unknown = structs.replace(history, is_known=False)
        return unknown, Left(f"{OTHER_STOCK}{sides.former}", left, 0, LOCATION) if is_ours else None

    def recorded(self, change: Change, final: Record) -> Record:
        names = {*final.names}
        named = {name: own for name, own in change.locations.items() if f"{OTHER_STOCK}{name}" in names}
        return structs.replace(final, locations={**named, **_default_location(change)})

    def noted(self, change: Change, note: Record) -> Record:
        """Until stock has arrived, the default location is the former one, and items are shared as before."""
        before = change.record.locations
        former = {name: own for name, own in before.items() if not name}
        noted = structs.replace(note, locations={**before, **note.locations, **former})
        sharing = [each.desired.key for each in change.variants if each.stored and each.stored.shares_item]
        return _still_sharing(noted, [key for key in sharing if not was_shared(note, key)])

    def created(self, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        return {"manage_inventory": bool(tracks(values))}

    def edited(self, variant: StoredVariant, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        """Whether it is tracked; Medusa makes the inventory item."""
        is_tracked = tracks(values)
        return {} if is_tracked in {None, variant.manage_inventory} else {"manage_inventory": is_tracked}


def _may_be_shared(value: object) -> bool:
    """Whether a recorded stock is that of the product, which has no location."""
    return value == SHARED or (isinstance(value, tuple) and SHARED in value)


def is_shared(fields: Mapping[str, object]) -> bool:
    """Whether a variant with these fields shares the stock of its product with others."""
    return fields.get(STOCK) == SHARED


def was_shared(record: Record, key: str) -> bool:
    """Whether a variant shares, or may share, the stock of its product."""
    pending = record.pending_values.get(key, {}).get(STOCK, ())
    return SHARED in {record.variant(key).fields.get(STOCK), *pending}


def _still_sharing(note: Record, keys: Iterable[str]) -> Record:
    """The note of variants that leave the item that they share, for stock that names a location."""
    if note.pending is None:
        return note
    values = note.pending.variants
    shared = {key: {**values.get(key, {}), STOCK: (SHARED,)} for key in keys}
    return structs.replace(note, pending=structs.replace(note.pending, variants={**values, **shared}))


def stock_of(fields: Mapping[str, T]) -> dict[str, T]:
    """The stock among fields of a variant, by name."""
    return {name: value for name, value in fields.items() if name == STOCK or name.startswith(OTHER_STOCK)}


def besides_stock(fields: Mapping[str, T]) -> dict[str, T]:
    """The fields of a product or variant that are no stock."""
    stock = stock_of(fields)
    return {name: value for name, value in fields.items() if name not in stock}


def stocks_of(product: DesiredProduct) -> Iterator[dict[str, Value]]:
    """The stock that variants of a product share, and that of each variant, by field."""
    return map(stock_of, (product.fields, *(each.fields for each in product.variants)))


def uses_default_location(product: DesiredProduct) -> bool:
    """Whether a product has stock that names no location."""
    return any(STOCK in each for each in stocks_of(product))


def _without_stock(product: DesiredProduct) -> DesiredProduct:
    """Without stock that names no location; the digest would show all of the product."""
    variants = (each.changed({STOCK: None}) for each in product.variants)
    fields = {name: value for name, value in product.fields.items() if name != STOCK}
    return structs.replace(product, fields=fields, variants=tuple(variants), digest="")


def location_of(name: str) -> str:
    """The stock location that the name of a stock has; empty for the default one."""
    return name.removeprefix(STOCK).removeprefix(".")


def names_by_location(fields: Iterable[Mapping[str, object]], names: Meanings) -> dict[str | None, str]:
    """The names that stock has among these fields, by the id of its location."""
    return {names.locations.get(location_of(name)): name for each in fields for name in stock_of(each)}


def names_to_empty(variant: StoredVariant, stock: Mapping[str | None, str]) -> list[str]:
    """The stock of a variant that customers can no longer buy."""
    return [STOCK] if variant.shares_item or not stock else [*stock.values()]


def tracks(fields: Mapping[str, object]) -> bool | None:
    """Whether a variant with these fields is tracked; None if there is no stock among them."""
    stock = stock_of(fields)
    return any(value is not None for value in stock.values()) if stock else None


def _default_location(change: Change) -> dict[str, str]:
    """The default stock location, if this tool wrote stock there: it may empty what it wrote."""
    before, now = change.record.locations.get("", ""), change.desired.locations.get("", "")
    if not any(isinstance(each.get(STOCK), int) for each in stocks_of(change.desired)):
        return {}
    if not change.selection.has(STOCK):
        return {"": before} if before else {}
    has_stock = any(now in each.levels for each in change.items)
    return {"": now} if now and (before or has_stock) else {}


def counts_otherwise(record: Record, desired: DesiredProduct) -> bool:
    """Whether stock was written while that of the source counted something else."""
    return counts_available(record) != desired.is_available and record.has(LEVEL)


def counts_available(record: Record) -> bool:
    """Whether stock was written without what orders have reserved."""
    return (record.settings or {}).get(STOCK_IS) == AVAILABLE


def no_location() -> Note:
    """That the store has no place for stock."""
    text = "The store has no stock location, so stock is not synced. Add a location in the admin."
    return Note("no_stock_location", text)


class KeptItems(Struct):
    """The stock of kits that a run has not written.

    Attributes:
        found: external ids of the products; the first plan of a run shows it.
        first: what the note calls some of them.
    """

    found: set[str] = set()
    first: list[str] = []

    def add(self, change: Change) -> None:
        """Add a product, if a change of it leaves out stock."""
        names, external_id = change.kept_items, change.desired.external_id
        if not names or external_id in self.found:
            return
        self.found.add(external_id)
        if len(self.first) < _LISTED:
            own = f"{external_id} {change.desired.title!r}"
            self.first.append(f"{own} ({', '.join(filter(None, names))})" if any(names) else own)

    @property
    def note(self) -> Note:
        count = len(self.found) - len(self.first)
        more = f" and {count:,} more" if count else ""
        return Note(
            "kit",
            f"Stock is not written, because the inventory items are the merchant's: {'; '.join(self.first)}"
            f"{more}. Such a variant is a kit, or something else uses its item, too. Set the stock in the "
            "admin, or give the variant one item that nothing else uses, and run once with --overwrite.",
        )


class LeftOver(Struct):
    """Stock at locations that the source does not name, of unused items that variants get.

    Attributes:
        found: quantities by SKU.
    """

    found: dict[str, int | float] = {}

    def add(self, item: StoredItem, plan: ItemPlan) -> None:
        """Add an item that a plan takes."""
        others = (
            each.stocked_quantity or 0 for each in item.location_levels if each.location_id not in plan.named
        )
        if quantity := sum(others):
            self.found[str(item.sku)] = quantity

    def add_new(self, plans: Iterable[ItemPlan], unused: Mapping[str, StoredItem]) -> None:
        """Add the unused items that new variants get; these are by SKU."""
        for plan in plans if unused else ():
            if plan.is_new and not plan.is_shared and (item := unused.get(str(plan.sku))) is not None:
                self.add(item, plan)

    @property
    def note(self) -> Note:
        left = max(len(self.found) - _LISTED, 0)
        names = [f"{quantity:g} of {sku!r}" for sku, quantity in self.found.items()][:_LISTED]
        more = f" and {left:,} more" if left else ""
        return Note(
            "left_over_stock",
            "Inventory items that no variant used, and that variants use now, have stock at locations which "
            f"the source does not name: {', '.join(names)}{more}. Customers can buy it. If it does not "
            "exist, set it to 0 in the admin.",
        )


LEVEL = Stock()
