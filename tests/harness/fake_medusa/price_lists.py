"""Price lists and their prices."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from tests.harness.fake_medusa.errors import invalid_data, not_found, unknown_error
from tests.harness.fake_medusa.pricing import changed_price, folded
from tests.harness.fake_medusa.state import ListPrice, PriceList, State
from tests.harness.fake_medusa.steps import Steps, Work

Body = dict[str, Any]

_COLUMNS: Final = (("currency_code", "currency_code"), ("amount", "raw_amount"))
"""Required fields of a price and their columns."""


def create_price_list(state: State, body: Body) -> PriceList:
    bodies = body.get("prices", [])
    _check_price_sets(state, bodies)
    fields = {name: value for name, value in body.items() if name != "prices"}
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


class ListPriceBatch(Work):
    """Creates, updates and deletes prices. Updated ones of any list then belong to this one.

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
        for variant in state.variants().values():
            variant.prices = [price for price in variant.prices if price.id not in deleted]
        yield "deleted"

    def _changed(self, bodies: Sequence[Body]) -> dict[str, ListPrice]:
        """Prices by id after an update, which creates unknown ones."""
        stored = self._state.list_prices
        own = {price.id for variant in self._state.variants().values() for price in variant.prices}
        changed: dict[str, ListPrice] = {}
        for body in folded(bodies):
            price_id = body["id"]
            if price_id in own:
                raise unknown_error()
            for name, column in _COLUMNS:
                if price_id not in stored and name not in body:
                    raise invalid_data(f"Cannot set field '{column}' of Price to null")
            before = changed.get(price_id) or stored.get(price_id) or ListPrice(price_id, "", 0)
            place = {"price_list_id": self._price_list_id, "variant_id": body["variant_id"]}
            changed[price_id] = replace(changed_price(before, body), **place)
        return changed


def _add(state: State, price_list_id: str, bodies: Sequence[Body]) -> list[ListPrice]:
    made = []
    for body in folded(bodies):
        price = ListPrice(
            state.ids.new("price"), "", 0, price_list_id=price_list_id, variant_id=body["variant_id"]
        )
        made.append(changed_price(price, body))
    state.list_prices.update((price.id, price) for price in made)
    return made
