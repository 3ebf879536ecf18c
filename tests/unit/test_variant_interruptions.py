"""After interrupted writes, the variants of a product follow the source without conflicts."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import given, reject, settings
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.fields import OPTION
from medusa_sync.core.interrupted import only_awaits_late_write
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from medusa_sync.core.stored import ListedValue, StoredOptionValue, StoredVariant
from medusa_sync.core.view import variant_value
from medusa_sync.errors import ProductFailedError, StoreRefusedError
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import LOCATION, desired_product
from tests.unit.shirts import piece, shirt
from tests.unit.shop import Shop
from tests.unit.shop_run import Run

MANY = settings(max_examples=100)

# --- the source -----------------------------------------------------------------------------------------

KEYS = ["s", "m", "l"]
VALUES = ["1", "2", "3", "y" * 50]


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
        values: of the first option, in the order of the keys; the second one has them too.
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

    def desired(self) -> DesiredProduct:
        if not self.options:
            return desired_product(3, title=self.title, price=1, stock=1, sku=self.skus[0], meta=ABSENT)
        rows = []
        for key, each in self.pieces.items():
            place = KEYS.index(key)
            values = dict(zip(self.options, [self.values[place], each.fit], strict=False))
            prices = {} if each.eur is None else {"eur": each.eur}
            own = f"{key}{self.edition}" if self.edition else key
            rows.append(
                piece(values, id=own, sku=self.skus[place], price=each.price, prices=prices, stock=each.stock)
            )
        return shirt(*rows, title=self.title, options=list(self.options))


PIECES = st.builds(
    Piece,
    st.integers(0, 2),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from(["wide", "slim"]),
)
SKUS = st.permutations(["A", "B", "C"]) | st.just([None, None, None]) | st.permutations(["A", "B", None])


def wanted(*options: Sequence[str], editions: Sequence[int] = (0,)) -> st.SearchStrategy[Wanted]:
    return st.builds(
        Wanted,
        st.sampled_from(["one", "two"]),
        st.sampled_from(options),
        st.permutations(VALUES),
        st.dictionaries(st.sampled_from(KEYS), PIECES, min_size=1),
        SKUS,
        st.sampled_from(editions),
    )


SAME_OPTION = wanted(["Size"])
RENAMED = wanted(["Size"], ["Cut"])
ONE_OR_SEVERAL = wanted(["Size"], ["Cut"], [])
ADDED = wanted(["Size"], ["Size", "Fit"])


OTHER_IDS = wanted(["Size"], editions=[0, 1])


class Event(NamedTuple):
    """The source changes, and a run follows that is killed after some steps; None if it is not."""

    wanted: Wanted
    killed: int | None


def events(source: st.SearchStrategy[Wanted]) -> st.SearchStrategy[list[Event]]:
    return st.lists(st.builds(Event, source, st.none() | st.integers(0, 14)), min_size=1, max_size=5)


# --- the store ------------------------------------------------------------------------------------------


MERCHANTS = "variant_0"  # older than those of the tool


def differs(shop: Shop, variant: StoredVariant, desired: DesiredVariant) -> list[str]:
    """The fields of a stored variant that are not as the source wants them."""
    titles = {option.title: option.id for option in shop.by_id.values()}
    found: dict[str, Any] = {
        name: variant_value(variant, name, "usd", LOCATION)
        for name in ("sku", "price", "price.eur", *(["stock"] if "stock" in desired.fields else []))
    }
    for name in desired.fields:
        if name.startswith(OPTION):
            found[name] = variant.value_of(titles[name.removeprefix(OPTION)])
    different = [name for name, value in found.items() if value != desired.fields.get(name)]
    skus = [link.inventory.sku for link in variant.inventory_items if link.inventory]
    return different + (["item"] if variant.manage_inventory and skus != [variant.sku] else [])


async def follow(shop: Shop, history: Sequence[Event], on_conflict: OnConflict) -> None:
    """Do the events and a complete run; the store then has what the source wanted last."""
    run = Run(shop, on_conflict)
    for event in history:
        try:
            await run.sync(event.wanted.desired(), steps=event.killed)
        except (ProductFailedError, StoreRefusedError):
            reject()  # for example, a variant that was dropped and kept has its SKU
    desired = history[-1].wanted.desired()
    try:
        await run.sync(desired)
    except (ProductFailedError, StoreRefusedError):
        reject()
    again = run.plan(desired)
    assert again.is_up_to_date or only_awaits_late_write(again, now=time.time())
    stored = shop.stored()
    assert stored is not None
    assert stored.record is not None
    assert stored.title == desired.title
    recorded = stored.record.variants
    ours = shop.variants.keys() - {MERCHANTS}
    assert {entry.id for entry in recorded.values()} == ours, "our variants are in the record"
    for each in desired.variants:
        entry = recorded[each.key]
        assert entry.dropped is None
        assert differs(shop, shop.variants[entry.id], each) == []


def add_variant(shop: Shop) -> StoredVariant:
    """The merchant adds a variant, with a value of its own."""
    [option] = shop.by_id.values()
    value = ListedValue("optval_theirs", "theirs")
    shop.by_id[option.id] = structs.replace(option, values=(*option.values, value))
    values = (StoredOptionValue(option.id, "theirs"),)
    shop.variants[MERCHANTS] = StoredVariant(MERCHANTS, sku="THEIRS", options=values)
    return shop.variants[MERCHANTS]


def check(history: Sequence[Event], on_conflict: OnConflict, *, has_entities: bool = True) -> None:
    asyncio.run(follow(Shop(has_entities=has_entities), history, on_conflict))


@MANY
@given(history=events(SAME_OPTION), on_conflict=st.sampled_from(OnConflict))
def test_variants_follow_the_source(history: list[Event], on_conflict: OnConflict) -> None:
    check(history, on_conflict)


@MANY
@given(history=events(RENAMED), on_conflict=st.sampled_from(OnConflict))
def test_variants_follow_a_source_that_renames_their_option(
    history: list[Event], on_conflict: OnConflict
) -> None:
    check(history, on_conflict)


@MANY
@given(history=events(ONE_OR_SEVERAL), on_conflict=st.sampled_from(OnConflict))
def test_variants_follow_a_source_with_one_or_several(history: list[Event], on_conflict: OnConflict) -> None:
    check(history, on_conflict)


@MANY
@given(history=events(ADDED), on_conflict=st.sampled_from(OnConflict), has_entities=st.booleans())
def test_variants_follow_a_source_that_adds_an_option(
    history: list[Event],
    on_conflict: OnConflict,
    has_entities: bool,  # noqa: FBT001 - drawn
) -> None:
    check(history, on_conflict, has_entities=has_entities)


@MANY
@given(history=events(OTHER_IDS), on_conflict=st.sampled_from(OnConflict))
def test_variants_follow_a_source_that_gives_them_other_ids(
    history: list[Event], on_conflict: OnConflict
) -> None:
    check(history, on_conflict)


@MANY
@given(start=ONE_OR_SEVERAL, history=events(ONE_OR_SEVERAL), on_conflict=st.sampled_from(OnConflict))
def test_a_variant_of_the_merchant_stays_as_it_is(
    start: Wanted, history: list[Event], on_conflict: OnConflict
) -> None:
    async def run() -> None:
        shop = Shop()
        await Run(shop).sync(start.desired())
        theirs = add_variant(shop)
        await follow(shop, history, on_conflict)
        assert shop.variants[MERCHANTS] == theirs
        assert "theirs" in {each.value for option in shop.by_id.values() for each in option.values}

    asyncio.run(run())
