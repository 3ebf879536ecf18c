"""A product that already exists in the store is not created again; it can be adopted."""

from typing import Any

from tests.harness.command import Finished, medusa_sync
from tests.harness.dummyjson import DummyJson
from tests.world.exact import assert_quiet, differences
from tests.world.oracle import Oracle
from tests.world.shop import Shop

SIZE, OLD = 40, 30


def of_the_old_job(row: dict[str, Any]) -> dict[str, Any]:
    """A product as the TypeScript job made it: price times 100, id only in metadata, no SKU or tags."""
    price = {"currency_code": "usd", "amount": round(row["price"] * 100)}
    return {
        **{name: row[name] for name in ("title", "description", "thumbnail")},
        "handle": f"job-{row['id']}",
        "status": "published",
        "images": [{"url": url} for url in row["images"]],
        "metadata": {"external_id": str(row["id"]), "campaign": "summer"},
        "options": [{"title": "Default", "values": ["Default"]}],
        "variants": [{"title": "Default", "options": {"Default": "Default"}, "prices": [price]}],
    }


def identities(shop: Shop) -> set[tuple[str, ...]]:
    """Of each product: its id and handle, and the ids of its first variant, price and image."""
    return {
        (each["id"], each["handle"], variant["id"], variant["prices"][0]["id"], each["images"][0]["id"])
        for each in shop.products()
        for variant in each["variants"]
    }


def test_one_run_repairs_the_store_of_the_old_job(source: DummyJson, shop: Shop) -> None:
    def sync(*arguments: str) -> Finished:
        return medusa_sync("--source", source.url, "--json", *arguments, store=shop.store)

    old = [of_the_old_job(row) for row in source.products[:OLD]]
    shop.post("/admin/products/batch", {"create": old})
    before = identities(shop)

    refused = sync()
    assert (refused.exit_code, refused.counts) == (5, {"created": SIZE - OLD, "rejected": OLD})
    assert "--adopt" in refused.document["problems"][0]["reason"]

    plan, run = sync("--adopt", "--dry-run"), sync("--adopt")
    assert plan.counts == run.counts == {"updated": OLD, "unchanged": SIZE - OLD}
    assert {change["action"] for change in run.document["changes"]} == {"adopt"}

    def edit(oracle: Oracle) -> None:
        for each in old:
            own = each["metadata"]
            oracle.products[f"dummyjson:{own['external_id']}"].others["own metadata"] = [own]
        oracle.left_skus |= {row["sku"] for row in source.products}

    assert differences(shop, source.products, edit=edit) == []
    assert before <= identities(shop)
    assert_quiet(sync(), SIZE)
