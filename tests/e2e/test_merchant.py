"""Edits of the merchant survive: each kind of edit, on each side, under each rule, on a real store."""

from typing import Any, NamedTuple

import pytest

from medusa_sync.core.fields import FIELDS as TABLE
from medusa_sync.core.fields import VARIANT_FIELDS
from medusa_sync.core.kinds.base import Merge
from medusa_sync.core.kinds.metadata import METADATA
from tests.harness.catalogue import product as generated
from tests.harness.command import medusa_sync
from tests.harness.dummyjson import DummyJson
from tests.harness.fault_proxy import FaultProxy, answered
from tests.tiers import sampled, times
from tests.world.exact import assert_quiet
from tests.world.shop import HAS_TRANSLATIONS, Shop
from tests.world.stored import Stored, stored_in
from tests.world.wanted import OTHER_PRICES, PRICES

TITLE_IN_GERMAN = "translation.de-DE.title"
OTHERS = ("merchant", "source", "both the same")


class Field(NamedTuple):
    """A field with its first value, the merchant's value, and the new value of the source."""

    name: str
    first: Any
    merchant: Any
    source: Any


VALUES: dict[str, tuple[Any, Any, Any]] = {
    "thumbnail": ("https://a.example/1.png", "https://m.example/m.png", "https://a.example/2.png"),
    "weight": (10, 20, 30),
    "length": (1.5, 2.5, 3.5),
    "height": (4.25, 5.25, 6.25),
    "width": (7, 8, 9),
    "sku": ("FIRST", "MERCHANT", "SOURCE"),
    "barcode": ("1000", "2000", "3000"),
    **dict.fromkeys(PRICES.values(), (9.99, 12.5, 8.75)),
    "collection": ("first-set", "merchants-set", "second-set"),
    "status": ("published", "draft", "proposed"),
    "shipping_profile": ("First", "Merchant's", "Source's"),
}
TEXTS = ("First text", "Merchant's text", "Source's new text")
SCALARS = (
    *(
        Field(name, *VALUES.get(name, TEXTS))
        for name, row in (
            *TABLE.items(),
            *((name, VARIANT_FIELDS[name]) for name in ("sku", "barcode", *PRICES.values())),
        )
        if row.kind.merge is Merge.REPLACE and not name.startswith(METADATA) and row.kind.initial is None
    ),
    *([Field(TITLE_IN_GERMAN, *TEXTS)] if HAS_TRANSLATIONS else []),
    Field("brand", *TEXTS),  # all keys of the metadata are merged alike
)
STOCK = (Field("stock", 10, 7, 25), Field("stock.Berlin", 11, 8, 26))
SETS = (
    Field("tags", ["a", "b"], ["b", "m"], ["a", "c"]),
    Field("sales_channels", *([[f"Channel {name}" for name in names] for names in ("ab", "bm", "ac")])),
    Field("images", *([f"https://i.example/{name}.png" for name in names] for names in ("ab", "bm", "ac"))),
)
CATEGORY = Field("category", "first-shelf", "merchants-shelf", "second-shelf")
FIELDS = (*SCALARS, *STOCK, *SETS, CATEGORY)


def situations(turn: int) -> list[str]:
    """Both sides are edited in each run; in a quick one, the other situations take turns."""
    others = [*OTHERS[turn % 3 :], *OTHERS[: turn % 3]]
    return ["both", *others[: times(3, quick=1)]]


# A product for each.
CELLS = [(field, situation) for turn, field in enumerate(FIELDS) for situation in situations(turn)]

# The stored members after a run. The merchant changed {a, b} to {b, m}, the source changed it to {a, c}.
MEMBERS = {"merchant": "bm", "source": "ac", "both": "mc", "both the same": "ac"}
SHELVES = {"merchant": {CATEGORY.merchant}, "source": {CATEGORY.source}}
SHELVES |= {"both": {CATEGORY.merchant, CATEGORY.source}, "both the same": {CATEGORY.source}}


def source_edit(field: Field, value: Any, number: int) -> dict[str, Any]:
    """A change of a source product, with the names of DummyJSON."""
    own = f"{value}-{number}"
    base = generated(number)
    match field.name:
        case "sku":
            return {"sku": own}
        case "barcode":
            return {"meta": {**base["meta"], "barcode": own}}
        case "length" | "height" | "width":
            key = {"length": "depth"}.get(field.name, field.name)
            return {"dimensions": {**base["dimensions"], key: value}}
        case "translation.de-DE.title":
            return {"translations": {"de-DE": {"title": value}}}
        case name if name in OTHER_PRICES:
            return {"prices": {name.removeprefix("price."): value}}
        case "stock.Berlin":
            return {"stock": {"Berlin": value}}
        case name:
            first, *others = name.split("_")
            return {first + "".join(map(str.title, others)): value}


