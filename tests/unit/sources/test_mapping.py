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

from medusa_sync.core.kinds.links import CATEGORIES
from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Rejected
from medusa_sync.sources.delivery import MappingOptions
from medusa_sync.sources.schema import SourceProduct
from tests.harness.catalogue import products
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import SOURCE_PRODUCTS, all_fields, desired_product, mapped, row
from tests.unit.sources.reading import MAPPING, cases, cells, read

TEXTS = cells(  # fields with a text of one line
    "subtitle=subtitle; type=type; material=material; sku=sku; brand=metadata.brand; midCode=mid_code; "
    "hsCode=hs_code; originCountry=origin_country; warrantyInformation=metadata.warranty_information; "
    "shippingInformation=metadata.shipping_information; returnPolicy=metadata.return_policy; "
    "availabilityStatus=metadata.availability_status"
)
NUMBERS = cells(
    "weight=weight; stock=stock; rating=metadata.rating; discountPercentage=metadata.discount_percentage; "
    "minimumOrderQuantity=metadata.minimum_order_quantity"
)
OTHERS = cells(
    "description=; category=; tags=; dimensions=; collection=; reviews=; meta=; images=; thumbnail="
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


WEB = "https://cdn.example/a.webp"


def test_texts_and_numbers_are_mapped() -> None:
    fields = all_fields(only(row(1, **{name: f"The {name}" for name in TEXTS})))
    assert {field: f"The {name}" for name, field in TEXTS.items()}.items() <= fields.items()
    for number in (3, 0):
        assert (
            dict.fromkeys(NUMBERS.values(), number).items()
            <= all_fields(only(row(1, **dict.fromkeys(NUMBERS, number)))).items()
        )


@cases(r"""
{"price": 0} => {"price": 0}
{"dimensions": {"width": 10.5, "height": 2, "depth": 30.25}} => {"width": 10.5, "height": 2, "length": 30.25}
{"dimensions": {"width": 10.5, "length": 30.25}} => {"width": 10.5, "length": 30.25}
{"dimensions": {"length": "30.25", "depth": null}} => {"length": 30.25}
{"dimensions": {"length": 7, "depth": "30.25"}} => {"length": 30.25}
{"dimensions": {"length": 7, "depth": 0}} => {"length": 0}
{"collection": "Été & Co"} => {"collection": "ete-co"}
{"category": "kitchen"} => {"categories": ["kitchen"]}
{"meta": {"barcode": "2001000000071", "qrCode": 7}} => {"barcode": "2001000000071"}
{"meta": {"barcode": 2001000000071, "qrCode": 7}} => {"barcode": "2001000000071"}
# Only the number of reviews is kept.
{"reviews": []} => {"metadata.review_count": 0}
{"reviews": [{}, "odd", null]} => {"metadata.review_count": 3}
# Lists have no duplicates, and keep their order.
{"tags": ["c", "a", "c", "b"]} => {"tags": ["c", "a", "b"]}
{"images": ["https://a/3", "https://a/1", "https://a/3"]} => {"images": ["https://a/3", "https://a/1"]}
# Without a thumbnail, it is the first image.
{"images": ["a.webp", "https://a/1"], "thumbnail": "a.webp"} => {"thumbnail": "https://a/1"}
# Of keys that are the same on one line, the last one with a value counts.
{"metadata": {"care": "cold", " care": null}} => {"metadata.care": "cold"}
# Texts have no control characters, and only descriptions have several lines.
{"title": "Copper\r\nJug"} => {"title": "Copper Jug"}
{"title": "\tCopper \u0000 Jug \ud83c"} => {"title": "Copper Jug"}
{"title": "Copper\u000bJug"} => {"title": "Copper Jug"}
{"title": "Copper\u0085Jug"} => {"title": "Copper Jug"}
{"title": "Copper\u2028Jug"} => {"title": "Copper Jug"}
{"description": "a\r\nb"} => {"description": "a\nb"}
{"description": "a\rb\u0000"} => {"description": "a\nb"}
# A value that cannot be misunderstood is read, and a field that is not needed is no reason to reject.
{"price": " 3 ", "stock": "4", "weight": "0.5\n"} => {"price": 3, "stock": 4, "weight": 0.5}
{"stock": 4, "variants": [{"price": 1}]} => {"stock": 4}
{"stock": {"Berlin": 4, " St. Pauli ": 0}} => {"stock.Berlin": 4, "stock.St. Pauli": 0}
{"stock": {"Berlin": "4"}, "variants": [{"price": 1}]} => {"stock.Berlin": 4}
{"stock": {"Berlin": 4}, "variants": [{"price": 1, "stock": 2}]} => {"stock": 2}
{"stock.Berlin": "4", "stock.Paris": 1} => {"stock.Berlin": 4, "stock.Paris": 1}
{"stock": 4, "variants": [{"price": 1, "stock": 0}]} => {"stock": 0}
{"prices": {"eur": " 8.10"}, "compareAtPrice": ""} => {"price.eur": 8.1}
{"prices": {"eur.Europe": " 17 ", "EUR.10+": 16, "eur.Europe.010-099": 15, "eur.1-9": 19, "eur.0+": 20}} =>
 {"price.eur.Europe": 17, "price.eur.10+": 16, "price.eur.Europe.10-99": 15, "price.eur.1-9": 19,
 "price.eur": 20}
{"prices": [{"currency": "eur", "amount": 17, "region": " St.  Barts"}, {"currency": "EUR", "amount": 16,
 "minQuantity": 10}, {"currency": "eur", "amount": 15, "region": "Europe", "maxQuantity": 9}]} =>
 {"price.eur.St. Barts": 17, "price.eur.10+": 16, "price.eur.Europe.1-9": 15, "price.eur": null}
{"prices": [{"currency_code": "eur", "amount": "16", "min_quantity": 10, "max_quantity": null, "more": 1}]} =>
 {"price.eur.10+": 16}
{"minimumOrderQuantity": " 3 "} => {"metadata.minimum_order_quantity": 3}
{"dimensions": {"width": "2"}, "rating": "4.5"} => {"width": 2, "metadata.rating": 4.5}
{"rating": {"rate": 3.9}, "reviews": {}, "returnPolicy": 7, "meta": "none"} => {"metadata.rating": null}
{"unknown": {"a": 1}} => {"unknown": null}
""")
def test_fields_are_mapped(rows: list[str], expected: str) -> None:
    product = only(row(1, **BARE | json.loads(rows[0])), MappingOptions("toys", "usd"))
    assert (product.external_id, product.source_id, product.currency) == ("toys:1", "1", "usd")
    fields = {name: all_fields(product).get(name) for name in json.loads(expected)}
    assert json.loads(json.dumps(fields)) == json.loads(expected)


def test_only_web_urls_are_images() -> None:
    for url in (WEB, "http://cdn.example/a.webp", "HTTPS://cdn.example/%F0?a=1#b"):
        fields = desired_product(images=[url], thumbnail=url).fields
        assert (fields["images"], fields["thumbnail"]) == ((url,), url)
    for url in [
        *("", " ", "a.webp", "/a.webp", "//cdn.example/a.webp", "https://", "https:///a", "https://[::1/a"),
        *("javascript:alert(1)", "file:///etc/passwd", "ftp://cdn.example/a", "https://:443/a"),
    ]:
        assert desired_product(images=[url, WEB], thumbnail=url).fields["images"] == (WEB,), url


def test_spaces_around_an_id_are_not_part_of_it() -> None:
    assert only(row(2, id=" 2\n")).source_id == "2"


def test_a_status_may_be_written_in_capitals() -> None:
    assert only(row(1, status=" Draft ")).status == "draft"


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


def test_texts_that_are_not_fields_can_be_encoded_too() -> None:
    desired = only(row(2, handle="a\ud800", status="b\ud800"))
    assert (desired.handle, desired.unknown_status) == ("a", "b")
    assert only(row(2, status="\x00")).unknown_status == r"'\x00'"


# --- rejected products ----------------------------------------------------------------------------------

NAN = float("nan")
BROKEN: dict[str, list[Any]] = {  # values of a field that reject a product
    "id": [ABSENT, None, "", " ", "2  3", "2\x00", "x" * 201, 2.5, True, -2, 2**60],
    "title": [ABSENT, None, "", 7, "x" * 501, " ", "\x00", "\t\r\n", "\ud800"],
    "price": [ABSENT, None, " ", "-1", -0.01, NAN, float("inf"), 10**13, True, int("9" * 4000)],
    "metadata": [{"a": NAN}, {"a": float("-inf")}],
    "description": ["x" * 50_001],
    "category": [7],
    "brand": [["a"]],
    "sku": ["x" * 256],
    "stock": [-1, 1.5, "1.5"],
    "tags": [{"a": 1}, ["a", None], ["a"] * 251],
    "images": [[7], ["https://cdn.example/" + "x" * 2048]],
    "thumbnail": [{}],
    "weight": [-1],
    "dimensions": [[1, 2, 3], {"width": "5 cm"}],
    "discountPercentage": ["5%"],
    "meta": [{"barcode": ["4006381333931"]}],
    "categories": [
        *([["x" * 199] * 5 + ["Polos"]], [["x"] * 21], [["x"]] * 51, [["x" * 256]], [[1]], ["A > B"], 7)
    ],
}


@pytest.mark.parametrize(("name", "values"), BROKEN.items())
def test_a_broken_value_rejects_its_product_alone(name: str, values: list[Any]) -> None:
    for value in values:
        rejected = only(row(2, **{name: value}))
        assert isinstance(rejected, Rejected), value
        assert rejected.reason.startswith(name) or rejected.reason.endswith(f"field {name}")


@cases(r"""
{"price": "12.50 or so"} => price: '12.50 or so' is not a number such as 1234.50
{"price": "\u0967"} => price: '१' is not a number such as 1234.50
{"stock": "many"} => stock: 'many' is not a number such as 1234.50
{"price": -1} => price: it is below 0
{"stock": {}} => stock: it names no stock location
{"stock": {"Berlin": 4, "Berlin ": 5}} => stock: two quantities at 'Berlin'
{"stock": {"Berlin": "many"}} => stock.Berlin: 'many' is not a number such as 1234.50
{"stock": 3000000000} => stock: it is above 2147483647
{"stock": "12345678901234567890"} => stock: it is above 2147483647
{"price": "12345678901234567890"} => price: it is above 1000000000000
{"title": ""} => title: it is empty
{"variants": [{"id": 1, "price": -2.5}]} => variant 1: price: it is below 0
{"options": ["Size", "Size"], "variants": [{"id": 1, "price": 1, "options": {"Size": "S"}}]} =>
 options: two have the same name, or one has none
{"options": ["Size"], "variants": [{"id": 1, "price": 1, "options": {"Size": "S", "Colour": "Red"}}]} =>
 variant S: 'Colour' is not an option of the product
{"options": ["Size"], "variants": [{"id": 1, "price": 1, "options": {}}]} =>
 variant 1: it has no value for the option 'Size'
{"prices": {"florin": 1}} => prices: 'florin' is not a currency code
{"prices": {"EUR": 1, "eur": 2}} => prices: two in eur, 1 and 2
{"prices": {"usd": 1}, "price": 2} => prices: 1 usd, but price is 2
{"prices": {"eur.10+": 1, "eur.010+": 2}} => prices: two in eur.10+, 1 and 2
{"prices": {"eur.Europe.10-9": 1}} => prices: the quantities of eur.Europe.10-9 are in the wrong order
{"prices": [{"currency": "eur", "amount": 1, "region": "Zone.10+"}]} =>
 prices: the name of the region 'Zone.10+' ends like quantities; use its id
""")
def test_a_product_is_rejected_with_the_reason(rows: list[str], expected: str) -> None:
    assert only(row(2, **json.loads(rows[0]))).reason == expected


@pytest.mark.parametrize(
    ("changes", "external_id", "title"),
    [
        ({"title": "Jug", "price": -1}, "shop:2", "Jug"),
        ({"title": 7}, "shop:2", ""),
        ({"title": "\ud800"}, "shop:2", ""),
        ({"title": "Jug", "id": "2  3"}, None, "Jug"),
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


@cases("""
{"category": "kitchen", "categories": [["Home", "Sale"], ["Garden", "Sale"], ["Home", "Sale"], ["Home"]]} =>
 {"kitchen": null, "home-sale": ["Home", "Sale"], "garden-sale": ["Garden", "Sale"], "home": ["Home"]}
{"category": "garden-tools", "categories": [["Garden Tools"]]} => {"garden-tools": ["Garden Tools"]}
# A path of one category may be the name alone.
{"categories": ["Garden Tools", ["Home", "Sale"], " "]} =>
 {"garden-tools": ["Garden Tools"], "home-sale": ["Home", "Sale"]}
# A category may have the name of the one above it.
{"categories": [["Toys", "Toys"]]} => {"toys-toys": ["Toys", "Toys"]}
# Of two paths with the same handle, the first one counts.
{"categories": [["Home & Garden"], ["Home", "Garden"]]} => {"home-garden": ["Home & Garden"]}
# A name without letters or digits is left out.
{"categories": [["Home", "&", "Sale"], ["★", "Home"], [" "], []]} => {"home-sale": ["Home", "Sale"], "home":
 ["Home"]}
{"categories": [["  Wine \\n Bar\\u0000s "]]} => {"wine-bars": ["Wine Bars"]}
{"categories": [["Одежда"]]} => {"odezhda": ["Одежда"]}
# A category may have a handle of its own.
{"categories": [["Apparel", {"name": "Shirts", "handle": "all-shirts"}, "Polos"], {"name": "服", "handle":
 "Clothes!"}]}
 => {"all-shirts-polos": ["Apparel", "Shirts", "Polos"], "clothes": ["服"]}
{"categories": [["Home", {"name": "Sale"}]]} => {"home-sale": ["Home", "Sale"]}
""")
def test_a_product_is_in_the_last_category_of_each_path(rows: list[str], expected: str) -> None:
    desired = only(row(1, **{"category": None} | json.loads(rows[0])))

    def path(handle: str | None) -> list[str]:
        known = desired.categories.get(handle)
        return [*path(known.parent), known.name] if known else []

    found = {handle: path(handle) or None for handle in desired.fields[CATEGORIES]}
    assert found == json.loads(expected)


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
