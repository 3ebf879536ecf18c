"""Stores with an older version of Medusa, and with the index engine."""

from tests.harness.catalogue import products
from tests.harness.command import medusa_sync
from tests.harness.dummyjson import DummyJson
from tests.harness.fault_proxy import until
from tests.harness.medusa import Store, running_store
from tests.harness.postgres import Postgres
from tests.tiers import deep
from tests.world.exact import assert_stored
from tests.world.shop import Shop, price

pytestmark = deep

OLD_VERSION = "2.13.6"
SIZE = 20
ROWS = products(SIZE)
ROWS[0] |= {"tags": ["red, blue"], "category": "null", "title": "Null", "weight": 0.1}
ROWS[1] |= {"tags": ["null"], "category": "a,b", "sku": "x,y"}
ROWS[2] |= {"sku": "null"}


def sync(source: DummyJson, store: Store, *arguments: str) -> tuple[int, dict[str, int]]:
    """Exit code and counts of a run, with the number of conflicts."""
    run = medusa_sync("--source", source.url, "--json", *arguments, store=store)
    return run.exit_code, run.counts


def test_a_store_with_an_old_version_is_synced(source: DummyJson, postgres: Postgres) -> None:
    """`make matrix` proves more. This version finds the owner of an SKU by its inventory item."""
    with running_store(postgres, OLD_VERSION) as store, Shop(store) as shop:
        assert sync(source, store) == (0, {"created": SIZE})
        assert_stored(shop, source.products)
        assert sync(source, store) == (0, {"unchanged": SIZE})
        source.edit(1, price=12.5, weight=0.2, stock=3)
        source.edit(2, sku="renamed", tags=["null", "red, blue"])
        source.edit(3, description="x" * 40_000)
        assert sync(source, store) == (0, {"updated": 3, "unchanged": SIZE - 3})
        assert_stored(shop, source.products)
        for dry_run in (["--dry-run"], []):
            assert sync(source, store, "--source-name", "copy", *dry_run) == (5, {"rejected": SIZE})
        theirs = shop.create("Theirs", "THEIRS")
        source.add(products(SIZE + 1)[-1] | {"sku": "THEIRS"})
        assert sync(source, store, "--adopt") == (0, {"updated": 1, "unchanged": SIZE})
        assert shop.by_external_id()[f"dummyjson:{SIZE + 1}"]["id"] == theirs


def test_the_prices_of_the_merchant_survive_with_the_index_engine(
    source: DummyJson, postgres: Postgres
) -> None:
    with running_store(postgres, index_engine=True) as store, Shop(store) as shop:

        def indexed() -> bool:
            ids = ",".join(f"dummyjson:{product['id']}" for product in source.products)
            found = shop.get("/admin/products", limit=SIZE, fields="id", **{"external_id[]": ids})
            return len(found["products"]) == SIZE

        assert sync(source, store) == (0, {"created": SIZE})
        assert_stored(shop, source.products)
        until(indexed)
        assert sync(source, store) == (0, {"unchanged": SIZE})
        edited = shop.by_external_id()["dummyjson:1"]
        shop.set_price(edited, edited["variants"][0], 7, "price.eur")
        for number, on_conflict in enumerate(("source", "store"), 1):
            source.edit(1, price=12.5 + number)
            run = sync(source, store, "--on-conflict", on_conflict)
            assert run == (0, {"updated": 1, "unchanged": SIZE - 1})
            product = shop.by_external_id()["dummyjson:1"]
            assert (price(product, "eur"), price(product)) == (7, 12.5 + number)
        assert sync(source, store) == (0, {"unchanged": SIZE})
        shop.delete(f"/admin/products/{product['id']}")
        until(lambda: not indexed())
        skipped = sync(source, store, "--on-deleted", "skip")
        assert skipped == (0, {"unchanged": SIZE - 1, "skipped": 1})
