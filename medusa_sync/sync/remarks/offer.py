"""What a run offers to customers, and what would keep them from buying it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct, field

from medusa_sync.codes import Note
from medusa_sync.core.change import Change
from medusa_sync.core.kinds.channels import CHANNELS, Channel
from medusa_sync.core.kinds.images import IMAGES, THUMBNAIL
from medusa_sync.core.kinds.prices import Region, is_price, price_key
from medusa_sync.core.kinds.stock import SHARED, location_of, stocks_of
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.value import members

_LISTED = 10  # names in a line
_PRIVATE = (".localhost", ".local", ".internal", ".lan", ".home.arpa")

Prices = frozenset[tuple[str, str]]
"""The currencies in which a product has prices, each with the id of a region; empty for all regions."""


class Offer(Struct):
    """What customers should be able to buy: a summary of the products of a run.

    Attributes:
        channels: ids or names of their sales channels.
        locations: ids of the stock locations that have their stock.
        currencies: in which the source has prices.
        prices: the number of products by their prices.
        unseen: the number of products with images at a private address.
        address: of one of these images.
    """

    channels: set[str] = field(default_factory=set)
    locations: set[str] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    prices: Counter[Prices] = field(default_factory=Counter)
    unseen: int = 0
    address: str = ""

    def add(self, change: Change, channel_id: str) -> None:
        """Add a product as a change leaves it; the sales channel is that of new ones."""
        desired, stored = change.desired, change.stored
        own = [each.id for each in stored.sales_channels if each is not None]
        self.channels.update(members(desired.fields.get(CHANNELS)) or own or [channel_id])
        stock = {name for each in stocks_of(desired) for name, value in each.items() if value != SHARED}
        ids = {change.locations.get(location_of(name)) for name in stock}  # a plan may name one that is gone
        self.locations.update(filter(None, ids))
        self._add_prices(desired, stored)
        self._add_images(desired)

    def _add_prices(self, desired: DesiredProduct, stored: StoredProduct) -> None:
        names = {name for each in desired.variants for name in each.fields}
        keys = [price_key(name, desired.currency, desired.regions) for name in names if is_price(name)]
        self.currencies.update(key.currency for key in keys)
        prices = {(key.currency, key.region) for key in keys}
        for price in (each for variant in stored.variants for each in variant.prices):
            prices.add((price.currency_code, price.key.region if price.key else ""))
        self.prices[frozenset(prices)] += 1

    def _add_images(self, desired: DesiredProduct) -> None:
        images = {desired.fields.get(THUMBNAIL), *members(desired.fields.get(IMAGES))}
        images.update(each.fields.get(THUMBNAIL) for each in desired.variants)
        addresses = (str(url).split("/", 3)[2] for url in images if "//" in str(url))
        if private := min(filter(_is_private, addresses), default=""):
            self.unseen += 1
            self.address = self.address or urlsplit(f"//{private}").netloc.rpartition("@")[2]


def obstacles(
    offer: Offer,
    channels: Sequence[Channel],
    regions: Sequence[Region] | None,
    locations: Mapping[str, str],
) -> Iterator[Note]:
    """What would keep customers from buying, and what to do about it, in one line each.

    Args:
        offer: of a run.
        channels: of the store, as far as it shows them.
        regions: of the store; None if it does not show them.
        locations: names of stock locations by id.
    """
    used = [each for each in channels if not offer.channels.isdisjoint((each.id, each.name))]
    if disabled := [each.name for each in used if each.is_disabled]:
        yield Note(
            "disabled_channel",
            f"Customers cannot buy in {_listed(disabled)}, because the sales channel is disabled. Enable it "
            "in the admin (Settings > Sales Channels).",
        )
    for places, names in _apart(offer, used):
        yield Note(
            "unserved_channel",
            f"The stock at {_listed([locations.get(own, own) for own in places])} counts as 0 in "
            f"{_listed(names)}, because the stock location does not serve the sales channel. Connect them in "
            "the admin (Settings > Locations & Shipping).",
        )
    if regions is not None:
        yield from _unpaid(offer, regions)
    if offer.unseen:
        yield Note(
            "private_images",
            f"Products with images that customers cannot load: {offer.unseen:,}. Their address is private, "
            f"such as {offer.address!r}: put the images at a public one, and change their URLs at the "
            "source.",
        )


def _apart(offer: Offer, used: Sequence[Channel]) -> Iterator[tuple[list[str], list[str]]]:
    """Ids of stock locations that do not serve sales channels, and names of these.

    A sales channel needs only one of several locations, and a location only one of several sales channels.
    """
    served = [(each.name, {own.id for own in each.stock_locations or () if own}) for each in used]
    if not offer.locations or any(each.stock_locations is None for each in used):
        return
    empty = [name for name, ids in served if offer.locations.isdisjoint(ids)]
    others = [name for name, ids in served if not offer.locations.isdisjoint(ids)]
    if empty:
        yield sorted(offer.locations), empty
    idle = offer.locations.difference(*(ids for _, ids in served))
    if idle and others:
        yield sorted(idle), others


def _unpaid(offer: Offer, regions: Sequence[Region]) -> Iterator[Note]:
    """Prices that no customer pays, and products for which some customers have no price."""
    if unused := offer.currencies.difference(each.currency_code for each in regions):
        yield Note(
            "no_region",
            f"No region has the currency {_listed(sorted(unused))}, so no customer can pay prices in it. Add "
            "one in the admin (Settings > Regions), or sync prices in another currency (--currency).",
        )
    lacking = Counter[str]()
    for prices, count in offer.prices.items():
        for each in regions:
            if prices.isdisjoint({(each.currency_code, ""), (each.currency_code, each.id)}):
                lacking[f"{each.name!r} ({each.currency_code})"] += count
    if lacking:
        counts = [f"{count:,} for {name}" for name, count in lacking.most_common(_LISTED)]
        more = f" and {len(lacking) - _LISTED} more regions" if len(lacking) > _LISTED else ""
        yield Note(
            "no_region_price",
            f"Products without a price for a region: {', '.join(counts)}{more}. Customers there cannot buy "
            "them. Add prices at the source or in the admin.",
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(map(repr, names[:_LISTED]))}{more}"


@lru_cache  # the images of a source have few addresses
def _is_private(address: str) -> bool:
    """Whether only a private network has the host of an address."""
    host = (urlsplit(f"//{address}").hostname or "").rstrip(".")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE)
