"""A store with one product in memory; a run that writes it can be killed at any step."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from itertools import count
from typing import Any, cast

from msgspec import convert, structs

from medusa_sync.core.record import RECORD_KEY
from medusa_sync.core.stored import (
    ItemLink,
    ListedValue,
    StoredInventory,
    StoredInventoryItem,
    StoredItem,
    StoredLevel,
    StoredOption,
    StoredOptionValue,
    StoredPrice,
    StoredProduct,
    StoredVariant,
    WrittenOption,
    WrittenOptionValue,
    WrittenProduct,
    WrittenVariant,
)
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.item_api import ItemApi, Level
from medusa_sync.medusa.option_api import OptionApi
from medusa_sync.medusa.price_list_api import PriceLists
from tests.unit.builders import CREATED_AT, LOCATION, with_record

Bodies = Sequence[dict[str, Any]]


class KilledError(Exception):
    """The run or the store died."""


def refused(reason: str) -> StoreRefusedError:
    return StoreRefusedError(reason, status=HTTPStatus.BAD_REQUEST)


class Shop(AdminApi):
    """A store that commits a write in visible steps: rows, inventory items, prices.

    Args:
        has_entities: options are entities of their own, as since Medusa 2.17.

    Attributes:
        steps_left: how many steps are done until the run is killed.
    """

    def __init__(self, *, has_entities: bool = True) -> None:
        self.items = ShopItems(self)
        self.options = ShopOptions(self)
        self.price_lists = PriceLists.__new__(PriceLists)  # not used: nothing is on sale
        self.steps_left = 10**9
        self.product: StoredProduct | None = None
        self.record: Any = None
        self.variants: dict[str, StoredVariant] = {}
        self.by_id: dict[str, StoredOption] = {}
        self.has_entities = has_entities
        self._numbers = count(100)

    def stored(self) -> StoredProduct | None:
        """The product with its details, as it is read."""
        if self.product is None:
            return None
        variants, options = tuple(self.variants.values()), tuple(self.by_id.values())
        product = structs.replace(self.product, variants=variants, options=options)
        return with_record(product, self.record)

    def step(self) -> None:
        """The next step is done, unless the run is killed."""
        if self.steps_left <= 0:
            raise KilledError
        self.steps_left -= 1

    def check(self, product_id: str) -> None:
        assert self.product is not None
        assert product_id == self.product.id

    def new_id(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    # --- products ---

    async def create_products(self, bodies: Bodies, *, with_options: bool = False) -> list[WrittenProduct]:
        [body] = bodies
        self.step()
        self.product = StoredProduct(
            self.new_id("prod"), body["external_id"], created_at=CREATED_AT, status=body["status"]
        )
        for option in body["options"]:
            self.add_option(option["title"], option["values"])
        self._write_row(body)
        made = self._add_variants(body["variants"])
        self._finish_variants(made)
        return [self._written(with_options=with_options)]

    async def update_products(self, bodies: Bodies) -> list[WrittenProduct]:
        [body] = bodies
        self._write(body)
        return [self._written(with_options=False)]

    async def variant_ids(self, product_id: str) -> list[str]:
        self.check(product_id)
        return list(self.variants)

    async def edit_products(self, bodies: Bodies) -> None:
        for body in bodies:
            self._write(body)

    async def delete_products(self, ids: Sequence[str]) -> None:
        self.step()
        [product_id] = ids
        self.check(product_id)
        self.product, self.record, self.variants, self.by_id = None, None, {}, {}

    def _write(self, body: dict[str, Any]) -> None:
        variants = body.get("variants")
        if variants is not None:
            with_options = ["options" in variant for variant in variants]
            assert with_options == sorted(with_options), "Medusa 2.21 fails"
        self.step()
        if variants is not None:
            self._check(variants)
            kept = [variant["id"] for variant in variants]
            self.variants = {own: self.variants[own] for own in kept}
        self._write_row(body)
        if "option_ids" in body:
            self.by_id = {own: option for own, option in self.by_id.items() if own in body["option_ids"]}
        self._write_variants(variants or ())

    def _write_row(self, body: dict[str, Any]) -> None:
        self.record = body["metadata"].pop(RECORD_KEY, self.record) if "metadata" in body else self.record
        plain = {name: body[name] for name in ("title", "description", "status") if name in body}
        self.product = structs.replace(cast("StoredProduct", self.product), **plain)

    def _written(self, *, with_options: bool) -> WrittenProduct:
        product = cast("StoredProduct", self.stored())
        return WrittenProduct(
            product.id,
            product.external_id,
            tuple(self._written_variant(each, with_options=with_options) for each in product.variants),
            options=product.options if with_options else (),
        )

    # --- variants ---

    async def create_variants(self, product_id: str, bodies: Bodies) -> list[WrittenVariant]:
        self.check(product_id)
        self.step()
        made = self._add_variants(bodies)
        self._finish_variants(made)
        return [self._written_variant(self.variants[own], with_options=True) for own in made]

    async def update_variants(self, product_id: str, bodies: Bodies) -> list[WrittenVariant]:
        self.check(product_id)
        self.step()
        self._check(bodies)
        self._write_variants(bodies)
        return [self._written_variant(self.variants[body["id"]], with_options=True) for body in bodies]

    async def delete_variants(self, product_id: str, ids: Sequence[str]) -> None:
        self.check(product_id)
        if not ids:
            return
        self.step()
        for own in ids:
            del self.variants[own]

    def _written_variant(self, variant: StoredVariant, *, with_options: bool) -> WrittenVariant:
        links = tuple(ItemLink(each.inventory_item_id) for each in variant.inventory_items)
        values = (
            WrittenOptionValue(WrittenOption(self.by_id[each.option_id].title), each.value)
            for each in variant.options
        )
        return WrittenVariant(variant.id, variant.sku, links, tuple(values) if with_options else ())

    def _check(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Refuse what a variant of the store has, even if the same call takes it away."""
        for body in bodies:
            for name in ("sku", "barcode"):
                others = {getattr(each, name) for own, each in self.variants.items() if own != body.get("id")}
                if body.get(name) is not None and body[name] in others:
                    raise refused(f"a variant with {name} {body[name]} exists")

    def _add_variants(self, bodies: Bodies) -> dict[str, dict[str, Any]]:
        """Add rows; returns the bodies by id."""
        self._check(bodies)
        item_skus = {item.sku for each in self.variants.values() if (item := _item(each)) is not None}
        for body in bodies:
            if body["manage_inventory"] and body.get("sku") is not None and body["sku"] in item_skus:
                raise refused(f"an item with SKU {body['sku']} exists")
        made = {self.new_id("variant"): body for body in bodies}
        before = dict(self.variants)
        for own, body in made.items():
            plain = {name: body[name] for name in ("title", "sku", "barcode", "weight") if name in body}
            self.variants[own] = StoredVariant(
                own,
                created_at=CREATED_AT,
                manage_inventory=body["manage_inventory"],
                options=self._values(body["options"]),
                has_price_set=False,
                **plain,
            )
        try:
            self._check_values()
        except StoreRefusedError:
            self.variants = before
            raise
        return made

    def _finish_variants(self, made: Mapping[str, dict[str, Any]]) -> None:
        self.step()
        for own in made:
            self._make_item(own)
        self.step()
        for own, body in made.items():
            self.edit(own, has_price_set=True, prices=self._prices(body["prices"]))

    def _write_variants(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        before = dict(self.variants)
        for body in bodies:
            names = ("title", "sku", "barcode", "weight", "manage_inventory")
            changes = {name: body[name] for name in names if name in body}
            if "options" in body:
                changes["options"] = self._values(body["options"])
            self.edit(body["id"], **changes)
        try:
            self._check_values()
        except StoreRefusedError:
            self.variants = before
            raise
        for body in bodies:
            self._make_item(body["id"])
        priced = [body for body in bodies if "prices" in body]
        if priced:
            self.step()
        for body in priced:
            assert self.variants[body["id"]].has_price_set, "such a variant cannot get prices any more"
            self.edit(body["id"], prices=self._prices(body["prices"]))

    def _prices(self, bodies: Bodies) -> tuple[StoredPrice, ...]:
        known = {price.id: price for each in self.variants.values() for price in each.prices}
        prices = []
        for body in bodies:
            before = structs.asdict(known[body["id"]]) if "id" in body else {"id": self.new_id("price")}
            prices.append(convert(before | {k: v for k, v in body.items() if v is not None}, StoredPrice))
        return tuple(prices)

    def _values(self, values: Mapping[str, Any]) -> tuple[StoredOptionValue, ...]:
        """The values of a variant: one for each option, no more and no less."""
        by_title = {option.title: option for option in self.by_id.values()}
        if values.keys() != by_title.keys():
            raise refused(f"the options are {list(by_title)}, not {list(values)}")
        for title, value in values.items():
            if value not in {each.value for each in by_title[title].values}:
                raise refused(f"{value} is no value of {title}")
        return tuple(StoredOptionValue(by_title[title].id, value) for title, value in values.items())

    def _check_values(self) -> None:
        values = [frozenset((v.option_id, v.value) for v in each.options) for each in self.variants.values()]
        if len(set(values)) < len(values):
            raise refused(f"two variants have the same options: {values}")

    # --- inventory ---

    def _make_item(self, own: str) -> None:
        variant = self.variants[own]
        if variant.manage_inventory and not variant.inventory_items:
            item = StoredInventoryItem(self.new_id("iitem"), StoredInventory((), variant.sku))
            self.edit(own, inventory_items=(item,))

    def edit(self, own: str, **changes: Any) -> None:
        self.variants[own] = structs.replace(self.variants[own], **changes)

    # --- options ---

    def add_option(self, title: str, values: Sequence[str]) -> str:
        if title in {option.title for option in self.by_id.values()}:
            raise refused(f"there is an option {title}")
        own, is_exclusive = self.new_id("opt"), True if self.has_entities else None
        listed = tuple(ListedValue(self.new_id("optval"), value) for value in values)
        self.by_id[own] = StoredOption(own, title, listed, is_exclusive)
        return own


def _item(variant: StoredVariant) -> StoredInventory | None:
    return variant.inventory_items[0].inventory if variant.inventory_items else None


class ShopItems(ItemApi):
    """The inventory items of the product of a shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def write_levels(self, *, create: Sequence[Level], update: Sequence[Level]) -> None:
        self._shop.step()
        for level in [*create, *update]:
            own, item = self._item(level.inventory_item_id)
            assert (level in create) == (not item.location_levels)
            self._set_item(own, item, location_levels=(StoredLevel(LOCATION, level.stocked_quantity),))

    async def by_sku(self, _skus: Sequence[str]) -> list[StoredItem]:
        """None: a variant of this store keeps its item when it is not managed."""
        return []

    async def rename(self, item_id: str, sku: str | None) -> None:
        self._shop.step()
        own, item = self._item(item_id)
        others = {_item(each) for each in self._shop.variants.values()} - {item}
        if sku is not None and sku in {other.sku for other in others if other is not None}:
            raise refused(f"an item with SKU {sku} exists")
        self._set_item(own, item, sku=sku)

    def _item(self, item_id: str) -> tuple[str, StoredInventory]:
        for own, variant in self._shop.variants.items():
            for link in variant.inventory_items:
                if link.inventory_item_id == item_id and link.inventory is not None:
                    return own, link.inventory
        raise refused("there is no such item")

    def _set_item(self, own: str, item: StoredInventory, **changes: Any) -> None:
        [link] = self._shop.variants[own].inventory_items
        changed = structs.replace(link, inventory=structs.replace(item, **changes))
        self._shop.edit(own, inventory_items=(changed,))


class ShopOptions(OptionApi):
    """The options of the product of a shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def add(self, product_id: str, title: str, values: Sequence[str], *, are_entities: bool) -> str:
        self._shop.check(product_id)
        assert are_entities == self._shop.has_entities
        self._shop.step()
        return self._shop.add_option(title, values)

    async def rename(self, product_id: str, option: StoredOption, title: str) -> None:
        self._shop.check(product_id)
        self._shop.step()
        self._shop.by_id[option.id] = structs.replace(self._shop.by_id[option.id], title=title)

    async def change_values(
        self,
        product_id: str,
        option: StoredOption,
        title: str,
        *,
        add: Sequence[str],
        remove: Collection[str],
    ) -> None:
        self._shop.check(product_id)
        self._shop.step()
        stored = self._shop.by_id[option.id]
        used = {each.value_of(option.id) for each in self._shop.variants.values()}
        assert not used & set(remove), "Medusa up to 2.16 would leave variants without a value"
        kept = [each for each in stored.values if each.value not in remove]
        known = {each.value for each in kept}
        added = [ListedValue(self._shop.new_id("optval"), value) for value in add if value not in known]
        values = (*kept, *added)
        self._shop.by_id[option.id] = structs.replace(stored, title=title, values=values)

    async def remove(self, product_id: str, option: StoredOption) -> None:
        self._shop.check(product_id)
        used = any(variant.value_of(option.id) for variant in self._shop.variants.values())
        assert not (self._shop.has_entities and used), "Medusa would refuse it"
        self._shop.step()
        del self._shop.by_id[option.id]
        for own, variant in self._shop.variants.items():
            kept = tuple(each for each in variant.options if each.option_id != option.id)
            self._shop.variants[own] = structs.replace(variant, options=kept)
