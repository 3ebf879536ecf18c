"""Price lists and their prices."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from tests.harness.fake_medusa.errors import invalid_data, not_found, unknown_error
from tests.harness.fake_medusa.pricing import changed_price, folded
from tests.harness.fake_medusa.rules import reject_nul
from tests.harness.fake_medusa.state import ListPrice, Price, PriceList, State
from tests.harness.fake_medusa.steps import Steps

Body = dict[str, Any]

_COLUMNS: Final = (("currency_code", "currency_code"), ("amount", "raw_amount"))
"""Required fields of a price and their columns."""


def create_price_list(state: State, body: Body) -> PriceList:
    bodies = body.get("prices", [])
    _check_price_sets(state, bodies)
    fields = {name: value for name, value in body.items() if name != "prices"}
    reject_nul(fields)
    made = PriceList(state.ids.new("plist"), **{"created_at": state.ids.moment, **fields})
    state.price_lists[made.id] = made
    _add(state, made.id, bodies)
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


class ListPriceCreation:
    def __init__(self, state: State, price_list_id: str, bodies: Sequence[Body]) -> None:
        self._state = state
        self._price_list_id = price_list_id
        self._bodies = bodies
        self.prices: list[ListPrice] = []

    def steps(self) -> Steps:
        _check_price_sets(self._state, self._bodies)
        self.prices = _add(self._state, self._price_list_id, self._bodies)
        yield "created"

    def undo(self) -> None:
        for price in self.prices:
            del self._state.list_prices[price.id]


class ListPriceRevision:
    """Updates prices of any list, which then belong to this one; creates unknown ones.

    Medusa does not undo it.
    """

    def __init__(self, state: State, price_list_id: str, bodies: Sequence[Body]) -> None:
        self._state = state
        self._price_list_id = price_list_id
        self._bodies = bodies

    @property
    def prices(self) -> list[ListPrice]:
        stored = (self._state.list_prices.get(body["id"]) for body in folded(self._bodies))
        return list({price.id: price for price in stored if price and not price.is_deleted}.values())

    def steps(self) -> Steps:
        stored = self._state.list_prices
        _check_price_sets(self._state, self._bodies)
        own = {price.id for variant in self._state.variants().values() for price in variant.prices}
        changed: dict[str, ListPrice] = {}
        for body in folded(self._bodies):
            price_id = body["id"]
            if price_id in own:
                raise unknown_error()
            for name, column in _COLUMNS:
                if price_id not in stored and name not in body:
                    raise invalid_data(f"Cannot set field '{column}' of Price to null")
            before = changed.get(price_id) or stored.get(price_id) or ListPrice(price_id, "", 0)
            place = {"price_list_id": self._price_list_id, "variant_id": body["variant_id"]}
            changed[price_id] = replace(changed_price(before, body), **place)
        stored.update(changed)
        yield "updated"

    def undo(self) -> None:
        pass


class ListPriceDeletion:
    """Deletes prices of any list, and prices of variants."""

    def __init__(self, state: State, ids: Sequence[str]) -> None:
        self._state = state
        self._ids = ids
        self._deleted: list[ListPrice] = []
        self._before: dict[str, list[Price]] = {}

    def steps(self) -> Steps:
        prices = (self._state.list_prices.get(price_id) for price_id in self._ids)
        self._deleted = [price for price in prices if price and not price.is_deleted]
        for price in self._deleted:
            price.is_deleted = True
        for variant in self._state.variants().values():
            self._before[variant.id] = variant.prices
            variant.prices = [price for price in variant.prices if price.id not in self._ids]
        yield "deleted"

    def undo(self) -> None:
        for price in self._deleted:
            price.is_deleted = False
        for variant_id, variant in self._state.variants().items():
            variant.prices = self._before.get(variant_id, variant.prices)


def _add(state: State, price_list_id: str, bodies: Sequence[Body]) -> list[ListPrice]:
    made = []
    for body in folded(bodies):
        price = ListPrice(
            state.ids.new("price"), "", 0, price_list_id=price_list_id, variant_id=body["variant_id"]
        )
        made.append(changed_price(price, body))
    state.list_prices.update((price.id, price) for price in made)
    return made
