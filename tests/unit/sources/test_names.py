"""JSON as people have it: fields with other names, and objects in place of values."""

import csv
import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Item, Rejected, Unchecked, checked
from medusa_sync.sources.delivery import MappingOptions, deliver, with_names
from medusa_sync.sources.dialects.own import OWN
from medusa_sync.sources.schema import FIELDS, Amount, Count, SourceProduct, SourceVariant
from tests.unit.sources.reading import cases, in_json, read, reading

CDN = "https://cdn.example"
MUG = {"id": 1, "title": "Mug", "price": 9}
SHAPES: list[tuple[dict[str, Any], dict[str, Any]]] = [  # theirs and ours
    (
        {"id": 1, "title": "Mug", "price": 9, "article": "M-1", "image": f"{CDN}/1.jpg"},
        {"images": [f"{CDN}/1.jpg"]},
    ),
    (
        {"_id": {"$oid": "61b5f048"}, "name": "Mug", "price": 9, "type": "cups", "orders": [{"$oid": "1"}]},
        {"id": "61b5f048", "type": "cups"},
    ),
    (
        {"_id": "1", "name": "Mug", "image": f"{CDN}/1.jpg", "brand": "Fjord", "category": "cups"}
        | {"description": "Blue", "price": 9, "countInStock": 7, "rating": 4.5, "numReviews": 10},
        {"images": [f"{CDN}/1.jpg"], "brand": "Fjord", "category": "cups", "description": "Blue"}
        | {"stock": 7, "rating": 4.5},
    ),
    (
        {"id": "1", "name": "Mug", "price": 9, "originalPrice": 12, "discount": 25, "reviews": 6750}
        | {"image": f"{CDN}/1.jpg", "images": [f"{CDN}/1.jpg", f"{CDN}/2.jpg"], "inStock": True},
        {"compareAtPrice": 12, "images": [f"{CDN}/1.jpg", f"{CDN}/2.jpg"]},
    ),
    ({"id": 1, "productName": "Mug", "maxAmount": 100, "taxRate": 19, "price": 9}, {}),
    (
        {"id": 1, "name": "Mug", "price": 9, "category": "Cups & Glasses", "brand": "Fjord"},
        {"category": "Cups & Glasses", "brand": "Fjord"},
    ),
    (
        {"id": 1, "title": "Mug", "price": 9, "discount": 5, "img": f"{CDN}/1.jpg", "descr": "Blue"},
        {"images": [f"{CDN}/1.jpg"], "description": "Blue"},
    ),
    (
        {"id": 1, "title": "Mug", "slug": "blue-mug", "price": 9, "images": [f"{CDN}/1.jpg"]}
        | {"category": {"id": 3, "name": "Cups", "slug": "all-cups", "image": f"{CDN}/c.jpg"}},
        {
            "handle": "blue-mug",
            "images": [f"{CDN}/1.jpg"],
            "categories": [{"name": "Cups", "handle": "all-cups"}],
        },
    ),
    (
        {"id": "1", "name": "Mug", "price": {"amount": 9, "currency": "USD"}, "brand": {"name": "Fjord"}}
        | {"images": [{"url": f"{CDN}/1.jpg", "alt": "Blue"}, {"url": f"{CDN}/2.jpg"}]},
        {"brand": "Fjord", "images": [f"{CDN}/1.jpg", f"{CDN}/2.jpg"]},
    ),
    (
        {"id": 1, "title": "Mug", "price": 9, "images": {"front": f"{CDN}/1.jpg", "back": f"{CDN}/2.jpg"}},
        {"images": [f"{CDN}/1.jpg", f"{CDN}/2.jpg"]},
    ),
    (
        {"product_id": 1, "product_name": "Mug", "unit_price": "9.00", "units_in_stock": 3}
        | {"category_name": "Cups", "image_url": f"{CDN}/1.jpg", "upc": 4006381333931},
        {"stock": 3, "category": "Cups", "images": [f"{CDN}/1.jpg"], "meta": {"barcode": "4006381333931"}},
    ),
    (
        {
            "id": 1,
            "name": "Mug",
            "price": 12,
            "sale_price": 9,
            "quantity": 3,
            "images": [{"src": f"{CDN}/1"}],
        },
        {"compareAtPrice": 12, "stock": 3, "images": [f"{CDN}/1"]},
    ),
    (
        {
            "id": 1,
            "name": "Mug",
            "price": "9.00",
            "mrp": "12.00",
            "tags": "blue, new",
            "thumb": f"{CDN}/t.jpg",
        },
        {"compareAtPrice": 12, "tags": ["blue", "new"], "thumbnail": f"{CDN}/t.jpg"},
    ),
    (
        {"id": 1, "title": "Mug", "stock_quantity": 4, "price": 9, "sku": 77, "categories": "Home > Cups"},
        {"stock": 4, "sku": "77", "categories": [["Home", "Cups"]]},
    ),
    (
        {"id": 1, "title": "Mug", "price": 9, "categories": [{"id": 7, "name": "Cups"}], "vendor": "Fjord"}
        | {"tags": [{"id": 1, "name": "blue"}], "dimensions": {"length": 3, "width": 2}},
        {
            "categories": [["Cups"]],
            "brand": "Fjord",
            "tags": ["blue"],
            "dimensions": {"depth": 3, "width": 2},
        },
    ),
    (
        {"id": "1", "name": "Mug", "img": "/m.jpg"}
        | {
            "variants": [
                {"id": "a", "label": "25 pieces", "price": 3},
                {"id": "b", "label": "50", "price": 6},
            ]
        },
        {"options": ["Title"], "price": None}
        | {
            "variants": [
                {"id": "a", "title": "25 pieces", "price": 3, "options": {"Title": "25 pieces"}},
                {"id": "b", "title": "50", "price": 6, "options": {"Title": "50"}},
            ]
        },
    ),
    (
        {"id": 1, "name": "Mug", "options": [{"name": "Size", "values": ["S"]}]}
        | {
            "variants": [
                {"sku": 5, "compare_at_price": 12, "price": 9, "ean": "1", "qty": 2, "options": {"Size": "S"}}
            ]
        }
        | {"price": 9},
        {"options": ["Size"]}
        | {"variants": [{"sku": "5", "price": 9, "compareAtPrice": 12, "barcode": "1", "stock": 2}]}
        | {},
    ),
]
SHAPES[-1][1]["variants"][0] |= {"options": {"Size": "S"}, "ean": "1"}


