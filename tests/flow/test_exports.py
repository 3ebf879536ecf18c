"""Exports of other programs, in their documented shapes, and what a store has after a sync."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, structs

from tests.flow.stage import SOURCE_NAME, counts, writes
from tests.flow.stage import sync_url as sync
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Variant

CATALOGUES = Path(__file__).parents[1] / "catalogues"


def product(store: FakeMedusa, source_id: str) -> Any:
    return store.products[f"{SOURCE_NAME}:{source_id}"]


def prices(store: FakeMedusa, source_id: str) -> dict[str, float]:
    return {each.title: each.prices[0].amount for each in product(store, source_id).variants}


def stock_of(store: FakeMedusa, variant: Variant) -> float | None:
    """The stock of a variant, or of those that share it; None if it is not tracked."""
    if not variant.manage_inventory:
        return None
    [item_id] = variant.item_ids
    [level] = store.state.items[item_id].levels
    return level.stocked_quantity


def categories(store: FakeMedusa, source_id: str) -> list[str]:
    """The last two names of each path."""
    known = store.state.categories
    found = [known[own] for own in product(store, source_id).category_ids]
    above = [f"{known[each.parent_category_id].name} > " if each.parent_category_id else "" for each in found]
    return sorted(f"{path}{each.name}" for path, each in zip(above, found, strict=True))


# --- Magento --------------------------------------------------------------------------------------------


def magento(*changes: tuple[str, str], rows: slice = slice(None)) -> str:
    text = (CATALOGUES / "magento.csv").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    header, *lines = text.splitlines()
    return "\n".join([header, *lines[rows], ""])


def test_a_configurable_product_of_magento_gets_its_variations(store: FakeMedusa) -> None:
    """They are scattered, and the first one comes before it."""
    file = CATALOGUES / "magento.csv"
    result = sync(str(file), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 3}), [*result.problems]
    assert result.source_format == "CSV (magento)"
    # Two rows of a store view, and a bundle.
    assert any("3 items of the source give no product" in note for note in result.notes)
    assert not any("looks like" in note for note in result.notes)
    shirt = product(store, "SHIRT")
    assert prices(store, "SHIRT") == {"S / Red": 15, "M / Red": 21}  # L is disabled
    assert prices(store, "MUG") == {"Default": 9.5}  # its special price has an end
    assert [option.title for option in shirt.options] == ["Size", "Color"]
    assert (store.level_of("SHIRT-S-RED"), store.level_of("SHIRT-M-RED")) == (3, 0)
    assert (shirt.title, shirt.handle, shirt.metadata["material"]) == ("Shirt", "shirt", "Cotton")
    assert categories(store, "SHIRT") == ["Clothing > Shirts"]
    mug = product(store, "MUG")
    assert categories(store, "MUG") == ["Kitchen", "Kitchen > Mugs, large"]
    assert (mug.title, mug.description, len(mug.images)) == ("Mug & Saucer", "<p>Stoneware</p>", 2)
    assert (mug.metadata["brand"], mug.metadata["features"]) == ("Elm", "Handle, big")
    assert (mug.variants[0].barcode, store.level_of("MUG")) == ("4006381333948", 0)
    voucher = product(store, "VOUCHER")
    assert (voucher.status, voucher.variants[0].manage_inventory) == ("draft", False)
    again = sync(str(file), store)
    assert (counts(again), writes(store)) == ({"unchanged": 3}, [])


def test_a_variation_of_magento_that_is_missing_rejects_its_product(
    tmp_path: Path, store: FakeMedusa
) -> None:
    file = tmp_path / "catalog_product.csv"
    file.write_text(magento(rows=slice(0, 7)), encoding="utf-8")
    result = sync(str(file), store)
    assert counts(result) == {"created": 2, "rejected": 1}
    [problem] = result.problems
    assert problem.reason == "magento: its variation SHIRT-M-RED is not in the file"


def test_products_of_magento_may_share_a_variation(tmp_path: Path, store: FakeMedusa) -> None:
    """The SKU of the second one is withheld."""
    extra = 'OUTFIT,,Top,configurable,,base,Outfit,,,,1,"Catalog, Search",,,,,outfit,,,,1,1,1,,'
    file = tmp_path / "catalog_product.csv"
    file.write_text(f'{magento()}{extra}"sku=SHIRT-M-RED,size=M",size=Size\n', encoding="utf-8")
    result = sync(str(file), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), [*result.problems]
    assert (prices(store, "SHIRT"), prices(store, "OUTFIT")) == ({"S / Red": 15, "M / Red": 21}, {"M": 21})


# --- exports with a map that has nothing special ---------------------------------------------------------


class Shop(Struct, frozen=True):
    """What the store has after a sync of a file in `tests/catalogues/`."""

    prices: dict[str, dict[str, float]]  # by product and variant
    stock: dict[str, int | None]  # by SKU
    categories: dict[str, list[str]]
    images: dict[str, int]
    drafts: set[str] = set()
    rejected: dict[str, str] = {}  # the start of the reason
    notes: str = ""  # a part of them
    more: dict[str, Any] = {}  # metadata of the first product
    how: dict[str, Any] = {}


ONE = "Default"
ODOO = Shop(
    {
        "__export__.product_template_1": {ONE: 9.5},
        "__export__.product_template_2": {"S / Red": 20, "M / Red": 20},
        "__export__.product_template_4": {ONE: 12},
    },
    {"MUG": 4, "JUG": 0},
    {"__export__.product_template_1": ["Saleable > Kitchen"]},
    {"__export__.product_template_1": 1},
    {"__export__.product_template_4"},
    notes="1 item of the source gives no product",  # it is not for sale
)
AKENEO = Shop(
    {"SHIRT": {"red / s": 20, "red / m": 22}, "MUG": {ONE: 9.5}},
    {"SHIRT-S": None, "SHIRT-M": None, "MUG": None},
    {"SHIRT": ["clothing", "sale"], "MUG": ["kitchen"]},
    {"SHIRT": 1},
    {"MUG"},
    more={"brand": "Elm"},
)
SHOPS = {
    "odoo.csv": ODOO,
    "odoo-labels.csv": ODOO,
    "etsy.csv": Shop(
        {"MUG": {ONE: 24.5}, "Bowl": {ONE: 18}, "CARD": {"Birthday": 3}, "Print": {"A4": 16, "A3": 16}},
        {"MUG": 4, "CARD": 9, "PRINT-A4": 5, "PRINT-A3": 5},
        {},
        {"MUG": 2, "Bowl": 1, "Print": 1},
        more={"materials": "Clay"},
    ),
    "prestashop.csv": Shop(
        {"1": {ONE: 7.6}, "2": {ONE: 12}},  # the discount of the second one has an end
        {"MUG": 4, "JUG": 0},
        {"1": ["Home > Kitchen"], "2": ["Kitchen"]},
        {"1": 2},
        {"2"},
        more={"brand": "Elm", "Glaze": "Matt", "Origin": "Spain"},
    ),
    "idealo.csv": Shop(
        {"MUG": {ONE: 9.5}, "JUG": {ONE: 1012}},
        {"MUG": None},
        {"MUG": ["Kitchen > Mugs"], "JUG": ["Kitchen"]},
        {"MUG": 1, "JUG": 2},
        more={"brand": "Elm", "mpn": "EL-1", "colour": "Blue"},
    ),
    "square.csv": Shop(
        {"Candle": {"Small": 12, "Large": 15}, "Shirt": {"Black / L": 1025}, "Mug": {"Regular": 14}},
        {"CANDLE-S": 12, "CANDLE-L": 4, "SHIRT-BL": None, "MUG": 0},
        {"Candle": ["Gifts", "Home > Candles"], "Shirt": ["Clothing"]},
        {},
        {"Mug"},
        {"line 6": "square: it has no fixed price"},
    ),
    "bigcommerce.csv": Shop(
        {"77": {"S / Red": 20, "M / Red": 21}, "78": {ONE: 9.5}, "79": {ONE: 5}},
        {"SHIRT-S": 3, "SHIRT-M": 0, "MUG": 4, "BOOK": None},
        {"77": ["Clothing > Shirts", "Sale"], "78": ["Kitchen"]},
        {"77": 2},
        {"78"},
    ),
    "bigcommerce-v2.csv": Shop(
        {"77": {"Small / Red": 20, "Large / Red": 22.5}, "78": {ONE: 8}},
        {"SHIRT-S": 3, "SHIRT-L": 0, "MUG": 4},
        {"77": ["Clothing > Shirts", "Sale"], "78": ["Kitchen"]},
        {"77": 2},
        {"78"},
        more={"brand": "Elm"},
    ),
    "akeneo.csv": AKENEO,
    "akeneo.json": structs.replace(
        AKENEO, more={"brand": "Elm", "care": "wash,iron", "length": "70 CENTIMETER"}
    ),
    "business-central.json": Shop(
        {
            "5d115c9c-44e3-ea11-bb43-000d3a2feca1": {ONE: 1000.8},
            "5d115c9c-44e3-ea11-bb43-000d3a2feca2": {ONE: 192.8},
            "5d115c9c-44e3-ea11-bb43-000d3a2feca3": {ONE: 60},
        },
        {"1896-S": 4, "1900-S": 0, "S-1": None},
        {"5d115c9c-44e3-ea11-bb43-000d3a2feca1": ["TABLE"]},
        {},
        {"5d115c9c-44e3-ea11-bb43-000d3a2feca2"},
        how={"source_map": "business-central"},
    ),
}


@pytest.mark.parametrize("name", SHOPS)
def test_an_export_is_stored_with_everything_that_a_shop_shows(name: str, store: FakeMedusa) -> None:
    shop, file = SHOPS[name], str(CATALOGUES / name)
    result = sync(file, store, **shop.how)
    reasons = {
        (each.external_id or each.title).removeprefix(f"{SOURCE_NAME}:"): each.reason
        for each in result.problems
    }
    assert reasons.keys() == shop.rejected.keys(), reasons
    assert all(reasons[each].startswith(start) for each, start in shop.rejected.items())
    assert (result.exit_code, result.error) == (5 if reasons else 0, "")
    assert f"({name.partition('.')[0].removesuffix('-labels')})" in result.source_format
    found = {each.removeprefix(f"{SOURCE_NAME}:") for each in store.products}
    assert {each: prices(store, each) for each in found} == shop.prices
    skus = {each.sku: each for product in store.products.values() for each in product.variants if each.sku}
    stock = {sku: stock_of(store, each) for sku, each in skus.items()}
    assert {sku: stock[sku] for sku in shop.stock} == shop.stock
    assert {each: categories(store, each) for each in shop.categories} == shop.categories
    images = {each: len(product(store, each).images) for each in found}
    assert {each: count for each, count in images.items() if count} == shop.images
    assert {each for each in found if product(store, each).status == "draft"} == shop.drafts
    assert all(product(store, each).title for each in found)
    first = product(store, next(iter(shop.prices)))
    assert {name: (first.metadata or {})[name] for name in shop.more} == shop.more
    barcodes = {each.barcode for each in first.variants} - {None, ""}
    assert barcodes == (set() if name == "etsy.csv" else {"4006381333931"})
    assert shop.notes in " ".join(result.notes)
    assert "Not used" not in " ".join(result.notes)
    again = sync(file, store, **shop.how)
    assert (counts(again).get("unchanged"), writes(store)) == (len(found), [])


def test_business_central_is_recognised_without_the_envelope_of_its_api(
    tmp_path: Path, store: FakeMedusa
) -> None:
    rows = json.loads((CATALOGUES / "business-central.json").read_text(encoding="utf-8"))["value"]
    rows[0]["itemVariants"] = [{"code": "RED", "description": "Red"}, {"code": "BLUE", "description": ""}]
    rows[0]["inventory"] = rows[0]["type"] = None
    file = tmp_path / "items.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    result = sync(str(file), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 3}), [*result.problems]
    assert prices(store, rows[0]["id"]) == {"Red": 1000.8, "BLUE": 1000.8}


@pytest.mark.parametrize("name", ["odoo.csv", "odoo-labels.csv"])
def test_products_of_odoo_with_the_same_name_are_not_joined(
    name: str, tmp_path: Path, store: FakeMedusa
) -> None:
    """An export to be imported elsewhere may have no ids."""
    with (CATALOGUES / name).open(encoding="utf-8", newline="") as text:
        rows = [row | {next(iter(row)): ""} for row in csv.DictReader(text)]
    title, code = ("name", "default_code") if name == "odoo.csv" else ("Name", "Internal Reference")
    rows = [row | {title: "Cup"} for row in rows if row[code]] + [rows[0] | {title: "Other"}]
    file = tmp_path / "product.template.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    result = sync(str(file), store)
    assert counts(result) == {"created": 1, "rejected": 1}
    assert [each.title for each in store.products.values()] == ["Cup"]
    assert "two products" in next(iter(result.problems)).reason


@pytest.mark.parametrize("name", ["bigcommerce.csv", "bigcommerce-v2.csv"])
def test_a_product_of_bigcommerce_without_an_id_does_not_vanish_in_the_one_above(
    name: str, tmp_path: Path, store: FakeMedusa
) -> None:
    with (CATALOGUES / name).open(encoding="utf-8", newline="") as text:
        rows = [*csv.DictReader(text)]
    [kind, title] = ["Item", "Name"] if name == "bigcommerce.csv" else ["Item Type", "Product Name"]
    first = next(row for row in rows if row[kind] == "Product")
    before = sync(str(CATALOGUES / name), store, dry_run=True)
    file = tmp_path / name
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, first)
        writer.writeheader()
        writer.writerows([*rows, dict.fromkeys(first, "") | {kind: "Product", title: "Without an id"}])
    result = sync(str(file), store)
    assert (result.seen, len(list(result.problems))) == (before.seen + 1, len(list(before.problems)) + 1)


def test_listings_of_etsy_with_the_same_title_are_not_joined(tmp_path: Path, store: FakeMedusa) -> None:
    header, *rows = csv.reader(
        (CATALOGUES / "etsy.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    )
    bowl = next(row for row in rows if row[0] == "Bowl")
    file = tmp_path / "EtsyListingsDownload.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([header, bowl, [each.replace("18", "19") for each in bowl]])
    assert counts(sync(str(file), store)) == {"rejected": 1}
