"""Catalogues of other programs, which are recognised by their fields: Shopify, WooCommerce, FakeStoreAPI."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.stage import SOURCE_NAME, counts, writes
from tests.flow.stage import sync_url as sync
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, Request, Response
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Currency

CATALOGUES = Path(__file__).parents[1] / "catalogues"

Row = dict[str, Any]


def example(name: str, number: int, **changes: Any) -> Row:
    """A product like the one in the file, which has the number 777."""
    text = (CATALOGUES / f"{name}.json").read_text(encoding="utf-8")
    row: Row = json.loads(text.replace("777", str(number)))
    return row | changes


def product(store: FakeMedusa, source_id: str) -> Any:
    return store.products[f"{SOURCE_NAME}:{source_id}"]


def prices(store: FakeMedusa, source_id: str) -> dict[str, float]:
    return {each.title: each.prices[0].amount for each in product(store, source_id).variants}


def categories(store: FakeMedusa, source_id: str) -> set[str]:
    names = {each.id: each.name for each in store.state.categories.values()}
    return {names[own] for own in product(store, source_id).category_ids}


def assert_quiet(result: RunResult, store: FakeMedusa, count: int) -> None:
    assert (result.exit_code, counts(result), writes(store)) == (0, {"unchanged": count}, [])


def test_a_source_with_a_shape_of_its_own_needs_a_map(server: DummyJson, store: FakeMedusa) -> None:
    rows = [*products(1), {"id": 2, "name": "Mug"}, {"id": 3, "title": "Cup", "cost": 3}]
    hints = {}
    for first in (0, 1):
        server.intercept = lambda _, left=rows[first:]: Response.json(left)
        result = sync(server.url, store)
        assert (result.exit_code, counts(result)["rejected"]) == (5, 2)
        hints[first] = any("--source-map" in note for note in result.notes)
    assert hints == {0: False, 1: True}


def test_a_source_that_is_like_a_known_one_is_told_what_it_lacks(tmp_path: Path, store: FakeMedusa) -> None:
    tee, mug = shopify(1), woo(1)
    del tee["body_html"], mug["name"]
    rows = {"Shopify's `/products.json`, but without body_html": tee}
    rows["WooCommerce's `/wp-json/wc/v3/products`, but without name"] = mug
    file = tmp_path / "products.json"
    for like, row in rows.items():
        file.write_text(json.dumps([row]), encoding="utf-8")
        result = sync(str(file), store)
        assert f"The source has no valid product. It looks like {like}." in result.notes
    mug = woo(1)
    del mug["type"]
    file.write_text(json.dumps([mug]), encoding="utf-8")
    result = sync(str(file), store)
    assert counts(result) == {"created": 1}
    assert "It looks like WooCommerce's `/wp-json/wc/v3/products`, but without type." in result.notes


def test_a_source_without_ids_is_told_how_to_take_another_field(tmp_path: Path, store: FakeMedusa) -> None:
    file = tmp_path / "products.json"
    file.write_text('[{"title": "Mug", "price": 9}]', encoding="utf-8")
    [note] = sync(str(file), store).notes
    assert "`. + {id: .title}`" in note


# --- FakeStoreAPI ---------------------------------------------------------------------------------------


def test_fakestore_is_stored_with_images_and_ratings(server: DummyJson, store: FakeMedusa) -> None:
    rows = [example("fakestore", number) for number in range(1, 21)]
    server.intercept = lambda request: Response.json(rows[: int(request.query["limit"])])
    result = sync(server.url, store)
    assert (result.exit_code, counts(result)) == (0, {"created": 20}), result.problems
    assert result.source_format == "JSON pages (fakestore)"
    stored = product(store, "7")
    assert (stored.thumbnail, stored.metadata["rating"]) == ("https://cdn.example/7.jpg", 3.9)
    assert categories(store, "7") == {"men's clothing"}
    assert_quiet(sync(server.url, store), store, 20)


# --- Shopify --------------------------------------------------------------------------------------------


def shopify(number: int, **changes: Any) -> Row:
    return example("shopify", number, **changes)


def simple(number: int) -> Row:
    variant = {"id": number, "title": "Default Title", "option1": "Default Title", "price": "9.00", "sku": ""}
    options = [{"name": "Title", "position": 1, "values": ["Default Title"]}]
    return shopify(number, variants=[variant], options=options, images=[])


def serve_shopify(server: DummyJson, rows: list[Row]) -> None:
    """The public JSON of a shop: 30 products a page, or as many as `limit` says, up to 250."""

    def answer(request: Request) -> Response:
        assert request.path == "/products.json"
        size, page = int(request.query.get("limit", "30")), int(request.query.get("page", "1"))
        if size > 250:
            return Response.json({"errors": "limit"}, 400)
        return Response.json({"products": rows[size * (page - 1) : size * page]})

    server.intercept = answer


def shop_url(server: DummyJson) -> str:
    return f"{server.url}.json"


def test_products_json_of_shopify_is_read_in_pages(server: DummyJson, store: FakeMedusa) -> None:
    rows = [*(shopify(number) for number in range(1, 260)), simple(260)]
    serve_shopify(server, rows)
    result = sync(shop_url(server), store, batch_size=100)
    assert (result.exit_code, counts(result)) == (0, {"created": 260}), result.error
    assert result.source_format == "JSON pages (shopify-json)"
    assert [dict(each.query) for each in server.requests] == [
        {},
        *({"limit": "250", "page": str(page)} for page in (1, 2, 3)),
    ]
    assert prices(store, "70000000007") == {"S / Red": 12.5, "M / Red": 13.5}
    tee = product(store, "70000000007")
    assert [each.url for each in tee.images] == [f"https://cdn.example/7-{name}.jpg" for name in "ab"]
    assert (tee.handle, tee.metadata["brand"], tee.variants[0].weight) == ("tee-7", "Elm", 200)
    [variant] = product(store, "7000000000260").variants
    assert (variant.prices[0].amount, variant.manage_inventory) == (9, False)
    assert_quiet(sync(shop_url(server), store), store, 260)
    serve_shopify(server, rows[:-1])
    server.requests.clear()
    result = sync(shop_url(server), store, on_missing="delete")
    assert counts(result) == {"unchanged": 259, "removed": 1}
    assert [each.query.get("page") for each in server.requests] == [None, "1", "2", "3"] * 2  # read twice


@pytest.mark.parametrize("name", ["products.json", "products"])
@pytest.mark.parametrize(("kind", "size"), [("shopify", 250), ("woocommerce", 100)])
def test_a_static_file_of_a_known_shape_may_be_as_long_as_a_page(
    server: DummyJson, store: FakeMedusa, name: str, kind: str, size: int
) -> None:
    rows = [example(kind, number) for number in range(1, size + 1)]
    server.intercept = lambda _request: Response.json(rows)
    result = sync(server.url.replace("products", name), store, dry_run=True)
    assert (result.exit_code, counts(result)) == (0, {"created": size}), result.error


def test_the_first_object_decides_about_all(tmp_path: Path, store: FakeMedusa) -> None:
    own = {"id": "own", "title": "Mug", "price": 1}
    file, other = tmp_path / "products.ndjson", tmp_path / "products.json"
    for rows, format_ in (
        ([None, "?", shopify(1), simple(2), own], " (shopify-json)"),
        ([*({**own, "id": number} for number in range(1_001)), shopify(1)], ""),
    ):
        file.write_text("".join(f"{json.dumps(each)}\n" for each in rows), encoding="utf-8")
        lines = sync(str(file), store, dry_run=True)
        other.write_text(json.dumps({"products": rows}), encoding="utf-8")
        whole = sync(str(other), store, dry_run=True)
        formats = (lines.source_format, whole.source_format)
        assert formats == (f"NDJSON{format_}", f"JSON{format_}")
        assert lines.seen == whole.seen == len(rows)
        assert lines.counts == whole.counts
    assert counts(whole) == {"created": 1_001, "rejected": 1}


def test_a_product_of_our_own_format_with_fields_of_shopify_needs_no_map(
    tmp_path: Path, store: FakeMedusa
) -> None:
    own = shopify(1, options=["Size"], images=[], tags=[]) | {
        "variants": [{"price": 5, "options": {"Size": "S"}}]
    }
    file = tmp_path / "products.json"
    file.write_text(json.dumps([own]), encoding="utf-8")
    result = sync(str(file), store)
    assert (result.exit_code, result.source_format) == (0, "JSON")


def test_a_quantity_of_shopify_counts_unless_the_stock_is_not_tracked(
    tmp_path: Path, store: FakeMedusa
) -> None:
    rows = [simple(number) for number in range(1, 4)]
    stocks: list[Row] = [{}, {"inventory_management": None}, {"inventory_management": "shopify"}]
    for row, stock in zip(rows, stocks, strict=True):
        row["variants"][0] |= stock | {"inventory_quantity": 5}
    rows.append(simple(4))
    file = tmp_path / "products.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    assert counts(sync(str(file), store)) == {"created": 4}
    managed = [product(store, f"7000000000{number}").variants[0].manage_inventory for number in range(1, 5)]
    assert managed == [True, False, True, False]


# --- WooCommerce, REST ----------------------------------------------------------------------------------


def woo(number: int, **changes: Any) -> Row:
    return example("woocommerce", number, **changes)


def variable(number: int, variations: int) -> Row:
    attributes = [{"id": 0, "name": "Size", "variation": True, "options": ["S", "M"]}]
    ids = [1_000 * number + index for index in range(variations)]
    return woo(number, type="variable", sku="", manage_stock=False, attributes=attributes, variations=ids)


def variation(source_id: int) -> Row:
    price = f"{source_id % 1_000 + 1}.00"
    attributes = [{"id": 0, "name": "Size", "option": f"Size {source_id}"}]
    stock = {"manage_stock": False, "stock_status": "instock"}
    prices = {"price": price, "regular_price": price, "on_sale": False}
    own = {"id": source_id, "status": "publish", "sku": f"V-{source_id}"}
    return {**own, **prices, **stock, "attributes": attributes}


class WooCommerce:
    """The REST API of a shop, with at most 100 products a page."""

    def __init__(self, server: DummyJson, rows: list[Row]) -> None:
        self.rows = rows
        self.url = server.url.replace("/products", "/wp-json/wc/v3/products")
        server.intercept = self._answer

    def _answer(self, request: Request) -> Response:
        size, page = int(request.query.get("per_page", "10")), int(request.query.get("page", "1"))
        if size > 100:
            return Response.json({"code": "rest_invalid_param", "message": "per_page"}, 400)
        parts = request.path.strip("/").split("/")
        rows = self.rows
        if parts[-1] == "variations":
            parent = next(row for row in self.rows if str(row["id"]) == parts[-2])
            rows = [variation(each) for each in parent["variations"]]
        pages = -(-len(rows) // size)
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
        if page < pages:
            headers["Link"] = f'<{request.path}?page={page + 1}>; rel="next"'
        return Response.json(rows[size * (page - 1) : size * page], headers=headers)


def test_pages_of_woocommerce_are_read_with_variations(server: DummyJson, store: FakeMedusa) -> None:
    rows = [*(woo(number) for number in range(1, 251)), variable(251, 2), variable(252, 120)]
    rows += [woo(253, type="grouped", price=""), woo(254, type="external")]
    rows[0] |= {"status": "private"}
    shop = WooCommerce(server, rows)
    result = sync(shop.url, store, batch_size=100)
    assert (result.exit_code, counts(result)) == (0, {"created": 252}), result.error or [*result.problems]
    assert result.source_format == "JSON pages (woocommerce-json)"
    assert any("2 items of the source give no product" in note for note in result.notes)
    asked = [(each.path.rpartition("/v3")[2], dict(each.query)) for each in server.requests]
    assert asked[0] == ("/products", {"limit": "1000", "skip": "0"})
    assert {query["per_page"] for _, query in asked[1:]} == {"100"}
    pages = {"/products": "123", "/products/251/variations": "1", "/products/252/variations": "12"}
    read = [f"{path} {query['page']}" for path, query in asked[1:]]
    assert sorted(read) == sorted(f"{path} {page}" for path in pages for page in pages[path])
    assert [product(store, each).status for each in ("1", "7")] == ["draft", "published"]
    [mug] = product(store, "7").variants
    assert (mug.prices[0].amount, mug.sku) == (9.5, "MUG-7")
    assert store.level_of("MUG-7") == 4
    assert product(store, "7").metadata["Glaze"] == "Matt, Blue"
    assert categories(store, "7") == {"Kitchen"}
    assert prices(store, "251") == {"Size 251000": 1, "Size 251001": 2}
    assert len(product(store, "252").variants) == 120
    assert_quiet(sync(shop.url, store), store, 252)
    shop.rows = shop.rows[1:]
    server.requests.clear()
    assert counts(sync(shop.url, store, on_missing="delete")) == {"unchanged": 251, "removed": 1}
    paths = [each.path for each in server.requests if "page" in each.query]
    assert sum(each.endswith("/products") for each in paths) == 6  # read twice


def test_filters_of_products_leave_out_no_variation(server: DummyJson, store: FakeMedusa) -> None:
    shop = WooCommerce(server, [variable(2, 2)])
    sync(f"{shop.url}?stock_status=instock&include=2&consumer_key=ck", store)
    first, *others = [dict(each.query) for each in server.requests if each.path.endswith("variations")]
    assert (first, others) == ({"consumer_key": "ck", "per_page": "100", "page": "1"}, [])


def test_variations_that_cannot_be_read_write_nothing(server: DummyJson, store: FakeMedusa) -> None:
    shop = WooCommerce(server, [woo(1), variable(2, 2)])
    respond = server.intercept
    assert respond is not None
    broken = Response.json({"message": "no"}, 403)
    server.intercept = lambda request: broken if "variations" in request.path else respond(request)
    result = sync(shop.url, store, on_missing="delete")
    assert (result.exit_code, writes(store)) == (3, [])
    assert "/products/2/variations: the server responded with 403: no" in result.error


def test_variations_that_a_file_does_not_have_reject_their_product(tmp_path: Path, store: FakeMedusa) -> None:
    file = tmp_path / "products.json"
    file.write_text(json.dumps([woo(1), variable(2, 2)]), encoding="utf-8")
    result = sync(str(file), store)
    assert counts(result) == {"created": 1, "rejected": 1}
    [problem] = result.problems
    assert problem.reason == "woocommerce-json: its variations are not in the file"


# --- WooCommerce, CSV -----------------------------------------------------------------------------------


def test_an_export_of_woocommerce_is_stored_with_variations(store: FakeMedusa) -> None:
    """The variations of a product may come before and after it."""
    file = CATALOGUES / "woocommerce.csv"
    result = sync(str(file), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), [*result.problems]
    assert result.source_format == "CSV (woocommerce-csv)"
    assert "1 item of the source gives no product, because the map leaves it out." in result.notes
    assert prices(store, "SHIRT") == {"Red / Any": 15.5, "Blue / Any": 20}
    shirt = product(store, "SHIRT")
    assert (shirt.title, shirt.description, len(shirt.images)) == ("Shirt", "Soft\nand warm", 2)
    assert [variant.weight for variant in shirt.variants] == [290, 290]
    assert categories(store, "SHIRT") == {"Shirts", "Sale, new"}
    assert (store.level_of("SHIRT-RED"), store.level_of("SHIRT-BLUE")) == (3, 3)
    [cap] = product(store, "id:750").variants
    assert (cap.prices[0].amount, cap.manage_inventory) == (9.5, True)
    assert product(store, "HAT").status == "draft"
    assert (product(store, "BOOK").variants[0].prices[0].amount, store.level_of("BOOK")) == (5, 0)
    assert_quiet(sync(str(file), store), store, 4)


def test_a_variation_without_its_product_is_rejected_and_prices_and_ids_are_never_guessed(
    tmp_path: Path, store: FakeMedusa
) -> None:
    file = tmp_path / "export.csv"
    header, red, _, cap, *_ = (CATALOGUES / "woocommerce.csv").read_text(encoding="utf-8").splitlines()
    hats = [cap.replace(",,1,,,1", ",,1,,7.12393E+11,1").replace("Cap", name) for name in ("Hat", "Fez")]
    file.write_text("\n".join([header, red, cap.replace('"9,5"', '"1.234,50"'), *hats]), encoding="utf-8")
    result = sync(str(file), store)
    shortened = "SKU is '7.12393E+11': a spreadsheet has lost its last digits"
    assert {each.external_id or each.title: each.reason for each in result.problems} == {
        "line 4": shortened,  # joined, one of them would be missing
        "line 5": shortened,
        f"{SOURCE_NAME}:SHIRT": "title is missing",
        f"{SOURCE_NAME}:id:750": "price: '1.234,50' is not a number such as 1234.50",
    }


# --- XML ------------------------------------------------------------------------------------------------

SHIRTS = {"Рубашка": {"1-S": 2990.5, "1-M": 3000}, "Cap Elm X": {"7": 5}}
SHOES = {"Shoe": {"9-41": 59.9, "9-42": 59.9}, "Sock": {"10": 5.9}}
XML: dict[str, tuple[str, Row, set[str], Row]] = {  # currency, prices, categories and stock
    "yml": ("rub", SHIRTS, {"Рубашки", "Одежда"}, {"1-S": 4, "1-M": 0, "7": None}),
    "heureka": ("czk", {"Shirt S": {"1-S": 1990.5, "1-M": 1990}}, {"Trička"}, {"1-S": None}),
    "ceneo": ("pln", {"Kubek": {"7": 19.9}}, {"Kuchnia"}, {"7": 4}),
    "skroutz": ("eur", SHOES, {"Running", "Socks"}, {"9-41": 3, "9-42": 4, "10": 0}),
}


@pytest.mark.parametrize("kind", XML)
def test_xml_of_price_comparisons_is_stored_with_variants(kind: str) -> None:
    currency, prices, names, stock = XML[kind]
    store = FakeMedusa()
    store.state.store.supported_currencies.append(Currency("stocur", currency))
    result = sync(str(CATALOGUES / f"{kind}.xml"), store, currency=currency)
    assert (result.exit_code, result.source_format) == (0, f"XML ({kind})"), [*result.problems]
    found = {
        each.title: {variant.sku: variant.prices[0].amount for variant in each.variants}
        for each in store.products.values()
    }
    assert found == prices
    known = {each.id: each.name for each in store.state.categories.values()}
    assert {known[own] for each in store.products.values() for own in each.category_ids} == names
    assert {sku: store.level_of(sku) if count is not None else None for sku, count in stock.items()} == stock
    first = next(iter(store.products.values()))
    assert (len(first.images), (first.metadata or {})["brand"]) == (2, "Elm")
    assert bool(first.variants[0].barcode) is (kind != "skroutz")  # it has none of a variation
    assert_quiet(sync(str(CATALOGUES / f"{kind}.xml"), store, currency=currency), store, len(prices))


def test_a_feed_of_heureka_may_name_its_currency_and_have_a_group_for_each_item(tmp_path: Path) -> None:
    text = (CATALOGUES / "heureka.xml").read_text(encoding="utf-8")
    text = re.sub("<ITEMGROUP_ID>1</ITEMGROUP_ID></SHOPITEM></SHOP>", "</SHOPITEM></SHOP>", text)
    file = tmp_path / "feed.xml"
    file.write_text(text.replace("</PRICE_VAT>", "</PRICE_VAT><CURRENCY>CZK</CURRENCY>"), encoding="utf-8")
    store = FakeMedusa()
    store.state.store.supported_currencies.append(Currency("stocur", "czk"))
    assert sync(str(file), store, currency="eur").exit_code == 0
    found = {each.title: each for each in store.products.values()}
    [price] = found["Shirt S"].variants[0].prices
    assert (price.currency_code, price.amount) == ("czk", 1990.5)
    [option] = found["Shirt S"].options
    assert option.title not in {"Item", "Velikost"}
    assert (found["Shirt S"].metadata or {})["Velikost"] == "S"


@pytest.mark.parametrize(("kind", "price"), [("yml", ">5<"), ("heureka", ">1990<"), ("ceneo", '"19.90"')])
def test_an_item_of_xml_without_a_price_is_rejected(
    tmp_path: Path, store: FakeMedusa, kind: str, price: str
) -> None:
    text = (CATALOGUES / f"{kind}.xml").read_text(encoding="utf-8")
    file = tmp_path / "feed.xml"
    file.write_text(text.replace(price, price[0] + price[-1]), encoding="utf-8")
    currency = XML[kind][0]
    store.state.store.supported_currencies.append(Currency("stocur", currency))
    [problem] = sync(str(file), store, currency=currency).problems
    assert "price" in problem.reason


def test_an_export_of_wordpress_is_named_as_such(tmp_path: Path, store: FakeMedusa) -> None:
    head = '<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Shop</title>'
    item = "<item><title>Mug</title><wp:post_id>7</wp:post_id><wp:post_type>product</wp:post_type></item>"
    file = tmp_path / "export.xml"
    file.write_text(f"{head}{item}</channel></rss>", encoding="utf-8")
    result = sync(str(file), store)
    assert (result.exit_code, "export of WordPress (WXR)" in result.error) == (3, True)
    assert "Products > Export" in result.hint


# --- parents and variants in rows of a table ------------------------------------------------------------

WIX = """handleId,fieldType,name,productImageUrl,collection,sku,price,surcharge,visible,discountMode,\
discountValue,inventory,productOptionName1,productOptionDescription1
p1,Product,Print &amp; Frame,2077e7~mv2.jpg;https://a/2.jpg,Walls;New,,10,,true,PERCENT,0,0,Size,5x7;8x10
p2,Product,Mug,,,MUG,20,,false,AMOUNT,5,InStock,,
p3,Product,Cap,,,CAP,8,,true,,,OutOfStock,Color,#ff0000:Red;#0000ff:Blue
p4,Product,Bag,,,BAG,8,,true,,,5,Color,Red;Blue
p5,Product,Jug,,,JUG,free,,true,,,5,,
p1,Variant,,,,79,,0,,,,1,,5x7
p1,Variant,,,,80,,5.5,,,,2,,8x10
"""
SQUARESPACE = """"Product ID [Non Editable]","Variant ID [Non Editable]",Title,SKU,"Option Name 1",\
"Option Value 1",Price,"Sale Price","On Sale",Stock,Categories,Visible,"Hosted Image URLs"
p1,v1,Course,SQ1,Option,November,150.00,0.00,No,3,"/learn/evening, /new",Yes,"https://a/1.jpg https://a/2.jpg"
,v2,,SQ2,,January,150.00,120.00,Yes,Unlimited,,,
p2,v3,Mug,MUG,,,9.00,0.00,No,7,,No,
"""


def test_an_export_of_wix_has_surcharges_and_discounts(tmp_path: Path, store: FakeMedusa) -> None:
    file = tmp_path / "catalog_products.csv"
    file.write_text(WIX, encoding="utf-8")
    result = sync(str(file), store, sale_prices=True)
    assert (counts(result), result.source_format) == ({"created": 4, "rejected": 1}, "CSV (wix)")
    [problem] = result.problems
    assert problem.reason.startswith("wix: price is free, which is no num")
    assert prices(store, "p1") == {"5x7": 10, "8x10": 15.5}
    assert {each.sku: store.level_of(each.sku) for each in product(store, "p1").variants} == {
        "79": 1,
        "80": 2,
    }
    assert (product(store, "p1").title, categories(store, "p1")) == ("Print & Frame", {"Walls", "New"})
    assert [each.url for each in product(store, "p1").images] == [
        "https://static.wixstatic.com/media/2077e7~mv2.jpg",
        "https://a/2.jpg",
    ]
    assert (product(store, "p2").status, [*prices(store, "p2").values()]) == ("draft", [20])
    assert prices(store, "p3") == {"Red": 8, "Blue": 8}
    shared = {item.sku: item.levels[0].stocked_quantity for item in store.state.live_items()}
    assert (shared[f"{SOURCE_NAME}:p3"], shared[f"{SOURCE_NAME}:p4"]) == (0, 5)


def test_an_export_of_squarespace_has_the_rows_below_a_product(tmp_path: Path, store: FakeMedusa) -> None:
    file = tmp_path / "products.csv"
    file.write_text(SQUARESPACE, encoding="utf-8")
    result = sync(str(file), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 2}), [*result.problems]
    assert prices(store, "p1") == {"November": 150, "January": 120}
    assert categories(store, "p1") == {"evening", "new"}
    assert len(product(store, "p1").images) == 2
    assert (product(store, "p2").status, store.level_of("MUG")) == ("draft", 7)
    assert_quiet(sync(str(file), store), store, 2)
