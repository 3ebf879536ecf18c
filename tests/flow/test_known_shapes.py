"""Whole runs from catalogues of other programs, which are recognised by their fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.catalogues import CATALOGUES, MAPS, currency_of, golden_of
from tests.flow.stage import SOURCE_NAME, counts, writes
from tests.flow.stage import sync_url as sync
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, Request, Response
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Currency
from tests.tiers import sampled

Row = dict[str, Any]


def example(name: str, number: int, **changes: Any) -> Row:
    """A product like the first one in the file, which has the number 777."""
    text = CATALOGUES[f"{name}.json"].read_text(encoding="utf-8")
    row: Row = json.loads(text.replace("777", str(number)))[0]
    return row | changes


def product(store: FakeMedusa, source_id: str) -> Any:
    return store.products[f"{SOURCE_NAME}:{source_id}"]


def assert_quiet(result: RunResult, store: FakeMedusa, count: int) -> None:
    assert (result.exit_code, counts(result), writes(store)) == (0, {"unchanged": count}, [])


@pytest.mark.parametrize("name", sampled(CATALOGUES, "magento-odd.csv", "wix.csv", "yml.xml"))
def test_a_catalogue_is_stored_and_the_next_run_is_quiet(name: str, store: FakeMedusa) -> None:
    """What it becomes is in `tests/catalogues/golden/`."""
    source, how = str(CATALOGUES[name]), {"source_map": MAPS.get(name), "currency": currency_of(name)}
    store.state.store.supported_currencies.append(Currency("stocur", how["currency"] or ""))
    rows = json.loads(golden_of(name).read_text(encoding="utf-8"))["rows"]
    rejected = {"rejected": sum("rejected" in row for row in rows)}
    valid = len(rows) - rejected["rejected"]
    for action in ("created", "unchanged"):
        result = sync(source, store, **how)
        expected = {action: valid} | rejected
        assert counts(result) == {each: count for each, count in expected.items() if count}
    assert writes(store) == []


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


def test_fakestore_is_read_as_far_as_its_limit(server: DummyJson, store: FakeMedusa) -> None:
    rows = [example("fakestore", number) for number in range(1, 21)]
    server.intercept = lambda request: Response.json(rows[: int(request.query["limit"])])
    result = sync(server.url, store)
    assert (result.exit_code, counts(result)) == (0, {"created": 20}), result.problems
    assert result.source_format == "JSON pages (fakestore)"
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


def test_an_export_of_wordpress_is_named_as_such(tmp_path: Path, store: FakeMedusa) -> None:
    head = '<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Shop</title>'
    item = "<item><title>Mug</title><wp:post_id>7</wp:post_id><wp:post_type>product</wp:post_type></item>"
    file = tmp_path / "export.xml"
    file.write_text(f"{head}{item}</channel></rss>", encoding="utf-8")
    result = sync(str(file), store)
    assert (result.exit_code, "export of WordPress (WXR)" in result.error) == (3, True)
    assert "Products > Export" in result.hint
