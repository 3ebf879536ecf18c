"""Checks of a store after disturbed runs, and of the output of such runs."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

from tests.harness.command import Finished, medusa_sync
from tests.harness.dummyjson import DummyJson
from tests.world.merging import Rules
from tests.world.oracle import Oracle
from tests.world.shop import Shop
from tests.world.stored import stored_in
from tests.world.wanted import Product, wanted_of

# What a sync creates, and what must be unique; Medusa does not have an index for all of these.
_ONLY_ONCE = (
    ("product", "external_id"),
    ("product", "handle"),
    ("product_variant", "sku"),
    ("product_variant", "barcode"),
    ("inventory_item", "sku"),
    ("product_category", "handle"),
    ("product_tag", "value"),
)
# Tables, their columns that name what a row belongs to, and the tables of that.
_BELONG = (
    ("product_variant", "product_id", "product"),
    ("image", "product_id", "product"),
    ("product_sales_channel", "product_id", "product"),
    ("product_shipping_profile", "product_id", "product"),
    ("product_variant_inventory_item", "variant_id", "product_variant"),
    ("product_variant_inventory_item", "inventory_item_id", "inventory_item"),
    ("inventory_level", "inventory_item_id", "inventory_item"),
    ("product_variant_price_set", "variant_id", "product_variant"),
    ("product_variant_price_set", "price_set_id", "price_set"),
    ("price", "price_set_id", "price_set"),
)
# What must be used, by queries of the ids that are.
_USED: dict[str, LiteralString] = {
    "inventory_item": "SELECT inventory_item_id FROM product_variant_inventory_item WHERE deleted_at IS NULL",
    "price_set": "SELECT price_set_id FROM product_variant_price_set WHERE deleted_at IS NULL",
    "product_category": """
        SELECT product_category_id FROM product_category_product
        JOIN product ON product.id = product_id AND deleted_at IS NULL
    """,
    "product_tag": """
        SELECT product_tag_id FROM product_tags JOIN product ON product.id = product_id AND deleted_at IS NULL
    """,
}
_OUTCOMES = (
    *("created", "updated", "unchanged", "skipped", "rejected", "failed", "unconfirmed", "not_attempted"),
)
_SHOWN = 3  # differences or rows in a message


def differences(
    shop: Shop,
    rows: Sequence[Product],
    *,
    sale_prices: bool = False,
    edit: Callable[[Oracle], None] = lambda _oracle: None,
) -> list[str]:
    """What the store has instead of the products of the source, as mapped; `edit` is of the merchant."""
    stored, oracle = stored_in(shop), Oracle(shop.store)
    wanted = {f"dummyjson:{row['id']}": wanted_of(row, sale_prices=sale_prices) for row in rows}
    oracle.has_run(wanted, Rules(store_wins=False, on_missing="keep"))
    for expected in oracle.products.values():
        expected.others["inactive categories"] = [[]]
    edit(oracle)
    unused = [
        f"{key}: no variant has the value {value!r} of an option"
        for key, product in stored.items()
        for own, values in product.values.items()
        for value in values - {each.values.get(own) for each in product.variants.values()}
    ]
    without_stock = [
        f"{key}: {each.id} is managed, but has no stock"
        for key, product in stored.items()
        for each in product.variants.values()
        if each.is_managed and each.owned["stock"] is None
    ]
    return oracle.deviations(stored, wanted) + unused + without_stock


def assert_stored(shop: Shop, rows: Sequence[Product], *, sale_prices: bool = False) -> None:
    """Check that the store has exactly the products of the source, as mapped."""
    shop.store.wait_until_idle()
    assert differences(shop, rows, sale_prices=sale_prices)[:_SHOWN] == []


def assert_exact(
    shop: Shop, rows: Sequence[Product], *, sale_prices: bool = False, may_be_unused: Collection[str] = ()
) -> None:
    """Check the products, and rows of the database that the Admin API does not show; only runs wrote them.

    Rows of some tables may be unused: a tag that a product loses stays in the store.
    """
    assert_stored(shop, rows, sale_prices=sale_prices)
    assert doubled(shop.store.database_url)[:_SHOWN] == []
    with psycopg.connect(shop.store.database_url) as connection:
        for table, column, owner in _BELONG:
            query = SQL(
                "SELECT id FROM {} WHERE deleted_at IS NULL "
                "AND {} NOT IN (SELECT id FROM {} WHERE deleted_at IS NULL)"
            ).format(*map(Identifier, (table, column, owner)))
            assert connection.execute(query).fetchall()[:_SHOWN] == [], f"{table} without a {owner}"
        for table in _USED.keys() - set(may_be_unused):
            query = SQL("SELECT id FROM {} WHERE deleted_at IS NULL AND id NOT IN ({})").format(
                Identifier(table), SQL(_USED[table])
            )
            assert connection.execute(query).fetchall()[:_SHOWN] == [], f"{table} that nothing uses"


def doubled(database_url: str) -> list[str]:
    """Values that are in the database more than once."""
    query = SQL(
        "SELECT {column} FROM {table} WHERE deleted_at IS NULL AND {column} IS NOT NULL "
        "GROUP BY {column} HAVING count(*) > 1"
    )
    found = []
    with psycopg.connect(database_url) as connection:
        for table, column in _ONLY_ONCE:
            twice = query.format(column=Identifier(column), table=Identifier(table))
            values = connection.execute(twice).fetchall()
            found += [f"{table}.{column} {value!r} is stored more than once" for (value,) in values]
    return found


def flaws(run: Finished) -> list[str]:
    """Problems of a run that no disturbance explains; one that was killed may have no document."""
    found = ["it wrote a traceback"] if "Traceback" in run.stderr else []
    was_killed = run.exit_code < 0
    if was_killed and not run.stdout.strip():
        return found
    seen, total = run.document["source"]["seen"], sum(run.counts.get(name, 0) for name in _OUTCOMES)
    if total != seen:
        found.append(f"it has {total} outcomes but saw {seen} products")
    if run.document["exit_code"] != run.exit_code and not was_killed:
        found.append(f"its document says {run.document['exit_code']}, its exit code is {run.exit_code}")
    return found


def assert_in_order(run: Finished, *exit_codes: int) -> None:
    """Check that a disturbed run has one of these exit codes, no traceback, and counts that add up."""
    assert run.exit_code in exit_codes, run.stderr
    assert flaws(run) == []


def said_to_be_stored(run: Finished, products: Sequence[dict[str, Any]]) -> set[str]:
    """External ids of the products that a run handled without a problem."""
    document = run.document
    problems = {problem["external_id"] for problem in document["problems"]}
    delivered = products[: document["source"]["seen"]]
    return {f"dummyjson:{product['id']}" for product in delivered} - problems


def assert_quiet(run: Finished, size: int) -> None:
    """Check that a run found everything up to date and wrote nothing."""
    found = (run.exit_code, run.counts, run.document["requests"]["store_writes"])
    assert found == (0, {"unchanged": size}, 0), f"the second run had something to do: {found}"


def assert_completed(source: DummyJson, shop: Shop) -> None:
    """Check that the next run completes the work, and that the one after it writes nothing."""
    arguments = ["--source", source.url, "--json"]
    assert_in_order(medusa_sync(*arguments, store=shop.store), 0)
    assert_exact(shop, source.products)
    assert_quiet(medusa_sync(*arguments, store=shop.store), len(source.products))
