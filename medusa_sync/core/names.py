"""The names of things of the store in a catalogue, a plan or a setting: their ids, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from msgspec import Struct, structs

from medusa_sync.core.entities import NamedEntity, Region
from medusa_sync.core.kinds.links import CHANNELS
from medusa_sync.core.kinds.prices import PriceKey, is_price, price_key, region_names
from medusa_sync.core.kinds.stock import STOCK, location_of
from medusa_sync.core.kinds.texts import locale_of
from medusa_sync.core.merge import members
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.value import Value

NO_TRANSLATIONS = "none; MEDUSA_FF_TRANSLATION=true switches translations on"
_LISTED = 20  # names in a message


class Names(Struct, frozen=True, dict=True):
    """The things of one kind that a store has.

    Attributes:
        noun: what messages call one of them.
        place: where the admin has them.
        entries: all of them.
        ignores_case: names that differ only in case are the same.
        none: what messages say if there is none.
    """

    noun: str
    place: str
    entries: Sequence[NamedEntity] = ()
    ignores_case: bool = False
    none: str = "none"

    def having(self, entries: Sequence[NamedEntity]) -> Names:
        """The same kind, with what a store has."""
        return Names(self.noun, self.place, entries, self.ignores_case, self.none)

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self.entries)

    @cached_property
    def by_name(self) -> Mapping[str, str]:
        """Ids by name, without names that several have."""
        names = Counter(self._folded(each.name) for each in self.entries)
        folded = ((self._folded(each.name), each.id) for each in self.entries)
        return {name: own for name, own in folded if names[name] == 1}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """What messages call each, by id: its name, or its id if several have the name."""
        known = {*self.by_name.values()}
        return {each.id: each.name if each.id in known else each.id for each in self.entries}

    def find(self, name: str) -> str:
        """The id of the one that a name or an id means; empty if it means none, or several."""
        return name if name in self.ids else self.by_name.get(self._folded(name), "")

    def called(self, name: str) -> list[str]:
        """The ids of all that have a name."""
        folded = self._folded(name)
        return sorted(each.id for each in self.entries if self._folded(each.name) == folded)

    @property
    def listed(self) -> str:
        """The first names; those that several have, with their ids."""
        unique = {*self.by_name.values()}
        shown = sorted(
            repr(each.name) if each.id in unique else f"{each.name!r} ({each.id})" for each in self.entries
        )
        return ", ".join(shown[:_LISTED]) or self.none

    def problem(self, name: str) -> str:
        """Why a name does not mean one of them."""
        if same := self.called(name):
            return f"the store has several {self.noun}s {name!r} ({', '.join(same[:_LISTED])})"
        return f"the store has no {self.noun} {name!r}, only: {self.listed}"

    def lacks(self, name: str, instead: str) -> str:
        """Why a name does not mean one of them, and what to do about it; `instead` of adding it."""
        remedy = "give an id" if self.called(name) else f"add it in the admin ({self.place})"
        return f"{self.problem(name)}; {remedy}, or {instead}"

    def _folded(self, name: str) -> str:
        return name.lower() if self.ignores_case else name


LOCATIONS = Names("stock location", "Settings > Locations & Shipping")
REGIONS = Names("region", "Settings > Regions", ignores_case=True)  # as Medusa's import compares them
SALES_CHANNELS = Names("sales channel", "Settings > Sales Channels")
PROFILES = Names("shipping profile", "Settings > Shipping Profiles")
CURRENCIES = Names("currency", "Settings > Store")
LOCALES = Names("locale", "Settings > Store", none=NO_TRANSLATIONS)


class StoreNames(Struct, frozen=True):
    """What the fields of a product can name; None until it was read.

    Attributes:
        location_id: of stock that names no location; None if the store has no stock location; stock is then
            not synced.
    """

    currencies: Names = CURRENCIES
    locations: Names = LOCATIONS
    location_id: str | None = None
    regions: Names | None = None
    channels: Names | None = None
    locales: Names | None = None

    def resolved(self, product: DesiredProduct) -> DesiredProduct:
        """What the source can want from this store, with the ids of what it names."""
        if self.locales is not None and not product.locales <= self.locales.ids:
            product = _without_texts(product, product.locales - self.locales.ids)
        if self.regions is not None and any(region_names(each.fields) for each in product.variants):
            product = structs.replace(product, regions=self.regions.by_name)
        if channels := members(product.fields.get(CHANNELS)):
            known = self.channels or SALES_CHANNELS  # none, until they were read
            found = {name: own for name in channels if (own := known.find(name))}
            product = structs.replace(product, channels=found)
        if self.location_id is None:
            return _without_stock(product)
        named = {location_of(name) for each in product.stocks for name in each} - {""}
        locations = {name: own for name in sorted(named) if (own := self.locations.find(name))}
        return structs.replace(product, locations={**locations, "": self.location_id})

    def refusal(self, product: DesiredProduct, channels: Iterable[str], instead: str) -> str:
        """Why values of a resolved product cannot be written; empty if they can.

        Args:
            product: what is written.
            channels: the names of the sales channels that it gets.
            instead: what to do if the store shall not get a name that it lacks.
        """
        reasons = chain(self._prices(product, instead), self._stock(product, instead))
        return next(reasons, "") or self.refused_channel(channels, instead)

    def refused_channel(self, channels: Iterable[str], instead: str) -> str:
        """Why a product cannot get these sales channels; empty if it can, or they were not read."""
        known = self.channels
        if known is None:
            return ""
        return next((known.lacks(name, instead) for name in channels if not known.find(name)), "")

    @property
    def known_regions(self) -> Sequence[Region] | None:
        """The regions with their currencies; None until they were read."""
        if self.regions is None:
            return None
        return [each for each in self.regions.entries if isinstance(each, Region)]

    def _prices(self, product: DesiredProduct, instead: str) -> Iterator[str]:
        """Why Medusa would store a price, but never use it."""
        regions = {each.id: each for each in self.known_regions or ()}
        for variant in product.variants:
            known: dict[PriceKey, str] = {}
            for name in filter(is_price, variant.fields):
                key = price_key(name, product.currency, product.regions)
                if key.currency not in self.currencies.ids:
                    yield f"{name}: {self.currencies.lacks(key.currency, instead)}"
                region = regions.get(key.region)
                if region is not None and region.currency_code != key.currency:
                    yield f"{name}: the currency of the region {region.name!r} is {region.currency_code!r}"
                elif key.region and region is None:
                    named = price_key(name, product.currency).region
                    yield f"{name}: {(self.regions or REGIONS).lacks(named, instead)}"
                if key in known:
                    yield f"{known[key]} and {name} are the same price"
                known[key] = name

    def _stock(self, product: DesiredProduct, instead: str) -> Iterator[str]:
        for stock in product.stocks:
            known: dict[str, str] = {}
            for field in stock:
                name = location_of(field)
                own = product.locations.get(name, "")
                if own not in self.locations.ids:
                    yield f"{field}: {self.locations.lacks(name, instead)}"
                if own in known:
                    yield f"{known[own]} and {field} are the same stock location"
                known[own] = field


def _without_stock(product: DesiredProduct) -> DesiredProduct:
    """Without stock that names no location; the digest would show all of the product."""
    variants = (each.changed({STOCK: None}) for each in product.variants)
    fields = {name: value for name, value in product.fields.items() if name != STOCK}
    return structs.replace(product, fields=fields, variants=tuple(variants), digest="")


def _without_texts(product: DesiredProduct, locales: Collection[str]) -> DesiredProduct:
    """Without texts in some locales; the digest would show all of the product."""

    def kept(fields: Mapping[str, Value]) -> Mapping[str, Value]:
        return {name: value for name, value in fields.items() if locale_of(name) not in locales}

    variants = tuple(structs.replace(each, fields=kept(each.fields)) for each in product.variants)
    return structs.replace(product, fields=kept(product.fields), variants=variants, digest="")
