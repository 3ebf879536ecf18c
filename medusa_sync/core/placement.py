"""Where new products go: their sales channel, shipping profile and stock location."""

from __future__ import annotations

from msgspec import Struct

from medusa_sync.core.names import Names

PROFILES = Names(
    "shipping profile",
    "Settings > Shipping Profiles",
    "shipping_profiles",
    "--shipping-profile (SYNC_PRODUCTS_SHIPPING_PROFILE)",
)


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
        sales_channel_id: empty if the store was not asked yet.
        location_id: of stock that names no location; None if the store has no stock location; inventory is
            then not managed.
        shipping_profile_id: empty until something is created.
    """

    sales_channel_id: str = ""
    location_id: str | None = None
    shipping_profile_id: str = ""

    @property
    def ids(self) -> tuple[str | None, ...]:
        """Of what new products get, if the source does not say it."""
        return self.sales_channel_id, self.shipping_profile_id, self.location_id

    @property
    def found(self) -> str:
        """What messages say that the store has for new products."""
        location = "" if self.location_id is None else " and stock location"
        return f"sales channel, shipping profile{location}"


UNKNOWN = Placement()
"""That of a store that was not asked yet."""

PLACED_ELSEWHERE = "the sales channel, shipping profile or stock location of new products is another"
"""What a saved plan says if new products would go elsewhere now."""
