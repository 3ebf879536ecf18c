"""What a product of our own format becomes, and for which values it is rejected, alone."""

import json
import string
import unicodedata
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.fields import CATEGORIES
from medusa_sync.core.product import Category, DesiredProduct
from medusa_sync.sources.base import Rejected
from medusa_sync.sources.mapping import MappingOptions
from medusa_sync.sources.schema import SourceProduct
from tests.harness.catalogue import products
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import SOURCE_PRODUCTS, all_fields, desired_product, mapped, row
from tests.unit.sources.reading import MAPPING, read

URL = "https://cdn.example/{}.webp"
TEXTS = {  # fields with a text of one line
    "subtitle": "subtitle",
    "originCountry": "origin_country",
    "hsCode": "hs_code",
    "midCode": "mid_code",
    "material": "material",
    "type": "type",
    "brand": "metadata.brand",
    "warrantyInformation": "metadata.warranty_information",
    "shippingInformation": "metadata.shipping_information",
    "returnPolicy": "metadata.return_policy",
    "availabilityStatus": "metadata.availability_status",
    "sku": "sku",
}
NUMBERS = {
    "weight": "weight",
    "rating": "metadata.rating",
    "discountPercentage": "metadata.discount_percentage",
    "minimumOrderQuantity": "metadata.minimum_order_quantity",
    "stock": "stock",
}
OTHERS = (
    "description",
    "category",
    "tags",
    "dimensions",
    "collection",
    "reviews",
    "meta",
    "images",
    "thumbnail",
)
BARE = dict.fromkeys([*TEXTS, *NUMBERS, *OTHERS], ABSENT)


def only(value: Any, mapping: MappingOptions = MAPPING) -> Any:
    """What a product in a file becomes, or why it is rejected."""
    before, found, after = read(json.dumps([row(101), value, row(103)]), suffix=".json", mapping=mapping)
    assert isinstance(before, DesiredProduct)
    assert isinstance(after, DesiredProduct)
    return found


# --- fields ---------------------------------------------------------------------------------------------


def test_absent_fields_are_empty_and_null_is_the_same() -> None:
    bare = desired_product(7, **BARE)
    fields = dict(bare.fields)
    assert fields.pop("title") == products(7)[6]["title"]
    assert set(fields.values()) == {None, ()}
    assert [each.fields for each in bare.variants] == [{"price": products(7)[6]["price"]}]
    assert (bare.options, bare.handle, bare.status) == ((), None, None)
    assert desired_product(7, **dict.fromkeys(BARE)) == bare
    blank = {**dict.fromkeys(TEXTS, " \x00"), "description": "\x00", "category": "", "collection": " "}
    assert desired_product(7, **BARE | blank) == bare


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({name: f"The {name}" for name in TEXTS}, {field: f"The {name}" for name, field in TEXTS.items()}),
        (dict.fromkeys(NUMBERS, 3), dict.fromkeys(NUMBERS.values(), 3)),
        (dict.fromkeys(NUMBERS, 0), dict.fromkeys(NUMBERS.values(), 0)),
        ({"price": 0}, {"price": 0}),
        (
            {"dimensions": {"width": 10.5, "height": 20, "depth": 30.25}},
            {"width": 10.5, "height": 20, "length": 30.25},
        ),
        ({"collection": "Été & Co"}, {"collection": "ete-co"}),
        ({"category": "kitchen"}, {"categories": ("kitchen",)}),
        ({"meta": {"barcode": "2001000000071", "qrCode": 7}}, {"barcode": "2001000000071"}),
        # Only the number of reviews is kept.
        ({"reviews": []}, {"metadata.review_count": 0}),
        ({"reviews": [{}, "odd", None]}, {"metadata.review_count": 3}),
        # Lists have no duplicates, and keep their order.
        ({"tags": ["c", "a", "c", "b"]}, {"tags": ("c", "a", "b")}),
        ({"images": [URL.format(n) for n in (3, 1, 3)]}, {"images": (URL.format(3), URL.format(1))}),
        # Without a thumbnail, it is the first image.
        ({"images": ["a.webp", URL.format(1)], "thumbnail": "a.webp"}, {"thumbnail": URL.format(1)}),
        *(
            ({"images": [url], "thumbnail": url}, {"images": (url,), "thumbnail": url})
            for url in (URL.format("a"), "http://cdn.example/a.webp", "HTTPS://cdn.example/%F0?a=1#b")
        ),
        *(
            ({"images": [url, URL.format("a")], "thumbnail": url}, {"images": (URL.format("a"),)})
            for url in (
                *(
                    "",
                    " ",
                    "a.webp",
                    "/a.webp",
                    "//cdn.example/a.webp",
                    "javascript:alert(1)",
                    "file:///etc/passwd",
                ),
                *(
                    "ftp://cdn.example/a.webp",
                    "https://",
                    "https:///a.webp",
                    "https://[::1/a.webp",
                    "https://:443/a",
                ),
            )
        ),
        # Texts have no control characters, and only descriptions have several lines.
        *(
            ({"title": f"Copper{gap}Jug"}, {"title": "Copper Jug"})
            for gap in ("\n", "\r\n", "\t", "\v", "\f", "\x85", "\u2028", " \x00 ", " \ud83c")
        ),
        *(({"description": text}, {"description": "a\nb"}) for text in ("a\r\nb", "a\rb", "a\nb\x00")),
        # A value that cannot be misunderstood is read, and a field that is not needed is no reason to reject.
        ({"price": " 3 ", "stock": "4", "weight": "0.5\n"}, {"price": 3, "stock": 4, "weight": 0.5}),
        ({"prices": {"eur": " 8.10"}, "compareAtPrice": ""}, {"price.eur": 8.1}),
        ({"dimensions": {"width": "2"}, "rating": "4.5"}, {"width": 2, "metadata.rating": 4.5}),
        (
            {"rating": {"rate": 3.9}, "reviews": {}, "returnPolicy": 7, "meta": "none"},
            {"metadata.rating": None},
        ),
        ({"unknown": {"a": 1}}, {"unknown": None}),
    ],
)
def test_every_field_is_mapped(given: dict[str, Any], expected: dict[str, Any]) -> None:
    product = only(row(1, **BARE | given), MappingOptions("toys", "usd"))
    assert (product.external_id, product.source_id, product.currency) == ("toys:1", "1", "usd")
    fields = all_fields(product)
    assert {name: fields.get(name) for name in expected} == expected


