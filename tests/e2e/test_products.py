"""The installed command on a real store."""

from pathlib import Path

import pytest

from tests.harness.catalogue import CATEGORIES, products
from tests.harness.command import Finished, medusa_sync
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.harness.fault_proxy import FaultProxy
from tests.world.exact import assert_quiet, assert_stored
from tests.world.shop import Shop

SIZE = 194
SHOPIFY = Path(__file__).parents[1] / "catalogues" / "shopify-tableware.csv"


def test_products_are_stored_once_as_mapped_and_a_second_run_writes_nothing(
    source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    first = medusa_sync("--source", source.url, "--json", store=proxy.store(shop.store))
    assert (first.exit_code, first.counts) == (0, {"created": SIZE})
    assert_stored(shop, source.products)
    stored = shop.products()
    assert len({product["handle"] for product in stored}) == SIZE
    names = {category["slug"]: category["name"] for category in CATEGORIES}
    assert all(each["name"] == names[each["handle"]] for p in stored for each in p["categories"])

    proxy.requests.clear()
    source.requests.clear()
    second = medusa_sync("--source", source.url, "--json", store=proxy.store(shop.store))
    assert_quiet(second, SIZE)
    assert [request.method for request in proxy.requests] == ["GET"]
    assert len(source.requests) == 1
    assert second.document["store"] == {"url": proxy.url, "products": SIZE, "owned": SIZE}


def test_a_dry_run_only_reads_and_the_real_run_does_what_it_printed(
    source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    medusa_sync("--source", source.url, "--limit", "150", store=shop.store)
    source.edit(3, price=5.5, title="Another title")
    source.edit(20, tags=["brand new tag"], stock=0)
    before = shop.by_external_id()
    proxy.requests.clear()

    plan = medusa_sync("--source", source.url, "--dry-run", "--json", store=proxy.store(shop.store))

    assert {request.method for request in proxy.requests} == {"GET"}
    assert shop.by_external_id() == before
    real = medusa_sync("--source", source.url, "--json", store=shop.store)
    assert (plan.exit_code, real.exit_code) == (0, 0)
    assert plan.document["counts"] == real.document["counts"]
    for change in real.document["changes"]:
        if change["action"] == "create":
            del change["id"]  # a dry run cannot know it
    by_id = [
        sorted(run.document["changes"], key=lambda change: change["external_id"]) for run in (plan, real)
    ]
    assert by_id[0] == by_id[1]
    assert real.counts == {"created": 44, "updated": 2, "unchanged": 148}


@pytest.mark.parametrize("how", ["draft", "delete"])
def test_only_what_the_source_no_longer_has_is_removed(how: str, shop: Shop) -> None:
    def statuses() -> dict[str, str]:
        return {each["external_id"] or each["title"]: each["status"] for each in shop.products()}

    with dummyjson(products(20)) as source:
        command = ("--source", source.url, "--on-missing", how, "--json")
        assert medusa_sync(*command, store=shop.store).exit_code == 0
        shop.create("By hand")
        before = statuses()
        source.remove(3)
        plan = medusa_sync(*command, "--dry-run", store=shop.store)
        assert statuses() == before
        run = medusa_sync(*command, store=shop.store)
        for each in (plan, run):
            assert (each.exit_code, each.counts) == (0, {"unchanged": 19, "removed": 1})
            assert [(c["external_id"], c["action"]) for c in each.document["changes"]] == [
                ("dummyjson:3", how)
            ]
        after = before | {"dummyjson:3": how}
        assert statuses() == {key: status for key, status in after.items() if status != "delete"}
        assert_quiet(medusa_sync(*command, store=shop.store), 19)


def test_an_export_of_shopify_is_stored_and_one_changed_cell_changes_one_field(
    shop: Shop, tmp_path: Path
) -> None:
    text, file = SHOPIFY.read_text(encoding="utf-8"), tmp_path / "export.csv"

    def run(content: str) -> Finished:
        file.write_text(content, encoding="utf-8")
        return medusa_sync("--source", str(file), "--sale-prices", "--json", store=shop.store)

    assert run(text).counts == {"created": 20}
    assert_quiet(run(text), 20)
    assert len(shop.sale_prices()) > 5
    changed = run(text.replace(",27,48,", ",26,48,"))
    assert changed.counts == {"updated": 1, "unchanged": 19}
    [change] = changed.document["changes"]
    assert (change["external_id"], change["fields"]) == ("dummyjson:harbour-mug", {})
    assert [each["fields"] for each in change["variants"]] == [{"sale_price": {"from": 27, "to": 26}}]
