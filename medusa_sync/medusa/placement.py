"""The placement of new products: their sales channel, shipping profile and stock location."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from medusa_sync.core.names import LOCATIONS, PROFILES, SALES_CHANNELS, Names
from medusa_sync.errors import StoreMismatchError


class PlacementSettings(Struct, frozen=True):
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
        shipping_profile_id: empty until something is created.
    """

    sales_channel_id: str
    location_id: str | None
    shipping_profile_id: str = ""

    @property
    def ids(self) -> tuple[str | None, ...]:
        """Of what new products get, if the source does not say it."""
        return self.sales_channel_id, self.shipping_profile_id, self.location_id


UNKNOWN = Placement("", None)
"""That of a store that was not asked yet."""

_SETTINGS = {
    SALES_CHANNELS.noun: "--sales-channel (SYNC_PRODUCTS_SALES_CHANNEL)",
    PROFILES.noun: "--shipping-profile (SYNC_PRODUCTS_SHIPPING_PROFILE)",
    LOCATIONS.noun: "--stock-location (SYNC_PRODUCTS_STOCK_LOCATION)",
}


def check_currency(code: str, currencies: Names) -> None:
    """Check that the store sells in a currency; Medusa accepts others.

    Raises:
        StoreMismatchError: it does not.
    """
    if not currencies.find(code):
        hint = f"{_suggestion(code, currencies)}Add it in the admin ({currencies.place}), or set --currency "
        raise mismatch(currencies.problem(code), f"{hint}(SYNC_PRODUCTS_CURRENCY).")


def chosen(names: Names, name: str | None, defaults: Sequence[str | None]) -> str | None:
    """The id of what a setting names, or of the only default of the store; None if there is none.

    Args:
        names: all of its kind that the store has.
        name: of the setting; None if it names none.
        defaults: ids of what is used if the setting names none.

    Raises:
        StoreMismatchError: the store does not have what is named, or has several.
    """
    setting = _SETTINGS[names.noun]
    if name is not None:
        if found := names.find(name):
            return found
        hint = f"{_suggestion(name, names)}Check {setting}: a name or an id."
        is_ambiguous = bool(names.called(name))
        raise mismatch(names.problem(name), f"Give the id with {setting}." if is_ambiguous else hint)
    if len(defaults) > 1:
        raise mismatch(f"the store has several {names.noun}s and no default", f"Choose one with {setting}.")
    return next(iter(defaults), None)


def mismatch(problem: str, hint: str) -> StoreMismatchError:
    """The error of a run that begins with a problem of the store."""
    return StoreMismatchError(problem[0].upper() + problem[1:], hint=hint)


def _suggestion(wrong: str, names: Names) -> str:
    from difflib import get_close_matches

    by_lower = {each.name.lower(): each.name for each in names.entries}
    close = get_close_matches(wrong.lower(), by_lower, n=1)
    return f"Did you mean {by_lower[close[0]]!r}? " if close else ""
