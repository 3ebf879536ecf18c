"""A product that already exists in the store is not created again; it can be adopted."""

from __future__ import annotations

from typing import Any

from slugify import slugify

from tests.e2e.command import medusa_sync
from tests.e2e.shop import Shop, price, stock
from tests.harness.dummyjson import DummyJson, dummyjson

SIZE = 40


def fill_like_the_old_job(shop: Shop, catalogue: list[dict[str, Any]]) -> None:
    """Create products as the TypeScript job did: prices times 100, id only in metadata, no SKU or tags."""
    taken: set[str] = set()
    bodies = []
    for product in catalogue:
        handle = slugify(product["title"])
        if handle in taken:
            continue
        taken.add(handle)
        shop.category(product["category"], is_active=False)
        bodies.append(
            {
                "title": product["title"],
                "handle": handle,
                "description": product["description"],
                "status": "published",
                "thumbnail": product["thumbnail"],
                "images": [{"url": url} for url in product["images"]],
                "metadata": {"external_id": str(product["id"]), "campaign": "summer"},
                "options": [{"title": "Default", "values": ["Default"]}],
                "variants": [
                    {
                        "title": "Default",
                        "options": {"Default": "Default"},
                        "prices": [{"currency_code": "usd", "amount": round(product["price"] * 100)}],
                    }
                ],
            }
        )
    shop.post("/admin/products/batch", {"create": bodies})


def by_title(shop: Shop) -> dict[str, dict[str, Any]]:
    return {product["id"]: product for product in shop.products()}


def test_one_run_repairs_the_store_of_the_old_job(source: DummyJson, shop: Shop) -> None:
    fill_like_the_old_job(shop, source.products)
    before = by_title(shop)
    assert len(before) < SIZE

    refused = medusa_sync("--source", source.url, "--json", store=shop.store)
    assert refused.exit_code == 5
    assert refused.counts == {"created": SIZE - len(before), "rejected": len(before)}
    assert "--adopt" in refused.document["problems"][0]["reason"]
    assert any(product_id in refused.document["problems"][0]["reason"] for product_id in before)

    plan = medusa_sync("--source", source.url, "--adopt", "--dry-run", "--json", store=shop.store)
    run = medusa_sync("--source", source.url, "--adopt", "--json", store=shop.store)
    assert (run.exit_code, run.document["counts"]) == (0, plan.document["counts"])
    assert run.counts == {"updated": len(before), "unchanged": SIZE - len(before)}
    assert {change["action"] for change in run.document["changes"]} == {"adopt"}
    assert run.document["store"]["products"] == run.document["store"]["owned"] == SIZE

    after = shop.by_external_id()
    assert len(after) == len(shop.products()) == SIZE
    for product in source.products:
        stored = after[f"dummyjson:{product['id']}"]
        assert price(stored) == product["price"]
        assert stored["variants"][0]["sku"] == product["sku"]
        assert stock(stored) == {shop.store.location_id: product["stock"]}
        assert [(c["handle"], c["is_active"]) for c in stored["categories"]] == [(product["category"], True)]
        assert [channel["id"] for channel in stored["sales_channels"]] == [shop.store.sales_channel_id]
        assert stored["shipping_profile"]["id"] == shop.store.shipping_profile_id
    kept = {product["id"]: product for product in after.values() if product["id"] in before}
    assert kept.keys() == before.keys()
    for product_id, stored in kept.items():
        old = before[product_id]
        assert (stored["handle"], stored["metadata"]["campaign"]) == (old["handle"], "summer")
        assert [v["id"] for v in stored["variants"]] == [v["id"] for v in old["variants"]]
        assert [p["id"] for p in stored["variants"][0]["prices"]] == [
            p["id"] for p in old["variants"][0]["prices"]
        ]
        assert {i["id"] for i in stored["images"]} >= {i["id"] for i in old["images"]}

    again = medusa_sync("--source", source.url, "--json", store=shop.store)
    assert (again.counts, again.document["requests"]["store_writes"]) == ({"unchanged": SIZE}, 0)


def stand_in(shop: Shop, title: str, **fields: Any) -> str:
    """Create a product as a merchant does; returns its id."""
    sku = fields.pop("sku", None)
    variant = {"title": "One", "sku": sku, "options": {"Kind": "One"}, "prices": []}
    body = {
        "title": title,
        "options": [{"title": "Kind", "values": ["One"]}],
        "variants": [variant],
        **fields,
    }
    return str(shop.post("/admin/products", body)["product"]["id"])


def test_a_product_with_the_same_sku_or_handle_is_reported_and_can_be_adopted(
    source: DummyJson, shop: Shop
) -> None:
    first, second = source.products[:2]
    by_sku = stand_in(shop, "Something else", sku=first["sku"])
    by_handle = stand_in(shop, "By hand", handle=slugify(second["title"]))
    arguments = ("--source", source.url, "--limit", "2", "--json")

    refused = medusa_sync(*arguments, store=shop.store)
    assert (refused.exit_code, refused.counts) == (5, {"rejected": 2})
    reasons = [problem["reason"] for problem in refused.document["problems"]]
    assert by_sku in reasons[0]
    assert by_handle in reasons[1]

    adopted = medusa_sync(*arguments, "--adopt", store=shop.store)
    assert (adopted.exit_code, adopted.counts) == (0, {"updated": 2})
    assert {p["external_id"]: p["id"] for p in shop.products()} == {
        "dummyjson:1": by_sku,
        "dummyjson:2": by_handle,
    }


def test_two_candidates_prevent_adoption(source: DummyJson, shop: Shop) -> None:
    product = source.products[0]
    one = stand_in(shop, "One", sku=product["sku"])
    other = stand_in(shop, "Other", handle=slugify(product["title"]))
    run = medusa_sync("--source", source.url, "--limit", "1", "--adopt", "--json", store=shop.store)
    assert (run.exit_code, run.counts) == (5, {"rejected": 1})
    reason = run.document["problems"][0]["reason"]
    assert one in reason
    assert other in reason
    assert all(product["external_id"] is None for product in shop.products())


def test_products_of_another_source_are_never_adopted(source: DummyJson, shop: Shop) -> None:
    assert (
        medusa_sync(
            "--source", source.url, "--source-name", "other", "--limit", "5", store=shop.store
        ).exit_code
        == 0
    )
    changed = [{**p, "sku": f"{p['sku']}-X", "meta": {"barcode": f"X{p['id']}"}} for p in source.products[:5]]
    with dummyjson(changed) as second:
        run = medusa_sync("--source", second.url, "--adopt", "--json", store=shop.store)
    assert (run.exit_code, run.counts) == (0, {"created": 5})
    assert len(shop.by_external_id()) == 10