@pytest.mark.parametrize(("theirs", "ours"), SHAPES, ids=[", ".join(each)[:70] for each, _ in SHAPES])
@pytest.mark.parametrize("name", ["", "products", "items"])
def test_common_shapes_are_read(theirs: dict[str, Any], ours: dict[str, Any], name: str) -> None:
    content = json.dumps({name: [theirs]} if name else [theirs])
    rows = read(content, suffix=".json")
    assert not isinstance(rows[0], Rejected), rows
    assert rows == in_json({**MUG, **ours})


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        ({"name": "Mug", "price": 9}, "id is missing"),
        ({"id": 1, "name": "Mug", "image": f"{CDN}/1.jpg"}, "price is missing"),
        ({"id": 1, "name": "Mug", "price": "Rs. 500 / pair"}, "price: 'Rs. 500 / pair' is not a number"),
    ],
)
def test_what_is_missing_or_not_clear_is_said(theirs: dict[str, Any], reason: str) -> None:
    [rejected] = read(json.dumps([theirs]), suffix=".json")
    assert isinstance(rejected, Rejected)
    assert rejected.reason.startswith(reason)


@cases("""
{"title": "Mug", "name": "Cup"} => {}
{"title": null, "name": "Mug", "product_name": "Cup"} => {}
{"description": "Blue", "desc": "Red"} => {"description": "Blue"}
{"stock": 0, "quantity": 5} => {"stock": 0}
{"images": ["https://a/1"], "image": "https://a/2", "img": "https://a/3"} => {"images": ["https://a/1", "https://a/2"]}
{"picture": "https://a/1", "photo": "https://a/2"} => {"images": ["https://a/1", "https://a/2"]}
{"meta": {"barcode": "1"}, "ean": "2"} => {"meta": {"barcode": "1"}}
{"price_eur": 8} => {"prices": {"eur": 8}}
{"price_eur": 8, "price.eur.Europe": 7} => {"prices": {"eur": 8, "eur.Europe": 7}}
{"prices": [{"amount": 8, "currency_code": "eur"}]} => {"prices": {"eur": 8}}
# A currency is that of the price, if it is known.
{"currency": "EUR"} => {"price": null, "prices": {"eur": 9}}
{"currency_code": "USD"} => {}
{"currency": "€"} => {}
{"currency": "EUR", "prices": {"sek": 90}} => {"price": null, "prices": {"eur": 9, "sek": 90}}
{"currency": "EUR", "variants": [{"sku": "A", "price": 5}]} =>
 {"price": null, "variants": [{"sku": "A", "prices": {"eur": 5}}]}
# A sale price is the price, if it is one.
{"sale_price": 0} => {}
{"sale_price": null} => {}
{"sale_price": 10} => {}
{"sale_price": 5} => {"price": 5, "compareAtPrice": 9}
{"sale_price": 5, "compare_at_price": 12} => {"price": 5, "compareAtPrice": 12}
{"salePrice": 5, "variants": [{"price": 8}]} => {"variants": [{"price": 8}]}
{"salePrice": 5, "variants": [{"sku": "a"}]} => {"price": 5, "compareAtPrice": 9, "variants": [{"sku": "a"}]}
""")
def test_the_best_name_counts(rows: list[str], expected: str) -> None:
    assert in_json(MUG | json.loads(rows[0])) == in_json(MUG | json.loads(expected))


