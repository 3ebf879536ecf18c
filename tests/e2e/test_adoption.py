"""A product that already exists in the store is not created again; it can be adopted."""

from typing import Any

from slugify import slugify

from tests.e2e.command import medusa_sync
from tests.e2e.exact import assert_quiet, differences
from tests.e2e.shop import Shop
from tests.harness.dummyjson import DummyJson
from tests.soak.oracle import Oracle

SIZE = 40


def fill_like_the_old_job(shop: Shop, catalogue: list[dict[str, Any]]) -> None:
    """Create products as the TypeScript job did: prices times 100, id only in metadata, no SKU or tags."""
    by_handle = {slugify(product["title"]): product for product in reversed(catalogue)}  # the first one wins
    bodies = []
    for handle, product in by_handle.items():
        shop.category(product["category"], is_active=False)
        price = {"currency_code": "usd", "amount": round(product["price"] * 100)}
        variant = {"title": "Default", "options": {"Default": "Default"}, "prices": [price]}
        bodies.append(
            {
                **{name: product[name] for name in ("title", "description", "thumbnail")},
                "handle": handle,
                "status": "published",
                "images": [{"url": url} for url in product["images"]],
                "metadata": {"external_id": str(product["id"]), "campaign": "summer"},
                "options": [{"title": "Default", "values": ["Default"]}],
                "variants": [variant],
            }
        )
    shop.post("/admin/products/batch", {"create": bodies})


def test_one_run_repairs_the_store_of_the_old_job(source: DummyJson, shop: Shop) -> None:
    fill_like_the_old_job(shop, source.products)
    before = {product["id"]: product for product in shop.products()}
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

    def of_the_old_job(oracle: Oracle) -> None:
        for each in before.values():
            own = each["metadata"]["external_id"]
            oracle.products[f"dummyjson:{own}"].others["own metadata"] = [each["metadata"]]
        oracle.left_skus |= {row["sku"] for row in source.products}

    assert differences(shop, source.products, edit=of_the_old_job) == []
    kept = {product["id"]: product for product in shop.products() if product["id"] in before}
    assert kept.keys() == before.keys()
    for product_id, product in kept.items():
        old = before[product_id]
        assert product["handle"] == old["handle"]
        assert {image["id"] for image in product["images"]} >= {image["id"] for image in old["images"]}
        [variant], [old_variant] = product["variants"], old["variants"]
        assert variant["id"] == old_variant["id"]
        assert [price["id"] for price in variant["prices"]] == [
            price["id"] for price in old_variant["prices"]
        ]
    assert_quiet(medusa_sync("--source", source.url, "--json", store=shop.store), SIZE)
