"""The sales channels of a product."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import structs

from medusa_sync.core.entities import Entity, NamedEntity
from medusa_sync.core.kinds.base import Ids, Sides
from medusa_sync.core.kinds.links import Terms
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.value import members

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.product import DesiredProduct
    from medusa_sync.core.record import History, Record
    from medusa_sync.core.stored import StoredProduct
    from medusa_sync.core.value import Value

CHANNELS = "sales_channels"


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
    is_term = False  # none is created
    own_steps = frozenset()
    names_members = SALES_CHANNELS

    def asks(
        self, product: DesiredProduct, records: Collection[Record], gains: Mapping[str, Collection[str]]
    ) -> Iterator[Names]:
        if gains.get(CHANNELS):
            yield SALES_CHANNELS

    def resolved(self, product: DesiredProduct, names: StoreNames) -> DesiredProduct:
        if not (channels := members(product.fields.get(CHANNELS))):
            return product
        known = names.of(SALES_CHANNELS)
        found = {name: own for name in channels if (own := known.find(name))}
        return structs.replace(product, channels=found)

    def is_unresolved(self, change: Change) -> bool:
        return not {*change.added(CHANNELS)} <= change.desired.channels.keys()

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return tuple(product.channel_ids([*known]))

    def is_owned(self, wanted: Value, history: History, sides: Sides) -> bool:
        """A product in no channel cannot be sold, so those of a source that names none any more stay."""
        return wanted is not None

    def is_of_store(self, value: Value, applied: Mapping[str, Value], name: str) -> bool:
        """A product whose source names no channel gets the default one."""
        return applied.get(name) is None

    def ids(self, change: Change, value: Value) -> Ids:
        return {**change.desired.channels, **change.stored.channel_ids(members(value))}
