"""Requests that are refused, although the credentials are valid, on a real store."""

from __future__ import annotations

from random import Random

from tests.e2e.command import medusa_sync
from tests.e2e.exact import assert_exact, assert_in_order, assert_quiet
from tests.e2e.fault_proxy import FaultProxy, block, respond_instead
from tests.e2e.shop import Shop
from tests.harness.catalogue import products
from tests.harness.dummyjson import dummyjson

SIZE = 30
FEW = 12  # most of it is waiting between attempts
WORD = "<script>"
SHARE_REFUSED = 0.25


def test_a_firewall_that_blocks_one_product_does_not_affect_its_neighbours(
    shop: Shop, proxy: FaultProxy
) -> None:
    made = products(SIZE)
    blocked, other = made[20], made[0]
    blocked["description"] += f" Use {WORD}."
    blocked |= {"tags": other["tags"], "category": other["category"]}  # no tag is left without a product
    proxy.choose = lambda request: block if WORD.encode() in request.body else None
    with dummyjson(made) as source:
        arguments = ("--source", source.url, "--json")
        for expected in ({"created": SIZE - 1, "failed": 1}, {"unchanged": SIZE - 1, "failed": 1}):
            run = medusa_sync(*arguments, store=proxy.store(shop.store))
            assert_in_order(run, 5)
            assert run.counts == expected
            [problem] = run.document["problems"]
            assert problem["external_id"] == f"dummyjson:{blocked['id']}"
            assert "403" in problem["reason"]
    assert_exact(shop, [product for product in made if product is not blocked])


def test_a_store_that_refuses_valid_keys_at_random_is_synced(shop: Shop, proxy: FaultProxy) -> None:
    """Medusa does this while its database connections drop."""
    dice, refused = Random(11), respond_instead(401)
    proxy.choose = lambda _request: refused if dice.random() < SHARE_REFUSED else None
    made = products(FEW)
    with dummyjson(made) as source:
        arguments = ("--source", source.url, "--json")
        disturbed = medusa_sync(*arguments, store=proxy.store(shop.store))
        assert_in_order(disturbed, 0, 4, 5)
        assert disturbed.document["requests"]["store_writes"] > 0
        assert_in_order(medusa_sync(*arguments, store=shop.store), 0)
        assert_exact(shop, made)
        assert_quiet(medusa_sync(*arguments, store=shop.store), FEW)
