"""After interrupted writes, the variants of a product follow the source without conflicts."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from medusa_sync.core.change import Update
from medusa_sync.core.fields import OPTION
from medusa_sync.core.interrupted import is_incomplete
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.view import variant_value
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import LOCATION, desired_product
from tests.unit.half_written import HalfWritten, Refused
from tests.unit.shirts import shirt, size

MANY = settings(max_examples=300)

# --- the source -----------------------------------------------------------------------------------------


class Variant(NamedTuple):
    """What the source says about one of three variants."""

    size: str
    price: int
    eur: int | None
    stock: int | None
    barcode: str | None


class Shirt(NamedTuple):
    """What the source says about a product; no variants: it has a single one.

    Attributes:
        skus: of the three variants, in order, if they have any.
    """

    title: str
    option: str
    variants: dict[str, Variant]
    skus: Sequence[str | None]

    def desired(self) -> DesiredProduct:
        if not self.variants:
            return desired_product(
                3, title=self.title, price=1, stock=1, sku=self.skus[0], meta=ABSENT, weight=ABSENT
            )
        rows = [
            size(
                "",
                id=key,
                sku=self.skus[place],
                price=each.price,
                prices={} if each.eur is None else {"eur": each.eur},
                stock=each.stock,
                barcode=each.barcode,
                options={self.option: f"{key}{each.size}"},
            )
            for place, (key, each) in enumerate(self.variants.items())
        ]
        return shirt(*rows, title=self.title)


VARIANTS = st.builds(
    Variant,
    st.sampled_from(["", "x", "y" * 50]),
    st.integers(0, 2),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 0, 1, 2]),
    st.just(None),
)
SKUS = st.permutations(["A", "B", "C"]) | st.just([None, None, None]) | st.permutations(["A", "B", None])
SHIRTS = st.builds(
    Shirt,
    st.sampled_from(["one", "two"]),
    st.sampled_from(["Size", "Fit"]),
    st.dictionaries(st.sampled_from(["s", "m", "l"]), VARIANTS, min_size=1),
    SKUS,
)
SINGLE = st.builds(Shirt, st.just("one"), st.just("Size"), st.just({}), SKUS)


class Event(NamedTuple):
    """The source changes, and a run follows that is killed after some steps; None if it is not."""

    wanted: Shirt
    killed: int | None


def events(wanted: st.SearchStrategy[Shirt]) -> st.SearchStrategy[list[Event]]:
    return st.lists(st.builds(Event, wanted, st.none() | st.integers(0, 12)), max_size=5)


# --- the store ------------------------------------------------------------------------------------------


def do(steps: Any, killed: int | None = None) -> bool:
    """Do steps until the run is killed; returns whether all were done."""
    number = 0
    with suppress(StopIteration):
        while number != killed:
            try:
                step = next(steps)
            except Refused:
                reject()
            step()
            number += 1
        return False
    return True


def created(wanted: Shirt, killed: int | None, **how: Any) -> tuple[HalfWritten, bool]:
    """A product whose creation may have been killed, and whether it is complete."""
    desired = wanted.desired()
    half = HalfWritten(desired, **how)
    return half, do(half.creation(desired), killed)


def holds(variant: StoredVariant, desired: Any, product: DesiredProduct, half: HalfWritten) -> bool:
    """Whether a stored variant has the fields of a desired one."""
    titles = {option.title: option.id for option in half.options.values()}
    for name, value in desired.fields.items():
        if name.startswith(OPTION):
            held: Any = variant.value_of(titles[name.removeprefix(OPTION)])
        else:
            held = variant_value(variant, name, product.currency, LOCATION)
        if held != value:
            return False
    eur = variant_value(variant, "price.eur", product.currency, LOCATION)
    item = [link.inventory.sku for link in variant.inventory_items if link.inventory]
    return (
        eur == desired.fields.get("price.eur")
        and variant.sku == desired.fields.get("sku")
        and (not variant.manage_inventory or item == [variant.sku])
    )


def follow(half: HalfWritten, history: Sequence[Event], on_conflict: OnConflict) -> None:
    """Do the events and a complete run; the store then has what the source wanted last, and only that."""
    for event in history:
        steps = half.run(event.wanted.desired(), on_conflict=on_conflict)
        do(steps, event.killed)
    desired = history[-1].wanted.desired()
    update = half.plan(desired, on_conflict=on_conflict)
    assert update.conflicts == ()
    do(half.run(desired, on_conflict=on_conflict))
    check(half, desired, half.plan(desired, on_conflict=on_conflict))


def check(half: HalfWritten, desired: DesiredProduct, again: Update) -> None:
    assert again.is_up_to_date
    stored = half.stored()
    record = stored.record
    assert record is not None
    assert stored.title == desired.title
    known = {entry.id for entry in record.variants.values()}
    assert known == {variant.id for variant in stored.variants}, "every variant is in the record"
    for each in desired.variants:
        assert record.variants[each.key].dropped is None
        assert holds(half.variants[record.variants[each.key].id], each, desired, half)


@MANY
@given(
    start=SHIRTS | SINGLE,
    history=events(SHIRTS | SINGLE).filter(bool),
    on_conflict=st.sampled_from(OnConflict),
)
def test_variants_follow_the_source_after_interrupted_updates(
    start: Shirt, history: list[Event], on_conflict: OnConflict
) -> None:
    half, _ = created(start, None)
    follow(half, history, on_conflict)


@MANY
@given(start=SHIRTS | SINGLE, killed=st.integers(1, 6), history=events(SHIRTS | SINGLE).filter(bool))
def test_variants_follow_the_source_after_an_interrupted_creation(
    start: Shirt, killed: int, history: list[Event]
) -> None:
    half, _ = created(start, killed)
    if not is_incomplete(half.stored()):
        follow(half, history, OnConflict.SOURCE)