def test_a_price_with_a_currency_is_in_that_currency() -> None:
    theirs = MUG | {"price": {"value": 9, "currency": "EUR"}}
    assert in_json(theirs) == in_json(MUG | {"price": None, "prices": {"eur": 9}})


NAMES = [*FIELDS, *(name for each in OWN.columns for name in (*each.names, *each.also) if "{" not in name)]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "9", "a, b", "EUR", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*NAMES, "url", "value", "amount", "currency", "$oid", "usd"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6))
@example({"price": {"value": 9, "currency": "eur"}, "prices": [{"amount": 1}, 2, {"currency": {"a": "b"}}]})
def test_any_value_of_any_name_is_read_or_rejects_its_product(product: dict[str, Any]) -> None:
    row = checked(deliver(Item(MUG | product), MappingOptions("shop", "usd")))
    assert isinstance(row, DesiredProduct | Rejected)


def test_products_whose_fields_were_not_read_before_are_checked_again_after_an_upgrade() -> None:
    def digest(row: dict[str, Any]) -> tuple[str, str]:
        options = MappingOptions("shop", "usd")
        older = deliver(Item(row), options)
        newer = deliver(Item(row), with_names(options, Item(row)))
        assert isinstance(older, Unchecked)
        assert isinstance(newer, Unchecked)
        return older.digest, newer.digest

    assert len({*digest(MUG)}) == 1
    assert len({*digest(MUG | {"link": "https://a", "colour": "blue"})}) == 1
    assert len({*digest(MUG | {"image": "https://a"})}) == 2
    assert len({*digest(MUG | {"farbe": "blau", "kod": "1"})}) == 1
    assert len({digest(MUG | {"name": "Mug", **more})[1] for more in ({}, {"Beschreibung": "B"})}) == 2


@pytest.mark.parametrize(
    "newer", [{"status": "draft"}, {"backorders_allowed": True}, {"allow_backorder": 1}], ids=str
)
def test_fields_that_1_0_0_ignored_are_checked_after_an_upgrade_under_each_name(
    newer: dict[str, Any],
) -> None:
    row = MUG | {"image": "https://a", **newer}  # has another name, which 1.0.0 put in the key of the digest
    delivered = deliver(Item(row), with_names(MappingOptions("shop", "usd"), Item(row)))
    assert isinstance(delivered, Unchecked)
    former = blake2b(bytes(Item(row).body), digest_size=8, key=b"2 usd False names")
    assert delivered.digest != former.hexdigest()


