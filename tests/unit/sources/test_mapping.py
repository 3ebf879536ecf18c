"""Mapping a DummyJSON product."""

import unicodedata
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredVariant, Value
from medusa_sync.core.record import ONLY
from medusa_sync.sources.base import Rejected
from medusa_sync.sources.mapping import MappingOptions, to_desired
from medusa_sync.sources.schema import SourceProduct
from tests.harness.catalogue import products
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import SOURCE_PRODUCTS, all_fields, desired_product, mapped, row, source_product

WHOLE = row(
    7,
    title="Copper Jug",
    subtitle="For milk",
    originCountry="PT",
    hsCode="7418.10",
    midCode="PTCOP1LIS",
    material="Copper",
    description="Holds a litre.\n\nPours well.",
    category="kitchen",
    price=9.99,
    discountPercentage=5.5,
    rating=4.31,
    stock=12,
    tags=["jugs", "copper"],
    brand="Copperdell",
    sku="KIT-7",
    weight=3,
    dimensions={"width": 10.5, "height": 20, "depth": 30.25},
    type="Jugs",
    collection="Été & Co",
    warrantyInformation="None",
    shippingInformation="Today",
    availabilityStatus="In Stock",
    reviews=[{"rating": 5}, {"rating": 4}],
    returnPolicy="14 days",
    minimumOrderQuantity=2,
    meta={"barcode": "2001000000071"},
    images=["https://cdn.example/1.webp", "https://cdn.example/2.webp"],
    thumbnail="https://cdn.example/t.webp",
)
OPTIONAL = set(WHOLE) - {"id", "title", "price"}
WEB_URLS = ["https://cdn.example/a.webp", "http://cdn.example/a.webp", "HTTPS://cdn.example/%F0?a=1#b"]
OTHER_URLS = [
    *(
        "",
        " ",
        "a.webp",
        "/a.webp",
        "//cdn.example/a.webp",
        "javascript:alert(1)",
        "data:image/png;base64,AA==",
    ),
    *("file:///etc/passwd", "ftp://cdn.example/a.webp", "https://", "https:///a.webp", "https://[::1/a.webp"),
    "https://:443/a.webp",
]


def test_every_field_of_the_table_is_mapped() -> None:
    desired = mapped(msgspec.convert(WHOLE, SourceProduct))
    assert (desired.external_id, desired.source_id, desired.currency) == ("dummyjson:7", "7", "usd")
    assert desired.fields == {
        "title": "Copper Jug",
        "subtitle": "For milk",
        "origin_country": "PT",
        "hs_code": "7418.10",
        "type": "Jugs",
        "collection": "ete-co",
        "mid_code": "PTCOP1LIS",
        "material": "Copper",
        "description": "Holds a litre.\n\nPours well.",
        "thumbnail": "https://cdn.example/t.webp",
        "weight": 3,
        "length": 30.25,
        "height": 20,
        "width": 10.5,
        "categories": ("kitchen",),
        "tags": ("jugs", "copper"),
        "images": ("https://cdn.example/1.webp", "https://cdn.example/2.webp"),
        "metadata.brand": "Copperdell",
        "metadata.rating": 4.31,
        "metadata.review_count": 2,
        "metadata.discount_percentage": 5.5,
        "metadata.warranty_information": "None",
        "metadata.shipping_information": "Today",
        "metadata.return_policy": "14 days",
        "metadata.minimum_order_quantity": 2,
        "metadata.availability_status": "In Stock",
    }


def test_a_product_without_variants_has_one_without_a_name() -> None:
    desired = mapped(msgspec.convert(WHOLE, SourceProduct))
    assert desired.options == ()
    fields: dict[str, Value] = {"sku": "KIT-7", "barcode": "2001000000071", "price": 9.99, "stock": 12}
    assert desired.variants == (DesiredVariant(ONLY, "", fields),)


