"""Products as the program of `--adjust` gives them back, whatever the format of their source is."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from docs.build import DOCS
from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import SettingsError
from medusa_sync.sources.base import Rejected, Row
from tests.catalogues import CATALOGUES, MAPS
from tests.pages import blocks
from tests.tiers import sampled
from tests.unit.sources.reading import Found, in_json, only, read, reading, reasons, variant_of

Product = Mapping[str, Any]
CUP: Product = {"id": 1, "title": "Cup", "price": 10}
RECIPES = [each.text for each in blocks(DOCS / "adjust.md") if each.language == "jq"]
NEEDED: list[tuple[str, Product, Product | None]] = [
    (
        "markup",
        {"type": "Cup", "price": 10, "prices": {"eur": 9.99}},
        {"price": 13.2, "prices": {"eur": 13.19}},
    ),
    ("prices", {"price": 10, "compareAtPrice": 12.5}, {"price": 9.99, "compareAtPrice": 12.99}),
    ("currency", {"variants": [{"sku": "A", "price": 19.99}]}, {"variants": [{"sku": "A", "price": 18.39}]}),
    ("stock", {"stock": {"Berlin": 1, "Paris": 40}}, {"stock": {"Berlin": 0, "Paris": 10}}),
    ("some", {"brand": "Acme"}, None),
    ("categories", {"type": "Cup"}, {"categories": [["Kitchen", "Cups"]]}),
    ("ids", {"variants": [{"sku": "A-1", "price": 10}]}, {"id": "A-1"}),
    (
        "texts",
        {"brand": "Acme", "tags": ["new"]},
        {"title": "Acme Cup", "description": "Shipped within two days.", "tags": ["new", "supplier-a"]},
    ),
    ("sale", {"price": 9.99}, {"salePrice": 7.99}),
    (
        "metafields",
        {"product.metafields.custom.fabric": "Linen"},
        {"metadata": {"product.metafields.custom.fabric": "Linen"}},
    ),
    ("images", {"images": ["/cup.jpg"]}, {"images": ["https://shop.example.com/cup.jpg"]}),
]
"""What each recipe of the page does to a product, in the order of the page; None if it leaves it out."""

SHOPIFY = """\
Handle,Title,Variant SKU,Variant Price,Fabric (product.metafields.custom.fabric),Cost per item,Care
cup,Cup,C,10.10,Linen,4,Wash
cup,,,,,5,
mug,Mug,M,0.2,,,
"""
WITH_METAFIELDS = '.metadata += (.unused | with_entries(select(.key | test("metafields"))))'
KEPT = ".metadata = .unused"


def adjusted(product: Product, program: str) -> list[Row]:
    return bare(read(json.dumps([{**CUP, **product}]), suffix=".json", adjust=program))


def bare(rows: list[Row]) -> list[Row]:
    """The products without the settings that they were read with."""
    return [structs.replace(each, settings={}) if isinstance(each, DesiredProduct) else each for each in rows]


def metadata_of(product: DesiredProduct) -> dict[str, Any]:
    return {
        name.removeprefix("metadata."): value
        for name, value in product.fields.items()
        if name.startswith("metadata.") and value is not None
    }


def test_there_are_as_many_recipes_as_what_they_do() -> None:
    assert len(RECIPES) == len(NEEDED)


@pytest.mark.parametrize(("index", "name"), [*enumerate(name for name, *_ in NEEDED)])
def test_a_recipe_of_the_page_does_what_it_says(index: int, name: str) -> None:
    _, before, after = NEEDED[index]
    kept = {**CUP, "id": 2, "title": "Kept", "brand": "Kiln & Clay"}
    text = json.dumps([{**CUP, **before}, *([] if after is not None else [kept])])
    rows = bare(read(text, suffix=".json", adjust=RECIPES[index]))
    wanted = kept if after is None else {**CUP, **({} if name == "metafields" else before), **after}
    assert rows == bare(in_json(wanted))


def test_all_recipes_together_are_one_program() -> None:
    program = "\n| ".join(RECIPES)
    [product] = adjusted({"brand": "Kiln & Clay", "sku": "C-1", "type": "Cup", "stock": 5}, program)
    assert isinstance(product, DesiredProduct)
    assert (product.source_id, product.title, variant_of(product)["stock"]) == ("C-1", "Kiln & Clay Cup", 3)


@pytest.mark.parametrize(
    "name",
    sampled(
        CATALOGUES,
        "shopify-tableware.csv",
        "magento.csv",
        "heureka.xml",
        "woocommerce.json",
        "german.csv",
        "google-unused.xml",
    ),
)
def test_a_program_that_changes_nothing_changes_nothing(name: str) -> None:
    path, map_ = CATALOGUES[name], MAPS.get(name)
    plain, found = reading(path, map_=map_), reading(path, map_=map_, adjust=".")
    assert (found.error, found.format, len(found.rows)) == (plain.error, plain.format, len(plain.rows))
    for one, other in zip(bare(plain.rows), bare(found.rows), strict=True):
        is_valid = isinstance(one, DesiredProduct) and isinstance(other, DesiredProduct)
        assert one == other if is_valid else isinstance(other, Rejected)


FORMS = {
    "shopify.csv": "Handle,Title,Variant Price\n1,Cup,10",
    "own.csv": "id,title,price\n1,Cup,10",
    "german.csv": "Artikelnummer;Bezeichnung;Preis\n1;Cup;10,00",
    "texts.json": '[{"id": 1, "name": "Cup", "price": "10.00"}]',
    "currency.json": '[{"id": 1, "title": "Cup", "price": "10 USD"}]',
    "lines.ndjson": '{"id": 1, "title": "Cup", "price": 10}\n',
    "feed.xml": '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>1</g:id><title>Cup</title>'
    "<g:price>10.00 USD</g:price></item></channel></rss>",
    "woocommerce.csv": "ID,Type,SKU,Name,Published,Regular price,Categories\n1,simple,1,Cup,1,10,",
}


@pytest.mark.parametrize("name", FORMS)
def test_a_price_is_a_number_in_each_format(name: str) -> None:
    product = only(FORMS[name], suffix=f".{name.partition('.')[2]}", adjust="amounts |= . * 3")
    assert (product.source_id, product.title, variant_of(product)["price"]) == ("1", "Cup", 30)


@given(st.decimals(0, 10**9, places=2))
def test_a_price_that_the_program_does_not_change_stays_exact(price: Decimal) -> None:
    [product] = adjusted({"price": float(price)}, '.tags = ["x"]')
    assert isinstance(product, DesiredProduct)
    assert variant_of(product)["price"] == float(price)


@pytest.mark.parametrize(
    ("program", "price"),
    [
        (".price = 0.1 + 0.2", 0.30000000000000004),
        (".price = (0.1 + 0.2 | round2)", 0.3),
        (".price = (1.005 | round2)", 1.01),
        (".price = (2.675 | round2)", 2.68),
        (".price = (1234567.885 | round2)", 1234567.89),
        (".price = (1.00499 | round2)", 1),
        (".price = (0 | round2)", 0),
    ],
)
def test_rounding_is_as_the_number_is_written(program: str, price: float) -> None:
    [product] = adjusted({}, program)
    assert isinstance(product, DesiredProduct)
    assert variant_of(product)["price"] == price


def test_a_product_may_become_several_and_two_with_one_id_are_told_apart_later() -> None:
    rows = adjusted({}, '(.id = "a"), (.id = "b" | .price = 3)')
    assert [each.source_id for each in rows] == ["a", "b"]


def adjusting(program: str, content: str = SHOPIFY, **how: Any) -> Found:
    return reading(content, adjust=program, **how)


def test_what_is_left_out_is_counted_with_its_reasons() -> None:
    found = adjusting('if .id == "cup" then left_out("no cups") else . end')
    assert found.ids == ["mug"]
    assert "the program of --adjust leaves out 1 of 2 products (no cups: 1)." in found.notes
    assert adjusting("select(.price)", "id,title,price\n1,A,1\n").notes == []


def test_a_program_that_leaves_all_out_ends_the_reading() -> None:
    found = adjusting("empty")
    assert (found.rows, found.error) == ([], "the program of --adjust leaves out all of 2 products")
    assert found.hint.startswith("Nothing was removed.")
    assert adjusting("empty", "id,title,price\n").error == ""


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("5", "id mug: the program gives '5', which is not a product"),
        ("null", "id mug: the program gives 'null', which is not a product"),
        (".nothing | keys", "id mug: the program: null (null) has no keys"),
        ('error("no")', "id mug: the program: no"),
        ("env", "id mug: the program: env is not available in a map"),
        ("del(.id)", "id is missing"),
        (".title = 5", "title: it is a whole number, not a text"),
        (
            "[range(200)] | reduce .[] as $_ (null; [.])",
            "id mug: the program: it has more than 100 objects and lists within one another",
        ),
    ],
)
def test_a_product_for_which_the_program_fails_is_rejected(program: str, reason: str) -> None:
    rows = read(SHOPIFY, adjust=f'if .id == "mug" then {program} else . end')
    [rejected] = [each for each in rows if isinstance(each, Rejected)]
    assert (len(rows), rejected.title, rejected.reason) == (2, rejected.title, reason)
    assert (rejected.source_id is None) is (program != ".title = 5")


def test_a_product_that_cannot_be_read_loses_its_id_because_it_could_have_become_any_other_one() -> None:
    [rejected, product] = read("id,title,price\n1,A,x\n2,B,3\n", adjust=".")
    assert isinstance(rejected, Rejected)
    assert (rejected.external_id, rejected.title) == (None, "A")
    assert rejected.reason == "id 1: line 2: price is 'x', which is not a number such as 1234.50"
    assert product.source_id == "2"
    assert reasons('[5, {"id": 1, "title": "A", "price": "x"}]', suffix=".json", adjust=".") == [
        "it is not an object",
        "id 1: price: 'x' is not a number such as 1234.50",
    ]


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        (".x +", "--adjust: the program is not a valid jq program: syntax error"),
        (
            "none.jq",
            "--adjust: none.jq cannot be read (No such file or directory); expected a file, or a jq program",
        ),
        ("shopify-json", "--adjust: the program is not a valid jq program: shopify/0 is not defined"),
        ("# group: .id\n.", "--adjust: a line `# group:` has no effect on products; use it in a map"),
        ("." + " " * 5_000 + "|", "--adjust: the program is not a valid jq program"),
    ],
)
def test_what_is_no_program_is_a_wrong_setting(program: str, problem: str) -> None:
    with pytest.raises(SettingsError) as error:
        adjusting(program)
    assert str(error.value).find(problem) >= 0


@pytest.mark.parametrize("name", ["a.jq", "a"])
def test_a_file_that_exists_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('.title = "From a file"', encoding="utf-8")
    assert adjusting(str(tmp_path / name)).titles == ["From a file"] * 2


# --- what was not used


def test_what_a_table_does_not_use_is_there_by_column() -> None:
    rows = read(SHOPIFY, adjust=KEPT)
    wanted = {"product.metafields.custom.fabric": "Linen", "Cost per item": "4", "Care": "Wash"}
    assert [metadata_of(each) for each in rows if isinstance(each, DesiredProduct)] == [wanted, {}]
    [product, _] = read(SHOPIFY, adjust=WITH_METAFIELDS)
    assert isinstance(product, DesiredProduct)
    assert metadata_of(product) == {"product.metafields.custom.fabric": "Linen"}


@pytest.mark.parametrize(
    ("suffix", "content", "program", "wanted"),
    [
        (".csv", "id,title,price,foo\n1,A,1,x\n", KEPT, {"foo": "x"}),
        (".json", '[{"id": 1, "name": "A", "price": "1", "foo": "x", "bar": null}]', KEPT, {"foo": "x"}),
        (
            ".json",
            '[{"id": 1, "title": "A", "price": 1, "variants": [{"sku": "a", "foo": 3}]}]',
            ".metadata = .variants[0].unused",
            {"foo": 3},
        ),
        (
            ".xml",
            FORMS["feed.xml"].replace("</item>", "<g:foo>x</g:foo><g:bar>m</g:bar></item>"),
            KEPT,
            {"foo": "x", "bar": "m"},
        ),
        (
            ".csv",
            "ID,Type,SKU,Name,Published,Regular price,Categories,Meta: x\n1,simple,A,A,1,10,,y\n",
            KEPT,
            {"Meta: x": "y"},
        ),
    ],
    ids=["CSV", "JSON", "a variant", "a feed", "a built-in map"],
)
def test_what_is_not_used_is_there(suffix: str, content: str, program: str, wanted: Product) -> None:
    assert metadata_of(only(content, suffix=suffix, adjust=program)) == wanted


def test_what_a_map_does_not_read_is_there_and_equal_parts_still_count_once(tmp_path: Path) -> None:
    map_ = tmp_path / "a.jq"
    map_.write_text("{id: .nr, title: .name, variants: [{sku: .code, price: .cost}]}", encoding="utf-8")
    row = {"nr": 1, "name": "A", "code": "a", "cost": 3}
    items = [{**row, "foo": "x"}, {**row, "foo": "y", "bar": 2}]
    product = only(json.dumps(items), suffix=".json", map_=str(map_), adjust=KEPT)
    assert (len(product.variants), metadata_of(product)) == (1, {"foo": "x", "bar": 2})
    map_.write_text("# group: .nr\n.[0] | {id: .nr, title: .name, price: .cost}", encoding="utf-8")
    product = only(json.dumps(items), suffix=".json", map_=str(map_), adjust=KEPT)
    assert metadata_of(product) == {"foo": "x", "code": "a", "bar": 2}


def test_a_note_names_the_line_that_keeps_metafields() -> None:
    found = reading(SHOPIFY)
    assert f"With --adjust, this line keeps metafields as metadata: {WITH_METAFIELDS}" in found.notes
    assert not [each for each in reading("id,title,price,foo\n1,A,1,x\n").notes if "metafields" in each]


def test_the_result_shows_a_product_before_and_after() -> None:
    found = adjusting('if .id == "cup" then amounts |= . * 2 | .tags += ["x"] else . end')
    changes = 'variants[0].price 10.1 -> 20.2, tags[0] none -> "x"'
    assert found.notes[-1] == f"the program of --adjust changes 1 product, such as 'Cup': {changes}."
    assert not [each for each in adjusting(".").notes if "changes" in each]
    found = adjusting('if .id == "cup" then .metadata = {} else . end')
    assert found.notes[-1] == "the program of --adjust changes 1 product, such as 'Cup': metadata none -> {}."


def test_a_product_of_which_no_variant_is_left_is_rejected() -> None:
    shirt = {"id": 1, "title": "Shirt", "price": 5, "options": ["Size"]}
    variants = [{"sku": size, "options": {"Size": size}, "stock": 0} for size in "SM"]
    source = json.dumps([shirt | {"variants": variants}])
    [row] = reading(source, suffix=".json", adjust=".variants |= map(select(.stock > 0))").rows
    assert isinstance(row, Rejected)
    assert row.reason == "variants: the list is empty, although the product has options"
