"""After each round of random edits on both sides, the store matches the merge rule."""

from __future__ import annotations

import random
from typing import Any

from tests.e2e.command import medusa_sync
from tests.e2e.shop import Shop, price, stock
from tests.e2e.test_merchant import identities
from tests.harness.catalogue import product as generated
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.tiers import times

SIZE = 60
TAGS = [f"tag {letter}" for letter in "abcdefgh"]


class Rule:
    """The expected state of a product, computed without records or look-ups."""

    SCALARS = ("title", "price", "brand")

    def __init__(self, product: dict[str, Any]) -> None:
        self.source = {name: product.get(name) for name in self.SCALARS}
        self.applied = dict(self.source)
        self.store = dict(self.source)
        self.source_tags = self.applied_tags = set(product["tags"])
        self.store_tags = set(product["tags"])
        self.source_stock = self.applied_stock = self.store_stock = product["stock"]

    def run(self) -> None:
        for name in self.SCALARS:
            if self.source[name] != self.applied[name]:
                self.store[name] = self.applied[name] = self.source[name]
        self.store_tags -= self.applied_tags - self.source_tags
        self.store_tags |= self.source_tags - self.applied_tags
        self.applied_tags = set(self.source_tags)
        if self.source_stock != self.applied_stock:
            self.store_stock = self.applied_stock = self.source_stock


def edit_source(source: DummyJson, number: int, rule: Rule, dice: random.Random) -> None:
    match dice.choice([*Rule.SCALARS, "tags", "stock"]):
        case "tags":
            tags = dice.sample(TAGS, 3)
            source.edit(number, tags=tags)
            rule.source_tags = set(tags)
        case "stock":
            rule.source_stock = dice.randrange(100)
            source.edit(number, stock=rule.source_stock)
        case "price":
            rule.source["price"] = dice.randrange(100, 99999) / 100
            source.edit(number, price=rule.source["price"])
        case name:
            rule.source[name] = f"source's {name} {dice.randrange(10**6)}"
            source.edit(number, **{name: rule.source[name]})


def edit_store(shop: Shop, stored: dict[str, Any], rule: Rule, dice: random.Random) -> None:
    product_id, variant = stored["id"], stored["variants"][0]
    match dice.choice([*Rule.SCALARS, "tags", "stock", "unowned"]):
        case "tags":
            rule.store_tags = set(dice.sample(TAGS, 3))
            shop.post(
                f"/admin/products/{product_id}", {"tags": [{"id": shop.tag(t)} for t in rule.store_tags]}
            )
        case "stock":
            rule.store_stock = dice.randrange(100)
            item = variant["inventory_items"][0]["inventory_item_id"]
            path = f"/admin/inventory-items/{item}/location-levels/{shop.store.location_id}"
            shop.post(path, {"stocked_quantity": rule.store_stock})
        case "price":
            rule.store["price"] = dice.randrange(100, 99999) / 100
            prices = [
                {"id": p["id"], "currency_code": p["currency_code"], "amount": p["amount"]}
                | ({"amount": rule.store["price"]} if p["currency_code"] == "usd" else {})
                for p in variant["prices"]
            ]
            shop.post(f"/admin/products/{product_id}/variants/{variant['id']}", {"prices": prices})
        case "brand":
            rule.store["brand"] = f"merchant's brand {dice.randrange(10**6)}"
            shop.post(f"/admin/products/{product_id}", {"metadata": {"brand": rule.store["brand"]}})
        case "title":
            rule.store["title"] = f"merchant's title {dice.randrange(10**6)}"
            shop.post(f"/admin/products/{product_id}", {"title": rule.store["title"]})
        case _:
            edit_unowned(shop, stored, dice)


def edit_unowned(shop: Shop, stored: dict[str, Any], dice: random.Random) -> None:
    product_id, variant = stored["id"], stored["variants"][0]
    match dice.randrange(4):
        case 0:
            shop.post(f"/admin/products/{product_id}", {"subtitle": f"subtitle {dice.randrange(10**6)}"})
        case 1:
            shop.post(f"/admin/products/{product_id}", {"metadata": {"campaign": str(dice.randrange(10**6))}})
        case 2:
            shop.post(f"/admin/products/{product_id}", {"status": dice.choice(["draft", "published"])})
        case _:
            euros = [p for p in variant["prices"] if p["currency_code"] == "eur"]
            own = [{"id": euros[0]["id"]} if euros else {}][0]
            others = [
                {"id": p["id"], "currency_code": p["currency_code"], "amount": p["amount"]}
                for p in variant["prices"]
                if p["currency_code"] != "eur"
            ]
            euro = {**own, "currency_code": "eur", "amount": dice.randrange(100, 9999) / 100}
            shop.post(f"/admin/products/{product_id}/variants/{variant['id']}", {"prices": [*others, euro]})


def unowned(stored: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": stored["status"],
        "subtitle": stored["subtitle"],
        "campaign": stored["metadata"].get("campaign"),
        "eur": price(stored, "eur"),
        **identities(stored),
    }


def owned(stored: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": stored["title"],
        "price": price(stored),
        "brand": stored["metadata"].get("brand"),
        "tags": {tag["value"] for tag in stored["tags"]},
        "stock": next(iter(stock(stored).values())),
    }


def test_the_store_matches_the_merge_rule_after_every_round(shop: Shop) -> None:
    dice = random.Random(1)
    catalogue = [{**generated(n), "tags": dice.sample(TAGS, 3)} for n in range(1, SIZE + 1)]
    rules = {f"dummyjson:{product['id']}": Rule(product) for product in catalogue}
    with dummyjson(catalogue) as source:
        assert medusa_sync("--source", source.url, store=shop.store).exit_code == 0
        for turn in range(times(20, quick=4)):
            stored = shop.by_external_id()
            for external_id in dice.sample(sorted(rules), 8):
                edit_source(source, int(external_id.rpartition(":")[2]), rules[external_id], dice)
            for external_id in dice.sample(sorted(rules), 8):
                edit_store(shop, stored[external_id], rules[external_id], dice)
            edited = shop.by_external_id()
            assert medusa_sync("--source", source.url, store=shop.store).exit_code == 0
            after = shop.by_external_id()
            for external_id, rule in rules.items():
                rule.run()
                assert unowned(after[external_id]) == unowned(edited[external_id]), (turn, external_id)
                assert owned(after[external_id]) == {
                    **rule.store,
                    "tags": rule.store_tags,
                    "stock": rule.store_stock,
                }, (turn, external_id)
        quiet = medusa_sync("--source", source.url, "--json", store=shop.store)
        assert (quiet.counts, quiet.document["requests"]["store_writes"]) == ({"unchanged": SIZE}, 0)
