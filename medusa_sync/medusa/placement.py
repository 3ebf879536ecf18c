"""Finds the placement of new products: their sales channel, shipping profile and stock location."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from medusa_sync.core.entities import Entity, NamedEntity, Region
from medusa_sync.core.kinds.prices import is_price, price_key, region_names
from medusa_sync.core.kinds.stock import location_of
from medusa_sync.core.product import DesiredProduct, without_stock
from medusa_sync.errors import StoreMismatchError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.stop import all_done


class PlacementOptions(Struct, frozen=True):
    """What the settings name; None means the store's default.

    Attributes:
        currency: ISO code in lower case.
        sales_channel: name or id (`sc_...`).
        shipping_profile: name or id (`sp_...`).
        stock_location: name or id (`sloc_...`).
    """

    currency: str
    sales_channel: str | None = None
    shipping_profile: str | None = None
    stock_location: str | None = None


class Placement(Struct, frozen=True):
    """Where new products go.

    Attributes:
        location_id: of stock that names no location; None if the store has no stock location; inventory is
            then not managed.
        currencies: that the store sells in.
        regions: those of the store; None until a price is that of a region.
        locations: ids of all stock locations by id, and by names that only one of them has.
    """

    sales_channel_id: str
    shipping_profile_id: str
    location_id: str | None
    currencies: tuple[str, ...] = ()
    regions: Sequence[Region] | None = None
    locations: Mapping[str, str] = {}

    def placed(self, product: DesiredProduct) -> DesiredProduct:
        """What the source can want from this store, with the ids of what it names."""
        names = [name for each in product.variants for name in region_names(each.fields)]
        product = structs.replace(product, regions=self.region_ids) if names else product
        if self.location_id is None:
            return without_stock(product)
        stock = {location_of(name) for each in product.stocks for name in each}
        named = {name: self.locations[name] for name in sorted(self.locations.keys() & stock)}
        return structs.replace(product, locations={**named, "": self.location_id})

    @property
    def ids(self) -> tuple[str | None, ...]:
        """Of what new products get, if the source does not say it."""
        return self.sales_channel_id, self.shipping_profile_id, self.location_id

    @property
    def region_ids(self) -> dict[str, str]:
        """Ids of regions by name in lower case, as Medusa's import compares them; without repeated names."""
        ids = {each.name.lower(): each.id for each in self.regions or ()}
        names = Counter(each.name.lower() for each in self.regions or ())
        return {name: own for name, own in ids.items() if names[name] == 1}

    def refusal(self, product: DesiredProduct, instead: str) -> str:
        """Why the values of a product that is placed cannot be written; empty if they can.

        `instead` is what to do if the store shall not get a name that it lacks.
        """
        return self._unusable_price(product, instead) or self._unknown_location(product, instead)

    def _unknown_location(self, product: DesiredProduct, instead: str) -> str:
        ids = {*self.locations.values()}
        for stock in product.stocks:
            names = [location_of(name) for name in stock]
            if unknown := [name for name in names if product.locations.get(name) not in ids]:
                known = sorted({own: name for name, own in self.locations.items()}.values())
                return (
                    f"it has stock at {unknown[0]!r}, but the stock locations of the store are: "
                    f"{', '.join(map(repr, known[:_LISTED_NAMES])) or 'none'}; add it in the admin (Settings "
                    f"> Locations & Shipping), or {instead}"
                )
            if len({product.locations[name] for name in names}) < len(names):
                both = " and ".join(repr(name) if name else "`stock`" for name in names)
                return f"it has two quantities for one stock location: {both}"
        return ""

    def _unusable_price(self, product: DesiredProduct, instead: str) -> str:
        """Medusa would store such a price, but never use it."""
        fields = [list(filter(is_price, each.fields)) for each in product.variants]
        keys = {
            name: price_key(name, product.currency, product.regions) for names in fields for name in names
        }
        if unknown := {key.currency for key in keys.values()}.difference(self.currencies):
            return (
                f"it has a price in {min(unknown)!r}, but the store sells only in "
                f"{', '.join(self.currencies)}; add the currency in the admin (Settings > Store), or "
                f"{instead}"
            )
        regions = {each.id: each for each in self.regions or ()}
        for name, key in keys.items():
            region = regions.get(key.region)
            if key.region and region is None:
                named = price_key(name, product.currency).region
                return f"{name}: {self._no_region(named, instead)}"
            if region is not None and region.currency_code != key.currency:
                return f"{name}: the currency of the region {region.name!r} is {region.currency_code!r}"
        for names in fields:
            known = {keys[name]: name for name in names}
            if twice := next((name for name in names if known[keys[name]] != name), None):
                return f"{twice} and {known[keys[twice]]} are the same price"
        return ""

    def _no_region(self, name: str, instead: str) -> str:
        """Why a name is not that of one region."""
        names = sorted(each.name for each in self.regions or ())
        if name.lower() in map(str.lower, names):
            return f"the store has several regions {name!r}; give the id of one"
        known = ", ".join(map(repr, names[:_LISTED_NAMES])) or "none"
        return (
            f"the store has no region {name!r}, only: {known}; add it in the admin (Settings > Regions), or "
            f"{instead}"
        )