_TEXTS: dict[Any, tuple[str, Any]] = {
    bool | None: ("Yes", True),
    **dict.fromkeys((Amount | None, Count | None), ("7", 7)),
}
_SOLD: Any = {"price": 6, "salePrice": 5, "compareAtPrice": 6.5}
FLAGS_AND_NUMBERS = [
    (row, each.encode_name, *_TEXTS[each.type])
    for kind, row in (
        (SourceProduct, MUG | _SOLD),
        (SourceVariant, _SOLD | {"options": {"Size": "S"}}),
    )
    for each in msgspec.structs.fields(kind)
    if each.type in _TEXTS and each.encode_name != "deleted"
]


@pytest.mark.parametrize(("row", "name", "text", "value"), FLAGS_AND_NUMBERS)
def test_each_flag_or_number_may_be_a_text(row: dict[str, Any], name: str, text: str, value: object) -> None:
    def becomes(**given: object) -> Any:
        return in_json(row | given if "id" in row else MUG | {"variants": [row | given]})

    assert becomes(**{name: text}) == becomes(**{name: value}) != becomes()


# --- other languages ------------------------------------------------------------------------------------

_TABLE = Path(__file__).with_name("languages.csv").read_text(encoding="utf-8").splitlines()
(_, *GOODS), *_NAMES = csv.reader(_TABLE)
LANGUAGES = {language: names for language, *names in _NAMES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_other_languages_are_read_in_tables_and_json(language: str) -> None:
    values = ("Mug", "9.5", "3", "M-1", "Blue", "Cups", f"{CDN}/1.jpg", "Fjord", "4006381333931")
    ours = in_json({"id": "1", "meta": {"barcode": values[-1]}} | dict(zip(GOODS[:-1], values, strict=False)))
    theirs = {"id": "1", **dict(zip(LANGUAGES[language], values, strict=True))}
    assert in_json(theirs) == ours
    assert read(f"{','.join(theirs)}\n{','.join(theirs.values())}\n") == ours


def test_a_name_that_may_mean_several_things_is_said() -> None:
    found = reading("id,Nazwa,Cena,Kod\n1,Kubek,9,K-1\n")
    assert (found.titles, found.overlooked) == (["Kubek"], "Not used: 'Kod' (sku or barcode?).")


def test_the_name_in_english_counts_before_that_in_another_language() -> None:
    [row] = read("id,Bezeichnung,title,price,Preis\n1,Tasse,Mug,9,8\n")
    assert isinstance(row, DesiredProduct)
    assert (row.fields["title"], row.variants[0].fields["price"]) == ("Mug", 9)


# --- what is not used ------------------------------------------------------------------------------------

PATHS = (
    "Images that are paths, such as '/1.jpg', need a URL: set --adjust to "
    '`under("https://shop.example.com")`, with the address of the shop.'
)
IMAGES = {"image": "/1.jpg", "thumbnail": "/1.jpg", "images": ["https://a/2", "ftp://a/3"]}


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ({}, ""),
        ({"colour": "blue", "size": None, "link": "https://a", "updated_at": 3}, "Not used: 'colour'."),
        (
            {"price": 0, **IMAGES},
            f"Not used: images that are no http(s) URLs: 2. {PATHS} Prices that are 0: 1.",
        ),
        (
            {"name": "Cup", "a\nb": 1, **IMAGES},
            f"Not used: 'name', 'a\\nb'. Not used: images that are no http(s) URLs: 2. {PATHS}",
        ),
        (
            {"variants": [{"sku": "a", "price": 0, "fit": "S"}]},
            "Not used: 'variants[].fit'. Prices that are 0: 1.",
        ),
        (
            {f"field {number}": 1 for number in range(12)},
            "Not used: " + ", ".join(f"'field {number}'" for number in range(10)) + " and 2 more.",
        ),
    ],
)
def test_fields_that_are_not_used_are_named(product: dict[str, Any], expected: str) -> None:
    assert reading(json.dumps([MUG, MUG | {"id": 2} | product]), suffix=".json").overlooked == expected


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        ("id,title,price,Is active\n1,Mug,9,No\n2,Jug,9,yes\n", ".csv"),
        (json.dumps([MUG | {"enabled": False}, MUG | {"id": 2, "enabled": True}]), ".json"),
    ],
)
def test_a_field_that_may_hide_products_has_a_program_that_does(content: str, suffix: str) -> None:
    [note] = [each for each in reading(content, suffix=suffix).notes if "is hidden" in each]
    found = read(content, suffix=suffix, adjust=note.partition("`")[2].rpartition("`")[0])
    assert [each.status for each in found if isinstance(each, DesiredProduct)] == ["draft", None]