def test_a_status_may_be_written_in_capitals() -> None:
    assert only(row(1, status=" Draft ")).status == "draft"


@pytest.mark.parametrize("source_id", ["a:b", "a,b", "007", "Größe 5", "null", "-2"])
def test_an_id_may_be_any_text(source_id: str) -> None:
    assert only(row(1, id=source_id)).external_id == f"shop:{source_id}"


@given(st.integers(0, 10**12))
def test_price_is_exact_to_the_cent(cents: int) -> None:
    written = str(Decimal(cents) / 100)
    delivered = msgspec.json.decode(f'{{"id":1,"title":"x","price":{written}}}', type=SourceProduct)
    assert Decimal(msgspec.json.encode(all_fields(mapped(delivered))["price"]).decode()) == Decimal(written)


def test_reviewers_are_not_named() -> None:
    for product in products(100):
        desired = repr(mapped(msgspec.convert(product, SourceProduct)))
        for review in product["reviews"]:
            assert review["reviewerName"] not in desired
            assert review["reviewerEmail"] not in desired


@given(SOURCE_PRODUCTS)
def test_every_text_can_be_stored_and_only_descriptions_have_several_lines(product: SourceProduct) -> None:
    for name, value in all_fields(mapped(product)).items():
        for text in value if isinstance(value, tuple) else [value]:
            if isinstance(text, str):
                text.encode()
                assert text.strip() == text != ""
                allowed = "\n\t" if name == "description" else "\t"
                assert not any(unicodedata.category(c) == "Cc" for c in text if c not in allowed)


# --- rejected products ----------------------------------------------------------------------------------

NAN = float("nan")
BROKEN: dict[str, list[Any]] = {  # values of a field that reject a product
    "id": [ABSENT, None, "", " 2", "2\n", "x" * 201, 2.5, True, -2, 2**60],
    "title": [ABSENT, None, "", 7, "x" * 501, " ", "\x00", "\t\r\n", "\ud800"],
    "price": [ABSENT, None, " ", "-1", -0.01, NAN, float("inf"), 10**13, True, int("9" * 4000)],
    "metadata": [{"a": NAN}, {"a": float("-inf")}],
    "description": ["x" * 50_001],
    "category": [7],
    "brand": [["a"]],
    "sku": ["x" * 256],
    "stock": [-1, 1.5, "1.5"],
    "tags": ["a,b", ["a", None], ["a"] * 251],
    "images": [[7], ["https://cdn.example/" + "x" * 2048]],
    "thumbnail": [{}],
    "weight": [-1],
    "dimensions": [[1, 2, 3], {"width": "5 cm"}],
    "discountPercentage": ["5%"],
    "meta": [{"barcode": 4006381333931}],
}
NUMBER = "is not a number such as 1234.50"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        *((row(2, **{name: value}), name) for name, values in BROKEN.items() for value in values),
        *((row(2, price=t), f"price: '{t}' {NUMBER}") for t in ("12,50", "1.234,56", "12.50 or so", "१")),
        (row(2, stock="many"), f"stock: 'many' {NUMBER}"),
        (row(2, prices={"euro": 1}), "prices: 'euro' is not a currency code"),
        (row(2, prices={"EUR": 1, "eur": 2}), "prices: two in eur, 1 and 2"),
        (row(2, prices={"usd": 1}), "prices: 1 usd, but price is"),
        ({}, "Object missing required field id"),
        # Paths of categories beyond the limits.
        (row(2, categories=[["x" * 199] * 5 + ["Polos"]]), "categories: the path to 'Polos' is too long"),
        *((row(2, categories=paths), "categories") for paths in ([["x"] * 21], [["x"]] * 51, [["x" * 256]])),
        *((row(2, categories=paths), "categories") for paths in ([[1]], ["A > B"], "A > B")),
    ],
    ids=lambda each: each if isinstance(each, str) and len(each) < 40 else "",
)
def test_a_broken_product_is_rejected_alone(broken: Any, reason: str) -> None:
    rejected = only(broken)
    assert isinstance(rejected, Rejected)
    assert rejected.reason.startswith(reason) or rejected.reason.endswith(f"field {reason}")


