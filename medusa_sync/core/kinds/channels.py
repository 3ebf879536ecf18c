"""The sales channels of a product, and what keeps customers from buying in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import field, structs

from medusa_sync.codes import Note
from medusa_sync.core.entities import Entity, NamedEntity
from medusa_sync.core.kinds.base import Ids, Offered
from medusa_sync.core.kinds.links import Terms
from medusa_sync.core.kinds.stock import BACKORDER, LOCATIONS, SHARED, location_of, stocks_of
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.value import listed, members

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.placement import Placement
    from medusa_sync.core.stored import StoredProduct
    from medusa_sync.core.value import Value

CHANNELS = "sales_channels"
_LISTED = 10  # names in a note


class Channel(NamedEntity, frozen=True):
    """A sales channel with what customers need to buy in it.

    Attributes:
        stock_locations: that serve it; None if the store does not show them.
    """

    is_disabled: bool = False
    stock_locations: tuple[Entity | None, ...] | None = None  # None in it is a link to a deleted location


SALES_CHANNELS = Names(
    "sales channel",
    "Settings > Sales Channels",
    CHANNELS,
    "--sales-channel (SYNC_PRODUCTS_SALES_CHANNEL)",
)
SELLING = structs.replace(SALES_CHANNELS, entity=Channel, fields="id,name,is_disabled,stock_locations.id")


class Channels(Terms):
    """The sales channels of a product, which are linked after its row is written."""

    is_late = True
    stays = True  # a product in no channel cannot be sold
    own_steps = frozenset()  # none is created
    names_members = SALES_CHANNELS

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return tuple(_ids(product, known))

    def is_of_store(self, value: Value, applied: Mapping[str, Value], name: str) -> bool:
        """A product whose source names no channel gets the default one."""
        return applied.get(name) is None

    def ids(self, change: Change, value: Value) -> Ids:
        return {**change.desired.named.get(CHANNELS, {}), **_ids(change.stored, members(value))}

    def offered(self) -> Sold:
        return Sold()


def _ids(product: StoredProduct, known: Iterable[str]) -> dict[str, str]:
    """Ids of sales channels of a product by what the source calls each: a known name or id, else its name."""
    names, ids = [*known], dict[str, str]()
    for each in filter(None, product.sales_channels):
        key = next((own for own in names if own in (each.id, each.name)), each.name)
        ids[each.id if key in ids else key] = each.id
    return ids


class Sold(Offered):
    """In which sales channels customers can buy.

    Attributes:
        channels: ids or names of those of products.
        locations: ids of the stock locations that have the stock without which they cannot be bought.
    """

    sorts = (SELLING,)
    channels: set[str] = field(default_factory=set)
    locations: set[str] = field(default_factory=set)

    def add(self, change: Change, placement: Placement) -> None:
        desired, own = change.desired, [each.id for each in change.stored.sales_channels if each is not None]
        self.channels.update(members(desired.fields.get(CHANNELS)) or own or [placement.sales_channel_id])
        limited = tuple(each for each in desired.variants if not each.fields.get(BACKORDER))
        stocks = stocks_of(structs.replace(desired, variants=limited)) if limited else ()
        stock = {name for each in stocks for name, value in each.items() if value != SHARED}
        ids = {change.locations.get(location_of(name)) for name in stock}  # a plan may name one that is gone
        self.locations.update(filter(None, ids))

    def add_default(self, placement: Placement, currency: str) -> None:
        self.channels.add(placement.sales_channel_id)
        self.locations.update(filter(None, (placement.location_id,)))

    def obstacles(self, names: StoreNames) -> Iterator[Note]:
        shown = [each for each in names.of(SELLING).entries if isinstance(each, Channel)]
        used = [each for each in shown if not self.channels.isdisjoint((each.id, each.name))]
        if disabled := [each.name for each in used if each.is_disabled]:
            yield Note(
                "disabled_channel",
                f"Customers cannot buy in {listed(disabled, _LISTED)}, because the sales channel is disabled."
                " Enable it in the admin (Settings > Sales Channels).",
            )
        labels = names.of(LOCATIONS).labels
        for places, lacking in self._apart(used):
            yield Note(
                "unserved_channel",
                f"The stock at {listed([labels.get(own, own) for own in places], _LISTED)} counts as 0 in "
                f"{listed(lacking, _LISTED)}, because the stock location does not serve the sales channel. "
                "Connect them in the admin (Settings > Locations & Shipping).",
            )

    def _apart(self, used: Sequence[Channel]) -> Iterator[tuple[list[str], list[str]]]:
        """Ids of stock locations that do not serve sales channels, and names of these.

        A sales channel needs only one of several locations, and a location only one of several channels.
        """
        served = [(each.name, {own.id for own in each.stock_locations or () if own}) for each in used]
        if not self.locations or any(each.stock_locations is None for each in used):
            return
        empty = [name for name, ids in served if self.locations.isdisjoint(ids)]
        others = [name for name, ids in served if not self.locations.isdisjoint(ids)]
        if empty:
            yield sorted(self.locations), empty
        idle = self.locations.difference(*(ids for _, ids in served))
        if idle and others:
            yield sorted(idle), others
