"""Prices of variants, and price lists with theirs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tests.harness.fake_medusa.errors import invalid_data, not_found, unknown_error
from tests.harness.fake_medusa.state import Ids, ListPrice, Price, PriceList, State, Variant
from tests.harness.fake_medusa.steps import Steps, Work

Body = Mapping[str, Any]
P = TypeVar("P", bound=Price)


def new_prices(bodies: Iterable[Body], ids: Ids) -> list[Price]:
    return [_price(ids.new("price"), body) for body in distinct(bodies)]


def replaced_prices(
    bodies: Iterable[Body], stored: Sequence[Price], elsewhere: set[str], ids: Ids
) -> list[Price]:
    """The prices that replace the stored ones of a variant; `elsewhere` has the ids of all other prices."""
    kept = {price.id: price for price in stored}
    prices = []
    for body in distinct(bodies):
        price_id = body.get("id")
        if price_id in kept:
            prices.append(changed_price(kept[price_id], body))
        elif price_id in elsewhere:
            raise NotImplementedError("FakeMedusa changes no price of another variant or of a list")
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


def distinct(bodies: Iterable[Body]) -> Iterator[Body]:
    """The prices; Medusa keeps only the last of those that differ in amount or id alone (its `hashPrice`)."""
    seen = set()
    for body in bodies:
        currency = body["currency_code"].lower() if "currency_code" in body else None
        bounds = tuple((name, body[name]) for name in ("min_quantity", "max_quantity") if name in body)
        rules = tuple(body.get("rules", {}).items())
        key = (body.get("variant_id"), currency, bounds, rules)
        if key in seen:
            raise NotImplementedError("FakeMedusa does not merge equal prices")
        seen.add(key)
        yield body


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


def create_price_list(state: State, body: Body) -> PriceList:
    if body.get("prices"):
        raise NotImplementedError("FakeMedusa creates only empty price lists")
    fields = {name: value for name, value in body.items() if name != "prices"}
    made = PriceList(state.ids.new("plist"), **fields)
    state.price_lists[made.id] = made
    return made


def delete_price_list(state: State, price_list_id: str) -> None:
    state.price_lists.pop(price_list_id, None)
    prices = state.list_prices.items()
    state.list_prices = {key: price for key, price in prices if price.price_list_id != price_list_id}


def price_list(state: State, price_list_id: str) -> PriceList:
    if price_list_id not in state.price_lists:
        raise not_found(f"Price lists with id: {price_list_id} was not found")
    return state.price_lists[price_list_id]


def _check_price_sets(state: State, bodies: Iterable[Body]) -> None:
    """Refuse prices of variants that cannot have any."""
    stored = state.variants()
    ids = [body["variant_id"] for body in bodies]
    missing = [each for each in ids if each not in stored or not stored[each].has_price_set]
    if missing:
        raise invalid_data(f"No price set exist for variants: {', '.join(missing)}")


class ListPriceBatch(Work):
    """Creates, updates and deletes prices.

    A batch that is refused changes nothing here; Medusa leaves its updates as they were written.
    """

    def __init__(self, state: State, price_list_id: str, body: Body) -> None:
        self._state = state
        self._price_list_id = price_list_id
        self._body = body
        self.created: list[ListPrice] = []
        self.updated: list[ListPrice] = []

    def steps(self) -> Steps:
        state, create, update = self._state, self._body.get("create", []), self._body.get("update", [])
        price_list(state, self._price_list_id)
        _check_price_sets(state, create)
        _check_price_sets(state, update)
        changed = self._changed(update)
        self.created = _add(state, self._price_list_id, create)
        yield "created"
        state.list_prices.update(changed)
        self.updated = [price for price in changed.values() if not price.is_deleted]
        yield "updated"
        deleted = set(self._body.get("delete", []))
        for price in state.list_prices.values():
            price.is_deleted |= price.id in deleted
        yield "deleted"

    def _changed(self, bodies: Sequence[Body]) -> dict[str, ListPrice]:
        """Prices by id after an update; Medusa would create unknown ones, and move those of other lists."""
        stored = self._state.list_prices
        changed: dict[str, ListPrice] = {}
        for body in distinct(bodies):
            before = changed.get(body["id"]) or stored.get(body["id"])
            if before is None or (before.price_list_id, before.variant_id) != (
                self._price_list_id,
                body["variant_id"],
            ):
                raise NotImplementedError("FakeMedusa updates only prices of this list, for their variants")
            changed[before.id] = changed_price(before, body)
        return changed


def _add(state: State, price_list_id: str, bodies: Sequence[Body]) -> list[ListPrice]:
    made = []
    for body in distinct(bodies):
        price = ListPrice(
            state.ids.new("price"), "", 0, price_list_id=price_list_id, variant_id=body["variant_id"]
        )
        made.append(changed_price(price, body))
    state.list_prices.update((price.id, price) for price in made)
    return made
