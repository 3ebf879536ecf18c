import json
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from slugify import slugify

from tests.harness import catalogue

Product = dict[str, Any]

SHAPE: dict[str, type | tuple[type, ...]] = {
    "id": int,
    "title": str,
    "description": str,
    "category": str,
    "price": (int, float),
    "discountPercentage": (int, float),
    "rating": (int, float),
    "stock": int,
    "tags": list,
    "sku": str,
    "weight": int,
    "dimensions": dict,
    "warrantyInformation": str,
    "shippingInformation": str,
    "availabilityStatus": str,
    "reviews": list,
    "returnPolicy": str,
    "minimumOrderQuantity": int,
    "meta": dict,
    "images": list,
    "thumbnail": str,
}
SAMPLE = catalogue.whole_sample()
WITH_VARIANTS = [product for product in SAMPLE if "variants" in product]
GENERATED = catalogue.products(2000)
IN_VARIANTS = [catalogue.in_variants(product, 6) for product in GENERATED]

both = pytest.mark.parametrize("products", [SAMPLE, GENERATED], ids=["sample", "generated"])
both_in_variants = pytest.mark.parametrize(
    "products", [WITH_VARIANTS, IN_VARIANTS], ids=["sample", "generated"]
)


@both
def test_every_product_has_every_field_of_the_right_type(products: list[Product]) -> None:
    for product in products:
        assert product.keys() - {"brand", "options", "variants"} == SHAPE.keys()
        assert all(isinstance(product[name], kind) for name, kind in SHAPE.items())
        assert isinstance(product.get("brand", ""), str)


@both
def test_ids_start_at_one(products: list[Product]) -> None:
    assert [product["id"] for product in products] == list(range(1, len(products) + 1))


@both
def test_skus_and_barcodes_are_unique(products: list[Product]) -> None:
    pieces = [*products, *(variant for product in products for variant in product.get("variants", []))]
    assert len({piece["sku"] for piece in pieces}) == len(pieces)
    assert len(set(barcodes(products))) == len(pieces)


@both
def test_barcodes_have_valid_check_digits(products: list[Product]) -> None:
    for barcode in barcodes(products):
        digits = [int(digit) for digit in barcode]
        assert len(digits) == 13
        assert sum(digits[::2]) % 10 == -3 * sum(digits[1::2]) % 10


def barcodes(products: list[Product]) -> list[str]:
    """Those of products and of their variants."""
    of_variants = [variant["barcode"] for product in products for variant in product.get("variants", [])]
    return [product["meta"]["barcode"] for product in products] + of_variants


@both
def test_images_are_https_urls(products: list[Product]) -> None:
    for product in products:
        assert product["images"]
        for address in (*product["images"], product["thumbnail"], product["meta"]["qrCode"]):
            assert urlsplit(address)[:2] == ("https", "cdn.example.com")


@both
def test_reviewers_have_addresses_at_example_com(products: list[Product]) -> None:
    for product in products:
        for review in product["reviews"]:
            assert review["reviewerName"]
            assert review["reviewerEmail"].endswith("@example.com")


@both
def test_availability_follows_the_stock(products: list[Product]) -> None:
    for product in products:
        low = "Low Stock" if product["stock"] <= 5 else "In Stock"
        assert product["availabilityStatus"] == (low if product["stock"] else "Out of Stock")


@pytest.mark.parametrize(
    ("products", "categories"),
    [(SAMPLE, catalogue.sample_categories()), (GENERATED, catalogue.CATEGORIES)],
    ids=["sample", "generated"],
)
def test_every_category_has_products_and_every_product_a_category(
    products: list[Product], categories: list[dict[str, str]]
) -> None:
    assert all(category.keys() == {"slug", "name", "url"} for category in categories)
    assert {product["category"] for product in products} == {category["slug"] for category in categories}


@both_in_variants
def test_each_variant_has_every_field_and_a_value_for_each_option(products: list[Product]) -> None:
    fields = {"id", "sku", "barcode", "price", "stock", "options"}
    for product in products:
        for variant in product["variants"]:
            assert variant.keys() - {"weight", "compareAtPrice"} == fields
            assert [*variant["options"]] == product["options"]


@both_in_variants
def test_variants_of_a_product_have_different_ids_and_option_values(products: list[Product]) -> None:
    for product in products:
        variants = product["variants"]
        assert len({variant["id"] for variant in variants}) == len(variants)
        assert len({(*variant["options"].values(),) for variant in variants}) == len(variants)


@both_in_variants
def test_the_stock_of_a_product_is_that_of_its_variants(products: list[Product]) -> None:
    for product in products:
        assert product["stock"] == sum(variant["stock"] for variant in product["variants"])
        assert product["price"] == min(variant["price"] for variant in product["variants"])


def test_the_sample_has_60_products_without_variants_and_3_with_them_in_13_categories() -> None:
    assert len(SAMPLE) == 63
    assert SAMPLE[:60] == catalogue.sample()
    assert SAMPLE[60:] == WITH_VARIANTS
    assert len(catalogue.sample_categories()) == 13


def test_26_products_of_the_sample_have_no_brand() -> None:
    assert sum("brand" not in product for product in SAMPLE) == 26


