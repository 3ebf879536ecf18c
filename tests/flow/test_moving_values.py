"""Values that move between variants: who gets them, and what the next run does."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from tests.flow.merchant import create, edit, edit_variant
from tests.flow.plans import carried_out, owners
from tests.flow.shirts import assert_shirts
from tests.flow.stage import (
    ListSource,
    assert_items_follow,
    assert_quiet,
    counts,
    record_of,
    sync,
    synced,
    writes,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Variant
from tests.harness.shirts import shirt
from tests.tiers import some

Row = dict[str, Any]
DELETE = {"on_missing": "delete", "max_removals": "100%"}
BATCHES: list[Row] = [{"batch_size": 1, "concurrency": 1}, {"batch_size": 15}]


# --- who gets an SKU or a barcode ---------------------------------------------------------------------------


class Story(NamedTuple):
    """What the source has, and then the store, as `1 S:ONE/400=3 M:- | 2 TWO`.

    It is a product with the variants S and M, and one without options. Each has an SKU or `-`, and may have a
    barcode and a stock.

    Attributes:
        before: what the source had, in one run after the other.
        final: what the store has in the end; empty if it is what the source has.
        withheld: how many values are withheld.
        edit: of the merchant, before the source has what it has now.
        owner: how the owner of a value that is withheld is called.
        leaves_an_item: of a variant whose stock is no longer tracked.
    """

    before: tuple[str, ...]
    now: str
    final: str = ""
    withheld: int = 0
    edit: Callable[[FakeMedusa], object] = lambda _: None
    owner: str = ""
    options: Mapping[str, Any] = {}
    leaves_an_item: bool = False


def source_of(text: str) -> ListSource:
    rows = []
    for product in text.split(" | "):
        number, *variants = product.split()
        parsed = [_variant(each) for each in variants]
        own = parsed[0] if "options" not in parsed[0] else {"options": ["Size"], "variants": parsed}
        rows.append({"id": int(number), "title": f"Product {number}", "price": 1} | own)
    return ListSource(rows)


def _variant(text: str) -> Row:
    size, _, rest = text.rpartition(":")
    rest, _, stock = rest.partition("=")
    sku, _, code = rest.partition("/")
    row: Row = {} if sku == "-" else {"sku": sku}
    row |= {"stock": int(stock)} if stock else {}
    if size:
        return row | {"id": size, "price": 1, "options": {"Size": size}} | ({"barcode": code} if code else {})
    return row | ({"meta": {"barcode": code}} if code else {})


def stored(store: FakeMedusa) -> set[str]:
    """The products of the store, in the words of a story."""
    return {
        " ".join([own.rpartition(":")[2], *sorted(_shown(store, each) for each in product.variants)])
        for own, product in store.products.items()
    }


def _shown(store: FakeMedusa, variant: Variant) -> str:
    size = variant.options.get("Size")
    stock = [
        f"={level.stocked_quantity:g}"
        for own in variant.item_ids * variant.manage_inventory
        for level in store.state.items[own].levels
    ]
    codes = "/".join(filter(None, [variant.sku or "-", variant.barcode]))
    return f"{f'{size}:' if size else ''}{codes}{''.join(stock)}"


def edit_sku(number: int, place: int, sku: str) -> Callable[[FakeMedusa], None]:
    return lambda store: edit_variant(store, number, place, sku=sku)


def in_order(text: str) -> set[str]:
    parts = [each.split() for each in text.split(" | ")]
    return {" ".join([number, *sorted(variants)]) for number, *variants in parts}


def lose_records(store: FakeMedusa) -> None:
    for own in store.products.values():
        edit(store, own, metadata={"medusa_sync": ""})


STORIES = {
    "two exchange, and a sibling before wants one": Story(
        ("1 S:A M:B L:C",), "1 S:C M:C L:B", "1 S:C M:- L:B", 1
    ),
    "two exchange, and a sibling between wants one": Story(
        ("1 S:A M:B L:C",), "1 S:C M:C L:A", "1 S:C M:B L:A", 1
    ),
    "two exchange, and a sibling after wants one": Story(
        ("1 S:A M:B L:C",), "1 S:B M:A L:B", "1 S:B M:A L:C", 1
    ),
    # The item of the time before has the old SKU, which the new variant gets.
    "tracked again with another SKU, and a sibling gets the old one": Story(
        ("1 S:OLD=1 | 2 S:B=2", "1 S:OLD | 2 S:B=2"), "1 S:NEW=50 X:OLD=70 | 2 S:B=2"
    ),
    "tracked again with another SKU, and another product gets the old one": Story(
        ("1 S:OLD=1 | 2 S:B=2", "1 S:OLD | 2 S:B=2"), "1 S:NEW=50 | 2 S:B=2 X:OLD=70"
    ),
    "new ones of which one does not get its SKU": Story((), "1 X | 2 Y=3 | 3 X=7", "1 X | 2 Y=3 | 3 -=7", 1),
    "a new one does not get the SKU of a stored one": Story(
        ("1 X",), "1 X | 2 Y=3 | 3 X=7", "1 X | 2 Y=3 | 3 -=7", 1
    ),
    "a freed barcode goes to the first in the source": Story(
        ("1 -/10 | 2 -/20",), "1 - | 3 -/10 | 2 -/10", "1 - | 3 -/10 | 2 -/20", 1
    ),
    "a variant that is replaced gives its SKU to a product, and that to another": Story(
        ("1 S:A/400 | 2 B | 3 C",), "1 X:NEW/4711 | 2 A | 3 B", options=DELETE
    ),
    "of a dropped variant, to its sibling, and another product wants it": Story(
        ("1 S:A M:B | 2 S:C",), "1 M:A | 2 S:A", "1 S:- M:A | 2 S:C", 1, owner="dummyjson:1 "
    ),
    "of a dropped variant, to its sibling, and a product before wants it": Story(
        ("1 S:A M:B | 2 S:C",), "2 S:A | 1 M:A", "2 S:A | 1 S:- M:B", 1, owner="dummyjson:2 "
    ),
    "a new variant wants that of another product": Story(
        ("1 S:A | 2 S:B",), "1 S:A X:B | 2 S:B", "1 S:A X:- | 2 S:B", 1, owner="dummyjson:2 "
    ),
    "a new variant wants that of a sibling": Story(
        ("1 S:A | 2 S:B",), "1 S:A X:A | 2 S:B", "1 S:A X:- | 2 S:B", 1, owner="another variant"
    ),
    "variants of a new product have the same barcode": Story(
        (), "1 S:A/400 M:B/400 L:C/400", "1 S:A/400 M:B L:C", 2
    ),
    "a variant of which the merchant changed the SKU keeps it from its sibling": Story(
        ("1 S:A M:B",),
        "1 S:A M:THEIRS",
        "1 S:THEIRS M:B",
        1,
        edit_sku(1, 0, "THEIRS"),
        "another variant of this product (",
    ),
    "the item of a variant of which the merchant changed the SKU keeps it from a sibling": Story(
        ("1 S:A=1 M:B=1",),
        "1 S:NEW=1 M:A=1",
        "1 S:THEIRS=1 M:A=1",
        0,
        edit_sku(1, 0, "THEIRS"),
        options={"on_conflict": "store"},
    ),
    "an item of a product of which the merchant changed the SKU keeps it from a new one": Story(
        ("1 SAME=3",), "1 SAME=3 | 2 SAME=5", "1 THEIRS=3 | 2 -=5", 1, edit_sku(1, 0, "THEIRS")
    ),
    "an item of a product of which the merchant changed the SKU leaves it to a stored one": Story(
        ("1 SAME=3 | 2 OLD=5", "1 SAME=3 | 2 SAME=5"),
        "1 SAME=3 | 2 SAME=5",
        "1 THEIRS=3 | 2 SAME=5",
        0,
        edit_sku(1, 0, "THEIRS"),
    ),
    "a dry run knows which items keep their SKUs": Story(
        ("1 A=1 | 2 B=2 | 3 C=3",),
        "1 A=1 | 2 A=2 | 3 C=3 | 4 B=4",
        "1 THEIRS=1 | 2 A=2 | 3 C=3 | 4 B=4",
        0,
        edit_sku(1, 0, "THEIRS"),
    ),
    "records are lost, and SKUs are exchanged": Story(("1 A=1 | 2 B=2",), "1 B=1 | 2 A=2", edit=lose_records),
    "one gives up its SKU, and has nothing else": Story(("1 SKU | 2 -",), "1 - | 2 SKU"),
    "stocked from now on, with the SKU of one that was stocked": Story(
        ("1 S:A=1 M:-",), "1 S:- M:A=1", leaves_an_item=True
    ),
    "stocked from now on, with the SKU of one that gets another": Story(("1 S:A=1 M:-",), "1 S:NEW=4 M:A=1"),
    "the first of two siblings gets what the second one exchanges": Story(
        ("1 S:- M:A | 2 S:B",), "1 S:B M:B | 2 S:A", "1 S:B M:- | 2 S:A", 1
    ),
}


@pytest.mark.usefixtures("routes")
@pytest.mark.parametrize("name", STORIES)
def test_who_gets_a_value(name: str) -> None:
    for batches in some(BATCHES, 1):
        tell(STORIES[name], batches)


def tell(story: Story, batches: Row) -> None:
    store = FakeMedusa()
    for each in story.before:
        assert sync(source_of(each), store).exit_code == 0
    story.edit(store)
    source, options = source_of(story.now), batches | dict(story.options)
    result = carried_out(source, store, **options)
    final = story.final or story.now
    assert result.exit_code == 0, list(result.problems)
    assert (stored(store), result.withheld) == (in_order(final), story.withheld)
    if "THEIRS" not in final:  # the item of such a variant keeps its SKU
        assert_items_follow(store)
    linked = {own for each in store.state.variants().values() for own in each.item_ids}
    assert (linked < {each.id for each in store.state.live_items()}) == story.leaves_an_item
    assert all(each.startswith(story.owner) for each in owners(result))
    assert not any("pending" in record_of(store, row["id"]) for row in source.rows)
    store.requests.clear()
    again = sync(source, store, **options)
    assert (again.exit_code, again.withheld, writes(store)) == (0, result.withheld, [])


# --- what happens beside it ----------------------------------------------------------------------------


def plain(number: int, sku: str | None = None, code: str | None = None, **fields: Any) -> Row:
    """A product with one variant."""
    row = {"id": number, "title": f"Product {number}", "price": 1, **fields}
    return row | ({"sku": sku} if sku else {}) | ({"meta": {"barcode": code}} if code else {})


def skus(store: FakeMedusa) -> dict[str, str | None]:
    return {own: each.variants[0].sku for own, each in store.products.items()}


@pytest.mark.parametrize("way", ["limit", "missing", "invalid"])
def test_a_value_arrives_that_was_given_up_in_a_run_that_did_not_get_to_the_product(way: str) -> None:
    """Its former owner waits for another value."""
    one, two, three = plain(1, "X", "10"), plain(2, "TWO", "20"), plain(3, "X", "30")
    store = FakeMedusa()
    assert sync(ListSource([one, two, three]), store).withheld == 1
    rows = [one | {"sku": "NEW", "meta": {"barcode": "20"}}, two, three]
    partly = {"limit": rows, "missing": rows[:2], "invalid": [*rows[:2], three | {"price": "none"}]}
    assert sync(ListSource(partly[way]), store, limit=2 if way == "limit" else None).withheld == 1
    assert carried_out(ListSource(rows), store).exit_code == 0
    assert skus(store)["dummyjson:3"] == "X"
    store.requests.clear()
    assert (sync(ListSource(rows), store).withheld, writes(store)) == (1, [])


@pytest.mark.parametrize("batch_size", [1, 15])
@pytest.mark.parametrize("has_handle", [True, False])
def test_a_product_with_a_new_id_replaces_the_one_that_is_removed(
    batch_size: int, *, has_handle: bool
) -> None:
    rows = [plain(1, "ONE"), plain(5, "SAME") | ({"handle": "same"} if has_handle else {})]
    store = synced(rows)
    handle = store.products["dummyjson:5"].handle
    source = ListSource([rows[0], rows[1] | {"id": 99}])
    result = carried_out(source, store, batch_size=batch_size, **DELETE)
    assert counts(result) == {"unchanged": 1, "created": 1, "removed": 1}
    assert skus(store) == {"dummyjson:1": "ONE", "dummyjson:99": "SAME"}
    assert store.products["dummyjson:99"].handle == handle
    assert_quiet(source, store, **DELETE)


def test_a_conflict_is_reported_although_the_values_of_siblings_are_cleared_first() -> None:
    row = shirt(1)
    store, variants = synced([row]), row["variants"][:3]
    edit_variant(store, 1, "SH1-S-R", sku="THEIRS")
    moved = [each["sku"] for each in variants]
    for each, sku in zip(variants, [*moved[1:], moved[0]], strict=True):
        each["sku"] = sku
    source = ListSource([row])
    [outcome] = carried_out(source, store).changes
    assert [(each.field, each.stored) for each in outcome.conflicts] == [("sku", "THEIRS")]
    assert_shirts([row], store)
    assert_quiet(source, store)


def test_products_that_are_adopted_exchange_barcodes() -> None:
    store = FakeMedusa()
    for title, code in (("Product 1", "10"), ("Product 2", "20")):
        create(store, title, variant={"barcode": code})
    source = ListSource([plain(1, code="20"), plain(2, code="10")])
    result = carried_out(source, store, adopt=True)
    assert (result.exit_code, result.withheld) == (0, 0)
    codes = {own: each.variants[0].barcode for own, each in store.products.items()}
    assert codes == {"dummyjson:1": "20", "dummyjson:2": "10"}
    assert_quiet(source, store)
