"""Finds the placement of new products: their sales channel, shipping profile and stock location."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from medusa_sync.errors import StoreMismatchError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.responses import StoreDefaults

_SHIPPING_PROFILE = "--shipping-profile (SYNC_PRODUCTS_SHIPPING_PROFILE)"


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
        location_id: None if the store has no stock location; inventory is then not managed.
    """

    sales_channel_id: str
    shipping_profile_id: str
    location_id: str | None


async def find_placement(api: AdminApi, options: PlacementOptions) -> Placement:
    """Find what the settings name, or the defaults of the store.

    The currency is checked too: Medusa accepts currencies and sales channels that do not exist.

    Raises:
        StoreMismatchError: the store does not have what is named, or has no default.
        StoreError: the store cannot be read.
    """
    store = await api.defaults()
    currencies = sorted(currency.currency_code for currency in store.supported_currencies)
    if options.currency not in currencies:
        raise StoreMismatchError(
            f"The store does not sell in {options.currency!r}, only in: {', '.join(currencies) or 'nothing'}",
            hint="Add it in the admin (Settings > Store), or set --currency (SYNC_PRODUCTS_CURRENCY).",
        )
    channel, profile, location = await asyncio.gather(
        _sales_channel(api, store, options.sales_channel),
        _shipping_profile(api, options.shipping_profile),
        _stock_location(api, store, options.stock_location),
    )
    return Placement(channel, profile, location)


async def _sales_channel(api: AdminApi, store: StoreDefaults, name: str | None) -> str:
    if name is not None:
        return await _by_name(
            api, "sales_channels", name, "sc_", "--sales-channel (SYNC_PRODUCTS_SALES_CHANNEL)"
        )
    default = await _default(api, "sales_channels", store.default_sales_channel_id)
    if default is None:
        raise StoreMismatchError(
            "The store has no default sales channel",
            hint="Set one in the admin (Settings > Store), or choose one with --sales-channel.",
        )
    return default


async def _shipping_profile(api: AdminApi, name: str | None) -> str:
    if name is not None:
        return await _by_name(api, "shipping_profiles", name, "sp_", _SHIPPING_PROFILE)
    found = await api.named("shipping_profiles", {"type": "default"}) or await api.named(
        "shipping_profiles", {}
    )
    if not found:
        raise StoreMismatchError(
            "The store has no shipping profile", hint="Add one in the admin (Settings > Shipping Profiles)."
        )
    if len(found) > 1:
        raise StoreMismatchError(
            "The store has several shipping profiles and no default",
            hint=f"Choose one with {_SHIPPING_PROFILE}.",
        )
    return found[0].id


async def _stock_location(api: AdminApi, store: StoreDefaults, name: str | None) -> str | None:
    option = "--stock-location (SYNC_PRODUCTS_STOCK_LOCATION)"
    if name is not None:
        return await _by_name(api, "stock_locations", name, "sloc_", option)
    default = await _default(api, "stock_locations", store.default_location_id)
    if default is not None:
        return default
    found = await api.named("stock_locations", {})
    if len(found) > 1:
        raise StoreMismatchError(
            "The store has several stock locations and no default",
            hint=f"Choose one with {option}.",
        )
    return found[0].id if found else None


async def _default(api: AdminApi, collection: str, default_id: str | None) -> str | None:
    """A default of the store, if it still exists: the store keeps the id after the entity is deleted."""
    found = await api.named(collection, {"id": default_id}) if default_id is not None else []
    return found[0].id if found else None


async def _by_name(api: AdminApi, collection: str, name: str, id_prefix: str, option: str) -> str:
    found = await api.named(collection, {"id" if name.startswith(id_prefix) else "name": name})
    what = collection.removesuffix("s").replace("_", " ")
    if not found:
        raise StoreMismatchError(
            f"The store has no {what} {name!r}", hint=f"Check {option}: a name or an id."
        )
    if len(found) > 1:
        raise StoreMismatchError(
            f"The store has several {what}s {name!r}", hint=f"Give the id with {option}."
        )
    return found[0].id
