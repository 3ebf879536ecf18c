"""A stored product with variants, to which a run that may be killed at any step writes an update."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any, Final

from msgspec import structs

from medusa_sync.core.change import Create, FieldChange, Update, VariantChange
from medusa_sync.core.fields import OPTION, VARIANT_FIELDS, Place
from medusa_sync.core.note import creation_note, final_record, update_note
from medusa_sync.core.options import DEFAULT
from medusa_sync.core.plan import plan_update
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.record import applied, freed
from medusa_sync.core.stored import (
    ListedValue,
    StoredInventory,
    StoredInventoryItem,
    StoredLevel,
    StoredOption,
    StoredOptionValue,
    StoredPrice,
    StoredProduct,
    StoredVariant,
)
from medusa_sync.core.view import price_currency
from medusa_sync.sync.inventory import item_renames, level_changes, values_to_release
from tests.unit.builders import CREATED_AT, LOCATION, stored_product, with_record

NOW: Final = 1_000_000
Step = Callable[[], None]


class Refused(Exception):  # noqa: N818 - of the store
    """The store would not accept a write."""


class HalfWritten:
    """A stored product.

    Args:
        desired: what a complete or interrupted creation sent.
        is_exclusive: of its options; None up to Medusa 2.16.
    """

    def __init__(self, desired: DesiredProduct, *, is_exclusive: bool | None = True) -> None:
        self._numbers = count(100)
        self._is_exclusive = is_exclusive
        self.variants: dict[str, StoredVariant] = {}
        self.options: dict[str, StoredOption] = {}
        single = structs.replace(desired, variants=desired.variants[:1])
        self._product = structs.replace(stored_product(single), variants=(), options=())
        self.record: Any = None
        for name in desired.options or (DEFAULT,):
            self._add_option(name, _values(desired.variants, name))

    def stored(self) -> StoredProduct:
        product = structs.replace(
            self._product, variants=tuple(self.variants.values()), options=tuple(self.options.values())
        )
        return with_record(product, self.record)

    def plan(self, desired: DesiredProduct, **how: Any) -> Update:
        return plan_update(desired, self.stored(), location_id=LOCATION, **how)

    # --- what a run writes ---

    def creation(self, desired: DesiredProduct) -> Iterator[Step]:
        """The steps that follow the creation of the product row."""
        self.record = creation_note(desired, now=NOW)
        new = {each.key: self._id("variant") for each in desired.variants}
        options = {option.title: option.id for option in self.options.values()}
        yield from self._create(desired, desired.variants, new, {name: name for name in options})
        yield lambda: self._write_levels([Create(desired, "handle")], new)
        ids = options if desired.options else {}
        yield lambda: self._set_record(applied(desired, variants=new, options=ids))

    def run(self, desired: DesiredProduct, **how: Any) -> Iterator[Step]:
        """The steps of an update, as the applier does them."""
        update = self.plan(desired, **how)
        wanted = {each.fields.get("sku") for each in desired.variants} - {None}
        if wanted & {each.sku for each in update.dropped.values()}:
            raise Refused("a variant that the source dropped has the SKU")
        ids = update.options.ids.items()
        values = [
            [each.fields.get(f"{OPTION}{name}", DEFAULT) for name, _ in ids] for each in desired.variants
        ]
        if any([each.value_of(own) for _, own in ids] in values for each in update.dropped.values()):
            raise Refused("a variant that the source dropped has the option values")
        released = values_to_release([update])
        if released:
            [(_, release)] = released
            late = {
                key: {name: (None, value) for name, value in each.items()} for key, each in release.items()
            }
            yield lambda: self._release(update, late)
            update = self.plan(desired, **how)
        if update.is_up_to_date:
            return
        new = {each.desired.key: self._id("variant") for each in update.variants if each.is_new}
        renames = item_renames(update)
        if update.has_changes:
            yield lambda: self._write_row(update, update_note(update, renamed_items=renames, now=NOW))
        if update.writes_variants_apart:
            yield from self._write_variants(update, new)
        else:
            yield lambda: self._write_prices(update)
        yield lambda: self._write_levels([update], new)
        for rename in renames.values():
            yield lambda rename=rename: self._rename_item(rename.item_id, rename.new_sku)  # type: ignore[misc]
        yield lambda: self._set_record(final_record(update, new=new))

    def _write_variants(self, update: Update, new: Mapping[str, str]) -> Iterator[Step]:
        plan = update.options
        for option in plan.removed:
            yield lambda option=option: self._remove_option(option.id)  # type: ignore[misc]
        for name, option_id in plan.renamed.items():
            yield lambda name=name, option_id=option_id: self._rename_option(option_id, name)  # type: ignore[misc]
        wanted = [each.desired for each in update.variants if each.stored or each.is_new]
        for name in plan.added:
            yield lambda name=name: self._add_option(name, _values(wanted, name))  # type: ignore[misc]
        yield lambda: self._add_values(update)
        for each in update.variants:
            if each.replaces:
                yield lambda each=each: self._delete(each.replaces)  # type: ignore[misc]
        yield lambda: self._write_fields(update)
        yield lambda: self._write_prices(update)
        created = [each.desired for each in update.variants if each.is_new]
        titles = {plan.title(name): name for name in plan.stored}
        others = {
            option.title: next(
                value for each in update.stored.variants if (value := each.value_of(option.id)) is not None
            )
            for option in plan.others
        }
        yield from self._create(update.desired, created, new, titles, others)

    # --- the store ---

    def _set_record(self, record: Any) -> None:
        self.record = record

    def _release(self, update: Update, late: Mapping[str, Mapping[str, tuple[Value, ...]]]) -> None:
        titles = update.options.pending_titles
        self.record = freed(update.record, late, update.desired.currency, titles=titles, at=NOW)
        for each in update.variants:
            if each.stored is not None and each.desired.key in late:
                self._edit(each.stored.id, **dict.fromkeys(late[each.desired.key]))

    def _write_row(self, update: Update, record: Any) -> None:
        self.record = record
        plain = {each.field: each.planned for each in update.own_changes if each.field == "title"}
        self._product = structs.replace(self._product, **plain)
        if not update.writes_variants_apart:
            self._write_fields(update)

    def _write_fields(self, update: Update) -> None:
        for each in _changed(update):
            assert each.stored is not None
            for change in each.changes:
                self._write_field(update, each, change)
            variant = self.variants[each.stored.id]
            if variant.manage_inventory and not variant.inventory_items:
                self._make_item(variant.id)
        self._check()

    def _write_field(self, update: Update, variant: VariantChange, change: FieldChange) -> None:
        assert variant.stored is not None
        field, own = VARIANT_FIELDS[change.field], variant.stored.id
        if field.place is Place.VARIANT:
            self._edit(own, **{change.field: change.planned})
        elif field.place is Place.LEVEL:
            self._edit(own, manage_inventory=True)
        elif field.place is Place.OPTION:
            title = update.options.title(change.field.removeprefix(OPTION))
            option_id = next(each.id for each in self.options.values() if each.title == title)
            kept = [each for each in self.variants[own].options if each.option_id != option_id]
            self._edit(own, options=(*kept, StoredOptionValue(option_id, str(change.planned))))

    def _write_prices(self, update: Update) -> None:
        for each in _changed(update):
            assert each.stored is not None
            for change in each.changes:
                if VARIANT_FIELDS[change.field].place is Place.PRICE:
                    currency = price_currency(change.field, update.desired.currency)
                    self._set_price(each.stored.id, currency, change.planned)

    def _set_price(self, variant_id: str, currency: str, amount: Any) -> None:
        kept = [each for each in self.variants[variant_id].prices if each.currency_code != currency]
        added = [] if amount is None else [StoredPrice(self._id("price"), currency, amount)]
        self._edit(variant_id, prices=(*kept, *added))

    def _create(
        self,
        desired: DesiredProduct,
        variants: tuple[DesiredVariant, ...] | list[DesiredVariant],
        new: Mapping[str, str],
        titles: Mapping[str, str],
        others: Mapping[str, str] = {},
    ) -> Iterator[Step]:
        """Create variants; the store commits their items and prices later."""
        if not variants:
            return
        yield lambda: self._add_variants(variants, new, titles, others)
        yield lambda: self._make_items([new[each.key] for each in variants if "stock" in each.fields])
        yield lambda: self._add_prices(desired, variants, new)

    def _make_items(self, variant_ids: Iterable[str]) -> None:
        for variant_id in variant_ids:
            self._make_item(variant_id)

    def _add_variants(
        self,
        variants: tuple[DesiredVariant, ...] | list[DesiredVariant],
        new: Mapping[str, str],
        titles: Mapping[str, str],
        others: Mapping[str, str],
    ) -> None:
        for each in variants:
            values = {
                **others,
                **{title: str(each.fields.get(f"{OPTION}{name}", DEFAULT)) for title, name in titles.items()},
            }
            plain: dict[str, Any] = {
                name: value
                for name, value in each.fields.items()
                if VARIANT_FIELDS[name].place is Place.VARIANT
            }
            self.variants[new[each.key]] = StoredVariant(
                **{"title": DEFAULT, **plain},
                id=new[each.key],
                created_at=CREATED_AT,
                manage_inventory="stock" in each.fields,
                has_price_set=False,
                options=tuple(
                    StoredOptionValue(option.id, values[option.title]) for option in self.options.values()
                ),
            )
        self._check()

    def _add_prices(
        self,
        desired: DesiredProduct,
        variants: tuple[DesiredVariant, ...] | list[DesiredVariant],
        new: Mapping[str, str],
    ) -> None:
        for each in variants:
            self._edit(new[each.key], has_price_set=True)
            for name, value in each.fields.items():
                if VARIANT_FIELDS[name].place is Place.PRICE:
                    self._set_price(new[each.key], price_currency(name, desired.currency), value)

    def _delete(self, variant_id: str) -> None:
        del self.variants[variant_id]

    def _make_item(self, variant_id: str) -> None:
        item = StoredInventory((), self.variants[variant_id].sku)
        self._edit(variant_id, inventory_items=(StoredInventoryItem(self._id("iitem"), item),))

    def _write_levels(self, changes: list[Any], new: Mapping[str, str]) -> None:
        for level in level_changes(changes, LOCATION, {}):
            item_id = level.item_id
            [variant] = [
                each
                for each in self.variants.values()
                if (item_id and each.inventory_items and each.inventory_items[0].inventory_item_id == item_id)
                or (not item_id and each.id == self._id_of(changes[0], level.key, new))
            ]
            [link] = variant.inventory_items
            assert link.inventory is not None
            stock = structs.replace(link.inventory, location_levels=(StoredLevel(LOCATION, level.quantity),))
            self._edit(variant.id, inventory_items=(structs.replace(link, inventory=stock),))

    @staticmethod
    def _id_of(change: Any, key: str, new: Mapping[str, str]) -> str:
        if key in new:
            return new[key]
        return next(str(each.stored.id) for each in change.variants if each.desired.key == key)

    def _rename_item(self, item_id: str, sku: str | None) -> None:
        for variant in self.variants.values():
            for link in variant.inventory_items:
                if link.inventory_item_id == item_id:
                    assert link.inventory is not None
                    item = structs.replace(link.inventory, sku=sku)
                    self._edit(variant.id, inventory_items=(structs.replace(link, inventory=item),))

    # --- options ---

    def _add_option(self, title: str, values: list[str]) -> None:
        if any(each.title == title for each in self.options.values()):
            raise Refused(f"there is an option {title}")
        option_id = self._id("opt")
        listed = tuple(ListedValue(f"optval_{option_id}_{value}", value) for value in values)
        self.options[option_id] = StoredOption(option_id, title, listed, self._is_exclusive)

    def _rename_option(self, option_id: str, title: str) -> None:
        self.options[option_id] = structs.replace(self.options[option_id], title=title)

    def _remove_option(self, option_id: str) -> None:
        del self.options[option_id]
        for variant in list(self.variants.values()):
            kept = tuple(each for each in variant.options if each.option_id != option_id)
            self._edit(variant.id, options=kept)

    def _add_values(self, update: Update) -> None:
        for name, option in update.options.stored.items():
            if option is None:
                continue
            field = f"{OPTION}{name}"
            planned = [c.planned for each in update.variants for c in each.changes if c.field == field]
            created = [each.desired.fields.get(field, DEFAULT) for each in update.variants if each.is_new]
            known = {each.value for each in option.values}
            added = tuple(
                ListedValue(self._id("optval"), str(value))
                for value in dict.fromkeys([*planned, *created])
                if value not in known
            )
            listed = self.options[option.id]
            self.options[option.id] = structs.replace(listed, values=(*listed.values, *added))

    # --- helpers ---

    def _id(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def _edit(self, variant_id: str, **changes: Any) -> None:
        self.variants[variant_id] = structs.replace(self.variants[variant_id], **changes)

    def _check(self) -> None:
        """Raise what the store would refuse."""
        skus = [each.sku for each in self.variants.values() if each.sku is not None]
        if len(set(skus)) < len(skus):
            raise Refused(f"an SKU is taken: {skus}")
        values = [frozenset((v.option_id, v.value) for v in each.options) for each in self.variants.values()]
        if len(set(values)) < len(values):
            raise Refused(f"two variants have the same options: {values}")
        for each in self.variants.values():
            for value in each.options:
                listed = {one.value for one in self.options[value.option_id].values}
                if value.value not in listed:
                    raise Refused(f"{value.value} is no value of {self.options[value.option_id].title}")


def _changed(update: Update) -> list[VariantChange]:
    return [each for each in update.variants if each.stored is not None and each.changes]


def _values(variants: tuple[DesiredVariant, ...] | list[DesiredVariant], name: str) -> list[str]:
    return list(dict.fromkeys(str(each.fields.get(f"{OPTION}{name}", DEFAULT)) for each in variants))
