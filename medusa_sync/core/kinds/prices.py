"""The prices of variants: one for each currency, region and range of quantities."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from msgspec import field, structs

from medusa_sync.codes import Note
from medusa_sync.core.entities import NamedEntity
from medusa_sync.core.kinds.base import Kind, Meanings, Offered
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.value import listed

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.placement import Placement
    from medusa_sync.core.product import DesiredProduct
    from medusa_sync.core.record import Record
    from medusa_sync.core.selection import Selection
    from medusa_sync.core.stored import StoredVariant
    from medusa_sync.core.value import Value

T = TypeVar("T")

PRICE = "price"
OTHER_PRICE = "price."  # prefix of prices in other currencies
OWN_PRICE = "price."  # what settings name, besides its code, with the currency that `price` is in
CURRENCY, SALES = "--currency", "--sale-prices"  # the settings; the latter moves prices, too
_LISTED = 10  # currencies or regions in a note
_TIER = re.compile(r"([0-9]{1,9})(?:\+|-([0-9]{1,9}))")


class Region(NamedEntity, frozen=True):
    """A region, in which customers pay in one currency."""

    currency_code: str = ""


CURRENCIES = Names("currency", "Settings > Store", setting="--currency (SYNC_PRODUCTS_CURRENCY)")
REGIONS = Names(
    "region",
    "Settings > Regions",
    "regions",
    entity=Region,
    fields="id,name,currency_code",
    ignores_case=True,  # as Medusa's import compares them
)


class PriceKey(NamedTuple):
    """What tells a price apart from the others of its variant.

    Attributes:
        region: its id, or its name if no id is known; empty for a price of all regions.
        minimum: of the quantity; None for any.
        maximum: of the quantity; None for any.
    """

    currency: str
    region: str = ""
    minimum: float | None = None
    maximum: float | None = None


def price_field(key: PriceKey) -> str:
    """The field of a price: `price.eur`, `price.eur.10+` or `price.eur.Germany.10-99`."""
    minimum = key.minimum or 1
    tier = f"{minimum}-{key.maximum}" if key.maximum else f"{minimum}+" if minimum > 1 else ""
    return ".".join(filter(None, (f"{OTHER_PRICE}{key.currency}", key.region, tier)))


def is_price(name: str) -> bool:
    """Whether a field is a price, and not a sale price."""
    return name == PRICE or name.startswith(OTHER_PRICE)


@lru_cache(maxsize=4_096)  # the products of a source have the same ones
def _parts(name: str) -> PriceKey:
    _, _, rest = name.partition(".")
    currency, _, rest = rest.partition(".")
    region, _, last = rest.rpartition(".")
    if (tier := _TIER.fullmatch(last)) is None:
        return PriceKey(currency, rest)
    return PriceKey(currency, region, int(tier[1]), int(tier[2]) if tier[2] else None)


def price_key(name: str, currency: str, regions: Mapping[str, str] = {}) -> PriceKey:
    """The key of a price or sale price.

    Args:
        name: of the field.
        currency: of the fields `price` and `sale_price`.
        regions: ids by name in lower case.
    """
    key = _parts(name)
    if key.region:
        return key._replace(region=regions.get(key.region.lower(), key.region))
    return key if key.currency else PriceKey(currency)


def named_by_record(desired: DesiredProduct, record: Record, selection: Selection) -> DesiredProduct:
    """What the source wants, with the regions that the record names; prices that stay keep their currency."""
    if record.currency and not (selection.has(PRICE) or selection.has_variants):
        desired = structs.replace(desired, currency=record.currency)
    return structs.replace(desired, regions={**record.regions, **desired.regions})


def with_own_price(named: Mapping[str, T], currency: str) -> dict[str, T]:
    """Names of fields in settings, and that of `price` if they name its currency."""
    code = f"{OTHER_PRICE}{currency}"
    return {**named, OWN_PRICE: named[code]} if code in named else {**named}


def region_names(fields: Iterable[str]) -> set[str]:
    """The names of regions, in lower case, or ids in the fields of a variant."""
    return {_parts(name).region.lower() for name in fields if is_price(name)} - {""}


def regions_in(names: StoreNames) -> list[Region]:
    """The regions of a store, as far as they were read."""
    return [each for each in names.of(REGIONS).entries if isinstance(each, Region)]


def regions_of(desired: DesiredProduct) -> dict[str, str]:
    """The regions that prices of a product name, with their ids."""
    named = [region_names(each.fields) for each in desired.variants] if desired.regions else []
    return {name: own for name, own in desired.regions.items() if any(name in each for each in named)}


class Price(Kind):
    """A price."""

    is_amount = True
    settings_of_values = (CURRENCY, SALES)

    def setting_names(self, name: str) -> tuple[str, ...]:
        """The names of regions ignore case, as in catalogues."""
        names = super().setting_names(name.lower())
        return (OWN_PRICE, *names) if name == PRICE else names

    def settings_of_older(self, record: Record) -> Mapping[str, str]:
        return {CURRENCY: record.currency} if record.currency else {}

    def renamed(
        self, fields: Mapping[str, object], wanted: Mapping[str, Value], before: Meanings, now: Meanings
    ) -> Mapping[str, str]:
        """The name that the source uses for the same currency, region and quantities.

        After a change of the currency, the price in the old one is forgotten, unless the source still has it.
        """
        prices = list(filter(is_price, wanted))
        names = {price_key(name, now.currency, now.regions): name for name in prices}

        def called(name: str) -> str:
            key = price_key(name, before.currency, before.regions)
            if key in names:
                return names[key]
            if name == PRICE and before.currency != now.currency:
                return ""
            return price_field(key) if name in prices else name  # that of another region now

        return {name: called(name) for name in filter(is_price, fields)}

    def recorded(self, change: Change, final: Record) -> Record:
        """Prices of dropped variants may have the names of regions that only the earlier record has."""
        return structs.replace(final, regions={**change.record.regions, **regions_of(change.desired)})

    def asks(self, product: DesiredProduct, records: Collection[Record]) -> Iterator[Names]:
        if any(region_names(each.fields) for each in product.variants):
            yield REGIONS

    def resolved(self, product: DesiredProduct, names: StoreNames) -> DesiredProduct:
        if names.has(REGIONS) and any(region_names(each.fields) for each in product.variants):
            return structs.replace(product, regions=names.of(REGIONS).by_name)
        return product

    def refusals(self, product: DesiredProduct, names: StoreNames, instead: str) -> Iterator[str]:
        """Why Medusa would store a price, but never use it."""
        regions = {each.id: each for each in regions_in(names)}
        for variant in product.variants:
            known: dict[PriceKey, str] = {}
            for name in filter(is_price, variant.fields):
                key = price_key(name, product.currency, product.regions)
                if key.currency not in names.of(CURRENCIES).ids:
                    yield f"{name}: {names.of(CURRENCIES).lacks(key.currency, instead)}"
                region = regions.get(key.region)
                if region is not None and region.currency_code != key.currency:
                    yield f"{name}: the currency of the region {region.name!r} is {region.currency_code!r}"
                elif key.region and region is None:
                    named = price_key(name, product.currency).region
                    yield f"{name}: {names.of(REGIONS).lacks(named, instead)}"
                if key in known:
                    yield f"{known[key]} and {name} are the same price"
                known[key] = name

    def paths(self, name: str) -> Iterable[str]:
        """Responses show them as `prices`.

        If asked for by that name, a store with the index engine leaves them out of filtered lists.
        """
        shown = "id amount currency_code min_quantity max_quantity price_rules.attribute price_rules.value"
        return (f"price_set.prices.{each}" for each in shown.split())

    def shown_at(self, path: str) -> str:
        """As `prices`, with the rules of a price as one object."""
        shown, is_rule, _ = path.replace(".price_set.prices.", ".prices.").partition(".price_rules.")
        return f"{shown}.rules" if is_rule else shown

    def complete(self, variants: Sequence[dict[str, Any]], asked: Collection[str], *, creates: bool) -> None:
        """Add an empty list to variants without prices: a variant gets its price set last."""
        is_shown = any("prices" in variant for variant in variants)
        if "prices" in asked and (is_shown or creates):
            for variant in variants:
                if "prices" not in variant:  # or the role may not see prices at all
                    variant.update(prices=[], shows_prices=False, is_complete=not is_shown)

    def added(self, variant: StoredVariant, fields: Iterable[str], names: Meanings) -> Iterator[str]:
        ours = {price_key(name, names.currency, names.regions) for name in fields if is_price(name)}
        if any(each.key not in {*ours, PriceKey(names.currency)} for each in variant.prices):
            yield PRICE

    def comes_apart(self, before: Value, after: Value) -> bool:
        return True

    def value_of_variant(self, variant: StoredVariant, name: str, names: Meanings) -> Value:
        key = price_key(name, names.currency, names.regions)
        return next((each.amount for each in variant.prices if each.key == key), None)

    def offered(self) -> Paid:
        return Paid()

    def created(self, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        amounts = {price_key(name, names.currency, names.regions): value for name, value in values.items()}
        return {"prices": [{**_identity(key), "amount": amount} for key, amount in amounts.items()]}

    def edited(self, variant: StoredVariant, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        """The whole list with new amounts; None removes a price.

        Prices that stay have all that identifies them. Medusa merges prices with the same currency,
        quantities and rules (`hashPrice` in its pricing module), so some that have only an id would be lost.
        """
        left = {price_key(name, names.currency, names.regions): value for name, value in values.items()}
        prices: list[dict[str, Any]] = []
        for price in variant.prices if left else ():
            body: dict[str, Any] = {
                "id": price.id,
                "currency_code": price.currency_code,
                "min_quantity": price.min_quantity,
                "max_quantity": price.max_quantity,
            }
            if price.rules:
                body["rules"] = price.rules
            if price.key not in left:
                prices.append(body)
            elif (amount := left.pop(price.key)) is not None:
                prices.append({**body, "amount": amount})
        added = [{**_identity(key), "amount": amount} for key, amount in left.items() if amount is not None]
        return {"prices": [*prices, *added]} if values else {}


class Paid(Offered):
    """Which prices customers can pay.

    Attributes:
        currencies: in which the source has prices.
        prices: the number of products by the currencies of their prices, each with the id of a region; empty
            for all regions.
    """

    sorts = (REGIONS,)
    currencies: set[str] = field(default_factory=set)
    prices: Counter[frozenset[tuple[str, str]]] = field(default_factory=Counter)

    def add(self, change: Change, placement: Placement) -> None:
        desired = change.desired
        names = {name for each in desired.variants for name in each.fields}
        keys = [price_key(name, desired.currency, desired.regions) for name in names if is_price(name)]
        self.currencies.update(key.currency for key in keys)
        prices = {(key.currency, key.region) for key in keys}
        for price in (each for variant in change.stored.variants for each in variant.prices):
            prices.add((price.currency_code, price.key.region if price.key else ""))
        self.prices[frozenset(prices)] += 1

    def add_default(self, placement: Placement, currency: str) -> None:
        self.currencies.add(currency)

    def obstacles(self, names: StoreNames) -> Iterator[Note]:
        """Prices that no customer pays, and products for which some customers have no price."""
        if not names.has(REGIONS):
            return
        regions = regions_in(names)
        if unused := self.currencies.difference(each.currency_code for each in regions):
            yield Note(
                "no_region",
                f"No region has the currency {listed(sorted(unused), _LISTED)}, so no customer can pay prices"
                " in it. Add one in the admin (Settings > Regions), or sync prices in another currency "
                "(--currency).",
            )
        lacking = Counter[str]()
        for prices, count in self.prices.items():
            for each in regions:
                if prices.isdisjoint({(each.currency_code, ""), (each.currency_code, each.id)}):
                    lacking[f"{each.name!r} ({each.currency_code})"] += count
        if lacking:
            counts = [f"{count:,} for {name}" for name, count in lacking.most_common(_LISTED)]
            more = f" and {len(lacking) - _LISTED} more regions" if len(lacking) > _LISTED else ""
            yield Note(
                "no_region_price",
                f"Products without a price for a region: {', '.join(counts)}{more}. Customers there cannot "
                "buy them. Add prices at the source or in the admin.",
            )


def _identity(key: PriceKey) -> dict[str, Any]:
    """What tells a new price apart, in a body."""
    rules = {"region_id": key.region} if key.region else None
    parts = {"rules": rules, "min_quantity": key.minimum, "max_quantity": key.maximum}
    return {"currency_code": key.currency, **{name: each for name, each in parts.items() if each is not None}}


AMOUNT = Price()
