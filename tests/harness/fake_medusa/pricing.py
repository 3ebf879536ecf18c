"""Prices of a variant: merges equal ones in a request, and replaces the stored ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tests.harness.fake_medusa.errors import already_exists, unknown_error
from tests.harness.fake_medusa.state import Ids, Price, State, Variant

Body = Mapping[str, Any]
P = TypeVar("P", bound=Price)


def new_prices(bodies: Iterable[Body], ids: Ids) -> list[Price]:
    return [_price(ids.new("price"), body) for body in folded(bodies)]


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
    for body in folded(bodies):
        price_id = body.get("id")
        if price_id in kept:
            prices.append(changed_price(kept[price_id], body))
        elif price_id in elsewhere:
            raise already_exists("Price", id=price_id)
        else:
            prices.append(_price(price_id or ids.new("price"), body))
    return prices


def replace_prices(state: State, sent: Sequence[tuple[Variant, Sequence[Body]]]) -> None:
    if not sent:
        return
    price_ids = {price.id for variant in state.variants().values() for price in variant.prices}
    price_ids |= state.list_prices.keys()
    replaced = [
        (variant, replaced_prices(bodies, variant.prices, price_ids, state.ids)) for variant, bodies in sent
    ]
    for variant, prices in replaced:
        variant.prices = prices


def folded(bodies: Iterable[Body]) -> list[Body]:
    """Of prices that differ only in amount or id, keep the last one (Medusa's `hashPrice`)."""
    by_hash: dict[object, Body] = {}
    for body in bodies:
        currency = body["currency_code"].lower() if "currency_code" in body else None
        bounds = tuple((name, body[name]) for name in ("min_quantity", "max_quantity") if name in body)
        rules = tuple(body.get("rules", {}).items())
        by_hash[body.get("variant_id"), currency, bounds, rules] = body
    return list(by_hash.values())


def _price(price_id: str, body: Body) -> Price:
    if "currency_code" not in body or "amount" not in body:
        raise unknown_error()  # the database requires both
    return changed_price(Price(price_id, body["currency_code"], body["amount"]), body)


def changed_price(price: P, body: Body) -> P:
    changes: dict[str, Any] = {
        name: body[name] for name in ("amount", "min_quantity", "max_quantity", "rules") if name in body
    }
    if "currency_code" in body:
        changes["currency_code"] = body["currency_code"].lower()
    return replace(price, **changes)