UNKNOWN = Placement("", "", None)
"""That of a store that was not asked yet."""


_LISTED_NAMES = 20  # in a message
_MOST_LOCATIONS = 1_000
_CHANNELS, _PROFILES, _LOCATIONS = "sales_channels", "shipping_profiles", "stock_locations"
_SETTINGS = {
    _CHANNELS: "--sales-channel (SYNC_PRODUCTS_SALES_CHANNEL)",
    _PROFILES: "--shipping-profile (SYNC_PRODUCTS_SHIPPING_PROFILE)",
    _LOCATIONS: "--stock-location (SYNC_PRODUCTS_STOCK_LOCATION)",
}
_IDS = {_CHANNELS: "sc_", _PROFILES: "sp_"}


async def find_placement(
    api: AdminApi, options: PlacementOptions, *, needs_currency: bool = True
) -> Placement:
    """Find what the settings name, or the defaults of the store.

    The currency is checked if all prices are in it: Medusa accepts currencies and sales channels that do not
    exist.

    Raises:
        StoreMismatchError: the store does not have what is named, or has no default.
        StoreError: the store cannot be read.
    """
    reads = (
        asyncio.create_task(api.defaults()),
        asyncio.create_task(_named(api, _CHANNELS, options.sales_channel)),
        asyncio.create_task(_named(api, _PROFILES, options.shipping_profile, {"type": "default"})),
        asyncio.create_task(api.named(_LOCATIONS, {}, limit=_MOST_LOCATIONS)),
    )
    await all_done(*reads)
    store, channels, profiles, locations = await asyncio.gather(*reads)
    currencies = tuple(sorted(currency.currency_code for currency in store.supported_currencies))
    if needs_currency and options.currency not in currencies:
        raise StoreMismatchError(
            f"The store does not sell in {options.currency!r}, only in: {', '.join(currencies) or 'nothing'}",
            hint=f"{_suggestion(options.currency, currencies)}"
            "Add it in the admin (Settings > Store), or set --currency (SYNC_PRODUCTS_CURRENCY).",
        )
    # Medusa does not delete the default sales channel.
    channel = channels[0].id if channels else store.default_sales_channel_id
    if channel is None:
        hint = "Set one in the admin (Settings > Store), or choose one with --sales-channel."
        raise StoreMismatchError("The store has no default sales channel", hint=hint)
    profile = profiles[0].id if profiles else _only(_PROFILES, await api.named(_PROFILES, {}))
    if profile is None:
        hint = "Add one in the admin (Settings > Shipping Profiles)."
        raise StoreMismatchError("The store has no shipping profile", hint=hint)
    if (name := options.stock_location) is None:
        default = [each for each in locations if each.id == store.default_location_id]
    else:
        default = [each for each in locations if name in {each.id, each.name}]
        _check(_LOCATIONS, name, default, locations)
    location = _only(_LOCATIONS, default or locations)
    names = Counter(each.name for each in locations)
    ids = {each.id: each.id for each in locations}
    ids |= {each.name: each.id for each in locations if names[each.name] == 1}
    return Placement(channel, profile, location, currencies, locations=ids)


def _only(collection: str, found: Sequence[Entity]) -> str | None:
    """The id of the only one of its kind; None if the store has none."""
    if len(found) > 1:
        hint = f"Choose one with {_SETTINGS[collection]}."
        raise StoreMismatchError(f"The store has several {_words(collection)} and no default", hint=hint)
    return found[0].id if found else None


async def _named(
    api: AdminApi, collection: str, name: str | None, otherwise: dict[str, str] | None = None
) -> Sequence[Entity]:
    """What the settings name, or what may be the default: the matches of the query `otherwise`."""
    if name is None:
        return await api.named(collection, otherwise) if otherwise is not None else ()
    found = await api.named(collection, {"id" if name.startswith(_IDS[collection]) else "name": name})
    _check(collection, name, found, () if found else await api.named(collection, {}, limit=_LISTED_NAMES))
    return found


def _check(collection: str, name: str, found: Sequence[NamedEntity], known: Sequence[NamedEntity]) -> None:
    """Check that a setting names one of the known ones."""
    if not found:
        names = sorted(each.name for each in known[:_LISTED_NAMES])
        listed = ", ".join(map(repr, names)) or "none"
        raise StoreMismatchError(
            f"The store has no {_words(collection).removesuffix('s')} {name!r}, only: {listed}",
            hint=f"{_suggestion(name, names)}Check {_SETTINGS[collection]}: a name or an id.",
        )
    if len(found) > 1:
        hint = f"Give the id with {_SETTINGS[collection]}."
        raise StoreMismatchError(f"The store has several {_words(collection)} {name!r}", hint=hint)


def _words(collection: str) -> str:
    return collection.replace("_", " ")


def _suggestion(wrong: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in names}
    close = get_close_matches(wrong.lower(), by_lower, n=1)
    return f"Did you mean {by_lower[close[0]]!r}? " if close else ""