def test_the_sample_has_products_with_one_and_with_two_options() -> None:
    assert [(product["options"], len(product["variants"])) for product in WITH_VARIANTS] == [
        (["Size", "Colour"], 8),
        (["Size"], 4),
        (["Weight"], 3),
    ]


def test_the_sample_has_a_variant_that_is_sold_out_and_one_on_sale() -> None:
    variants = [variant for product in WITH_VARIANTS for variant in product["variants"]]
    assert [variant["sku"] for variant in variants if variant["stock"] == 0] == ["CLO-FLA-062-M"]
    sales = [variant for variant in variants if "compareAtPrice" in variant]
    assert [variant["sku"] for variant in sales] == ["PAN-PLA-063-500"]
    assert all(variant["compareAtPrice"] > variant["price"] for variant in sales)


def test_the_sample_needs_no_currency_besides_that_of_dummyjson() -> None:
    assert not any("prices" in piece for product in SAMPLE for piece in product.get("variants", [product]))


@pytest.mark.parametrize("count", [1, 2, 6, 7, 2000])
def test_a_generated_product_has_as_many_variants_as_asked(count: int) -> None:
    assert len(catalogue.in_variants(GENERATED[0], count)["variants"]) == count


def test_the_sample_has_equal_titles_and_different_titles_with_the_same_slug() -> None:
    titles = Counter(product["title"] for product in SAMPLE)
    slugs = Counter(slugify(title) for title in titles)
    assert [title for title, times in titles.items() if times > 1] == ["Stoneware Dinner Plate"]
    assert [slug for slug, times in slugs.items() if times > 1] == ["cafe-creme-mug", "blue-black-scarf"]


@pytest.mark.parametrize("script", ["HIRAGANA", "KATAKANA", "CJK", "ARABIC", "CYRILLIC", "GREEK", "HANGUL"])
def test_the_sample_has_titles_in_many_scripts(script: str) -> None:
    assert any(
        unicodedata.name(letter, "").startswith(script) for product in SAMPLE for letter in product["title"]
    )


@pytest.mark.parametrize(
    "holds",
    [
        pytest.param(lambda product: not slugify(product["title"]), id="title without a slug"),
        pytest.param(lambda product: set("āīķļņū") & set(product["title"]), id="Latvian title"),
        pytest.param(lambda product: "🐢" in product["title"], id="emoji in a title"),
        pytest.param(lambda product: "[bold]" in product["title"], id="terminal markup in a title"),
        pytest.param(lambda product: "<b>" in product["description"], id="HTML in a description"),
        pytest.param(lambda product: "&amp;" in product["description"], id="HTML entity in a description"),
        pytest.param(lambda product: "\n" in product["description"], id="line break in a description"),
        pytest.param(lambda product: len(product["description"]) > 1000, id="long description"),
        pytest.param(lambda product: product["stock"] == 0, id="out of stock"),
        pytest.param(lambda product: 0 < product["stock"] <= 5, id="low stock"),
        pytest.param(lambda product: len(product["images"]) == 10, id="ten images"),
        pytest.param(lambda product: len(product["images"]) == 1, id="one image"),
        pytest.param(lambda product: product["price"] == 0.99, id="price below one"),
        pytest.param(lambda product: product["price"] > 10_000, id="price above ten thousand"),
        pytest.param(lambda product: isinstance(product["price"], int), id="price without decimals"),
        pytest.param(lambda product: not product["tags"], id="no tags"),
        pytest.param(lambda product: len(product["tags"]) == 1, id="one tag"),
        pytest.param(lambda product: not product["reviews"], id="no reviews"),
    ],
)
def test_the_sample_has_a_product_with(holds: Callable[[Product], object]) -> None:
    assert any(holds(product) for product in SAMPLE)


def test_a_product_depends_only_on_its_number_and_the_seed() -> None:
    assert catalogue.product(77) == GENERATED[76]
    assert catalogue.product(77, seed=2) != GENERATED[76]


def test_as_many_titles_share_a_slug_as_in_dummyjson() -> None:
    titles = [product["title"] for product in GENERATED[:194]]
    assert len(set(titles)) == 187
    assert len(set(map(slugify, titles))) == 180


def test_almost_half_of_the_generated_products_have_no_brand() -> None:
    without = sum("brand" not in product for product in GENERATED)
    assert without / len(GENERATED) == pytest.approx(0.47, abs=0.05)


def test_generated_products_have_one_to_three_of_120_tags_and_one_to_four_images() -> None:
    assert len({tag for product in GENERATED for tag in product["tags"]}) == 120
    assert {len(product["tags"]) for product in GENERATED} == {1, 2, 3}
    assert {len(product["images"]) for product in GENERATED} == {1, 2, 3, 4}


def test_generated_prices_have_two_decimals() -> None:
    assert all(product["price"] == round(product["price"], 2) for product in GENERATED)


def test_catalogues_of_two_seeds_share_no_sku_and_no_barcode() -> None:
    other = catalogue.products(100, seed=2)
    assert not {product["sku"] for product in other} & {product["sku"] for product in GENERATED}
    assert not {p["meta"]["barcode"] for p in other} & {p["meta"]["barcode"] for p in GENERATED}


def test_catalogues_survive_json() -> None:
    assert json.loads(json.dumps(GENERATED)) == GENERATED