def test_absent_fields_are_empty() -> None:
    bare = {name: value for name, value in WHOLE.items() if name not in OPTIONAL}
    desired = mapped(msgspec.convert(bare, SourceProduct))
    fields = dict(desired.fields)
    assert fields.pop("title") == "Copper Jug"
    assert set(fields.values()) == {None, ()}
    assert [each.fields for each in desired.variants] == [{"price": 9.99}]
    assert (desired.handle, desired.status) == (None, None)


@pytest.mark.parametrize("nothing", [ABSENT, None])
@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_null_is_the_same_as_absent(name: str, nothing: Any) -> None:
    assert desired_product(7, **{name: nothing}) == desired_product(7, **{name: ABSENT})


@given(st.integers(0, 10**12))
def test_price_is_exact_to_the_cent(cents: int) -> None:
    written = str(Decimal(cents) / 100)
    delivered = msgspec.json.decode(f'{{"id":1,"title":"x","price":{written}}}', type=SourceProduct)
    sent = msgspec.json.encode(all_fields(mapped(delivered))["price"])
    assert Decimal(sent.decode()) == Decimal(written)


@pytest.mark.parametrize("name", ["price", "stock"])
def test_zero_is_a_value(name: str) -> None:
    assert desired_product(**{name: 0}).variants[0].fields[name] == 0


@pytest.mark.parametrize(("reviews", "count"), [([], 0), (None, None), ([{}, "odd", None], 3)])
def test_reviews_are_counted(reviews: Any, count: int | None) -> None:
    assert desired_product(reviews=reviews).fields["metadata.review_count"] == count


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


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        *(
            ("title", f"Copper{gap}Jug", "Copper Jug")
            for gap in ("\n", "\r\n", "\r", "\t", "\v", "\f", "\x85", "\u2028", " \x00 ")
        ),
        ("description", "a\r\nb", "a\nb"),
        ("description", "a\rb", "a\nb"),
        *(
            (name, blank, None)
            for name in ("description", "category", "brand", "sku", "warrantyInformation")
            for blank in ("", " ", "\x00")
        ),
    ],
)
def test_controls_are_removed_and_blank_text_is_the_same_as_none(
    name: str, given: str, meant: str | None
) -> None:
    assert desired_product(**{name: given}) == desired_product(**{name: meant})


@pytest.mark.parametrize("blank", [" ", "\x00", "\t\r\n", "\ud800"])
def test_title_without_visible_characters_is_rejected(blank: str) -> None:
    rejected = to_desired(source_product(title=blank), MappingOptions("dummyjson", "usd"))
    assert isinstance(rejected, Rejected)
    assert (rejected.external_id, rejected.source_id) == ("dummyjson:1", "1")
    assert rejected.reason.startswith("title: ")


@pytest.mark.parametrize("url", WEB_URLS)
def test_web_urls_are_kept(url: str) -> None:
    desired = desired_product(images=[url], thumbnail=url)
    assert (desired.fields["images"], desired.fields["thumbnail"]) == ((url,), url)


@pytest.mark.parametrize("url", OTHER_URLS)
def test_other_urls_are_left_out(url: str) -> None:
    assert desired_product(images=[url, WEB_URLS[0]]).fields["images"] == (WEB_URLS[0],)
    assert desired_product(images=[], thumbnail=url).fields["thumbnail"] is None


def test_first_image_replaces_a_missing_thumbnail() -> None:
    desired = desired_product(images=["a.webp", *WEB_URLS], thumbnail="a.webp")
    assert desired.fields["thumbnail"] == WEB_URLS[0]


@pytest.mark.parametrize(("name", "unit"), [("tags", "jug{}"), ("images", "https://cdn.example/{}")])
def test_sets_have_no_duplicates_and_keep_their_order(name: str, unit: str) -> None:
    values = [unit.format(number) for number in (3, 1, 3, 2, 1)]
    assert desired_product(**{name: values}).fields[name] == (values[0], values[1], values[3])


def test_source_name_and_currency_are_parameters() -> None:
    desired = to_desired(source_product(3), MappingOptions("toys", "eur"))
    assert not isinstance(desired, Rejected)
    assert (desired.external_id, desired.currency) == ("toys:3", "eur")