@pytest.mark.parametrize(
    ("changes", "external_id", "title"),
    [
        ({"title": "Jug", "price": -1}, "shop:2", "Jug"),
        ({"title": 7}, "shop:2", ""),
        ({"title": "\ud800"}, "shop:2", ""),
        ({"title": "Jug", "id": " 2"}, None, "Jug"),
        ({"title": "Jug", "id": True}, None, "Jug"),
        ({"title": "x" * 501}, "shop:2", "x" * 200),
    ],
)
def test_a_rejected_product_has_its_id_and_title_if_they_are_usable(
    changes: dict[str, Any], external_id: str | None, title: str
) -> None:
    rejected = only(row(2, **changes))
    assert isinstance(rejected, Rejected)
    assert (rejected.external_id, rejected.title) == (external_id, title)


# --- paths of categories --------------------------------------------------------------------------------

HOME = {"home": Category("Home"), "home-sale": Category("Sale", "home")}
SHIRTS = {"name": "Shirts", "handle": "all-shirts"}


@pytest.mark.parametrize(
    ("category", "paths", "leaves", "categories"),
    [
        (
            "kitchen",
            [["Home", "Sale"], ["Garden", "Sale"], ["Home", "Sale"], ["Home"]],
            ("kitchen", "home-sale", "garden-sale", "home"),
            {**HOME, "garden": Category("Garden"), "garden-sale": Category("Sale", "garden")},
        ),
        ("garden-tools", [["Garden Tools"]], ("garden-tools",), {"garden-tools": Category("Garden Tools")}),
        # A category may have the name of the one above it.
        (
            None,
            [["Toys", "Toys"]],
            ("toys-toys",),
            {"toys": Category("Toys"), "toys-toys": Category("Toys", "toys")},
        ),
        # Of two paths with the same handle, the first one counts.
        (
            None,
            [["Home & Garden"], ["Home", "Garden"]],
            ("home-garden",),
            {"home-garden": Category("Home & Garden"), "home": Category("Home")},
        ),
        # A name without letters or digits is left out.
        *(
            (None, [["Home", nothing, "Sale"], [nothing, "Home"], [nothing], []], ("home-sale", "home"), HOME)
            for nothing in (" \n", "&", "★")
        ),
        (None, [["  Wine \n Bar\x00s "]], ("wine-bars",), {"wine-bars": Category("Wine Bars")}),
        (None, [["Одежда"]], ("odezhda",), {"odezhda": Category("Одежда")}),
        # A category may have a handle of its own.
        (
            None,
            [["Apparel", SHIRTS, "Polos"], {"name": "服", "handle": "Clothes!"}, SHIRTS],
            ("all-shirts-polos", "clothes", "all-shirts"),
            {
                "apparel": Category("Apparel"),
                "all-shirts": Category("Shirts", "apparel"),
                "all-shirts-polos": Category("Polos", "all-shirts"),
                "clothes": Category("服"),
            },
        ),
        (None, [["Home", {"name": "Sale"}]], ("home-sale",), HOME),
    ],
)
def test_a_product_is_in_the_last_category_of_each_path(
    category: str | None, paths: Any, leaves: tuple[str, ...], categories: dict[str, Category]
) -> None:
    desired = only(row(1, category=category, categories=paths))
    assert (desired.fields[CATEGORIES], desired.categories) == (leaves, categories)


NAMES = st.text(string.ascii_letters + string.digits + " &-é★", max_size=8)


@given(st.lists(st.lists(NAMES, max_size=5), max_size=5))
def test_every_category_has_its_ancestors_and_a_longer_handle(paths: list[list[str]]) -> None:
    desired = desired_product(category=None, categories=paths)
    leaves = desired.fields[CATEGORIES]
    assert isinstance(leaves, tuple)
    assert desired.categories.keys() >= set(leaves)
    assert len(leaves) == len(set(leaves))
    for handle, category in desired.categories.items():
        assert category.parent is None or category.parent in desired.categories
        assert handle.startswith(f"{category.parent}-" if category.parent else "")
        assert category.name
