"""A store with one product in memory, which commits a change step by step, as Medusa does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.change import Change, VariantChange
from medusa_sync.core.entities import Entity, NamedEntity
from medusa_sync.core.fields import FIELDS, SKU, VARIANT_FIELDS
from medusa_sync.core.inventory import ItemPlan
from medusa_sync.core.kinds.channels import CHANNELS
from medusa_sync.core.kinds.metadata import KEY, METADATA, Metadata
from medusa_sync.core.kinds.options import DEFAULT, OPTION, OPTIONS
from medusa_sync.core.kinds.plain import Flag, Measure, Plain, UniqueText
from medusa_sync.core.kinds.prices import Price, PriceKey, price_key
from medusa_sync.core.kinds.profiles import PROFILE
from medusa_sync.core.kinds.rank import RANK, Rank
from medusa_sync.core.kinds.sales import IN_LIST
from medusa_sync.core.kinds.status import STATUS
from medusa_sync.core.kinds.stock import LEVEL, is_shared, tracks
from medusa_sync.core.kinds.texts import TEXT, locale_of
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.record import Record
from medusa_sync.core.recorded import final_record, note
from medusa_sync.core.steps import Step
from medusa_sync.core.stored import (
    Goods,
    StoredCategory,
    StoredCollection,
    StoredImage,
    StoredInventory,
    StoredInventoryItem,
    StoredLevel,
    StoredOption,
    StoredOptionValue,
    StoredPrice,
    StoredProduct,
    StoredTranslation,
    StoredValue,
    StoredVariant,
    category_metadata,
)
from medusa_sync.core.value import Value, members
from tests.world.planner.expected import held

EXTERNAL_ID = "shop:1"


class Item(Struct):
    """An inventory item: its SKU, and what is there and what orders have reserved of it by location."""

    sku: str | None
    levels: dict[str, int | float]
    reserved: dict[str, int]

    def sold(self, *, is_available: bool) -> dict[str, int | float]:
        """The quantities that are compared with the source, by location."""
        reserved = self.reserved if is_available else {}
        return {own: quantity - reserved.get(own, 0) for own, quantity in self.levels.items()}


class Shop:
    """A product, its variants and inventory items; `product` is as a sync reads it, without the items.

    With `is_available`, stock of the source is what no order has reserved.
    """

    def __init__(self, *, is_available: bool = False) -> None:
        self.is_available = is_available
        self.product: StoredProduct = StoredProduct(
            *("prod_1", EXTERNAL_ID),
            status="published",
            shipping_profile=stored_profile("Default"),
            translations=(),
        )
        self.items: dict[str, Item] = {}
        self.bundled: set[str] = set()  # items that another product uses, too
        self._ids = count(1)
        self._added: Mapping[str, str] = {}  # ids of the variants that the change at work created, by key

    # --- reading ---

    def read(self) -> StoredProduct:
        """The product with everything that a plan may look at."""
        return self._with_variants(map(self._seen, self.product.variants))

    def _seen(self, variant: StoredVariant) -> StoredVariant:
        links = tuple(
            structs.replace(link, inventory=self._inventory(link.inventory_item_id))
            for link in variant.inventory_items
        )
        return structs.replace(variant, inventory_items=links)

    def _inventory(self, item_id: str) -> StoredInventory:
        item = self.items[item_id]
        levels = tuple(StoredLevel(*each, item.reserved.get(each[0], 0)) for each in item.levels.items())
        users = [each.id for each in self.users(item_id)] + ["variant_of_a_bundle"] * (
            item_id in self.bundled
        )
        return StoredInventory(levels, item.sku, tuple(map(Entity, users)))

    # --- ids ---

    def _new(self, prefix: str) -> str:
        return f"{prefix}_{next(self._ids):04}"

    # --- committing ---

    def create(self, change: Change) -> None:
        """Create the product of a change, with its final record."""
        self._row(change, Record())
        self.product = structs.replace(self.product, status=change.desired.status or "published")
        names = list(change.options.stored) or [DEFAULT]
        self.product = structs.replace(
            self.product,
            options=tuple(StoredOption(self._new("opt"), name, is_exclusive=True) for name in names),
        )
        self._grow(change)
        self._add(change, {})
        self._write_levels(change)
        self._sell(change)
        self._translate(change)
        self._finish(change)

    def commits(self, change: Change, *, is_noted: bool = False) -> Iterator[str]:
        """Commit an update; yields after each step, so that a killed write is a prefix of it.

        If it `is_noted`, its row was written before.
        """
        new, self._added = {each.key: self._new("variant") for each in change.new_variants}, {}
        if Step.LINK_ITEMS in change.steps:
            self._link(change)
            yield "items linked"
        if Step.ROW in change.steps and not is_noted:
            self._row(change, note(change, now=1, new=new))
            yield "row"
            if self._relink(change):
                yield "links"
        steps = {
            Step.SHARE_ITEMS: self._share,
            Step.DELETE_VARIANTS: self._delete,
            Step.OPTIONS: self._change_options,
            Step.EDIT_VARIANTS: self._edit,
            Step.RENAME_ITEMS: self._rename,
            Step.OPTION_VALUES: self._choose,
        }
        for step, commit in steps.items():
            if step in change.steps:
                commit(change)
                yield step.name
        if Step.ADD_VARIANTS in change.steps:
            self._add(change, new)
            yield "variants"
        last = {
            Step.CLEAN_OPTIONS: self._clean,
            Step.LEVELS: self._write_levels,
            Step.SALE_PRICES: self._sell,
            Step.TEXTS: self._translate,
        }
        for step, commit in last.items():
            if step in change.steps:
                commit(change)
                yield step.name
        self._finish(change)
        yield "acknowledgement"

    def _finish(self, change: Change) -> None:
        ids = {key: variant.id for key, variant in self._written(change).items()}
        new = {each.key: ids[each.key] for each in change.new_variants}
        record = final_record(change, new=new).with_ids(self.product)
        self.product = structs.replace(self.product, record=record)

    def _written(self, change: Change) -> dict[str, StoredVariant]:
        """The variants after a change, by key."""
        known = {each.id: each for each in self.product.variants}
        found = {
            each.desired.key: known[each.stored.id]
            for each in change.variants
            if each.stored and each.stored.id in known
        }
        return found | {key: known[own] for key, own in self._added.items() if own in known}

    def _with_variants(self, variants: Iterable[StoredVariant]) -> StoredProduct:
        return structs.replace(self.product, variants=tuple(variants))

    def change(self, variant_id: str, **values: Any) -> None:
        self.product = self._with_variants(
            structs.replace(each, **values) if each.id == variant_id else each
            for each in self.product.variants
        )

    # --- the row ---

    def _row(self, change: Change, record: Record) -> None:
        values: dict[str, Any] = {"record": record}
        metadata = dict(self.product.metadata or {})
        for each in change.own_changes:
            name, planned = each.field, each.planned
            if name == STATUS:
                values["status"] = planned
            elif name in {OPTIONS, CHANNELS, PROFILE} or not FIELDS.knows(name):
                continue
            elif FIELDS[name].kind is KEY:
                metadata.pop(name.removeprefix(METADATA), None)
                if planned is not None:
                    metadata[name.removeprefix(METADATA)] = planned
            elif FIELDS[name].kind not in {LEVEL, TEXT}:
                values[name] = self._stored_own(name, planned)
        self.product = structs.replace(self.product, metadata=metadata, **values)
        if any(each.field == CHANNELS for each in change.own_changes):
            self.product = structs.replace(self.product, sales_channels=())
        if change.is_creation:
            self._relink(change)

    def _stored_own(self, name: str, value: Value) -> Any:
        known = {each.url: each for each in self.product.images}
        match name:
            case "images":
                return tuple(known.get(url) or StoredImage(self._new("img"), url) for url in members(value))
            case "tags":
                return tuple(StoredValue(f"tag_{each}", each) for each in members(value))
            case "categories":
                return tuple(stored_category(each) for each in members(value))
            case "type":
                return None if value is None else StoredValue(f"type_{value}", str(value))
            case "collection":
                return None if value is None else StoredCollection(f"col_{value}", str(value))
            case _:
                return ("" if name == "title" else None) if value is None else value

    def _relink(self, change: Change) -> bool:
        links = {each.field: each.planned for each in change.own_changes if each.field in {CHANNELS, PROFILE}}
        if PROFILE in links:
            self.product = structs.replace(self.product, shipping_profile=stored_profile(str(links[PROFILE])))
        planned = links.get(CHANNELS)
        if planned is not None:
            names = dict.fromkeys(each.removeprefix("sc_") for each in members(planned))
            channels = tuple(NamedEntity(f"sc_{each}", each) for each in names)
            self.product = structs.replace(self.product, sales_channels=channels)
        return bool(links)

    def _translate(self, change: Change) -> None:
        own = {each.field: each.planned for each in change.own_changes}
        texts = self._translated(own, self.product.translations or ())
        self.product = structs.replace(self.product, translations=texts)
        for key, variant in self._written(change).items():
            each = next(each for each in change.variants if each.desired.key == key)
            self.change(variant.id, translations=self._translated(each.new_values, variant.translations))

    def _translated(
        self, planned: Mapping[str, Value], stored: Iterable[StoredTranslation]
    ) -> tuple[StoredTranslation, ...]:
        found = {each.locale_code: each for each in stored}
        for name, value in planned.items():
            if not (locale := locale_of(name)):
                continue
            known = found.setdefault(locale, StoredTranslation(self._new("tr"), locale, {}))
            texts = {**known.translations, name.rpartition(".")[2]: value}
            found[locale] = structs.replace(
                known, translations={key: text for key, text in texts.items() if text is not None}
            )
        return tuple(found.values())

    # --- options and variants ---

    def _delete(self, change: Change) -> None:
        self.drop(
            {*(each.id for each in change.removed.values()), *(each.replaces for each in change.variants)}
        )

    def drop(self, ids: Iterable[str]) -> None:
        """Delete variants with these ids."""
        gone = set(ids)
        for each in self.product.variants:
            if each.id in gone:
                self._drop_items(each, gone)
        self.product = self._with_variants(each for each in self.product.variants if each.id not in gone)

    def add_by_hand(self, variant_id: str, values: Iterable[tuple[str, str]]) -> None:
        """Add a variant as the merchant does."""
        options = tuple(StoredOptionValue(*each) for each in values)
        variant = StoredVariant(
            variant_id, "Mine", options=options, prices=(StoredPrice(f"p_{variant_id}", "usd", 5),)
        )
        known = {each.option_id: each.value for each in options}
        self.product = structs.replace(
            self._with_variants((*self.product.variants, variant)),
            options=tuple(
                structs.replace(each, values=(*each.values, StoredValue(f"v_{variant_id}", known[each.id])))
                if all(own.value != known[each.id] for own in each.values)
                else each
                for each in self.product.options
            ),
        )

    def _drop_items(self, variant: StoredVariant, gone: set[str]) -> None:
        """Delete the items that only variants use which are deleted."""
        for link in variant.inventory_items:
            is_used = any(each.id not in gone for each in self.users(link.inventory_item_id))
            if not is_used and link.inventory_item_id not in self.bundled:
                self.items.pop(link.inventory_item_id, None)

    def users(self, item_id: str) -> list[StoredVariant]:
        return [
            each
            for each in self.product.variants
            if any(link.inventory_item_id == item_id for link in each.inventory_items)
        ]

    def is_kit(self, variant: StoredVariant) -> bool:
        """Whether it uses several items or several of one, or what such a variant or another product uses."""
        if any(each.inventory_item_id in self.bundled for each in variant.inventory_items):
            return True
        users = [each for link in variant.inventory_items for each in self.users(link.inventory_item_id)]
        links = [each.inventory_items for each in (variant, *users)]
        return any(len(each) > 1 or any((own.required_quantity or 1) > 1 for own in each) for each in links)

    def _change_options(self, change: Change) -> None:
        plan = change.options
        removed = {each.id for each in plan.removed}
        titles = {option_id: name for name, option_id in plan.renamed.items()}
        kept = [each for each in self.product.options if each.id not in removed]
        options = [structs.replace(each, title=titles.get(each.id, each.title)) for each in kept]
        options += [StoredOption(self._new("opt"), name, is_exclusive=True) for name in plan.added]
        variants = [
            structs.replace(each, options=tuple(own for own in each.options if own.option_id not in removed))
            for each in self.product.variants
        ]
        self.product = structs.replace(self.product, options=tuple(options), variants=tuple(variants))
        self._grow(change)

    def _grow(self, change: Change) -> None:
        """Add the values that variants get to the options."""
        wanted: dict[str, list[str]] = {}
        for each in change.variants:
            for name, value in each.new_values.items():
                if name.startswith(OPTION) and value is not None:
                    title = (
                        change.options.title(name.removeprefix(OPTION)) if change.options.stored else DEFAULT
                    )
                    wanted.setdefault(title, []).append(str(value))
        if change.is_creation and not change.options.stored:
            wanted[DEFAULT] = [DEFAULT]
        self.product = structs.replace(
            self.product, options=tuple(self._with_values(each, wanted) for each in self.product.options)
        )

    def _with_values(self, option: StoredOption, wanted: Mapping[str, list[str]]) -> StoredOption:
        known = [each.value for each in option.values]
        new = [each for each in dict.fromkeys(wanted.get(option.title, ())) if each not in known]
        values = (*option.values, *(StoredValue(self._new("optval"), each) for each in new))
        return structs.replace(option, values=values)

    def _clean(self, change: Change) -> None:
        """Remove the values of the source's options that no variant has."""
        used = {(each.option_id, each.value) for variant in self.product.variants for each in variant.options}
        ours = {each.id for each in change.options.stored.values() if each is not None}
        options = tuple(
            structs.replace(
                each,
                values=tuple(
                    own for own in each.values if (each.id, own.value) in used or each.id not in ours
                ),
            )
            for each in self.product.options
        )
        self.product = structs.replace(self.product, options=options)

    def _choose(self, change: Change) -> None:
        """Give variants their option values."""
        for each in change.variants:
            if each.stored is not None and not each.is_new:
                self._set_values(each, each.stored.id, change)

    def _set_values(self, each: VariantChange, variant_id: str, change: Change) -> None:
        by_title = {option.title: option.id for option in self.product.options}
        variant = next((own for own in self.product.variants if own.id == variant_id), None)
        if variant is None:
            return
        values = {own.option_id: own.value for own in variant.options}
        for name, value in each.new_values.items():
            if name.startswith(OPTION) and value is not None:
                own = name.removeprefix(OPTION)
                title = change.options.title(own) if own in change.options.stored else own
                values[by_title[title]] = str(value)
        for option in self.product.options:  # a variant has a value for each option
            if option.values:
                values.setdefault(option.id, self._sibling(option) or option.values[0].value)
        options = tuple(StoredOptionValue(*pair) for pair in values.items())
        self.change(variant_id, options=options)

    def _sibling(self, option: StoredOption) -> str | None:
        values = (each.value_of(option.id) for each in self.product.variants)
        return next((each for each in values if each is not None), None)

    def _add(self, change: Change, new: Mapping[str, str]) -> None:
        added: dict[str, str] = {}
        for each in change.variants:
            if not each.is_new:
                continue
            variant_id = new.get(each.desired.key) or self._new("variant")
            variant = self._edited(StoredVariant(variant_id, DEFAULT, variant_rank=0), each.desired, change)
            links: tuple[StoredInventoryItem, ...] = ()
            if variant.manage_inventory:
                item_id = (
                    self._shared(change)
                    if is_shared(each.desired.fields)
                    else self._item(each.desired.fields.get(SKU))
                )
                links = (StoredInventoryItem(item_id),)
            self.product = self._with_variants(
                (*self.product.variants, structs.replace(variant, inventory_items=links))
            )
            values = structs.replace(
                each,
                desired=each.desired
                if change.options.stored
                else each.desired.changed({f"{OPTION}{DEFAULT}": DEFAULT}),
            )
            self._set_values(values, variant_id, change)
            added[each.desired.key] = variant_id
        self._added = added

    def _edit(self, change: Change) -> None:
        for each in change.variants:
            if each.stored is not None and not each.is_new:
                variant = next(own for own in self.product.variants if own.id == each.stored.id)
                own = DesiredVariant("", "", each.new_values)
                edited = self._edited(variant, own, change)
                if variant.manage_inventory and not edited.manage_inventory:
                    edited = structs.replace(edited, inventory_items=())
                self.product = self._with_variants(
                    edited if known.id == edited.id else known for known in self.product.variants
                )

    def _edited(self, variant: StoredVariant, wanted: DesiredVariant, change: Change) -> StoredVariant:
        values: dict[str, Any] = {}
        metadata, prices = dict(variant.metadata or {}), {each.key: each for each in variant.prices}
        for name, value in wanted.fields.items():
            match VARIANT_FIELDS[name].kind:
                case Plain() | Measure() | UniqueText() | Flag() | Rank():
                    values[name] = value if name != "title" else value or ""
                case Metadata():
                    metadata.pop(name.removeprefix(METADATA), None)
                    if value is not None:
                        metadata[name.removeprefix(METADATA)] = value
                case Price():
                    key = price_key(name, change.desired.currency, change.desired.regions)
                    known = prices.pop(key, None)
                    if isinstance(value, int | float):
                        prices[key] = self._price(key, value, known)
                case _:
                    pass
        if (is_tracked := tracks(wanted.fields)) is not None:
            values["manage_inventory"] = is_tracked
        return structs.replace(variant, metadata=metadata, prices=tuple(prices.values()), **values)

    def _price(self, key: PriceKey, amount: float, known: StoredPrice | None) -> StoredPrice:
        rules = {"region_id": key.region} if key.region else None
        own = known.id if known else self._new("price")
        return StoredPrice(own, key.currency, amount, key.minimum, key.maximum, rules)

    # --- what is not in the product ---

    def _item(self, sku: Value) -> str:
        item_id = self._new("iitem")
        self.items[item_id] = Item(None if sku is None else str(sku), {}, {})
        return item_id

    def _shared(self, change: Change) -> str:
        assert change.shared is not None
        return self._item_of(change.shared)

    def _item_of(self, plan: ItemPlan) -> str:
        """The item of a plan: that of the store, else one with its SKU that is not another variant's."""
        free = (
            own
            for own, item in self.items.items()
            if item.sku == plan.sku and (plan.is_shared or not self.users(own))
        )
        return plan.item_id or next(free, None) or self._item(plan.sku)

    def _link(self, change: Change) -> None:
        """Give variants that are tracked again unused items with their SKUs."""
        for plan in change.items:
            for item_id, item in self.items.items() if plan.is_tracked_again else ():
                if item.sku == plan.sku and not self.users(item_id):
                    self.change(plan.moves[0].variant_id, inventory_items=(StoredInventoryItem(item_id),))

    def _share(self, change: Change) -> None:
        for plan in change.items:
            for move in plan.moves if plan.is_swapped else ():
                links = (StoredInventoryItem(self._item_of(plan)),) if plan.is_shared else ()
                self.change(move.variant_id, inventory_items=links)
                if move.old and plan.is_shared and not self.users(move.old):
                    self.items.pop(move.old, None)

    def _rename(self, change: Change) -> None:
        for plan in change.items:
            if plan.is_renamed:
                self.items[str(plan.item_id)].sku = plan.sku

    def _write_levels(self, change: Change) -> None:
        written = self._written(change)
        for plan in change.items:
            if not plan.levels:
                continue
            variant = None if plan.is_shared else self._current(written[plan.key].id)
            item_id = (
                plan.item_id or (variant.item_id if variant is not None else None) or self._item_of(plan)
            )
            if variant is not None and variant.item_id is None:
                self.change(variant.id, inventory_items=(StoredInventoryItem(item_id),))
            item = self.items[item_id]
            reserved = item.reserved if plan.is_available else {}
            item.levels |= {own: each + reserved.get(own, 0) for own, each in plan.levels.items()}

    def _current(self, variant_id: str) -> StoredVariant:
        return next(each for each in self.product.variants if each.id == variant_id)

    def _sell(self, change: Change) -> None:
        written = self._written(change)
        for each in change.variants:
            variant = written.get(each.desired.key)
            for name, amount in each.new_values.items():
                if variant is None or VARIANT_FIELDS[name].kind is not IN_LIST:
                    continue
                currency = price_key(name, change.desired.currency).currency
                left = [own for own in self._current(variant.id).sale_prices if own.currency_code != currency]
                if isinstance(amount, int | float):
                    left.append(StoredPrice(self._new("sale"), currency, amount))
                self.change(variant.id, sale_prices=tuple(left))


