"""Prices of a variant: merges equal ones in a request, and replaces the stored ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.harness.fake_medusa.errors import already_exists, unknown_error
from tests.harness.fake_medusa.state import Ids, Price

Body = Mapping[str, Any]


def new_prices(bodies: Iterable[Body], ids: Ids) -> list[Price]:
    return [_price(ids.new("price"), body) for body in _folded(bodies)]


def replaced_prices(
    bodies: Iterable[Body], stored: Sequence[Price], elsewhere: set[str], ids: Ids
) -> list[Price]:
    """The prices that replace the stored ones.

    Args:
        bodies: of the request.
        stored: the prices of the variant.
        elsewhere: ids of the prices of other variants.
        ids: for new prices.
    """
    kept = {price.id: price for price in stored}
    prices = []
    for body in _folded(bodies):
        price_id = body.get("id")
        if price_id in kept:
            prices.append(_changed(kept[price_id], body))
        elif price_id in elsewhere:
            raise already_exists("Price", id=price_id)
        else:
            prices.append(_price(price_id or ids.new("price"), body))
    return prices


def _folded(bodies: Iterable[Body]) -> list[Body]:
    """Of prices that differ only in amount or id, keep the last one (Medusa's `hashPrice`)."""
    by_hash: dict[object, Body] = {}
    for body in bodies:
        currency = body["currency_code"].lower() if "currency_code" in body else None
        bounds = tuple((name, body[name]) for name in ("min_quantity", "max_quantity") if name in body)
        by_hash[currency, bounds, tuple(body.get("rules", {}).items())] = body
    return list(by_hash.values())


def _price(price_id: str, body: Body) -> Price:
    if "currency_code" not in body or "amount" not in body:
        raise unknown_error()  # the database requires both
    return _changed(Price(price_id, body["currency_code"], body["amount"]), body)


def _changed(price: Price, body: Body) -> Price:
    changes = {
        name: body[name] for name in ("amount", "min_quantity", "max_quantity", "rules") if name in body
    }
    if "currency_code" in body:
        changes["currency_code"] = body["currency_code"].lower()
    return replace(price, **changes)
