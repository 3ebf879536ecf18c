"""The keys of prices: what tells the prices of a variant apart, as in Medusa."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from medusa_sync.core.fields import OTHER_PRICE, PRICE

_TIER = re.compile(r"([0-9]{1,9})(?:\+|-([0-9]{1,9}))")


class PriceKey(NamedTuple):
    """What tells a price apart from the others of its variant.

    Attributes:
        region: its id, or its name if no id is known; empty for a price of all regions.
        minimum: of the quantity; None for any.
        maximum: of the quantity; None for any.
    """

    currency: str
    region: str = ""
    minimum: float | None = None
    maximum: float | None = None


def price_field(key: PriceKey) -> str:
    """The field of a price: `price.eur`, `price.eur.10+` or `price.eur.Germany.10-99`."""
    minimum = key.minimum or 1
    tier = f"{minimum}-{key.maximum}" if key.maximum else f"{minimum}+" if minimum > 1 else ""
    return ".".join(filter(None, (f"{OTHER_PRICE}{key.currency}", key.region, tier)))


def is_price(name: str) -> bool:
    """Whether a field is a price, and not a sale price."""
    return name == PRICE or name.startswith(OTHER_PRICE)


@lru_cache(maxsize=4_096)  # the products of a source have the same ones
def _parts(name: str) -> PriceKey:
    _, _, rest = name.partition(".")
    currency, _, rest = rest.partition(".")
    region, _, last = rest.rpartition(".")
    if (tier := _TIER.fullmatch(last)) is None:
        return PriceKey(currency, rest)
    return PriceKey(currency, region, int(tier[1]), int(tier[2]) if tier[2] else None)


def price_key(name: str, currency: str, regions: Mapping[str, str] = {}) -> PriceKey:
    """The key of a price or sale price.

    Args:
        name: of the field.
        currency: of the fields `price` and `sale_price`.
        regions: ids by name in lower case.
    """
    key = _parts(name)
    if key.region:
        return key._replace(region=regions.get(key.region.lower(), key.region))
    return key if key.currency else PriceKey(currency)


def region_names(fields: Iterable[str]) -> set[str]:
    """The names of regions, in lower case, or ids in the fields of a variant."""
    return {_parts(name).region.lower() for name in fields if is_price(name)} - {""}
