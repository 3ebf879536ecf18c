"""Reads what a store has of what catalogues and settings name, each list once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from msgspec import Struct, field, structs

from medusa_sync.core.entities import NamedEntity
from medusa_sync.core.names import (
    CURRENCIES,
    LOCALES,
    LOCATIONS,
    PROFILES,
    REGIONS,
    SALES_CHANNELS,
    StoreNames,
)
from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import StoreMismatchError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi, StoreDefaults
from medusa_sync.medusa.placement import (
    UNKNOWN,
    Placement,
    PlacementSettings,
    check_currency,
    chosen,
    mismatch,
)
from medusa_sync.stop import all_done

_MOST = 1_000  # stock locations and shipping profiles


class Vocabulary(Struct):
    """The names of a store, and where its new products go.

    Methods that read raise what `AdminApi` raises.

    Attributes:
        wanted: what the settings name.
        names: of the lists that were read.
        placement: of new products, once it was decided.
        defaults: of the store, once they were read.
        hidden_locales: why the store does not show its locales.
        other_locales: of texts of products, which the store lacks.
    """

    api: AdminApi
    wanted: PlacementSettings
    names: StoreNames = StoreNames()
    placement: Placement = UNKNOWN
    defaults: StoreDefaults | None = None
    hidden_locales: StoreRefusedError | None = None
    other_locales: set[str] = field(default_factory=set)

    def resolved(self, product: DesiredProduct) -> DesiredProduct:
        """What the source can want from this store, with the ids of what it names."""
        if self.names.locales is not None:
            self.other_locales |= product.locales - self.names.locales.ids
        return self.names.resolved(product)

    async def read_places(self) -> None:
        """Read the defaults of the store, its currencies and its stock locations, once."""
        if self.defaults is not None:
            return
        reads = (
            asyncio.create_task(self.api.defaults()),
            asyncio.create_task(self.api.named("stock_locations", {}, limit=_MOST)),
        )
        await all_done(*reads)
        store, locations = await asyncio.gather(*reads)
        codes = sorted(each.currency_code for each in store.supported_currencies)
        self.defaults = store
        self.names = structs.replace(
            self.names,
            currencies=CURRENCIES.having([NamedEntity(code, code) for code in codes]),
            locations=LOCATIONS.having(locations),
        )

    def place(self, *, needs_currency: bool) -> None:
        """Decide where products go, once the places were read, and the channels if the settings name one.

        The currency of the settings is checked if all prices are in it: Medusa accepts currencies and sales
        channels that do not exist.

        Raises:
            StoreMismatchError: the store does not have what the settings name, or has no default.
        """
        if self.placement is not UNKNOWN or self.defaults is None:
            return
        names, wanted, defaults = self.names, self.wanted, self.defaults
        if needs_currency:
            check_currency(wanted.currency, names.currencies)
        channels = names.channels or SALES_CHANNELS
        channel = chosen(channels, wanted.sales_channel, [defaults.default_sales_channel_id])
        if channel is None:  # Medusa does not delete the default one
            hint = "Set one in the admin (Settings > Store), or choose one with --sales-channel."
            raise StoreMismatchError("The store has no default sales channel", hint=hint)
        ids = [each.id for each in names.locations.entries]
        default = [own for own in ids if own == defaults.default_location_id]
        location = chosen(names.locations, wanted.stock_location, default or ids)
        self.names = structs.replace(names, location_id=location)
        self.placement = Placement(channel, location)

    async def read_profile(self) -> None:
        """Read the shipping profile of new products, once.

        Raises:
            StoreMismatchError: the store does not have the one that the settings name, or has no default.
        """
        if self.placement.shipping_profile_id:
            return
        name, collection = self.wanted.shipping_profile, "shipping_profiles"
        found = await self.api.named(collection, {"type": "default"}, limit=1) if name is None else ()
        found = found or await self.api.named(collection, {}, limit=_MOST)
        profile = chosen(PROFILES.having(found), name, [each.id for each in found])
        if profile is None:
            hint = f"Add one in the admin ({PROFILES.place})."
            raise StoreMismatchError("The store has no shipping profile", hint=hint)
        self.placement = structs.replace(self.placement, shipping_profile_id=profile)

    async def read_channels(self, *, is_needed: bool = True) -> None:
        """Read the sales channels, once."""
        if is_needed and self.names.channels is None:
            channels = SALES_CHANNELS.having(await self.api.channels())
            self.names = structs.replace(self.names, channels=channels)

    async def read_regions(self, *, is_needed: bool = True) -> None:
        """Read the regions, once."""
        if is_needed and self.names.regions is None:
            regions = REGIONS.having(await self.api.regions())
            self.names = structs.replace(self.names, regions=regions)

    async def read_locales(self) -> Collection[str]:
        """Read the locales that texts may have; none if the store does not show them."""
        codes: Collection[str] = ()
        try:
            codes = await self.api.locales()
        except StoreRefusedError as error:
            self.hidden_locales = error
        locales = LOCALES.having([NamedEntity(code, code) for code in codes])
        self.names = structs.replace(self.names, locales=locales)
        return locales.ids

    def check_locales(self, named: set[str]) -> None:
        """Check that the store has the locales that `--only` names.

        Raises:
            StoreError: it lacks one of them, or does not show its locales.
        """
        if self.hidden_locales is not None:
            raise self.hidden_locales
        known = self.names.locales or LOCALES
        if missing := sorted(named - known.ids):
            hint = f"Add it in the admin ({known.place}), or correct --only (SYNC_PRODUCTS_ONLY)."
            raise mismatch(known.problem(missing[0]), hint)

    @property
    def remark_on_locales(self) -> str:
        """Which texts are not synced, and what to do about it; empty if all are."""
        if not self.other_locales:
            return ""
        texts = f"Texts in {', '.join(sorted(self.other_locales))} are not synced, because the store does not"
        if (error := self.hidden_locales) is not None:
            why = f"show its locales: {error}. {error.hint} Allow it"
        else:
            known = self.names.locales or LOCALES
            why = f"have these locales (it has {known.listed}). Add them in the admin ({known.place})"
        return f"{texts} {why}, or remove the texts at the source."