def merchant_edit(shop: Shop, stored: dict[str, Any], field: Field, value: Any, number: int) -> None:
    """The same change as a merchant makes it in the admin."""
    variant = stored["variants"][0]
    match field.name:
        case name if name in PRICES.values():
            shop.set_price(stored, variant, value, name)
        case "sku" | "barcode":
            shop.edit_variant(stored, variant, **{field.name: f"{value}-{number}"})
        case "stock" | "stock.Berlin":
            shop.set_stock(variant, value, field.name)
        case "brand":
            shop.edit(stored, metadata={"brand": value})
        case "translation.de-DE.title":
            shop.translate(stored, "de-DE", title=value)
        case "sales_channels":
            shop.edit(stored, sales_channels=[{"id": shop.channel(name)} for name in value])
        case "shipping_profile":
            shop.edit(stored, shipping_profile_id=shop.profile(value))
        case "tags":
            shop.edit(stored, tags=[{"id": shop.tag(tag)} for tag in value])
        case "images":
            known = {image["url"]: {"id": image["id"]} for image in stored["images"]}
            shop.edit(stored, images=[{"url": url, **known.get(url, {})} for url in value])
        case "type":
            shop.edit(stored, type_id=shop.type(value))
        case "collection":
            shop.edit(stored, collection_id=shop.collection(value))
        case "category":
            shop.edit(stored, categories=[{"id": shop.category(value)}])
        case name:
            shop.edit(stored, **{name: value})


def value_of(stored: Stored, field: Field, number: int) -> Any:
    if field in STOCK or field.name in {"sku", "barcode", *PRICES.values()}:
        [variant] = stored.variants.values()
        value = variant.owned[field.name]
        return value.removesuffix(f"-{number}") if isinstance(value, str) else value
    name = {"category": "categories"}.get(field.name, field.name)
    value = {**stored.owned, **stored.others}[name]
    return set(value) if name in {"tags", "categories", "sales_channels"} else value


def expected(field: Field, winner: str, situation: str) -> Any:
    """The stored value after a run."""
    if field is CATEGORY:
        return SHELVES[situation]
    if field in SETS:
        letters = MEMBERS[situation]
        images = tuple(f"https://i.example/{letter}.png" for letter in letters)
        channels = {f"Channel {letter}" for letter in letters}
        return {"images": images, "sales_channels": channels}.get(field.name, set(letters))
    # Orders lower the stock, so a difference is not an edit.
    is_kept = situation == "both" and winner == "store" and field not in STOCK
    return field.merchant if situation == "merchant" or is_kept else field.source


ROWS = [
    {
        **generated(number),
        "title": f"Product {number}",
        "thumbnail": "https://a.example/thumb.png",
        **source_edit(field, field.first, number),
    }
    for number, (field, _) in enumerate(CELLS, start=1)
]


@pytest.mark.parametrize(
    ("winner", "has_bulk"), sampled([("source", True), ("store", True), ("source", False)], ("source", True))
)
def test_every_field_is_merged_by_the_rule_for_its_situation(
    winner: str, source: DummyJson, shop: Shop, proxy: FaultProxy, *, has_bulk: bool
) -> None:
    if not has_bulk:
        proxy.choose = lambda request: answered(404) if "/workflows-executions/" in request.path else None
    store = proxy.store(shop.store)
    shop.location("Berlin")
    for letter in "abcm":
        shop.channel(f"Channel {letter}")
    for name in VALUES["shipping_profile"]:
        shop.profile(name)
    assert medusa_sync("--source", source.url, store=store).exit_code == 0
    before = shop.by_external_id()
    for number, (field, situation) in enumerate(CELLS, start=1):
        stored = before[f"dummyjson:{number}"]
        if situation != "source":
            value = field.source if situation == "both the same" else field.merchant
            merchant_edit(shop, stored, field, value, number)
        if situation != "merchant":
            source.edit(number, **source_edit(field, field.source, number))
    edited = stored_in(shop)

    command = ("--source", source.url, "--on-conflict", winner, "--json")
    plan = medusa_sync(*command, "--dry-run", store=store)
    run = medusa_sync(*command, store=store)

    assert (plan.exit_code, run.exit_code) == (0, 0)
    assert plan.document["counts"] == run.document["counts"]
    after, wrong = stored_in(shop), {}
    for number, (field, situation) in enumerate(CELLS, start=1):
        key = f"dummyjson:{number}"
        got, want = value_of(after[key], field, number), expected(field, winner, situation)
        if got != want:
            wrong[field.name, situation] = (got, want)
        ids, were = after[key].identity, edited[key].identity
        if field.name == "sales_channels":
            del ids["sales channels"], were["sales channels"]
        if field.name in {"status", "shipping_profile"}:
            name = field.name.replace("_", " ")
            del ids[name], were[name]
        assert ids == were, (field.name, situation)
    assert wrong == {}

    conflicts = {(field.name, winner) for field in SCALARS}
    reported = [
        (entry["external_id"], conflict["field"].removeprefix("metadata."), conflict["kept"])
        for entry in run.document["changes"]
        for conflict in entry.get("conflicts", ())
    ]
    assert {(name, kept) for _, name, kept in reported} == conflicts
    assert run.document["counts"]["conflicts"] == len(reported) == len(conflicts)

    assert_quiet(medusa_sync(*command, store=store), len(CELLS))
