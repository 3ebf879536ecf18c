"""The shipping profile of a product, which decides how it can be sent to customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from medusa_sync.core.kinds.base import Ids, Kind
from medusa_sync.core.placement import PROFILES

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.stored import StoredProduct
    from medusa_sync.core.value import Value

PROFILE = "shipping_profile"


class ShippingProfile(Kind):
    """The shipping profile of a product, which is linked after its row is written."""

    is_late = True
    stays = True  # a product without one cannot be sent to customers
    names_members = PROFILES

    def paths(self, name: str) -> Iterable[str]:
        return (f"{name}.id", f"{name}.name")

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        """What the source calls it: its id or its name."""
        own = product.shipping_profile
        return None if own is None else own.id if own.id in known else own.name

    def is_of_store(self, value: Value, applied: Mapping[str, Value], name: str) -> bool:
        """A product whose source names none gets the default one."""
        return applied.get(name) is None

    def put(self, body: MutableMapping[str, Any], name: str, value: Value, ids: Ids) -> None:
        body[f"{name}_id"] = ids[str(value)]

    def ids(self, change: Change, value: Value) -> Ids:
        return change.desired.named.get(PROFILE, {})