def test_a_field_beside_a_status_hides_nothing() -> None:
    rows = [MUG | {"active": False, "status": "draft"}]
    assert reading(json.dumps(rows), suffix=".json").overlooked == "Not used: 'active'."


@pytest.mark.parametrize("others", [{}, {"rating": {"rate": 4}, "image": f"{CDN}/1.jpg"}])
def test_names_that_differ_in_each_product_do_not_fill_the_memory(others: dict[str, Any]) -> None:
    """Also if a map that comes with the tool reads the products."""
    products = [{**MUG, **others, "id": number, f"field {number}": 1} for number in range(1_200)]
    assert reading(json.dumps(products), suffix=".json").overlooked.endswith(" and 990 more.")


@pytest.mark.parametrize(
    ("product", "always", "with_option"),
    [
        ({"salePrice": 5}, True, True),
        ({"variants": [{"sku": "a", "prices": {"eur": 9}, "salePrice": 5}]}, True, True),
        ({"compareAtPrice": 12}, False, True),
        ({"discountPercentage": 10}, False, True),
        ({"compareAtPrice": 9, "discountPercentage": 0}, False, False),
        ({"salePrice": 9}, False, False),
        ({"salePrice": 0}, False, False),
        ({"salePrice": 5, "prices": {"usd": 8, "eur": 9}}, False, False),
    ],
)
def test_sale_prices_that_are_not_in_the_currency_are_counted(
    product: dict[str, Any], *, always: bool, with_option: bool
) -> None:
    rows = json.dumps([MUG, {**MUG, "id": 2, "price": None, "prices": {"eur": 9}, **product}])
    for sale_prices, expected in ((False, always), (True, with_option)):
        mapping = MappingOptions("shop", "usd", sale_prices=sale_prices)
        found = reading(rows, suffix=".json", mapping=mapping).overlooked
        assert found.startswith("Sale prices that are not in usd, and so not synced: 1 product.") is expected
        assert ("--currency" in found) is expected


def test_a_map_gets_each_of_two_columns_with_the_same_name() -> None:
    found = reading("handleId,fieldType,name,price,price\nmug,Product,Mug,9,8\n")
    [row] = found.rows
    assert not isinstance(row, Rejected)
    assert (row.variants[0].fields["price"], found.overlooked) == (9, "Not used: 'price (2)'.")


@pytest.mark.parametrize("header", ["id,title,price,url", "Handle,Title,Variant Price,SEO Title"])
def test_columns_that_have_a_value_and_are_not_used_are_named(header: str) -> None:
    """Those that are known, but not synced, with the number of their values. A column may have no name."""
    found = reading(f"{header},colour,season,,\n1,Mug,9,a,blue,,1,\n2,Jug,9,a,,,,\n")
    ignored = header.rpartition(",")[2]
    assert found.titles == ["Mug", "Jug"]
    assert found.overlooked == f"Not used: 'colour', 'column 7'. Known, but not synced: '{ignored}' (2)."


def test_a_table_of_another_program_is_not_ours_because_it_has_a_name_and_a_price() -> None:
    header = "id,active,barcode,standard_cost,color,name,weight,price,margin,shelf,default_code,type"
    found = reading(f"{header}\n" + ",".join("1" for _ in header.split(",")) + "\n")
    assert found.rows == []
    assert found.error.startswith(
        "it may be a table of another program: most columns mean nothing in medusa-sync CSV"
    )
    assert found.hint.endswith('begin with {id: ."id", title: ."name", price: ."price"}.')
