"""Reads what a store has of what catalogues and settings name, each list once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import Struct, field, structs

from medusa_sync.core.entities import NamedEntity
from medusa_sync.core.fields import KINDS
from medusa_sync.core.kinds.base import Kind
from medusa_sync.core.kinds.channels import SALES_CHANNELS
from medusa_sync.core.kinds.prices import CURRENCIES
from medusa_sync.core.kinds.stock import LOCATIONS
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.placement import PROFILES, UNKNOWN, Placement, PlacementSettings
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.resolve import resolved
from medusa_sync.errors import MedusaSyncError, StoreMismatchError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi, StoreDefaults
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
        hidden: why the store does not show all of a sort that decides about fields, by its noun.
        lacked: what fields of products name and the store lacks, so that they are left out.
    """

    api: AdminApi
    wanted: PlacementSettings
    names: StoreNames = StoreNames()
    placement: Placement = UNKNOWN
    defaults: StoreDefaults | None = None
    hidden: dict[str, MedusaSyncError] = {}
    lacked: dict[Kind, set[str]] = field(default_factory=dict)

    def resolved(self, product: DesiredProduct) -> DesiredProduct:
        """What the source can want from this store, with the ids of what it names."""
        for kind in KINDS:
            if found := kind.lacked(product, self.names):
                self.lacked.setdefault(kind, set()).update(found)
        return resolved(product, self.names)

    async def read(self, sort: Names) -> None:
        """Read all of a sort of names."""
        entries: Sequence[NamedEntity] = ()
        if sort.collection:
            entries = await self.api.all_of(sort)
        else:
            try:
                entries = [NamedEntity(code, code) for code in await self.api.texts.locales()]
            except StoreRefusedError as error:
                self.hidden = {**self.hidden, sort.noun: error}
        self.names = self.names.having(sort.having(entries))

    async def read_places(self) -> None:
        """Read the defaults of the store, its currencies and its stock locations, once."""
        if self.defaults is not None:
            return
        reads = (
            asyncio.create_task(self.api.defaults()),
            asyncio.create_task(self.api.some_of(LOCATIONS, {}, limit=_MOST)),
        )
        await all_done(*reads)
        store, locations = await asyncio.gather(*reads)
        codes = sorted(each.currency_code for each in store.supported_currencies)
        currencies = CURRENCIES.having([NamedEntity(code, code) for code in codes])
        self.defaults = store
        self.names = self.names.having(currencies, LOCATIONS.having(locations))

    @property
    def needed_to_place(self) -> Sequence[Names]:
        """What has to be read besides the places, to decide where products go."""
        return (SALES_CHANNELS,) if self.wanted.sales_channel is not None else ()

    def place(self, *, needs_currency: bool) -> None:
        """Decide where products go, once everything that it takes was read.

        The currency of the settings is checked if all prices are in it: Medusa accepts currencies and sales
        channels that do not exist.

        Raises:
            StoreMismatchError: the store does not have what the settings name, or has no default.
        """
        if self.placement is not UNKNOWN or self.defaults is None:
            return
        names, wanted, defaults = self.names, self.wanted, self.defaults
        if needs_currency:
            _check(wanted.currency, names.of(CURRENCIES))
        channels = names.of(SALES_CHANNELS)
        channel = _chosen(channels, wanted.sales_channel, [defaults.default_sales_channel_id])
        if channel is None:  # Medusa does not delete the default one
            hint = f"Set one in the admin (Settings > Store), or choose one with {channels.setting}."
            raise StoreMismatchError(f"The store has no default {channels.noun}", hint=hint)
        ids = [each.id for each in names.of(LOCATIONS).entries]
        default = [own for own in ids if own == defaults.default_location_id]
        location = _chosen(names.of(LOCATIONS), wanted.stock_location, default or ids)
        self.names = structs.replace(names, location_id=location)
        self.placement = Placement(channel, location)

    async def read_profile(self) -> None:
        """Read the shipping profile of new products, once.

        Raises:
            StoreMismatchError: the store does not have the one that the settings name, or has no default.
        """
        if self.placement.shipping_profile_id:
            return
        name = self.wanted.shipping_profile
        found = await self.api.some_of(PROFILES, {"type": "default"}, limit=1) if name is None else ()
        found = found or await self.api.some_of(PROFILES, {}, limit=_MOST)
        profile = _chosen(PROFILES.having(found), name, [each.id for each in found])
        if profile is None:
            hint = f"Add one in the admin ({PROFILES.place})."
            raise StoreMismatchError("The store has no shipping profile", hint=hint)
        self.placement = structs.replace(self.placement, shipping_profile_id=profile)

    def check_named(self, sort: Names, name: str) -> None:
        """Check that the store has what `--only` names.

        Raises:
            StoreError: it lacks it, or does not show what it has.
        """
        if error := self.hidden.get(sort.noun):
            raise error
        known = self.names.of(sort)
        if name not in known.ids:
            hint = f"Add it in the admin ({known.place}), or correct --only (SYNC_PRODUCTS_ONLY)."
            raise _mismatch(known.problem(name), hint)


def _check(name: str, names: Names) -> None:
    """Check that the store has what a setting names.

    Raises:
        StoreMismatchError: it does not.
    """
    if not names.find(name):
        hint = f"{_suggestion(name, names)}Add it in the admin ({names.place}), or set {names.setting}."
        raise _mismatch(names.problem(name), hint)


def _chosen(names: Names, name: str | None, defaults: Sequence[str | None]) -> str | None:
    """The id of what a setting names, or of the only default of the store; None if there is none.

    Args:
        names: all of its sort that the store has.
        name: of the setting; None if it names none.
        defaults: ids of what is used if the setting names none.

    Raises:
        StoreMismatchError: the store does not have what is named, or has several.
    """
    setting = names.setting
    if name is not None:
        if found := names.find(name):
            return found
        hint = f"{_suggestion(name, names)}Check {setting}: a name or an id."
        is_ambiguous = bool(names.called(name))
        raise _mismatch(names.problem(name), f"Give the id with {setting}." if is_ambiguous else hint)
    if len(defaults) > 1:
        raise _mismatch(f"the store has several {names.noun}s and no default", f"Choose one with {setting}.")
    return next(iter(defaults), None)


def _mismatch(problem: str, hint: str) -> StoreMismatchError:
    """The error of a run that begins with a problem of the store."""
    return StoreMismatchError(problem[0].upper() + problem[1:], hint=hint)


def _suggestion(wrong: str, names: Names) -> str:
    from difflib import get_close_matches

    by_lower = {each.name.lower(): each.name for each in names.entries}
    close = get_close_matches(wrong.lower(), by_lower, n=1)
    return f"Did you mean {by_lower[close[0]]!r}? " if close else ""
