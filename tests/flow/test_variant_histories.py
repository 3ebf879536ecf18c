"""After any history of changes and kills, the variants of a product are as the source wants them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from medusa_sync import RunResult
from tests.flow.kills import KILLED, kill_at
from tests.flow.stage import Killed, ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product, Variant

pytestmark = pytest.mark.usefixtures("routes")

# `routes` is the same for all examples.
ONE_ROUTE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

KEYS = ("s", "m", "l")
VALUES = ("1", "2", "3", "y" * 50)
THEIRS = {"title": "Theirs", "sku": "THEIRS", "prices": [{"currency_code": "usd", "amount": 7}]}


class Piece(NamedTuple):
    """What the source says about a variant."""

    price: int
    eur: int | None
    stock: int | None
    fit: str


class Wanted(NamedTuple):
    """What the source says about a product.

    Attributes:
        options: their names; none: the product has a single variant.
        values: of the first option, in the order of the keys.
        pieces: variants by key.
        skus: in the order of the keys, if they have any.
        edition: part of the ids of all variants.
    """

    title: str
    options: Sequence[str]
    values: Sequence[str]
    pieces: dict[str, Piece]
    skus: Sequence[str | None]
    edition: int

    @property
    def row(self) -> dict[str, Any]:
        if not self.options:
            return {"id": 3, "title": self.title, "price": 1, "stock": 1, "sku": self.skus[0]}
        return {
            "id": 3,
            "title": self.title,
            "options": list(self.options),
            "variants": [self._variant(key, piece) for key, piece in self.pieces.items()],
        }

    def _variant(self, key: str, piece: Piece) -> dict[str, Any]:
        place = KEYS.index(key)
        fields = {
            "id": f"3-{key}{self.edition or ''}",
            "sku": self.skus[place],
            "price": piece.price,
            "prices": {} if piece.eur is None else {"eur": piece.eur},
            "stock": piece.stock,
            "options": dict(zip(self.options, [self.values[place], piece.fit], strict=False)),
        }
        return {name: value for name, value in fields.items() if value is not None}


class Event(NamedTuple):
    """The source changes, and a run follows.

    Attributes:
        kill: the step of the store after which something is killed, and what; None if nothing is.
    """

    wanted: Wanted
    kill: tuple[int, str] | None


PIECES = st.builds(
    Piece,
    st.integers(0, 2),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from(["wide", "slim"]),
)
SKUS = st.permutations(["A", "B", "C"]) | st.just([None, None, None]) | st.permutations(["A", "B", None])
KILLS = st.none() | st.tuples(st.integers(1, 14), st.sampled_from([*KILLED]))


def histories(*options: Sequence[str], editions: Sequence[int] = (0,)) -> st.SearchStrategy[list[Event]]:
    wanted = st.builds(
        Wanted,
        st.sampled_from(["one", "two"]),
        st.sampled_from(options),
        st.permutations(VALUES),
        st.dictionaries(st.sampled_from(KEYS), PIECES, min_size=1),
        SKUS,
        st.sampled_from(editions),
    )
    return st.lists(st.builds(Event, wanted, KILLS), min_size=1, max_size=5)


def run(store: FakeMedusa, wanted: Wanted, on_conflict: str) -> RunResult:
    return sync(ListSource([wanted.row]), store, on_conflict=on_conflict)


def follow(store: FakeMedusa, history: Sequence[Event], on_conflict: str) -> None:
    """Do the events and a complete run; the store then has what the source wanted last."""
    for wanted, kill in history:
        if kill is None:
            run(store, wanted, on_conflict)
            continue
        kill_at(store, *kill)
        with suppress(Killed):
            run(store, wanted, on_conflict)
        store.between = store.before = None
        KILLED[kill[1]](store)
    wanted = history[-1].wanted
    result = run(store, wanted, on_conflict)
    if result.exit_code == 5:
        reject()  # for example, a variant that was dropped and kept has its SKU
    assert result.exit_code == 0, result.error
    store.requests.clear()
    assert counts(run(store, wanted, on_conflict)) == {"unchanged": 1}
    assert writes(store) == []
    assert_wanted(store, wanted)


def assert_wanted(store: FakeMedusa, wanted: Wanted) -> None:
    product = store.products["dummyjson:3"]
    row = wanted.row
    assert product.title == wanted.title
    for each in row.get("variants", [row]):
        found = variant_of(product, each)
        prices = {price.currency_code: price.amount for price in found.prices}
        assert prices == {"usd": each["price"], **each.get("prices", {})}
        assert found.sku == each.get("sku")
        if "stock" in each:
            [item] = (store.state.items[item_id] for item_id in found.item_ids)
            assert [level.stocked_quantity for level in item.levels] == [each["stock"]]


def variant_of(product: Product, row: dict[str, Any]) -> Variant:
    options = row.get("options", {"Default": "Default"})
    [found] = (each for each in product.variants if options.items() <= each.options.items())
    return found


@pytest.mark.parametrize(
    ("options", "editions"),
    [
        ([["Size"]], [0]),
        ([["Size"], ["Cut"]], [0]),
        ([["Size"], ["Cut"], []], [0]),
        ([["Size"], ["Size", "Fit"]], [0]),
        ([["Size"]], [0, 1]),
    ],
    ids=["same option", "renamed option", "one or several", "added option", "other ids"],
)
@ONE_ROUTE
@given(data=st.data(), on_conflict=st.sampled_from(["source", "store"]))
def test_variants_follow_the_source(
    options: list[list[str]], editions: list[int], data: st.DataObject, on_conflict: str
) -> None:
    follow(FakeMedusa(), data.draw(histories(*options, editions=editions)), on_conflict)


@ONE_ROUTE
@given(
    start=histories(["Size"], ["Cut"]),
    history=histories(["Size"], ["Cut"]),
    on_conflict=st.sampled_from(["source", "store"]),
)
def test_a_variant_of_the_merchant_stays_as_it_is(
    start: list[Event], history: list[Event], on_conflict: str
) -> None:
    store = FakeMedusa()
    run(store, start[0].wanted, on_conflict)
    product = store.products["dummyjson:3"]
    [option] = product.options
    path = f"/admin/products/{product.id}"
    values = {"update": [{"product_option_id": option.id, "add": [{"value": "theirs"}]}]}
    store.call("POST", f"{path}/options/batch", values)
    body = {**THEIRS, "options": {option.title: "theirs"}}
    store.call("POST", f"{path}/variants/batch", {"create": [body]})

    follow(store, history, on_conflict)

    [theirs] = (each for each in store.products["dummyjson:3"].variants if each.title == "Theirs")
    assert (theirs.sku, [price.amount for price in theirs.prices]) == ("THEIRS", [7])
    assert list(theirs.options.values()) == ["theirs"]