def stored_profile(name: str) -> NamedEntity:
    return NamedEntity(f"sp_{name}", name)


def stored_category(slug: str) -> StoredCategory:
    return StoredCategory(f"pcat_{slug}", slug, category_metadata(slug), name=slug)


YES, NO = "yes", "no"


def contents(shop: Shop) -> dict[tuple[str, str], object]:
    """Every value that the shop holds, by id of the variant (empty for the product) and field.

    Prices have the names of their currency, region and quantities, stock that of its location.
    """
    product = shop.product
    found = {("", name): value for name, value in _plain(product, FIELDS).items()}
    found["", "type"] = product.type and product.type.value
    found["", "collection"] = product.collection and product.collection.handle
    found["", "shipping_profile"] = product.shipping_profile and product.shipping_profile.name
    found["", "tags"] = frozenset(each.value for each in product.tags)
    found["", "images"] = frozenset(each.url for each in product.images)
    found["", "categories"] = frozenset(each.slug for each in product.categories)
    found["", "sales_channels"] = frozenset(each.name for each in product.sales_channels if each)
    found["", "options"] = frozenset(each.title for each in product.options)
    found |= {("", f"metadata.{key}"): value for key, value in (product.metadata or {}).items()}
    found |= _texts("", product.translations or ())
    titles = {option.id: option.title for option in product.options}
    for each in product.variants:
        own = _plain(each, VARIANT_FIELDS)
        own |= {f"metadata.{key}": value for key, value in (each.metadata or {}).items()}
        own |= {f"option.{titles[value.option_id]}": value.value for value in each.options}
        own |= {f"price {tuple(price.key or ())}": price.amount for price in each.prices}
        own |= {f"sale {price.currency_code}": price.amount for price in each.sale_prices}
        own["is tracked"] = each.manage_inventory
        if each.inventory_items:
            item = shop.items[each.inventory_items[0].inventory_item_id]
            sold = item.sold(is_available=shop.is_available)
            own |= {f"stock {location}": quantity for location, quantity in sold.items()}
        if shop.is_kit(each):
            items = {link.inventory_item_id for link in each.inventory_items}
            own["kit"] = frozenset((own, *level) for own in items for level in shop.items[own].levels.items())
        found |= {(each.id, name): value for name, value in own.items()}
        found |= _texts(each.id, each.translations)
    return held(found)


def _plain(stored: Goods, table: Iterable[str]) -> dict[str, object]:
    """The texts, numbers and flags of a product or variant, by field; the order of variants is not one."""
    values = {name: getattr(stored, name, None) for name in table if name != RANK}
    return {
        name: (YES if value else NO) if isinstance(value, bool) else value
        for name, value in values.items()
        if isinstance(value, str | int | float)
    }


def _texts(own: str, texts: Iterable[StoredTranslation]) -> dict[tuple[str, str], object]:
    return {
        (own, f"translation.{each.locale_code}.{name}"): text
        for each in texts
        for name, text in each.translations.items()
    }
